"""Searching patterns that only Python's `re` can say, in a process that is killed when it takes too long.

A pattern of a contract may need time that grows without bound on some value, so it never runs in this process. Only
distinct values travel, in pages, and what does not match comes back into a temporary table.
"""

import json
import subprocess
import sys
from time import monotonic

import duckdb

from tools.checks.rule import Search

PAGE = 50_000
"""Distinct values handed over at a time."""

_PROGRAM = """
import json, re, sys
pattern, values = json.load(sys.stdin)
search = re.compile(pattern).search
json.dump([index for index, value in enumerate(values) if search(value) is None], sys.stdout)
"""


class SearchError(Exception):
    """The values could not be searched in time."""


def search_unmatched(connection: duckdb.DuckDBPyConnection, search: Search, source: str, seconds: float) -> None:
    """Fill the temporary table `search.unmatched` (column `value`) with the distinct values that do not match.

    Raises:
        SearchError: it took longer than `seconds`, or the process ended badly.

    """
    deadline = monotonic() + seconds
    values = f'{search.unmatched[:-1]} values"'
    connection.execute(
        f"create or replace temporary table {values} as select row_number() over () - 1 as number, value from "
        f"(select distinct {search.subject} as value from {source} t where {search.subject} is not null)"
    )
    connection.execute(f"create or replace temporary table {search.unmatched} (value varchar)")
    start = 0
    while page := _page(connection, values, start):
        unmatched = _search(search.pattern, page, deadline - monotonic())
        if unmatched:
            connection.execute(f"insert into {search.unmatched} select unnest(?::varchar[])", [unmatched])
        start += PAGE
    connection.execute(f"drop table {values}")


def _page(connection: duckdb.DuckDBPyConnection, values: str, start: int) -> list[str]:
    rows = connection.execute(
        f"select value from {values} where number >= {start} and number < {start + PAGE}"
    ).fetchall()
    return [str(row[0]) for row in rows]


def _search(pattern: str, values: list[str], seconds: float) -> list[str]:
    if seconds <= 0:
        raise SearchError("searching the pattern took too long")
    try:
        done = subprocess.run(  # noqa: S603  this interpreter, a fixed program, data on standard input
            [sys.executable, "-I", "-c", _PROGRAM],
            input=json.dumps([pattern, values]),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=seconds,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise SearchError("searching the pattern took too long") from error
    except subprocess.CalledProcessError as error:
        raise SearchError("the process that searches the pattern ended badly") from error
    return [values[index] for index in json.loads(done.stdout)]
