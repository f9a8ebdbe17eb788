"""Running interaction scripts: a group of our replicas does what a script says, and tells it in the script's words."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from algorithms.consensus.quorum import Configuration
from algorithms.consensus.raft import RaftOutput, Replica
from algorithms.consensus.raft_progress import Progress
from evals.consensus.scripts import Command, Mismatch, read_script
from state.raft import NOBODY, Entry, Pace, RaftKind, RaftMessage, RaftRole, RaftSettings, RaftStorage, Snapshot

_KINDS = {
    RaftKind.PRE_VOTE: "MsgPreVote",
    RaftKind.PRE_VOTE_REPLY: "MsgPreVoteResp",
    RaftKind.VOTE: "MsgVote",
    RaftKind.VOTE_REPLY: "MsgVoteResp",
    RaftKind.APPEND: "MsgApp",
    RaftKind.APPEND_REPLY: "MsgAppResp",
    RaftKind.HEARTBEAT: "MsgHeartbeat",
    RaftKind.HEARTBEAT_REPLY: "MsgHeartbeatResp",
    RaftKind.SNAPSHOT: "MsgSnap",
}
_ROLES = {
    RaftRole.FOLLOWER: "StateFollower",
    RaftRole.PRE_CANDIDATE: "StatePreCandidate",
    RaftRole.CANDIDATE: "StateCandidate",
    RaftRole.LEADER: "StateLeader",
}
_PACES = {Pace.PROBE: "StateProbe", Pace.REPLICATE: "StateReplicate", Pace.SNAPSHOT: "StateSnapshot"}

_NOT_COMPARED = re.compile(
    r"(INFO|DEBUG|WARN|ERROR) |Ready MustSync|> \d+ |Messages:|Entries:|CommittedEntries:|\]|ok$"
)
"""Wording of the log, headings, and what depends on how storage is driven."""


def interaction_mismatches(path: Path) -> list[Mismatch]:
    """Return what a script expects otherwise; an empty list when our replicas do all it says."""
    group, quiet, found = _Group(), False, []
    for command in read_script(path):
        if command.name == "log-level":
            quiet = command.words[0] == "none"
            continue
        lines = group.perform(command)
        if not quiet:
            found += _compared(path.name, command, lines)
    return found


def _compared(script: str, command: Command, lines: Iterable[str]) -> list[Mismatch]:
    stripped = (line.strip() for line in command.expected)
    expected = Counter(_folded(line for line in stripped if not _NOT_COMPARED.match(line)))
    ours = Counter(lines)
    if expected == ours:
        return []
    missing, more = "; ".join((expected - ours).elements()), "; ".join((ours - expected).elements())
    return [Mismatch(script, command.line, missing, more)]


def _folded(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines, those of a message with its entries on one line each as heading and entries."""
    for line in lines:
        yield line.removesuffix("]") if " Entries:[" in line else line


class _Group:
    """Replicas, and the messages between them that were sent and not delivered."""

    def __init__(self) -> None:
        self.replicas: dict[int, Replica] = {}
        self.under_way: list[RaftMessage] = []
        self._told: dict[int, tuple[str, str]] = {}  # what was last said of term, vote, commit and of role, leader
        self._commands: dict[str, Callable[[Command], list[str]]] = {
            "add-nodes": self._add,
            "campaign": lambda command: self._do(command, Replica.campaign),
            "tick-heartbeat": lambda command: self._do(command, Replica.heartbeat),
            "propose": lambda command: self._do(command, lambda replica: replica.propose(command.words[1])),
            "report-unreachable": lambda command: self._do(
                command, lambda replica: replica.unreachable(int(command.words[1]))
            ),
            "process-ready": lambda command: self._hand_over(int(command.words[0])),
            "deliver-msgs": self._deliver_told,
            "stabilize": self._stabilize,
            "raft-log": self._log,
            "status": self._status,
        }

    def perform(self, command: Command) -> list[str]:
        """Do what a command says and return what is to be seen of it."""
        return self._commands[command.name](command)

    def _add(self, command: Command) -> list[str]:
        index = int(command.named["index"])
        voters = frozenset(map(int, re.findall(r"\d+", command.named["voters"])))
        settings = RaftSettings(
            pre_vote=command.named.get("prevote") == "true",
            check_quorum=False,
            most_in_flight=int(command.named.get("inflight", 256)),
        )
        storage = RaftStorage(commit=index, snapshot=Snapshot(index, 1))
        for member in range(1, int(command.words[0]) + 1):
            replica = Replica(member, Configuration(voters), storage, settings)
            self.replicas[member] = replica
            self._told[member] = (_kept_line(replica), _role_line(replica))
        return []

    def _do(self, command: Command, act: Callable[[Replica], object]) -> list[str]:
        act(self.replicas[int(command.words[0])])
        return []

    def _stabilize(self, command: Command) -> list[str]:
        members = [int(word) for word in command.words] or sorted(self.replicas)
        lines: list[str] = []
        going = True
        while going:
            going = False
            for member in members:
                if self.replicas[member].has_output:
                    lines += self._hand_over(member)
                    going = True
            for member in members:
                delivered = self._deliver(member)
                lines += delivered
                going = going or bool(delivered)
        return lines

    def _hand_over(self, member: int) -> list[str]:
        replica = self.replicas[member]
        lines: list[str] = []
        told = (_kept_line(replica), _role_line(replica))
        lines += [line for line, before in zip(told, self._told[member], strict=True) if line != before]
        self._told[member] = told
        output = replica.output()
        lines += _output_lines(output)
        replica.saved()
        self.under_way += output.messages
        return lines

    def _deliver_told(self, command: Command) -> list[str]:
        dropped = [int(number) for number in re.findall(r"\d+", command.named.get("drop", ""))]
        lines = [line for word in command.words for line in self._deliver(int(word))]
        for member in dropped:
            lost = [message for message in self.under_way if message.recipient == member]
            self.under_way = [message for message in self.under_way if message.recipient != member]
            lines += [f"dropped: {line}" for message in lost for line in _message_lines(message)]
        return lines

    def _deliver(self, member: int) -> list[str]:
        arriving = [message for message in self.under_way if message.recipient == member]
        self.under_way = [message for message in self.under_way if message.recipient != member]
        for message in arriving:
            self.replicas[member].receive(message)
        return [line for message in arriving for line in _message_lines(message)]

    def _log(self, command: Command) -> list[str]:
        log = self.replicas[int(command.words[0])].log
        return [_entry(entry) for entry in log.entries]

    def _status(self, command: Command) -> list[str]:
        progress = self.replicas[int(command.words[0])].progress
        return [f"{member}: {_progress(each)}" for member, each in sorted(progress.items())]


def _output_lines(output: RaftOutput) -> list[str]:
    entries = [_entry(entry) for entry in (*output.entries, *output.committed)]
    return entries + [line for message in output.messages for line in _message_lines(message)]


def _kept_line(replica: Replica) -> str:
    vote = f" Vote:{replica.vote}" if replica.vote != NOBODY else ""
    return f"HardState Term:{replica.term}{vote} Commit:{replica.commit}"


def _role_line(replica: Replica) -> str:
    return f"Lead:{replica.leader} State:{_ROLES[replica.role]}"


def _entry(entry: Entry) -> str:
    return f'{entry.term}/{entry.index} EntryNormal "{entry.data}"'


def _message_lines(message: RaftMessage) -> list[str]:
    text = (
        f"{message.sender}->{message.recipient} {_KINDS[message.kind]} Term:{message.term} "
        f"Log:{message.log_term}/{message.index}"
    )
    if message.commit:
        text += f" Commit:{message.commit}"
    if message.rejected:
        text += f" Rejected (Hint: {message.hint})"
    if len(message.entries) == 1:
        return [f"{text} Entries:[{_entry(message.entries[0])}"]
    if message.entries:
        return [f"{text} Entries:[", *map(_entry, message.entries)]
    return [text]


def _progress(progress: Progress) -> str:
    text = f"{_PACES[progress.pace]} match={progress.match} next={progress.following}"
    if progress.waits:
        text += " paused"
    if progress.in_flight:
        text += f" inflight={len(progress.in_flight)}" + ("[full]" if progress.full else "")
    return text
