"""Scenes of Raft that chance hardly ever plays: who hears whom is set step by step."""

from collections.abc import Callable, Iterable

from algorithms.consensus.quorum import Configuration
from algorithms.consensus.raft import RaftOutput, Replica
from algorithms.consensus.raft_group import MakeReplica, RaftGroup, Round
from evals.consensus.raft_safety import RaftObserver
from evals.consensus.safety import SafetyError
from state.faults import FaultSchedule
from state.raft import RaftMessage, RaftSettings, RaftStorage


class _Stage:
    """Five replicas; messages reach only those who are told to listen."""

    def __init__(self, make: MakeReplica) -> None:
        settings = RaftSettings(pre_vote=False, check_quorum=False, most_entries=1)
        self.group = RaftGroup(Configuration(frozenset(range(1, 6))), FaultSchedule(), settings, make)
        self.observer = RaftObserver()
        self._messages: list[RaftMessage] = []
        self.start(self.group.members)

    def start(self, members: Iterable[int]) -> None:
        """Start members, or start them again, from what they kept."""
        for member in members:
            kept = self.group.storage.setdefault(member, RaftStorage())
            group = self.group
            group.replicas[member] = group.make(member, group.configuration, kept, group.settings, str(member))

    def stop(self, member: int) -> None:
        """Stop a member; messages under way are lost."""
        del self.group.replicas[member]
        self._messages.clear()
        self._watch({}, frozenset({member}))

    def settle(self, listening: Iterable[int], rounds: int = 20, *, quiet: bool = True) -> None:
        """Hand messages around among those who listen; to others they are lost. Quiet: none is under way after it."""
        heard = set(listening)
        for _ in range(rounds):
            self._collect()
            due = [message for message in self._messages if message.recipient in heard]
            self._messages.clear()
            for message in due:
                if message.recipient in self.group.replicas:
                    self.group.replicas[message.recipient].receive(message)
        self._collect()
        if quiet:
            self._messages.clear()

    def _collect(self) -> None:
        outputs: dict[int, list[RaftOutput]] = {}
        for member, replica in self.group.replicas.items():
            outputs[member] = []
            while replica.has_output:
                output = replica.output()
                self.group.storage[member] = output.kept(self.group.storage[member])
                replica.saved()
                self._messages += output.messages
                outputs[member].append(output)
        self._watch(outputs, frozenset())

    def _watch(self, outputs: dict[int, list[RaftOutput]], down: frozenset[int]) -> None:
        self.observer.watch(self.group, Round(0, (), (), outputs, down))


def figure_eight(make: MakeReplica = Replica) -> str:
    """Play figure 8 of the paper and return the property that does not hold, or nothing.

    The first leader's entry comes to a majority only in a later term of that leader, is not followed there by an entry
    of that term, and must not count as committed: the fifth replica can still win and replace it.
    """
    stage = _Stage(make)
    replicas = stage.group.replicas
    try:
        replicas[1].campaign()
        stage.settle(stage.group.members)
        replicas[1].propose("first")
        stage.settle({1, 2})
        stage.stop(1)
        replicas[5].campaign()
        stage.settle({3, 4, 5}, rounds=2)  # elected; its first entry reaches nobody
        stage.stop(5)
        stage.start([1])
        for _ in range(2):  # its term is behind at first
            replicas[1].campaign()
            stage.settle({1, 2, 3}, rounds=2)
        replicas[1].heartbeat()
        for _ in range(10):
            if len(replicas[3].log.entries) < 2:  # noqa: PLR2004  until the third has the entry, and nothing after it
                stage.settle({1, 2, 3}, rounds=1, quiet=False)
        stage.settle({1}, rounds=1, quiet=False)
        stage.stop(1)
        stage.start([5])
        for _ in range(3):  # its term is behind at first
            replicas[5].campaign()
            stage.settle({3, 4, 5})
    except SafetyError as error:
        return error.name
    return ""


def vote_after_restart(make: MakeReplica = Replica) -> str:
    """Let two voters restart between two candidates of one term; return the property that does not hold, or nothing."""
    stage = _Stage(make)
    replicas = stage.group.replicas
    try:
        replicas[1].campaign()
        stage.settle({1, 3, 4}, rounds=2)  # elected; its first entry reaches nobody
        for member in (3, 4):
            stage.stop(member)
            stage.start([member])
        replicas[2].campaign()
        stage.settle({2, 3, 4}, rounds=3)
    except SafetyError as error:
        return error.name
    return ""


SCENES: dict[str, Callable[[MakeReplica], str]] = {
    "figure 8": figure_eight,
    "a vote after a restart": vote_after_restart,
}
