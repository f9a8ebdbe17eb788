"""What is done about agents: every end of a check leads to a status that may follow; nobody skips the probe."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from algorithms.operation.cards import MOVES, faults_of
from algorithms.operation.recovering import Case, respond
from state.agents import AgentCard, Role
from state.health import Ill, Probed
from state.operation_agents import AgentKind, AgentStatus, Deployment, FaultKind, RecoveryAction, RegisteredAgent

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CARD = AgentCard(id="worker-1", version="1", role=Role.WORKER, skills=("derive",))
GOOD, BAD = Probed(seconds=0.1), Probed(seconds=0.1, fault="no")
ILL = Ill(agent_id="worker-1", kind=FaultKind.SILENT, evidence="silent")


def agent(status: AgentStatus, **more: object) -> RegisteredAgent:
    deployment = Deployment(card=CARD, kind=AgentKind.STEP_WORKER)
    return RegisteredAgent.model_validate({"deployment": deployment, "status": status, "since": NOW, **more})


def case(**more: object) -> Case:
    return Case(ill=None, suspect=False, probed=GOOD, fault=None, replaceable=True)._replace(**more)  # type: ignore[arg-type]


cases = st.builds(
    Case, ill=st.sampled_from((None, ILL)), suspect=st.booleans(), probed=st.sampled_from((None, GOOD, BAD)),
    fault=st.none(), replaceable=st.booleans(),
)  # fmt: skip


@given(st.sampled_from(AgentStatus), cases)
def test_a_status_follows_the_rules_and_service_needs_a_good_probe(status: AgentStatus, given_case: Case) -> None:
    before = agent(status)
    after = respond(before, given_case, NOW, 30.0).agent
    assert after.status is status or after.status in MOVES[status]
    if status in (AgentStatus.DEPLOYING, AgentStatus.OUT) and after.takes_work:
        assert given_case.probed == GOOD
        assert given_case.ill is None


def test_a_fault_takes_out_and_one_good_probe_brings_back() -> None:
    out = respond(agent(AgentStatus.IN_SERVICE), case(ill=ILL, probed=None), NOW, 30.0)
    assert out.agent.status is AgentStatus.OUT
    assert out.actions == (RecoveryAction.TAKE_OUT, RecoveryAction.REDELEGATE, RecoveryAction.RESTART)
    early = respond(out.agent, case(fault=out.fault), NOW + timedelta(seconds=5), 30.0)
    assert early.agent.status is AgentStatus.OUT
    back = respond(out.agent, case(fault=out.fault), NOW + timedelta(seconds=30), 30.0)
    assert back.agent.status is AgentStatus.IN_SERVICE
    assert back.fault is not None
    assert back.fault.ended_at == NOW + timedelta(seconds=30)


def test_each_failed_probe_doubles_the_wait() -> None:
    now, current, waits = NOW, agent(AgentStatus.OUT, probe_at=NOW), []
    for _ in range(7):
        current = respond(current, case(probed=BAD), now, 30.0).agent
        assert current.probe_at is not None
        waits.append((current.probe_at - now).total_seconds())
        now = current.probe_at
    assert waits == [60, 120, 240, 480, 960, 960, 960]


def test_one_that_nobody_can_replace_stays_and_that_is_said() -> None:
    response = respond(agent(AgentStatus.IN_SERVICE), case(ill=ILL, replaceable=False), NOW, 30.0)
    assert response.agent.status is AgentStatus.SUSPECT
    assert response.actions == (RecoveryAction.DEGRADE,)
    assert "nobody else" in response.agent.reason


def test_a_card_is_told_all_that_is_wrong_with_it() -> None:
    bad = AgentCard(id="a b", version="", role=Role.WORKER, skills=("fly",), capacity=0, cost=0.0)
    assert len(faults_of(bad, {"derive"})) == 5
    assert faults_of(CARD, {"derive"}) == ()
