"""Scenes of agreement by stake that chance hardly ever plays: who hears what is set beforehand."""

from collections.abc import Callable, Mapping

from algorithms.consensus.stake_certificates import Stakes
from algorithms.consensus.stake_group import MakeStake
from evals.consensus.safety import SafetyError
from evals.consensus.stake_runs import ChangingReplica, stake_group_with
from evals.consensus.stake_safety import StakeObserver
from state.faults import FaultSchedule
from state.pbft import Request
from state.signed import SignedMessage
from state.stake import Proposal, StakeSettings, Vote

_ROUNDS = 80  # of messages
_MEMBERS = (1, 2, 3, 4)
_STATUSES = 1_000  # ticks: in a scene nothing is said again

Hears = Callable[[SignedMessage], bool]


def _play(
    stakes: Mapping[int, int],
    kinds: Mapping[int, str],
    make: MakeStake,
    hears: Hears,
    *,
    asks: Mapping[int, str],
    seed: str = "scene",
    restarting: int = 0,
) -> str:
    """Play a group in which only some messages arrive; return the property that does not hold, or nothing.

    One member may restart as soon as it has a lock.
    """
    settings = StakeSettings(seed=seed, step_ticks=3, status_ticks=_STATUSES)
    group = stake_group_with(stakes, kinds, FaultSchedule(), settings, make=make)
    observer = StakeObserver(dict(stakes), kinds)
    try:
        for number in range(_ROUNDS):
            observer.watch(group, group.play_round())
            group.held = [held for held in group.held if hears(held[1])]
            for member, data in asks.items() if number == 0 else ():
                group.ask(member, data)
            if restarting and group.storage[restarting].locked is not None:
                del group.replicas[restarting]
                restarting = 0
    except SafetyError as error:
        return error.name
    return ""


def _seed_with(leaders: tuple[int, ...]) -> str:
    """Return a seed by which these lead the first rounds of the first height."""
    stakes = Stakes(tuple((member, 1) for member in _MEMBERS))
    numbers = (f"scene {number}" for number in range(100_000))
    rounds = range(len(leaders))
    return next(seed for seed in numbers if tuple(stakes.leader(seed, 1, each) for each in rounds) == leaders)


def _locking(lockers: Mapping[int, int], withheld: int) -> Hears:
    """Return what is heard: in some rounds one member is heard by nobody, and locks alone.

    One member does not get the proposal of the first round, so that the others do not agree; the request that makes
    the second block another one stays with its member.
    """

    def hears(message: SignedMessage) -> bool:
        statement = message.signed.statement
        if isinstance(statement, Request):
            return statement.data != "second"
        if isinstance(statement, Proposal):
            return statement.round != 0 or message.recipient != withheld
        return not isinstance(statement, Vote) or lockers.get(statement.round) != message.sender

    return hears


def lock_after_restart(make: MakeStake = ChangingReplica) -> str:
    """Let a member lock a block alone and restart, before another block is proposed."""
    asks, stakes = {1: "first", 2: "second"}, dict.fromkeys(_MEMBERS, 1)
    hears = _locking({0: 3}, withheld=4)
    return _play(stakes, {}, make, hears, asks=asks, seed=_seed_with((1, 2)), restarting=3)


def older_certificate(make: MakeStake = ChangingReplica) -> str:
    """Let two members lock one block each, alone, in two rounds; the second is shown the certificate of the first."""
    asks, stakes = {1: "first", 2: "second"}, dict.fromkeys(_MEMBERS, 1)
    hears = _locking({0: 4, 1: 3}, withheld=2)
    return _play(stakes, {}, make, hears, asks=asks, seed=_seed_with((1, 2, 4)))


def two_stories(false: int, make: MakeStake = ChangingReplica) -> str:
    """Let one of three members, with so much of a stake of 100, tell two stories: from a third on it is enough."""
    half = (100 - false) // 2
    stakes = {1: false, 2: half, 3: 100 - false - half}
    asks = {2: "second", 3: "third"}
    return _play(stakes, {1: "colluding"}, make, lambda _: True, asks=asks, seed=_leading_first(stakes))


def _leading_first(stakes: Mapping[int, int]) -> str:
    """Return a seed by which the first member leads the first round."""
    weights = Stakes(tuple(sorted(stakes.items())))
    return next(seed for seed in map(str, range(100_000)) if weights.leader(seed, 1, 0) == 1)


STAKE_SCENES: dict[str, Callable[[MakeStake], str]] = {
    "a lock and a restart": lock_after_restart,
    "an older certificate": older_certificate,
}
