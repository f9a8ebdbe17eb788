"""The action VALIDATE_DATA: one hypothesis held against the data by the test of its cause. Writes nothing.

Whatever the test finds is told with its figures; whether that is enough is not judged here.
"""

from collections.abc import Callable

import duckdb

from state.diagnosis import Cause
from state.errors import SetupError
from state.symptoms import TestCall, TestResult
from tools.diagnosis.delimiters import seek_delimiter
from tools.diagnosis.encodings import seek_encoding
from tools.diagnosis.endings import seek_truncation
from tools.diagnosis.row_causes import seek_duplicates, seek_grain, seek_key
from tools.diagnosis.subject import Subject
from tools.diagnosis.text_causes import seek_category, seek_placeholders, seek_shift, seek_swap
from tools.diagnosis.value_causes import seek_cells, seek_clock, seek_date_order, seek_unit

Test = Callable[[duckdb.DuckDBPyConnection, Subject, TestCall], TestResult]

TESTS: dict[Cause, Test] = {
    Cause.WRONG_DELIMITER: seek_delimiter,
    Cause.WRONG_ENCODING: seek_encoding,
    Cause.SHIFTED_COLUMNS: seek_shift,
    Cause.CHANGED_UNIT: seek_unit,
    Cause.CHANGED_DATE_ORDER: seek_date_order,
    Cause.NEW_CATEGORY: seek_category,
    Cause.DUPLICATED_LOAD: seek_duplicates,
    Cause.BROKEN_KEY: seek_key,
    Cause.TRUNCATED_FILE: seek_truncation,
    Cause.SENTINEL: seek_placeholders,
    Cause.SWAPPED_COLUMNS: seek_swap,
    Cause.MIXED_GRANULARITY: seek_grain,
    Cause.OUTLIERS_BY_FACTOR: seek_cells,
    Cause.TIME_ZONE_SHIFT: seek_clock,
}
"""The test of every cause that there is a rule for."""


def validate_data(connection: duckdb.DuckDBPyConnection, subject: Subject, call: TestCall) -> TestResult:
    """Return what the test of a cause measured; SetupError for a cause without a test or a column that is not there."""
    test = TESTS.get(call.cause)
    if test is None:
        hint = f"causes with a test: {', '.join(cause.value for cause in TESTS)}"
        raise SetupError(f"{call.cause.value!r} cannot be tested", where=subject.table.name, hint=hint)
    known = [column.name for column in subject.table.columns]
    for name in call.columns:
        if name not in known:
            hint = f"columns: {', '.join(known)}"[:300]
            raise SetupError(f"there is no column {name[:80]!r}", where=subject.table.name, hint=hint)
    return test(connection, subject, call)
