"""What the steps of a case have shown about its table: evidence, tests by cause, and what could not be asked.

Whoever took the steps: a look at another table is none at this one, a test of some columns that found nothing leaves
its cause open, and a call that was wrong says nothing about the cause it named.
"""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from algorithms.diagnosis.bars import PASSED, score
from state.diagnosis import Cause
from state.reasoning import ActionCall, ActionKind, Observation, ReasoningStep
from state.symptoms import TableEvidence, TestResult

_FORM = "the answer was of another form"


class CaseEvidence:
    """What is known about `table` after some steps.

    Attributes:
        schema: the answer to the last look at the table; None before there is one.
        looks: how often it was looked at, failing looks included.
        results: the best test of every cause that was tested on all columns, or passed on some.
        failed: why a look or a test of the table failed, by cause or action.

    """

    def __init__(self, table: str, steps: tuple[ReasoningStep, ...]) -> None:
        self.schema: TableEvidence | None = None
        self.looks = 0
        self.results: dict[Cause, TestResult] = {}
        self.failed: dict[str, str] = {}
        for call, answer in _answered(steps):
            arguments = object_of(call.arguments)
            if arguments.get("table") != table:
                continue
            if call.name == ActionKind.ANALYSE_SCHEMA:
                self._look(answer)
            elif call.name == ActionKind.VALIDATE_DATA:
                self._test(answer, str(arguments.get("cause")), whole=not arguments.get("columns"))

    def _look(self, answer: Observation) -> None:
        self.looks += 1
        try:
            if answer.failed:
                self.failed[ActionKind.ANALYSE_SCHEMA.value] = answer.error
            else:
                self.schema = TableEvidence.model_validate_json(answer.content)
        except ValidationError:
            self.failed[ActionKind.ANALYSE_SCHEMA.value] = _FORM

    def _test(self, answer: Observation, cause: str, *, whole: bool) -> None:
        if answer.failed:
            if whole:
                self.failed[cause] = answer.error
            return
        try:
            result = TestResult.model_validate_json(answer.content)
        except ValidationError:
            self.failed[cause] = _FORM
            return
        fits, before = score(result)[0], self.results.get(result.cause)
        if (whole or fits >= PASSED) and (before is None or fits > score(before)[0]):
            self.results[result.cause] = result


def object_of(text: str) -> dict[str, Any]:
    """Return the JSON object in a text; an empty one where there is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _answered(steps: tuple[ReasoningStep, ...]) -> Iterator[tuple[ActionCall, Observation]]:
    for step in steps:
        answers = {observation.call_id: observation for observation in step.observations}
        for call in step.actions:
            yield call, answers.get(call.call_id) or _unanswered(call)


def _unanswered(call: ActionCall) -> Observation:
    return Observation(call_id=call.call_id, content="{}", quality=0.0, failed=True, error="no answer")
