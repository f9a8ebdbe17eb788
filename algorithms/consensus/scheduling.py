"""The network between members of a group, round by round: which messages arrive, and who is down.

Everything is drawn from the schedule's seed, the round and what it concerns, so that a round that is done again (after
a restart from a checkpoint) is the same.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, Protocol, TypeVar

from state.faults import Crash, FaultSchedule, Partition


class Addressed(Protocol):
    """What the network needs to know about a message."""

    @property
    def sender(self) -> int:
        """The member that sent it."""

    @property
    def recipient(self) -> int:
        """The member it is for."""


Message = TypeVar("Message", bound=Addressed)
Held = tuple[int, Message]
"""The round in which a message arrives, and the message."""


@dataclass(frozen=True, slots=True)
class Opening(Generic[Message]):
    """How a round begins: who is down, what arrives, and what is lost on its way or still held."""

    number: int
    down: frozenset[int]
    due: tuple[Message, ...]
    lost: tuple[Message, ...]
    held: tuple[Held[Message], ...]

    def to(self, member: int) -> tuple[Message, ...]:
        """Return what arrives at a member, in order."""
        return tuple(message for message in self.due if message.recipient == member)


def opened(
    schedule: FaultSchedule, number: int, held: Sequence[Held[Message]], members: Sequence[int]
) -> Opening[Message]:
    """Return how a round begins."""
    due, later = arriving(schedule, number, held, members)
    arrived = {id(message) for message in due}
    lost = tuple(message for when, message in held if when <= number and id(message) not in arrived)
    return Opening(number, members_down(schedule, number, members), tuple(due), lost, tuple(later))


def sent(schedule: FaultSchedule, round_: int, messages: Sequence[Message]) -> list[Held[Message]]:
    """Return when the messages sent in a round arrive: once, twice or never, in the next round or later."""
    draw = _draw(schedule, "sent", round_)
    held: list[Held[Message]] = []
    for message in messages:
        if draw.random() < schedule.drop:
            continue
        copies = 2 if draw.random() < schedule.duplicate else 1
        held += [(round_ + 1 + draw.randint(0, schedule.delay), message) for _ in range(copies)]
    return held


def arriving(
    schedule: FaultSchedule, round_: int, held: Iterable[Held[Message]], members: Sequence[int]
) -> tuple[list[Message], list[Held[Message]]]:
    """Return the messages that arrive in a round, and those still held.

    A message to a member that is down, or across a partition, is lost. Where messages may be held they arrive in any
    order.
    """
    down = members_down(schedule, round_, members)
    groups = groups_in(schedule, round_, members)
    due: list[Message] = []
    later: list[Held[Message]] = []
    for when, message in held:
        if when > round_:
            later.append((when, message))
        elif message.recipient not in down and _connected(groups, message):
            due.append(message)
    if schedule.delay:
        _draw(schedule, "order", round_).shuffle(due)
    return due, later


def members_down(schedule: FaultSchedule, round_: int, members: Sequence[int]) -> frozenset[int]:
    """Return the members that are down in a round."""
    drawn = _drawn_crashes(schedule, round_, tuple(members))
    crashes = (*schedule.crashes, *drawn)
    return frozenset(crash.member for crash in crashes if crash.first <= round_ < crash.first + crash.rounds)


def groups_in(schedule: FaultSchedule, round_: int, members: Sequence[int]) -> tuple[frozenset[int], ...]:
    """Return the groups that members are parted into in a round; empty when all hear each other."""
    for partition in (*schedule.partitions, *_drawn_partitions(schedule, round_, tuple(members))):
        if partition.first <= round_ <= partition.last:
            return tuple(map(frozenset, partition.groups))
    return ()


def _connected(groups: Sequence[frozenset[int]], message: Addressed) -> bool:
    return not groups or any({message.sender, message.recipient} <= group for group in groups)


def _drawn_crashes(schedule: FaultSchedule, round_: int, members: tuple[int, ...]) -> list[Crash]:
    """Return the crashes that began in this round or not too long before."""
    if not schedule.crash_rate:
        return []
    begun = range(max(1, round_ - schedule.outage), round_ + 1)
    return [crash for first in begun for crash in _crashes_of(schedule, first, members)]


def _drawn_partitions(schedule: FaultSchedule, round_: int, members: tuple[int, ...]) -> list[Partition]:
    if not schedule.partition_rate:
        return []
    begun = range(max(1, round_ - schedule.outage), round_ + 1)
    return [partition for first in begun for partition in _partitions_of(schedule, first, members)]


@lru_cache(maxsize=1024)
def _crashes_of(schedule: FaultSchedule, first: int, members: tuple[int, ...]) -> tuple[Crash, ...]:
    draw = _draw(schedule, "crash", first)
    drawn = [(member, draw.random() < schedule.crash_rate, draw.randint(1, schedule.outage)) for member in members]
    return tuple(Crash(member=member, first=first, rounds=rounds) for member, happens, rounds in drawn if happens)


@lru_cache(maxsize=1024)
def _partitions_of(schedule: FaultSchedule, first: int, members: tuple[int, ...]) -> tuple[Partition, ...]:
    draw = _draw(schedule, "partition", first)
    if len(members) < 2 or draw.random() >= schedule.partition_rate:  # noqa: PLR2004  one member is not parted
        return ()
    mixed = draw.sample(members, len(members))
    cut = draw.randint(1, len(members) - 1)
    last = first + draw.randint(1, schedule.outage) - 1
    return (Partition(first=first, last=last, groups=(tuple(mixed[:cut]), tuple(mixed[cut:]))),)


def _draw(schedule: FaultSchedule, what: str, round_: int) -> random.Random:
    return random.Random(f"{schedule.seed} {what} {round_}")  # noqa: S311  faults, not secrets
