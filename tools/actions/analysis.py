"""Actions of a diagnosis: what a table is like, and one hypothesis tested. The work is done in `tools.diagnosis`."""

import json

from algorithms.diagnosis.bars import score
from state.diagnosis import Cause
from state.symptoms import TestCall
from tools.actions.bench import Bench, Found
from tools.diagnosis.analyse import analyse_schema as analyse
from tools.diagnosis.answers import bounded_json
from tools.diagnosis.subject import open_subject
from tools.diagnosis.validate import validate_data as hold_against_data

_PLAIN = 0.5  # a table about which nothing is odd


def analyse_schema(bench: Bench, table: str) -> Found:
    """Show what a table and its columns are like, and what is odd about them; it helps as much as it is odd."""
    with bench.engine() as connection:
        evidence = analyse(connection, open_subject(bench.folder, table))
    quality = max((symptom.strength for symptom in evidence.symptoms), default=_PLAIN)
    return Found(content=json.loads(bounded_json(evidence)), quality=quality)


def validate_data(bench: Bench, table: str, cause: Cause, columns: tuple[str, ...] = ()) -> Found:
    """Test one cause; it helps as much as the figures are far from undecided."""
    asked = TestCall(table=table, cause=cause, columns=columns)
    with bench.engine() as connection:
        result = hold_against_data(connection, open_subject(bench.folder, table), asked)
    return Found(content=json.loads(bounded_json(result)), quality=round(abs(2 * score(result)[0] - 1), 3))
