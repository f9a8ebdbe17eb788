"""Groups of stake replicas with traitors under drawn fault schedules, watched by the safety properties."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from algorithms.consensus.authentication import Authenticator, derived_codes, derived_signatures
from algorithms.consensus.stake import StakeReplica
from algorithms.consensus.stake_certificates import stake_change
from algorithms.consensus.stake_group import MakeStake, StakeGroup, StakeMachine
from algorithms.consensus.stake_traitors import STAKE_TRAITORS
from algorithms.consensus.traitors import Conspiracy
from evals.consensus.safety import SafetyError
from evals.consensus.stake_safety import StakeObserver
from state.faults import FaultSchedule
from state.pbft import Request
from state.signed import Refusal
from state.stake import StakeSettings, StakeStorage

STAKE_SIZES = (4, 7, 4, 10, 4, 7, 4, 31)
_LEAST, _MOST = 95, 105  # to which stakes may be changed in groups that change them
_UNEVEN = 50  # the largest stake in groups that do not; the least is 1
_NOBODY = 0
_MOST_EVENTS = 100_000  # of one group
_ASKED = 0.3  # a round
_SIGNED = 8  # one group of so many signs; the others use codes


class ChangingReplica(StakeReplica):
    """Approves of changes of stake within narrow bounds."""

    def approves(self, request: Request) -> bool:
        """Whether a request changes no stake, or only a little."""
        change = stake_change(request)
        return change is None or (change[0] in dict(self.state.stakes) and _LEAST <= change[1] <= _MOST)


@dataclass(frozen=True, slots=True)
class StakeRun:
    """What one group did: events are messages delivered and ticks."""

    events: int
    decided: int
    slashed: int
    changed: int  # stakes
    refused: Mapping[Refusal, int]
    traitors: Mapping[int, str]
    violation: str = ""  # the property that did not hold

    def told(self) -> dict[str, int]:
        """Return what there is to count."""
        refused = {f"refused as {reason}": count for reason, count in sorted(self.refused.items())}
        counted = {"blocks decided": self.decided, "members slashed": self.slashed, "stakes changed": self.changed}
        return {**counted, "traitors": len(self.traitors), **refused}


@dataclass(slots=True)
class Betrayal:
    """Starts traitors in place of some replicas; each time again, if they crash."""

    conspiracy: Conspiracy
    kinds: Mapping[int, str]
    make: MakeStake
    seed: int
    starts: int = field(default=0)

    def __call__(
        self, member: int, authenticator: Authenticator, storage: StakeStorage, settings: StakeSettings, /
    ) -> StakeMachine:
        """Return the member, honest (and perhaps with a planted bug) or not."""
        if member not in self.kinds:
            return self.make(member, authenticator, storage, settings)
        self.starts += 1
        draw = random.Random(f"{self.seed} {member} {self.starts}")  # noqa: S311
        inner = ChangingReplica(member, authenticator, storage, settings)
        return STAKE_TRAITORS[self.kinds[member]](inner, member, self.conspiracy, draw)


def stake_group_with(
    stakes: Mapping[int, int],
    kinds: Mapping[int, str],
    schedule: FaultSchedule,
    settings: StakeSettings,
    *,
    make: MakeStake = ChangingReplica,
    signed: bool = False,
) -> StakeGroup:
    """Return a group some of whose members are traitors of the given kinds."""
    derived = derived_signatures if signed else derived_codes
    keys = derived(f"{schedule.seed}", (*stakes, _NOBODY))
    conspiracy = Conspiracy(tuple(sorted(stakes)), {each: keys[each] for each in (*kinds, _NOBODY)}, _NOBODY)
    return StakeGroup(schedule, keys, stakes, settings, Betrayal(conspiracy, kinds, make, schedule.seed))


def run_stake(
    seed: int, rounds: int, make: MakeStake = ChangingReplica, sizes: tuple[int, ...] = STAKE_SIZES, traitor: str = ""
) -> StakeRun:
    """Run one group under a schedule and with traitors of less than a third, drawn from the seed."""
    group, kinds, draw = _drawn_group(seed, make, sizes, traitor)
    observer, events, violation, changed = StakeObserver(dict(group.stakes), kinds), 0, "", 0
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
        _ask(group, draw, number)
    for block in observer.decided.values():
        changed += sum(stake_change(request.statement) is not None for request in block.requests)
    return StakeRun(events, len(observer.decided), len(observer.slashed), changed, _refusals(group), kinds, violation)


def stake_left_waiting(
    seed: int, faulty_rounds: int, quiet_rounds: int, sizes: tuple[int, ...] = STAKE_SIZES
) -> list[str]:
    """Run a group under faults, end them, and return what is still missing: requests, or members that are behind.

    The traitors go on. Nothing is missing where the protocol is live.
    """
    group, kinds, draw = _drawn_group(seed, ChangingReplica, sizes, "")
    for number in range(faulty_rounds):
        group.play_round()
        _ask(group, draw, number)
    group.schedule = FaultSchedule(seed=seed)
    for _ in range(quiet_rounds):
        group.play_round()
    honest = [member for member in group.members if member not in kinds]
    missing = [f"requests of {member} wait" for member in honest if group.storage[member].requests]
    heights = {member: group.storage[member].state.height for member in honest}
    return [*missing, f"members are at {heights}"] if len(set(heights.values())) > 1 else missing


def _drawn_group(
    seed: int, make: MakeStake, sizes: tuple[int, ...], traitor: str
) -> tuple[StakeGroup, dict[int, str], random.Random]:
    draw = random.Random(f"stake {seed}")  # noqa: S311
    size = sizes[seed % len(sizes)]
    changing = draw.random() < 0.5  # noqa: PLR2004  half of the groups
    least, most = (_LEAST, _MOST) if changing else (1, _UNEVEN)
    stakes = {member: draw.randint(least, most) for member in range(1, size + 1)}
    kinds = _drawn_traitors(draw, stakes, traitor, changing=changing)
    schedule, settings = _weather(seed, draw)
    group = stake_group_with(stakes, kinds, schedule, settings, make=make, signed=seed % _SIGNED == 0)
    return group, kinds, draw


def _drawn_traitors(draw: random.Random, stakes: Mapping[int, int], kind: str, *, changing: bool) -> dict[int, str]:
    """Draw who betrays and how: mostly as many as have less than a third, whatever changes; mostly in the same way."""
    names = sorted(STAKE_TRAITORS)
    common = kind or draw.choice(names)
    mixed = not kind and draw.random() < 0.3  # noqa: PLR2004  a third of the groups
    kinds: dict[int, str] = {}
    if not kind and draw.random() < 0.2:  # noqa: PLR2004  a fifth of the groups has none
        return kinds
    for member in draw.sample(sorted(stakes), len(stakes)):
        among = {*kinds, member}
        false = sum(_MOST if changing else stakes[each] for each in among)
        honest = sum(_LEAST if changing else stake for each, stake in stakes.items() if each not in among)
        if 2 * false < honest:
            kinds[member] = draw.choice(names) if mixed else common
    return kinds


def _ask(group: StakeGroup, draw: random.Random, number: int) -> None:
    """Let members ask for something now and then, among it changes of stake that are granted or not."""
    if draw.random() < _ASKED:
        member = draw.choice(group.members)
        changes = draw.random() < 0.2 and group.stakes[member] >= _LEAST  # noqa: PLR2004  a fifth
        change = f"stake {draw.choice(group.members)} {draw.randint(_LEAST, _MOST)}"
        group.ask(member, change if changes else f"{number}")


def _refusals(group: StakeGroup) -> Counter[Refusal]:
    return sum((each.refused for each in group.replicas.values() if isinstance(each, StakeReplica)), Counter())


def _weather(seed: int, draw: random.Random) -> tuple[FaultSchedule, StakeSettings]:
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
    settings = StakeSettings(
        seed=f"{seed}",
        step_ticks=draw.choice((2, 4, 6)),
        status_ticks=draw.choice((2, 4, 8)),
        most_requests=draw.choice((1, 4, 16)),
    )
    return schedule, settings
