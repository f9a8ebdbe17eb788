"""Groups of PBFT replicas with traitors under drawn fault schedules, watched by the safety properties."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from algorithms.consensus.authentication import Authenticator, derived_codes, derived_signatures
from algorithms.consensus.pbft import Replica
from algorithms.consensus.pbft_certificates import Committee
from algorithms.consensus.pbft_group import MakePbft, PbftGroup
from algorithms.consensus.pbft_output import PbftOutput
from algorithms.consensus.pbft_traitors import PBFT_TRAITORS
from algorithms.consensus.signed_group import Machine
from algorithms.consensus.traitors import Conspiracy
from evals.consensus.pbft_safety import PbftObserver
from evals.consensus.safety import SafetyError
from state.faults import FaultSchedule
from state.pbft import PbftSettings, PbftStorage
from state.signed import Refusal

TRAITOR_CLIENT = 9_999
_CLIENTS = (1_001, 1_002, 1_003)
PBFT_SIZES = (4, 7, 4, 10, 4, 7, 4, 31)
_MOST_EVENTS = 100_000  # of one group
_ASKED = 0.3  # a round
_SIGNED = 8  # one group of so many signs; the others use codes


@dataclass(frozen=True, slots=True)
class PbftRun:
    """What one group did: events are messages delivered and ticks."""

    events: int
    executed: int
    views: int
    refused: Mapping[Refusal, int]
    traitors: Mapping[int, str]
    violation: str = ""  # the property that did not hold

    def told(self) -> dict[str, int]:
        """Return what there is to count."""
        refused = {f"refused as {reason}": count for reason, count in sorted(self.refused.items())}
        return {"requests executed": self.executed, "views": self.views, "traitors": len(self.traitors), **refused}


@dataclass(slots=True)
class Betrayal:
    """Starts traitors in place of some replicas; each time again, if they crash."""

    conspiracy: Conspiracy
    kinds: Mapping[int, str]
    make: MakePbft
    seed: int
    starts: int = field(default=0)

    def __call__(
        self,
        replica_id: int,
        committee: Committee,
        authenticator: Authenticator,
        storage: PbftStorage,
        settings: PbftSettings,
        /,
    ) -> Machine[PbftOutput]:
        """Return the member, honest (and perhaps with a planted bug) or not."""
        if replica_id not in self.kinds:
            return self.make(replica_id, committee, authenticator, storage, settings)
        self.starts += 1
        inner = Replica(replica_id, committee, authenticator, storage, settings)
        draw = random.Random(f"{self.seed} {replica_id} {self.starts}")  # noqa: S311
        return PBFT_TRAITORS[self.kinds[replica_id]](inner, replica_id, self.conspiracy, draw)


def group_with(
    size: int,
    kinds: Mapping[int, str],
    schedule: FaultSchedule,
    settings: PbftSettings,
    *,
    make: MakePbft = Replica,
    signed: bool = False,
) -> PbftGroup:
    """Return a group some of whose members are traitors of the given kinds."""
    members = tuple(range(1, size + 1))
    derived = derived_signatures if signed else derived_codes
    keys = derived(f"{schedule.seed}", (*members, *_CLIENTS, TRAITOR_CLIENT))
    conspiracy = Conspiracy(members, {each: keys[each] for each in (*kinds, TRAITOR_CLIENT)}, TRAITOR_CLIENT)
    betrayal = Betrayal(conspiracy, kinds, make, schedule.seed)
    return PbftGroup(schedule, keys, Committee(members), settings, betrayal)


def run_pbft(
    seed: int, rounds: int, make: MakePbft = Replica, sizes: tuple[int, ...] = PBFT_SIZES, traitor: str = ""
) -> PbftRun:
    """Run one group under a schedule and with traitors, at most f, drawn from the seed; all of one kind, if so told."""
    draw = random.Random(f"pbft {seed}")  # noqa: S311
    size = sizes[seed % len(sizes)]
    schedule, settings = _weather(seed, draw)
    kinds = drawn_traitors(draw, size, traitor)
    group = group_with(size, kinds, schedule, settings, make=make, signed=seed % _SIGNED == 0)
    observer, events, violation = PbftObserver(kinds, TRAITOR_CLIENT), 0, ""
    for number in range(rounds):
        try:
            played = group.play_round()
            observer.watch(group, played)
        except SafetyError as error:
            violation = error.name
            break
        events += len(played.delivered) + len(group.replicas)
        if events > _MOST_EVENTS:
            break
        if draw.random() < _ASKED:
            group.ask(draw.choice(_CLIENTS), f"{number}")
    return PbftRun(events, len(observer.executed), _views(group), refusals(group), kinds, violation)


def drawn_traitors(draw: random.Random, size: int, kind: str = "") -> dict[int, str]:
    """Draw who betrays and how: mostly as many as there may be, mostly all in the same way."""
    most = (size - 1) // 3
    count = most if kind else draw.choice((0, most, most, most))
    names = sorted(PBFT_TRAITORS)
    common = draw.choice(names)
    mixed = draw.random() < 0.3  # noqa: PLR2004  a third of the groups
    who = draw.sample(range(1, size + 1), count)
    if who and draw.random() < 0.5:  # noqa: PLR2004  the first primary is a traitor in half of the groups
        who[0] = 1
    return {member: kind or (draw.choice(names) if mixed else common) for member in sorted(set(who))}


def refusals(group: PbftGroup) -> Counter[Refusal]:
    """Return what the replicas that are up refused."""
    return sum((each.refused for each in group.replicas.values() if isinstance(each, Replica)), Counter())


def _views(group: PbftGroup) -> int:
    return max((kept.view for kept in group.storage.values()), default=0)


def _weather(seed: int, draw: random.Random) -> tuple[FaultSchedule, PbftSettings]:
    """Draw faults of all kinds and strengths, none among them, and haste."""
    schedule = FaultSchedule(
        seed=seed,
        drop=draw.choice((0.0, 0.0, 0.1, 0.3)),
        duplicate=draw.choice((0.0, 0.1)),
        delay=draw.choice((0, 0, 2, 4)),
        partition_rate=draw.choice((0.0, 0.0, 0.03, 0.1)),
        crash_rate=draw.choice((0.0, 0.0, 0.01, 0.05)),
        outage=draw.choice((2, 10)),
    )
    interval = draw.choice((2, 4, 8))
    settings = PbftSettings(
        request_ticks=draw.choice((6, 12, 20)),
        status_ticks=draw.choice((2, 4, 8)),
        checkpoint_interval=interval,
        window=2 * interval,
    )
    return schedule, settings


def left_waiting(seed: int, faulty_rounds: int, quiet_rounds: int, sizes: tuple[int, ...] = PBFT_SIZES) -> list[str]:
    """Run a group under faults, end them, and return what is still missing: answers, or members that are behind.

    The traitors go on. Nothing is missing where the protocol is live.
    """
    draw = random.Random(f"live {seed}")  # noqa: S311
    schedule, settings = _weather(seed, draw)
    size = sizes[seed % len(sizes)]
    kinds = drawn_traitors(draw, size)
    group = group_with(size, kinds, schedule, settings)
    for number in range(faulty_rounds):
        group.play_round()
        if draw.random() < _ASKED:
            group.ask(draw.choice(_CLIENTS), f"{number}")
    group.schedule = FaultSchedule(seed=seed)
    for _ in range(quiet_rounds):
        group.play_round()
    honest = [group.storage[member].state for member in group.members if member not in kinds]
    missing = [f"client {client.id} waits" for client in group.clients.values() if client.waits]
    if any(state != honest[0] for state in honest):
        missing.append(f"members are at {sorted(state.sequence for state in honest)}")
    return missing
