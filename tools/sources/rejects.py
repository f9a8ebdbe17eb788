"""Lines that are no record of their table: their raw text, where they stand and why they were refused."""

from collections.abc import Sequence
from typing import NamedTuple

import duckdb
import numpy as np

from state.sources import LINE_BITS
from tools.sources.records import LINE_ENDS

MAX_RAW = 1 << 20
"""Characters of raw text that are kept of one reject."""

_VIEW = "landing_rejects"


class Reject(NamedTuple):
    """`span` physical lines from `line` on; `raw` is their text without the last line end."""

    line: int
    span: int
    raw: str
    reason: str


def make_reject(line: int, span: int, raw: str, reason: str) -> Reject:
    """Return the reject; raw text beyond the limit is cut, and the reason says so."""
    text = raw.rstrip(LINE_ENDS) if span == 1 else raw
    if len(text) > MAX_RAW:
        reason = f"{reason}; raw text cut at {MAX_RAW} of {len(text)} characters"
    return Reject(line, span, text[:MAX_RAW], reason)


def field_count_reason(found: int, expected: int) -> str:
    """Return the reason of a record with a wrong number of fields."""
    return f"{found} field{'s' * (found != 1)} where the header has {expected}"


def insert_rejects(connection: duckdb.DuckDBPyConnection, file_id: int, rejects: Sequence[Reject]) -> None:
    """Add the rejects of a file to `land.rejects`."""
    if not rejects:
        return
    lines = np.array([reject.line for reject in rejects], np.int64)
    batch = {
        "line": lines,
        "span": np.array([reject.span for reject in rejects], np.int64),
        "raw": np.array([reject.raw for reject in rejects], object),
        "reason": np.array([reject.reason for reject in rejects], object),
    }
    connection.register(_VIEW, batch)
    connection.execute(
        f"insert into land.rejects select {file_id << LINE_BITS} + line, {file_id}, line, span, raw, reason "
        f"from {_VIEW}"
    )
    connection.unregister(_VIEW)
