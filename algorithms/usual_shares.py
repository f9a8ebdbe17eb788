"""A warning before trust: more rows of a table are set aside than in earlier runs of such files."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from algorithms.intervals import wilson
from state.lessons import Lesson, UsualShare
from state.run import TableAccount

LEAST_ROWS: Final = 20
"""Rows of a table that say something about the share of it that is usually set aside."""


class Unusual(NamedTuple):
    """A table of which unusually many rows are set aside, and the lesson that says what is usual."""

    lesson_id: str
    told: str


def unusual_shares(accounts: Mapping[str, TableAccount], lessons: Sequence[Lesson]) -> Iterator[Unusual]:
    """Yield the tables whose share of rows in quarantine is surely (95 %) above what was usual."""
    for lesson in lessons:
        value = lesson.value
        account = accounts.get(value.table) if isinstance(value, UsualShare) else None
        if account is None or not isinstance(value, UsualShare) or account.rows_read < LEAST_ROWS:
            continue
        low, _ = wilson(account.rows_quarantined, account.rows_read)
        if low > value.most:
            runs = f"{len(lesson.runs)} earlier runs" if len(lesson.runs) > 1 else f"run {lesson.runs[0]}"
            told = (
                f"{value.table}: {account.quarantine_share:.1%} of the rows are set aside, at most {value.most:.1%} "
                f"were to be expected after {runs} (lesson {lesson.lesson_id}): see quarantine/{value.table}.parquet"
            )
            yield Unusual(lesson.lesson_id, told)
