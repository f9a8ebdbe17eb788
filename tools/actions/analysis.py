"""Actions of a diagnosis: what a table is like, and one hypothesis tested. The work is done in `tools.diagnosis`."""

from state.diagnosis import Cause
from state.errors import StepError
from state.symptoms import TestCall
from tools.actions.bench import Bench, Found
from tools.diagnosis.subject import open_subject
from tools.diagnosis.validate import validate_data as run_test

_TESTED = 0.6
_UNAFFECTED = 0.4


def analyse_schema(bench: Bench, table: str) -> Found:
    """Show what a table and its columns are like, and what is odd about them."""
    raise StepError("not wired yet", where=table)


def validate_data(bench: Bench, table: str, cause: Cause, columns: tuple[str, ...] = ()) -> Found:
    """Test one cause; what was measured is told whether it speaks for the cause or against it."""
    with bench.engine() as connection:
        result = run_test(
            connection, open_subject(bench.folder, table), TestCall(table=table, cause=cause, columns=columns)
        )
    return Found(content=result.model_dump(mode="json"), quality=_TESTED if result.rows.count else _UNAFFECTED)
