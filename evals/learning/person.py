"""A person who is asked about changes: knows which column of a file means what, and agrees to the rest."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evals.folders.spec import FolderTruth
from state.approval import ChangeKind
from tools.approval import read_question

NAME = "anna"


def answer_of(question: Mapping[str, Any], truth: FolderTruth, folder: Path) -> dict[str, Any]:
    """Return the answer to a question of the run in `folder`."""
    if question["kind"] != "changes":
        return {"reply": "accept", "by": NAME}
    _, changes = read_question(folder, str(question["question"]))
    edit: dict[str, str | None] = {}
    taken: set[str | None] = set()
    for change in changes:
        if change.kind is ChangeKind.MAPPING:
            right = _right(change.where, change.column, truth)
            if right != change.proposal and right not in taken:
                edit[change.change_id] = right
            taken.add(right)
    return {"edit": edit, "rest": "accept", "by": NAME}


def _right(where: str, column: str, truth: FolderTruth) -> str | None:
    """Return the name that the files of a header variant give a column; None where they have it not."""
    first = where.partition(": ")[2].partition(", ")[0].partition(" and ")[0]
    names = truth.mapping.get(Path(first).name, {})
    return next((name for name, target in names.items() if target == column), None)
