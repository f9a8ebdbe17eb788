"""Fault schedules: what happens to messages and members of a group, round by round."""

from pydantic import Field

from state.values import Value


class Partition(Value):
    """For some rounds members hear only those of their own group; who is in no group hears nobody."""

    first: int = Field(ge=1, title="First round", examples=[3])
    last: int = Field(ge=1, title="Last round", examples=[8])
    groups: tuple[tuple[int, ...], ...] = Field(title="Groups", examples=[[[1, 2], [3]]])


class Crash(Value):
    """A member stops, with what it had in memory, and restarts from stable storage."""

    member: int = Field(title="Member", examples=[1])
    first: int = Field(ge=1, title="First round down", examples=[4])
    rounds: int = Field(default=5, ge=1, title="Rounds down", examples=[5])


class FaultSchedule(Value):
    """What goes wrong. The same schedule and seed give the same faults."""

    seed: int = Field(default=0, title="Seed", examples=[0])
    drop: float = Field(default=0.0, ge=0, le=1, title="Drop", description="Share of messages lost", examples=[0.1])
    duplicate: float = Field(
        default=0.0, ge=0, le=1, title="Duplicate", description="Share of messages that arrive twice", examples=[0.05]
    )
    delay: int = Field(
        default=0, ge=0, title="Delay", description="Most rounds a message is held; they overtake", examples=[2]
    )
    partitions: tuple[Partition, ...] = Field(default=(), title="Partitions")
    crashes: tuple[Crash, ...] = Field(default=(), title="Crashes")
    partition_rate: float = Field(
        default=0.0, ge=0, le=1, title="Partition rate", description="Chance a round that a partition begins"
    )
    crash_rate: float = Field(
        default=0.0, ge=0, le=1, title="Crash rate", description="Chance a member and round that it crashes"
    )
    outage: int = Field(
        default=10, ge=1, title="Outage", description="Most rounds a drawn partition or crash lasts", examples=[10]
    )
