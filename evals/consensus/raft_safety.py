"""The safety properties of Raft (section 5 of the paper), watched from outside while a group runs."""

from algorithms.consensus.raft import Replica
from algorithms.consensus.raft_group import RaftGroup, Round
from evals.consensus.safety import SafetyError
from state.raft import Entry, RaftRole


class RaftObserver:
    """Watches every round of a group; raises SafetyError as soon as a property does not hold."""

    def __init__(self) -> None:
        self.leaders: dict[int, int] = {}  # by term
        self.applied: dict[int, Entry] = {}  # by index
        self._written: dict[tuple[int, int], tuple[str, int]] = {}  # data and term before, by (term, index)
        self._led: dict[int, tuple[int, dict[int, int]]] = {}  # by member: term, terms of its log by index
        self._reached: dict[int, int] = {}  # by member: index applied last in this life

    def watch(self, group: RaftGroup, played: Round) -> None:
        """Look at a round."""
        for member in played.down:
            self._led.pop(member, None)
            self._reached.pop(member, None)
        for member, outputs in played.outputs.items():
            replica = group.replicas[member]
            for output in outputs:
                for entry in output.committed:
                    self._see_applied(member, entry)
            self._see_log(replica)
            self._see_leader(replica)

    def _see_applied(self, member: int, entry: Entry) -> None:
        known = self.applied.setdefault(entry.index, entry)
        if known != entry:
            raise SafetyError("state machine safety", f"{member} applies {entry}, another applied {known}")
        reached = self._reached.get(member)
        if reached is not None and entry.index <= reached:
            raise SafetyError("applied twice", f"{member} applies {entry.index} after {reached}")
        self._reached[member] = entry.index

    def _see_log(self, replica: Replica) -> None:
        """Log matching, by induction: an entry with the same term and index has the same data and predecessor."""
        log = replica.log
        before = log.snapshot.term
        index = log.snapshot.index
        for entry in log.entries:
            index += 1
            if entry.index != index:
                raise SafetyError("log without gaps", f"{replica.id} has {entry} at {index}")
            known = self._written.setdefault((entry.term, entry.index), (entry.data, before))
            if known != (entry.data, before):
                raise SafetyError("log matching", f"{replica.id} has {entry} after term {before}, another {known}")
            before = entry.term

    def _see_leader(self, replica: Replica) -> None:
        if replica.role is not RaftRole.LEADER:
            self._led.pop(replica.id, None)
            return
        first = self.leaders.setdefault(replica.term, replica.id)
        if first != replica.id:
            raise SafetyError("election safety", f"{first} and {replica.id} lead term {replica.term}")
        terms = {entry.index: entry.term for entry in replica.log.entries}
        led = self._led.get(replica.id)
        if led is None or led[0] != replica.term:
            self._see_complete(replica, terms)
        else:
            start = replica.log.snapshot.index
            lost = [index for index, term in led[1].items() if index > start and terms.get(index) != term]
            if lost:
                raise SafetyError("leader append-only", f"{replica.id} lost or changed {lost[0]}")
        self._led[replica.id] = (replica.term, terms)

    def _see_complete(self, replica: Replica, terms: dict[int, int]) -> None:
        """See that a new leader has every entry that was committed before."""
        start = replica.log.snapshot.index
        for index, entry in self.applied.items():
            if index > start and entry.term < replica.term and terms.get(index) != entry.term:
                raise SafetyError("leader completeness", f"{replica.id} leads {replica.term} without {entry}")
