"""A warning where surely more rows are set aside than was usual, and none by chance."""

from datetime import UTC, datetime

import pytest

from algorithms.reflection.judging import judge
from algorithms.usual_shares import unusual_shares
from state.experience import Experience, SourceFamily
from state.lessons import Ground, Lesson, LessonStatus, UsualShare
from state.run import RunStatus, TableAccount


def lesson(most: float) -> Lesson:
    value = UsualShare(table="orders", most=most)
    return Lesson(
        lesson_id="l", kind=value.kind, subject="s", value=value, ground=Ground.VERIFIED, runs=("r1",), trials=1,
        successes=1, bound=0.5, status=LessonStatus.IN_FORCE,
    )  # fmt: skip


def account(aside: int, rows: int) -> dict[str, TableAccount]:
    made = TableAccount(
        table="orders", derived=False, rows_read=rows, rows_published=rows - aside, rows_quarantined=aside,
        rows_merged=0, cells_changed=0,
    )  # fmt: skip
    return {"orders": made}


@pytest.mark.parametrize(("aside", "rows", "warned"), [(30, 200, True), (4, 200, False), (1, 3, False), (0, 0, False)])
def test_only_what_is_surely_more_is_warned_of(aside: int, rows: int, warned: bool) -> None:  # noqa: FBT001
    found = list(unusual_shares(account(aside, rows), [lesson(0.02)]))
    assert bool(found) is warned
    if warned:
        assert "15.0% of the rows are set aside, at most 2.0% were to be expected after run r1" in found[0].told


@pytest.mark.parametrize(("share", "said"), [(0.01, True), (0.3, False)])
def test_a_run_that_met_the_contract_with_more_makes_that_usual(share: float, said: bool) -> None:  # noqa: FBT001
    run = Experience(
        run_id="r2", at=datetime(2026, 1, 1, tzinfo=UTC), contract="c", version="1", sha256="", family=SourceFamily(),
        status=RunStatus.PUBLISHED, rows={"orders": 200}, quarantined={"orders": share},
    )  # fmt: skip
    assert judge(lesson(0.05), run) is said
