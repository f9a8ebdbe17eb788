"""Reflections of one home at once: what one ended, another that began before does not put in force again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from nodes.reflection import integrate_lessons
from state.lessons import Ground, Lesson, LessonStatus, Scope, UsualShare
from state.reflection import ReflectionState
from state.run import RunContext
from tools.lessons import stored_lessons, write_lessons
from tools.store import opened_store

TAUGHT = datetime(2026, 1, 1, tzinfo=UTC)
ENDED = TAUGHT + timedelta(hours=2)


def lesson(since: datetime, ended: datetime | None = None) -> Lesson:
    value = UsualShare(table="orders", most=0.1)
    return Lesson(
        lesson_id="l", kind=value.kind, subject="s", value=value, scope=Scope(contract="c"), ground=Ground.VERIFIED,
        runs=("r1",), trials=1, successes=1, bound=0.5, since=since, retired_at=ended,
        status=LessonStatus.RETIRED if ended else LessonStatus.IN_FORCE,
    )  # fmt: skip


def integrating() -> "CompiledStateGraph[ReflectionState, RunContext, ReflectionState, ReflectionState]":
    builder = StateGraph(ReflectionState, context_schema=RunContext)
    builder.add_node("integrate", integrate_lessons)
    builder.add_edge(START, "integrate")
    builder.add_edge("integrate", END)
    return builder.compile()


@pytest.mark.parametrize(
    ("since", "status"),
    [(TAUGHT, LessonStatus.RETIRED), (ENDED + timedelta(hours=1), LessonStatus.IN_FORCE)],
)
def test_what_another_reflection_ended_meanwhile_stays_so_until_a_later_run_teaches_it(
    tmp_path: Path, since: datetime, status: LessonStatus
) -> None:
    with opened_store(tmp_path) as store:
        write_lessons(store, [lesson(TAUGHT, ENDED)])
    found = integrating().invoke(
        {"contracts": ("c",), "patterns": (), "tested": 0, "runs": 1, "changed": (lesson(since),), "clashes": ()},
        context=RunContext(home=str(tmp_path)),
    )
    with opened_store(tmp_path) as store:
        assert [each.status for each in stored_lessons(store)] == [status]
    assert len(found["reflected"].learned) == (status is LessonStatus.IN_FORCE)
