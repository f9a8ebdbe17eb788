"""`millwright draft`: a first contract inferred from files, on standard output; progress on standard error."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.progress import printable
from app.render import print_json
from app.settings import load_settings
from nodes.draft_data import DraftOptions, draft_files
from state.draft import Draft
from tools.draft.text import draft_text

_WORDS = {"scanned": "scanned {} files", "landed": "landed {} records"}


def draft_contract(sources: Sequence[str], options: DraftOptions, *, as_json: bool) -> int:
    """Print the drafted contract and return 0; an error of setup rises."""
    with tempfile.TemporaryDirectory(prefix="millwright-draft-") as folder:
        draft = draft_files(sources, Path(folder), load_settings().context(), options, _tell)
    if as_json:
        print_json(_evidence(draft))
    else:
        sys.stdout.write(draft_text(draft))
    return 0


def _tell(what: str, count: int) -> None:
    line = _WORDS[what].format(f"{count:,}") if what in _WORDS else f"looked at table {what}: {count:,} rows"
    sys.stderr.write(printable(line) + "\n")
    sys.stderr.flush()


def _evidence(draft: Draft) -> dict[str, Any]:
    """Return the contract as data, what was seen by place, and the facts of each table."""
    return {
        "contract": draft.contract,
        "evidence": [{"place": place, "seen": note} for place, note in draft.notes.items()],
        "tables": {
            table.origin.name: {
                "rows": table.rows,
                "rejects": table.rejects,
                "files": [name for unit in table.origin.units for name in unit.names],
                "columns": [facts.model_dump(mode="json", exclude={"samples", "counts"}) for facts in table.facts],
            }
            for table in draft.tables
        },
        "warnings": list(draft.warnings),
    }
