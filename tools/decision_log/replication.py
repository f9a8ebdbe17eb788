"""Replicating a decision log: the members' replicas in one process, each copy on disk before anything is answered."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from algorithms.consensus.quorum import Configuration
from algorithms.consensus.raft import Replica
from algorithms.consensus.raft_group import RaftGroup
from algorithms.consensus.scheduling import groups_in, members_down
from state.decision_log import MEMBERS, LogEntry
from state.faults import Crash, FaultSchedule
from state.raft import RaftSettings
from tools.decision_log.journal import Journal, append
from tools.decision_log.reading import committed

_MOST_ROUNDS = 200
"""Rounds after which there is no quorum: far more than an election and an entry take under heavy losses."""

_CLOSING_ROUNDS = 10
"""Rounds in which followers may learn that an entry is committed; who does not learns it later."""

_FOR_EVER = 1_000_000


class Replication:
    """A session of the group: one process holds the log's lock while it lasts."""

    def __init__(self, journals: Mapping[str, Journal], schedule: FaultSchedule) -> None:
        self._journals = dict(journals)
        self._writers = ThreadPoolExecutor(len(MEMBERS))  # copies are synced side by side: it takes a tenth of the time
        lost = [place for place, member in enumerate(MEMBERS, 1) if journals[member].fault]
        crashes = (*schedule.crashes, *(Crash(member=place, first=1, rounds=_FOR_EVER) for place in lost))
        self._group = RaftGroup(
            Configuration(frozenset(range(1, len(MEMBERS) + 1))),
            schedule.model_copy(update={"crashes": crashes}),
            RaftSettings(),
            storage={place: journals[member].storage for place, member in enumerate(MEMBERS, 1)},
        )

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let the writers go."""
        self._writers.shutdown()

    def settle(self) -> bool:
        """Elect a leader, and commit what earlier sessions left open; False where there is no quorum."""
        return any(self._ready() or self._play() for _ in range(_MOST_ROUNDS)) or self._ready()

    @property
    def entries(self) -> tuple[LogEntry, ...]:
        """The committed entries of the leader."""
        leader = self._leader()
        storage = self._group.storage[leader.id]
        return tuple(LogEntry.model_validate_json(data) for data in committed(storage))

    @property
    def reachable(self) -> tuple[str, ...]:
        """The members that can be asked now: those that are up and hear the leader."""
        group, number = self._group, self._group.number + 1
        down = members_down(group.schedule, number, group.members)
        parts = groups_in(group.schedule, number, group.members)
        leader = self._leader().id
        heard = next((part for part in parts if leader in part), frozenset() if parts else frozenset(group.members))
        return tuple(member for place, member in enumerate(MEMBERS, 1) if place in heard - down)

    def replicate(self, entry: LogEntry) -> bool:
        """Bring an entry to a majority of the copies; False where that is not reached."""
        data = entry.model_dump_json()
        for _ in range(_MOST_ROUNDS):
            leader = self._group.leader
            if leader is not None and data in committed(self._group.storage[leader.id]):
                self._close(data)
                return True
            if leader is not None and not self._group.waiting and all(one.data != data for one in leader.log.entries):
                self._group.propose(data)
            self._play()
        return False

    def _close(self, data: str) -> None:
        for _ in range(_CLOSING_ROUNDS):
            up = self._group.replicas
            if all(data in committed(self._group.storage[member]) for member in up):
                return
            self._play()

    def _ready(self) -> bool:
        leader = self._group.leader
        return leader is not None and leader.commit == leader.log.last_index and leader.log.last_term == leader.term

    def _leader(self) -> Replica:
        leader = self._group.leader
        if leader is None:
            raise LookupError("nobody leads")
        return leader

    def _play(self) -> bool:
        """Play one round; what a replica keeps is in its journal before its messages are delivered in the next."""
        played = self._group.play_round()
        places = [place for place, outputs in played.outputs.items() if outputs]
        members = [MEMBERS[place - 1] for place in places]
        journals = [self._journals[member] for member in members]
        written = self._writers.map(append, journals, [self._group.storage[place] for place in places])
        self._journals.update(zip(members, written, strict=True))
        return False
