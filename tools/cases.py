"""The log of a reasoning case: every answered call and every finished step, one JSON object a line, append only.

What is in it survives a kill of the process, so that nothing that was answered is asked for again. Half a line that a
kill left is closed by the next one and not read.
"""

import json
import os
import threading
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from state.reasoning import ActionCall, Observation, ReasoningStep
from state.values import digest

FOLDER = "cases"


class CaseLog:
    """The log at a path; a file that is not there is an empty log. Only what was appended since is read again."""

    _read: int  # bytes that were read
    _place: int  # of which file

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._forget()

    def steps(self) -> tuple[ReasoningStep, ...]:
        """Return the finished steps in their order; of several with one number the last one counts."""
        with self._lock:
            self._catch_up()
            return in_order(self._steps.values())

    def remembered(self, number: int) -> tuple[ReasoningStep, ...]:
        """Return the finished steps as they are known without reading; empty where that is not up to `number`."""
        with self._lock:
            return in_order(self._steps.values()) if number in self._steps else ()

    def answers(self, calls: Iterable[ActionCall]) -> dict[str, Observation]:
        """Return the answers that these very calls have had, by call id."""
        with self._lock:
            self._catch_up()
            finished = {
                call: seen
                for step in self._steps.values()
                for call, seen in zip(step.actions, step.observations, strict=True)
            }
            found = {call.call_id: finished.get(call) or self._open.get(_digest(call)) for call in calls}
        return {call_id: answer for call_id, answer in found.items() if answer is not None}

    def add_answer(self, call: ActionCall, observation: Observation) -> None:
        """Keep the answer of a call."""
        with self._lock:
            if self._append({"call": _digest(call), "answer": observation.model_dump(mode="json")}):
                self._open[_digest(call)] = observation

    def add_step(self, step: ReasoningStep) -> None:
        """Keep a finished step; one with the same number takes the place of the earlier one."""
        with self._lock:
            if self._append({"step": step.model_dump(mode="json")}):
                self._take_step(step)

    def _append(self, line: dict[str, Any]) -> bool:
        """Write a line; return whether it follows on what is known, so that it need not be read again."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        content = b"\n" + json.dumps(line).encode() + b"\n"
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(handle, content)  # one write: lines of calls that run side by side do not mix
            found = os.fstat(handle)
        finally:
            os.close(handle)
        if found.st_size != self._read + len(content) or found.st_ino != self._place:
            return False
        self._read = found.st_size
        return True

    def _forget(self) -> None:
        self._read, self._place = 0, -1
        self._steps: dict[int, ReasoningStep] = {}
        self._open: dict[str, Observation] = {}  # answers of steps that are not finished, by the digest of the call

    def _catch_up(self) -> None:
        """Read what was appended since; a file that is gone, or another one, is read from its begin."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._forget()
            return
        if found.st_size < self._read or found.st_ino != self._place:
            self._forget()
            self._place = found.st_ino
        if found.st_size == self._read:
            return
        with self._path.open("rb") as stream:
            stream.seek(self._read)
            content = stream.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            content = json.loads(line) if line else {}
        except ValueError:  # half a line
            return
        if "answer" in content:
            self._open[content["call"]] = Observation.model_validate(content["answer"])
        elif "step" in content:
            self._take_step(ReasoningStep.model_validate(content["step"]))

    def _take_step(self, step: ReasoningStep) -> None:
        self._steps[step.number] = step
        for call in step.actions:
            self._open.pop(_digest(call), None)


@lru_cache(maxsize=256)
def case_log(path: str) -> CaseLog:
    """Return the log at a path, shared by all of the process."""
    return CaseLog(Path(path))


def in_order(steps: Iterable[ReasoningStep]) -> tuple[ReasoningStep, ...]:
    """Return steps in the order of their numbers; of several with one number the last one."""
    by_number = {step.number: step for step in steps}
    return tuple(by_number[number] for number in sorted(by_number))


def _digest(call: ActionCall) -> str:
    return digest([call.call_id, call.name, call.arguments])[:16]
