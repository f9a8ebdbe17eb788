"""The log of a reasoning case: every answered call and every finished step, one JSON object a line, append only.

What is in it survives a kill of the process, so that nothing that was answered is asked for again. Half a line that a
kill left is closed by the next one and not read.
"""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from state.reasoning import ActionCall, Observation, ReasoningStep
from state.values import digest

FOLDER = "cases"


class CaseLog:
    """The log at a path; a file that is not there is an empty log."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def steps(self) -> tuple[ReasoningStep, ...]:
        """Return the finished steps in their order."""
        return merged(ReasoningStep.model_validate(line["step"]) for line in self._lines() if "step" in line)

    def answers(self, calls: Iterable[ActionCall]) -> dict[str, Observation]:
        """Return the answers that these very calls have had, by call id."""
        wanted = {call.call_id: _digest(call) for call in calls}
        return {
            line["answer"]["call_id"]: Observation.model_validate(line["answer"])
            for line in self._lines()
            if "answer" in line and wanted.get(line["answer"]["call_id"]) == line["call"]
        }

    def add_answer(self, call: ActionCall, observation: Observation) -> None:
        """Keep the answer of a call."""
        self._append({"call": _digest(call), "answer": observation.model_dump(mode="json")})

    def add_step(self, step: ReasoningStep) -> None:
        """Keep a finished step; one with the same number takes the place of the earlier one."""
        self._append({"step": step.model_dump(mode="json")})

    def _append(self, line: dict[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        content = b"\n" + json.dumps(line, ensure_ascii=True).encode() + b"\n"
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(handle, content)  # one write: lines of calls that run side by side do not mix
        finally:
            os.close(handle)

    def _lines(self) -> Iterator[dict[str, Any]]:
        if not self._path.is_file():
            return
        for line in self._path.read_bytes().splitlines():
            try:
                content = json.loads(line) if line.strip() else None
            except ValueError:  # half a line
                continue
            if isinstance(content, dict):
                yield content


def merged(steps: Iterable[ReasoningStep]) -> tuple[ReasoningStep, ...]:
    """Return steps in the order of their numbers; of several with one number the last one."""
    by_number = {step.number: step for step in steps}
    return tuple(by_number[number] for number in sorted(by_number))


def _digest(call: ActionCall) -> str:
    return digest([call.call_id, call.name, call.arguments])[:16]
