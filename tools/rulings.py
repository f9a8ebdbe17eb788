"""The history of rulings in the home folder: one line of JSON for each, added when it is known what came of it."""

import os
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from state.conflicts import PastRuling

HISTORY = Path("conflicts") / "rulings.jsonl"


def read_rulings(home: Path) -> tuple[PastRuling, ...]:
    """Return the rulings in the order they were added, each once; a line that was cut by a crash does not count."""
    path = home / HISTORY
    if not path.is_file():
        return ()
    found: dict[str, PastRuling] = {}
    for line in path.read_bytes().splitlines():
        try:
            ruling = PastRuling.model_validate_json(line)
        except ValidationError:
            continue
        found.setdefault(ruling.ruling_id, ruling)
    return tuple(found.values())


def add_rulings(home: Path, rulings: Iterable[PastRuling]) -> int:
    """Add the rulings that are not there yet, durably; return how many."""
    known = {ruling.ruling_id for ruling in read_rulings(home)}
    fresh = [ruling for ruling in rulings if ruling.ruling_id not in known]
    if not fresh:
        return 0
    path = home / HISTORY
    path.parent.mkdir(parents=True, exist_ok=True)
    # It begins with an end of line: what a crash cut off before must not swallow the first one.
    content = "".join(f"\n{ruling.model_dump_json()}" for ruling in fresh) + "\n"
    with path.open("ab") as stream:
        stream.write(content.encode())
        stream.flush()
        os.fsync(stream.fileno())
    return len(fresh)
