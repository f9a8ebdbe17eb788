"""Alerts as a state machine: every move is legal, nobody is told twice, and nobody is forgotten."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.alerts import machine
from algorithms.alerts.machine import LEGAL, Moved, Setting, acknowledge, observe
from state.alerts import Alert, AlertRule, AlertState, EscalationLevel, EscalationPolicy, Severity

RULE = AlertRule(name="slow", figure="run_seconds_p95", threshold=10, clear=8, for_seconds=60, clear_seconds=30)
POLICY = EscalationPolicy(
    levels=(
        EscalationLevel(after_seconds=0, channels=("team",)),
        EscalationLevel(after_seconds=300, channels=("team", "boss")),
    ),
    repeat_seconds=600,
)
CHANNELS = ("boss", "team")


def at(now: float, *, silenced: bool = False, rule: AlertRule = RULE) -> Setting:
    return Setting(rule, POLICY, CHANNELS, now, silenced)


def play(*observations: tuple[float, float | None]) -> tuple[Alert | None, list[str]]:
    alert, told = None, []
    for now, value in observations:
        moved = observe(alert, value, at(now))
        alert = moved.alert
        told += [note.key.split("/", 1)[1] for note in moved.notifications]
    return alert, told


def test_it_fires_after_its_time_escalates_and_is_resolved_below_the_lower_bound() -> None:
    alert, told = play((0, 11), (59, 11))
    assert alert is not None
    assert (alert.state, told) == (AlertState.PENDING, [])
    alert, told = play((0, 11), (60, 12), (359, 12), (360, None))
    assert alert is not None
    assert (alert.state, alert.level) == (AlertState.FIRING, 2)
    assert told == ["level-1/team", "level-2/team", "level-2/boss"]
    alert, told = play((0, 11), (60, 12), (100, 9), (200, 9))
    assert alert is not None
    assert alert.state is AlertState.FIRING  # between the bounds it stays as it was
    alert, told = play((0, 11), (60, 12), (100, 7), (129, 7), (130, 7))
    assert alert is not None
    assert alert.state is AlertState.RESOLVED
    assert told == ["level-1/team", "resolved/team"]


def test_what_is_over_before_its_time_tells_nobody() -> None:
    alert, told = play((0, 11), (30, 9.5))
    assert alert is not None
    assert (alert.state, told) == (AlertState.RESOLVED, [])


def test_what_was_not_read_again_does_not_fire() -> None:
    alert, told = play((0, 11), (60, None), (900, None))
    assert alert is not None
    assert (alert.state, told) == (AlertState.PENDING, [])
    alert, told = play((0, 11), (60, None), (61, 11))
    assert alert is not None
    assert alert.state is AlertState.FIRING


def test_the_last_level_is_told_again() -> None:
    _, told = play((0, 11), (60, 11), (360, 11), (959, 11), (960, 11), (1560, 11))
    assert told[3:] == ["again-1/team", "again-1/boss", "again-2/team", "again-2/boss"]


def test_acknowledged_it_escalates_no_more_and_its_end_is_told() -> None:
    fired = observe(observe(None, 11, at(0)).alert, 11, at(60)).alert
    assert fired is not None
    held = acknowledge(fired, "ann", "on it", 70).alert
    later = observe(held, 12, at(5_000))
    assert (later.notifications, later.transitions) == ((), ())
    ended = observe(observe(held, 1, at(6_000)).alert, 1, at(6_030))
    assert [note.channel for note in ended.notifications] == ["team"]
    assert ended.transitions[-1].after is AlertState.RESOLVED


def test_only_what_fires_can_be_acknowledged() -> None:
    pending = observe(None, 11, at(0)).alert
    assert pending is not None
    with pytest.raises(ValueError, match="pending"):
        acknowledge(pending, "ann", "", 1)


def test_silent_it_tells_nobody_until_the_silence_ends() -> None:
    moved = observe(observe(None, 11, at(0)).alert, 11, at(60, silenced=True))
    assert moved.alert is not None
    assert (moved.alert.state, moved.notifications) == (AlertState.SILENCED, ())
    quiet = observe(moved.alert, 11, at(400, silenced=True))
    assert quiet.notifications == ()
    loud = observe(quiet.alert, 11, at(500))
    assert [note.channel for note in loud.notifications] == ["team"]


MOVES = st.lists(
    st.tuples(
        st.floats(0, 700),
        st.one_of(st.none(), st.floats(0, 20)),
        st.booleans(),
        st.sampled_from(["observe", "observe", "observe", "acknowledge"]),
    ),
    max_size=30,
)


def journey(moves: Any, rule: AlertRule = RULE) -> list[Moved]:
    alert: Alert | None = None
    now, made = 0.0, []
    for wait, value, silenced, act in moves:
        now += wait
        if act == "acknowledge" and alert is not None and AlertState.ACKNOWLEDGED in LEGAL[alert.state]:
            moved = acknowledge(alert, "ann", "", now)
        else:
            moved = observe(alert, value, at(now, silenced=silenced, rule=rule))
        made.append(moved)
        alert = moved.alert if moved.alert is not None and moved.alert.open else None
    return made


@given(MOVES)
def test_every_move_is_legal_and_follows_the_one_before(moves: Any) -> None:
    last: AlertState | None = None
    for moved in journey(moves):
        for move in moved.transitions:
            assert move.after in LEGAL[move.before]
            assert move.before == last
            last = None if move.after is AlertState.RESOLVED else move.after


@given(MOVES)
def test_nobody_is_told_the_same_twice_and_only_of_what_fires(moves: Any) -> None:
    keys = Counter(note.key for moved in journey(moves) for note in moved.notifications)
    assert not keys or max(keys.values()) == 1
    for moved in journey(moves):
        if moved.notifications:
            assert moved.alert is not None
            assert moved.alert.state in (AlertState.FIRING, AlertState.RESOLVED)


@given(MOVES)
def test_whatever_fires_has_told_every_level_whose_time_came(moves: Any) -> None:
    now = 0.0
    for (wait, _, _, _), moved in zip(moves, journey(moves), strict=True):
        now += wait
        alert = moved.alert
        if alert is None or alert.state is not AlertState.FIRING or alert.fired_at is None:
            continue
        due = sum(now - alert.fired_at >= level.after_seconds for level in POLICY.levels)
        assert alert.level >= due


@given(MOVES)
def test_the_same_journey_gives_the_same_keys(moves: Any) -> None:
    first, again = journey(moves), journey(moves)
    assert [moved.notifications for moved in first] == [moved.notifications for moved in again]


def test_a_machine_that_forgets_a_level_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine._Journey, "escalate", lambda journey: None)
    with pytest.raises(AssertionError):
        test_it_fires_after_its_time_escalates_and_is_resolved_below_the_lower_bound()


def test_bounds_on_the_wrong_side_are_refused() -> None:
    with pytest.raises(ValueError, match="at most the threshold"):
        AlertRule(name="x", figure="health", threshold=1, clear=2)
    below = AlertRule(name="x", figure="health", when="below", threshold=0.5, clear=0.6, severity=Severity.CRITICAL)
    assert (below.holds(0.4), below.clears(0.55), below.clears(0.6)) == (True, False, True)
