"""Groups of Raft replicas under drawn fault schedules, watched by the safety properties."""

import random
from dataclasses import dataclass

from algorithms.consensus.quorum import Configuration
from algorithms.consensus.raft import Replica
from algorithms.consensus.raft_group import MakeReplica, RaftGroup
from evals.consensus.raft_safety import RaftObserver
from evals.consensus.safety import SafetyError
from state.faults import FaultSchedule
from state.raft import RaftSettings

_MOST_EVENTS = 50_000  # of one group
_SIZES = (3, 5, 4, 7)
_PROPOSALS = 0.5  # a round
_COMPACTIONS = 0.02  # a replica and round
_KEPT = 3  # entries before the last applied that a compaction leaves


@dataclass(frozen=True, slots=True)
class RaftRun:
    """What one group did: events are messages delivered and ticks."""

    events: int
    committed: int
    terms: int
    violation: str = ""  # the property that did not hold


def run_group(seed: int, rounds: int, make: MakeReplica = Replica) -> RaftRun:
    """Run one group under a schedule drawn from the seed."""
    draw = random.Random(seed)  # noqa: S311
    size = _SIZES[seed // 2 % len(_SIZES)]
    schedule, settings = (_storm if seed % 2 else _weather)(seed, draw)
    group = RaftGroup(Configuration(frozenset(range(1, size + 1))), schedule, settings, make)
    observer, events, violation = RaftObserver(), 0, ""
    for number in range(rounds):
        try:
            played = group.play_round()
            observer.watch(group, played)
        except SafetyError as error:
            violation = error.name
            break
        events += len(played.delivered) + len(group.replicas)
        if events > _MOST_EVENTS:  # a planted bug can make replicas talk without end
            break
        _use(group, draw, number)
    return RaftRun(events, len(observer.applied), len(observer.leaders), violation)


def _weather(seed: int, draw: random.Random) -> tuple[FaultSchedule, RaftSettings]:
    """Draw faults of all kinds and strengths, none among them."""
    schedule = FaultSchedule(
        seed=seed,
        drop=draw.choice((0.0, 0.1, 0.3)),
        duplicate=draw.choice((0.0, 0.1)),
        delay=draw.choice((0, 2, 5)),
        partition_rate=draw.choice((0.0, 0.03, 0.2)),
        crash_rate=draw.choice((0.0, 0.02, 0.1)),
        outage=draw.choice((5, 20)),
    )
    settings = RaftSettings(
        election_ticks=draw.choice((3, 5, 10)),
        pre_vote=draw.random() < 0.5,  # noqa: PLR2004  half of the groups
        check_quorum=draw.random() < 0.5,  # noqa: PLR2004
        most_in_flight=draw.choice((1, 4, 256)),
        most_entries=draw.choice((1, 3, 1_000)),
    )
    return schedule, settings


def _storm(seed: int, draw: random.Random) -> tuple[FaultSchedule, RaftSettings]:
    """Draw many short crashes and late messages under hasty elections: terms change before they are settled."""
    schedule = FaultSchedule(
        seed=seed,
        drop=draw.choice((0.1, 0.3)),
        duplicate=0.1,
        delay=draw.choice((2, 4)),
        partition_rate=draw.choice((0.0, 0.2)),
        crash_rate=draw.choice((0.05, 0.15)),
        outage=draw.choice((1, 3)),
    )
    ticks = draw.choice((2, 3))
    return schedule, RaftSettings(election_ticks=ticks, pre_vote=False, check_quorum=False, most_entries=1)


def _use(group: RaftGroup, draw: random.Random, number: int) -> None:
    """Propose to whoever leads, and compact logs now and then."""
    for replica in group.replicas.values():
        if draw.random() < _PROPOSALS:
            replica.propose(f"{number}")
        if draw.random() < _COMPACTIONS:
            replica.compact(replica.commit - _KEPT, f"state at {replica.commit - _KEPT}")
