"""Detectors, monitors and verdicts; a detector that never fires and one that judges alone are found."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.operation.monitors import MONITORS, Monitor, Seen
from algorithms.operation.phi import LEAST_SEEN, excess, phi
from algorithms.operation.verdicts import fault_kind, illness, verdicts, vote_on
from state.health import HealthLimits, Probed, Vitals
from state.operation_agents import AgentKind, Aspect, FaultKind, Finding, HealthCheck

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = HealthLimits()
USUAL = (0.9, 1.0, 1.1, 1.0, 0.95, 1.05)
Boards = Mapping[Aspect, Mapping[str, Monitor]]

HUNG = Vitals(
    agent_id="a", usual_took=USUAL, silence=30.0, overdue=1, probed=Probed(seconds=10.0, fault="no answer within 10 s")
)
SLOW = Vitals(agent_id="a", usual_took=USUAL, took=30.0, overdue=1, probed=Probed(seconds=0.1))
HUNGRY = Vitals(agent_id="a", memory=10.0 * 2**30, usual_memory=(2e8,) * 5, processor=0.2, usual_processor=(0.2,) * 5)
FLOODED = Vitals(agent_id="a", backlog=2_000, oldest=100.0, flow=9_000.0, usual_flow=(20.0,) * 5)
WRONG = Vitals(
    agent_id="a", kind=AgentKind.EXPERT, right=5, wrong=20, probed=Probed(seconds=0.1, fault="w", wrong=True)
)
FIT = Vitals(
    agent_id="a", usual_took=USUAL, took=1.0, kept=3, probed=Probed(seconds=0.1), memory=2e8, usual_memory=(2e8,) * 5,
    backlog=1, oldest=0.0, flow=20.0, usual_flow=(20.0,) * 5, right=29, wrong=1,
)  # fmt: skip
FAULTS = {
    FaultKind.SILENT: HUNG,
    FaultKind.SLOW: SLOW,
    FaultKind.HUNGRY: HUNGRY,
    FaultKind.FLOODED: FLOODED,
    FaultKind.WRONG: WRONG,
}


def found(vitals: Vitals, boards: Boards = MONITORS) -> FaultKind | None:
    ill = illness(verdicts(vitals, LIMITS, NOW, boards), vitals.kind)
    return ill.kind if ill else None


def unmet(boards: Boards) -> list[FaultKind]:
    """Return the faults that are not seen: what a test of a detector must find empty."""
    return [kind for kind, vitals in FAULTS.items() if found(vitals, boards) is not kind]


def test_every_fault_is_seen_and_named_and_a_fit_agent_is_left_alone() -> None:
    assert unmet(MONITORS) == []
    assert found(FIT) is None


def _never(_vitals: Vitals, _limits: HealthLimits) -> Seen:
    return Seen(Finding.FIT)


@pytest.mark.parametrize("aspect", list(Aspect))
def test_a_detector_that_never_fires_is_found(aspect: Aspect) -> None:
    planted = {**MONITORS, aspect: dict.fromkeys(MONITORS[aspect], _never)}
    assert unmet(planted)


def lying(boards: Boards, aspect: Aspect, name: str) -> Boards:
    def liar(vitals: Vitals, limits: HealthLimits) -> Seen:
        seen = boards[aspect][name](vitals, limits)
        return Seen(Finding.FIT if seen.finding is Finding.UNFIT else Finding.UNFIT)

    return {**boards, aspect: {**boards[aspect], name: liar}}


EVERY_MONITOR = [(aspect, name) for aspect, monitors in MONITORS.items() for name in monitors]


@pytest.mark.parametrize(("aspect", "name"), EVERY_MONITOR)
def test_one_lying_monitor_takes_nobody_out(aspect: Aspect, name: str) -> None:
    boards = lying(MONITORS, aspect, name)
    assert found(FIT, boards) is None
    assert any(verdict.complains for verdict in verdicts(FIT, LIMITS, NOW, boards))


def test_a_verdict_by_one_monitor_is_found() -> None:
    """The planted bug: who looks alone decides alone, so that its lie takes an agent out."""
    lone = {Aspect.ANSWERS: {"probe": lying(MONITORS, Aspect.ANSWERS, "probe")[Aspect.ANSWERS]["probe"]}}
    assert found(FIT, lone) is not None
    assert all(len(monitors) >= 3 for monitors in MONITORS.values())


@given(st.lists(st.sampled_from(list(Finding)), min_size=3, max_size=3))
def test_unfit_needs_two_of_three(findings: list[Finding]) -> None:
    checks = [
        HealthCheck(agent_id="a", aspect=Aspect.ANSWERS, monitor=name, at=NOW, finding=finding)
        for name, finding in zip("xyz", findings, strict=True)
    ]
    verdict = vote_on(checks, NOW)
    assert (verdict.finding is Finding.UNFIT) is (findings.count(Finding.UNFIT) >= 2)
    assert (verdict.finding is Finding.FIT) is (findings.count(Finding.FIT) >= 2)


@given(st.lists(st.floats(0.1, 10.0), min_size=LEAST_SEEN, max_size=30), st.floats(0, 50), st.floats(0, 50))
def test_suspicion_grows_with_silence(gaps: list[float], one: float, other: float) -> None:
    low, high = sorted((one, other))
    first, second = phi(low, gaps), phi(high, gaps)
    assert first is not None
    assert second is not None
    assert 0.0 <= first <= second <= 300.0


def test_the_detector_adapts_to_the_rhythm() -> None:
    quick, slow = phi(10.0, [1.0] * 10), phi(10.0, [10.0] * 10)
    assert quick is not None
    assert slow is not None
    assert quick > LIMITS.phi > slow
    assert phi(10.0, [1.0] * (LEAST_SEEN - 1)) is None


@given(st.floats(1.0, 1e9), st.floats(0.0, 1.0))
def test_excess_is_none_for_what_is_usual(value: float, spread: float) -> None:
    usual = [value * (1 + spread * step / 10) for step in range(-5, 6)]
    found_excess = excess(value, usual)
    assert found_excess is not None
    assert abs(found_excess) < 1e-6


def test_a_full_disk_and_a_silent_model_have_names_of_their_own() -> None:
    vitals = Vitals(agent_id="service:disk", kind=AgentKind.SERVICE, failed=3, probed=Probed(seconds=0.1, fault="full"))
    (verdict,) = [each for each in verdicts(vitals, LIMITS, NOW) if each.aspect is Aspect.ANSWERS]
    assert fault_kind(verdict, AgentKind.SERVICE) is FaultKind.FULL
    assert fault_kind(verdict, AgentKind.MODEL) is FaultKind.UNREACHABLE
