"""Rounds: duties at their intervals, none twice at once, one that fails stops no other."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from tools.operation.rounds import Duty, Rounds

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Noted:
    name: str
    interval: float
    act: Callable[[], None] = lambda: None
    at: list[float] = field(default_factory=list)

    def perform(self, now: datetime) -> None:
        self.at.append((now - BEGIN).total_seconds())
        self.act()


def test_duties_are_performed_at_their_intervals() -> None:
    often, seldom = Noted("often", 10), Noted("seldom", 30)
    rounds = Rounds([often, seldom])
    assert isinstance(often, Duty)
    for second in range(61):
        rounds.perform_due(BEGIN + timedelta(seconds=second))
    assert often.at == [0, 10, 20, 30, 40, 50, 60]
    assert seldom.at == [0, 30, 60]


def test_what_is_late_is_performed_once() -> None:
    duty = Noted("late", 10)
    rounds = Rounds([duty])
    for second in (0, 95, 96):
        rounds.perform_due(BEGIN + timedelta(seconds=second))
    assert duty.at == [0, 95]


def test_a_duty_that_fails_is_told_of_and_stops_no_other() -> None:
    def fail() -> None:
        raise OSError("gone")

    told: list[tuple[str, str]] = []
    other = Noted("other", 1)
    rounds = Rounds([Noted("bad", 1, fail), other], told=lambda *each: told.append(each))
    assert rounds.perform_due(BEGIN) == ("bad", "other")
    assert told == [("bad", "OSError: gone")]


def test_the_thread_performs_and_stops() -> None:
    done = threading.Event()
    duty = Noted("d", 0.01, done.set)
    with Rounds([duty]):
        assert done.wait(60)
    performed = len(duty.at)
    assert Rounds([duty]).perform_due(BEGIN) == ("d",)
    assert len(duty.at) == performed + 1


def test_two_duties_need_two_names() -> None:
    with pytest.raises(ValueError, match="one name"):
        Rounds([Noted("a", 1), Noted("a", 1)])


def test_a_clock_that_is_set_back_stops_no_duty() -> None:
    duty = Noted("often", 10)
    rounds = Rounds([duty])
    for second in (1000, 1005, 3, 8, 13):
        rounds.perform_due(BEGIN + timedelta(seconds=second))
    assert duty.at == [1000, 3, 13]
