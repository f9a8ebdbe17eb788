"""Which tasks of a suite are solved: one line a task in `solved.jsonl`, on disk before the next begins."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from state.values import Value
from tools.files import write_durably

NAME = "solved.jsonl"


class Solved(Value):
    """How the solving of one task ended; `error` is empty when an answer lies there to be scored."""

    task_id: str
    seconds: float
    error: str = ""


class _Line(Value):
    fingerprint: str
    solved: Solved


class Journal:
    """The solved tasks in the folder of a suite; `wanted` are the fingerprints of its tasks now."""

    def __init__(self, folder: Path, wanted: Mapping[str, str], *, fresh: bool) -> None:
        self._path, self._wanted = folder / NAME, wanted
        self.kept = {} if fresh else {line.solved.task_id: line.solved for line in self._lines()}
        folder.mkdir(parents=True, exist_ok=True)
        lines = "".join(self._text(solved) for solved in self.kept.values())
        write_durably(self._path, lines.encode())

    def note(self, solved: Solved) -> None:
        """Keep a task that is solved; one that failed is done again the next time."""
        if solved.error:
            return
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(self._text(solved))
            stream.flush()
            os.fsync(stream.fileno())

    def _text(self, solved: Solved) -> str:
        line = _Line(fingerprint=self._wanted[solved.task_id], solved=solved)
        return json.dumps(line.model_dump(mode="json")) + "\n"

    def _lines(self) -> list[_Line]:
        """Return the lines that hold for the tasks as they are now; one that a kill cut off holds for none."""
        if not self._path.is_file():
            return []
        found = []
        for text in self._path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                line = _Line.model_validate_json(text)
            except ValidationError:
                continue
            if self._wanted.get(line.solved.task_id) == line.fingerprint:
                found.append(line)
        return found
