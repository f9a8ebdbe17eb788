"""The queries of a diagnosis as actions: arguments as JSON text in, an observation out, whatever went wrong."""

import json
import time
from typing import Any

import duckdb
from pydantic import ValidationError

from algorithms.diagnosis.bars import score
from state.errors import MillwrightError
from state.reasoning import ActionCall, ActionKind, Observation
from state.symptoms import TestCall
from tools.diagnosis.analyse import analyse_schema
from tools.diagnosis.answers import bounded_json, cut
from tools.diagnosis.subject import Subject
from tools.diagnosis.validate import validate_data


def answer_query(connection: duckdb.DuckDBPyConnection, subject: Subject, call: ActionCall) -> Observation:
    """Return the observation of ANALYSE_SCHEMA or VALIDATE_DATA on the subject's table.

    Its quality says how much is learned: of a test, how far its figures are from undecided. Wrong arguments, causes and
    columns that are not there, and queries that the engine refuses are failed observations.
    """
    started = time.monotonic()
    try:
        content, quality = _answer(connection, subject, call)
    except MillwrightError as error:
        return _failed(call, error.line(), started)
    except (duckdb.Error, OSError) as error:
        return _failed(call, f"the query failed: {' '.join(str(error).split())[:300]}", started)
    return Observation(call_id=call.call_id, content=content, quality=quality, seconds=time.monotonic() - started)


def _answer(connection: duckdb.DuckDBPyConnection, subject: Subject, call: ActionCall) -> tuple[str, float]:
    arguments = _arguments(call)
    if call.name == ActionKind.ANALYSE_SCHEMA:
        evidence = analyse_schema(connection, subject)
        return bounded_json(evidence), max((symptom.strength for symptom in evidence.symptoms), default=0.5)
    if call.name != ActionKind.VALIDATE_DATA:
        hint = f"queries: {ActionKind.ANALYSE_SCHEMA}, {ActionKind.VALIDATE_DATA}"
        raise MillwrightError(f"{cut(call.name)!r} is no query", hint=hint)
    try:
        test = TestCall.model_validate({"table": subject.table.name, **arguments})
    except ValidationError as error:
        where, what = error.errors()[0]["loc"], error.errors()[0]["msg"]
        raise MillwrightError(f"arguments: {'.'.join(map(str, where))}: {what}"[:300]) from error
    if test.table != subject.table.name:
        raise MillwrightError("the case is about another table", where=cut(test.table), hint=subject.table.name)
    result = validate_data(connection, subject, test)
    return bounded_json(result), round(abs(2 * score(result)[0] - 1), 3)


def _arguments(call: ActionCall) -> dict[str, Any]:
    try:
        found = json.loads(call.arguments)
    except json.JSONDecodeError as error:
        raise MillwrightError(f"the arguments are no JSON: {error.msg}") from error
    if not isinstance(found, dict):
        raise MillwrightError("the arguments are no JSON object")
    return found


def _failed(call: ActionCall, error: str, started: float) -> Observation:
    content = json.dumps({"error": error})
    seconds = time.monotonic() - started
    return Observation(call_id=call.call_id, content=content, quality=0.0, failed=True, error=error, seconds=seconds)
