"""The verdict on an agent: its monitors vote, aspect by aspect, and more than half of all of them must agree.

A monitor that has seen too little abstains, and still counts in the base: of three monitors two must complain, so that
one that lies takes nobody out, and keeps nobody in of whom the two others complain.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from algorithms.operation.monitors import MONITORS, Monitor, looked
from algorithms.voting.tally import tally
from state.health import HealthLimits, Ill, Vitals
from state.operation_agents import MOST_REASON, AgentKind, Aspect, FaultKind, Finding, HealthCheck, HealthVerdict
from state.voting import Base, Electorate, Method, Motion, SealedBallot, VotingRule

RULE = VotingRule(method=Method.SIMPLE, base=Base.ALL, quorum=0.0)

Boards = Mapping[Aspect, Mapping[str, Monitor]]


def verdicts(
    vitals: Vitals, limits: HealthLimits, at: datetime, boards: Boards = MONITORS
) -> tuple[HealthVerdict, ...]:
    """Return the verdict on an agent for every aspect of which a monitor knows something."""
    found = []
    for aspect, monitors in boards.items():
        checks = looked(aspect, vitals, limits, at, monitors)
        if any(check.finding is not Finding.UNKNOWN for check in checks):
            found.append(vote_on(checks, at))
    return tuple(found)


def vote_on(checks: Sequence[HealthCheck], at: datetime) -> HealthVerdict:
    """Return the verdict that the checks of one aspect make; ValueError for none."""
    agent_id, aspect = checks[0].agent_id, checks[0].aspect
    motion = Motion(
        motion_id=f"health:{agent_id}:{aspect.value}:{at.isoformat()}",
        subject=f"{aspect.value} of {agent_id}",
        options=(Finding.UNFIT.value, Finding.FIT.value),
        rule=RULE,
    )
    ballots = [
        SealedBallot(
            voter=check.monitor,
            choice=None if check.finding is Finding.UNKNOWN else check.finding.value,
            reason=check.reason,
        )
        for check in checks
    ]
    result = tally(motion, Electorate(voters=tuple(check.monitor for check in checks)), ballots)
    finding = Finding.UNKNOWN if result.winner is None else Finding(result.winner)
    return HealthVerdict(agent_id=agent_id, aspect=aspect, at=at, finding=finding, checks=tuple(checks), result=result)


def illness(found: Sequence[HealthVerdict], kind: AgentKind) -> Ill | None:
    """Return what is wrong with an agent by its verdicts, the gravest first; None where it is fit or nobody knows."""
    unfit = [verdict for verdict in found if verdict.finding is Finding.UNFIT]
    if not unfit:
        return None
    gravest = min(unfit, key=lambda verdict: list(Aspect).index(verdict.aspect))
    told = "; ".join(
        f"{check.monitor}: {check.reason or check.finding.value}"
        for check in gravest.checks
        if check.finding is Finding.UNFIT
    )
    return Ill(agent_id=gravest.agent_id, kind=fault_kind(gravest, kind), evidence=told[:MOST_REASON])


def fault_kind(verdict: HealthVerdict, kind: AgentKind) -> FaultKind:
    """Return what a verdict that an agent is unfit means."""
    if verdict.aspect is Aspect.ANSWERS:
        return _answers(verdict, kind)
    kinds = {
        Aspect.RESOURCES: FaultKind.HUNGRY,
        Aspect.MAILBOX: FaultKind.FLOODED,
        Aspect.QUALITY: FaultKind.WRONG,
    }
    return kinds[verdict.aspect]


def _answers(verdict: HealthVerdict, kind: AgentKind) -> FaultKind:
    """Return whether it is silent or slow: a probe that was answered, however late, means slow."""
    if kind is AgentKind.SERVICE and verdict.agent_id.endswith("disk"):
        return FaultKind.FULL
    if kind in (AgentKind.MODEL, AgentKind.SERVICE):
        return FaultKind.UNREACHABLE
    probed = next((check for check in verdict.checks if check.monitor == "probe"), None)
    answered = probed is not None and probed.reason.endswith("to answer the probe")
    return FaultKind.SLOW if answered else FaultKind.SILENT
