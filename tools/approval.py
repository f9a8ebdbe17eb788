"""What a person is asked, as artefacts in the run's folder, and what was answered, in its ledger.

Layout of `<run folder>/approval/`: `<question>.proposals.json` (evidence and proposals: what an answer is checked
against), `<question>.changes.json` (every change, for people), `<question>.answer.json` (an answer that was found good
and is on its way into the ledger: a run killed before it arrives there goes on with it).
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from state.approval import Answered, Change, Proposals
from state.values import digest
from tools.files import write_durably
from tools.ledger import receipts_of

ANSWERS = "approval:"
"""Prefix of the keys of answers in the ledger."""

PLAN_QUESTION = "plan"
GOAL_QUESTION = "goal"

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_SAMPLES = 3


def proposals_path(folder: Path, question_id: str) -> Path:
    """Return where the proposals of a question lie."""
    return _path(folder, question_id, "proposals")


def changes_path(folder: Path, question_id: str) -> Path:
    """Return where the list of all changes of a question lies."""
    return _path(folder, question_id, "changes")


def write_question(folder: Path, question_id: str, proposals: Proposals, changes: Sequence[Change]) -> None:
    """Write the proposals and the list of changes durably; of sampled values few are kept."""
    write_durably(proposals_path(folder, question_id), _lean(proposals).model_dump_json().encode())
    content = [change.model_dump(mode="json") for change in changes]
    text = json.dumps(content, indent=1, ensure_ascii=False)
    write_durably(changes_path(folder, question_id), text.encode(errors="backslashreplace"))


def read_question(folder: Path, question_id: str) -> tuple[Proposals, tuple[Change, ...]]:
    """Return the proposals of a question, and the changes that are open."""
    proposals = Proposals.model_validate_json(proposals_path(folder, question_id).read_bytes())
    changes = json.loads(changes_path(folder, question_id).read_bytes())
    return proposals, tuple(Change.model_validate(change) for change in changes)


def keep_answer(folder: Path, question_id: str, answer: dict[str, Any]) -> None:
    """Keep an answer durably until it is in the ledger."""
    write_durably(_path(folder, question_id, "answer"), json.dumps(answer, ensure_ascii=False).encode())


def kept_answer(folder: Path, question_id: str) -> dict[str, Any] | None:
    """Return the answer that was given to a question, None when there is none."""
    try:
        return dict(json.loads(_path(folder, question_id, "answer").read_bytes()))
    except FileNotFoundError:
        return None


def read_answers(connection: duckdb.DuckDBPyConnection, table: str | None = None) -> tuple[Answered, ...]:
    """Return the answers about a table in the order they were given, or all answers of the run."""
    prefix = ANSWERS if table is None else f"{ANSWERS}{table}#"
    found = [Answered.model_validate(receipt) for receipt in receipts_of(connection, prefix)]
    return tuple(sorted(found, key=lambda answered: (answered.at, answered.question_id)))


def _path(folder: Path, question_id: str, part: str) -> Path:
    name = _UNSAFE.sub("-", question_id)
    if name != question_id.replace("#", "-"):
        name = f"{name[:100]}-{digest(question_id)[:8]}"
    return folder / "approval" / f"{name}.{part}.json"


def _lean(proposals: Proposals) -> Proposals:
    """Return the proposals with few samples: checks look at names, lists and counts."""
    mappings = tuple(
        mapping.model_copy(
            update={
                "evidence": mapping.evidence.model_copy(
                    update={
                        "sources": tuple(
                            source.model_copy(update={"samples": source.samples[:_SAMPLES], "shapes": ()})
                            for source in mapping.evidence.sources
                        )
                    }
                )
            }
        )
        for mapping in proposals.mappings
    )
    return proposals.model_copy(update={"mappings": mappings})
