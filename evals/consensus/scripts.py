"""Test scripts of another implementation of Raft, run on ours.

A script is a list of commands, each with the output that is expected after a line of dashes. `quorum` scripts state
verdicts of pure functions. Of `interaction` scripts what the protocol prescribes is compared: the messages, what is
kept (term, vote, commit, entries), roles, logs and the progress of followers; not the wording of log lines.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from algorithms.consensus.quorum import WITHOUT_BOUND, Configuration, VoteResult

_VERDICTS = {VoteResult.WON: "VoteWon", VoteResult.LOST: "VoteLost", VoteResult.PENDING: "VotePending"}


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a script."""

    line: int
    name: str
    words: tuple[str, ...]  # arguments without a name
    named: dict[str, str]
    expected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Where a script expects something else."""

    script: str
    line: int
    expected: str
    found: str


def read_script(path: Path) -> list[Command]:
    """Return the commands of a script."""
    lines = path.read_text(encoding="utf-8").splitlines()
    starts = [position for position, line in enumerate(lines) if line.strip() == "----"]
    return [_command(lines, start, after) for start, after in zip(starts, [*starts[1:], len(lines) + 1], strict=True)]


def _command(lines: list[str], dashes: int, next_dashes: int) -> Command:
    text, line = lines[dashes - 1], dashes
    named = {name: value.strip("()") for name, value in re.findall(r"(\w+)=(\([^)]*\)|\S+)", text)}
    words = re.sub(r"\w+=(\([^)]*\)|\S+)", "", text).split()
    last = next_dashes - 1 if next_dashes <= len(lines) else len(lines)
    expected = []
    for found in lines[dashes + 1 : last]:
        if not found.strip():
            break
        expected.append(found)
    return Command(line, words[0], tuple(words[1:]), named, tuple(expected))


def quorum_mismatches(path: Path) -> Iterator[Mismatch | None]:
    """Yield for each verdict of a quorum script None, or what differs."""
    for command in read_script(path):
        found = _verdict(command)
        expected = command.expected[-1].split("quorum>")[-1]
        yield None if found == expected else Mismatch(path.name, command.line, expected, found)


def _verdict(command: Command) -> str:
    voters, outgoing = _numbers(command.named.get("cfg", "")), _numbers(command.named.get("cfgj", ""))
    configuration = Configuration(frozenset(voters), frozenset(outgoing))
    # Values are given in the order of the members of the first group, then of those of the second that are not in it.
    members = [*voters, *(member for member in outgoing if member not in voters)]
    given = re.split(r"\s*,\s*", command.named.get("idx", command.named.get("votes", "")))
    values = {member: value for member, value in zip(members, given, strict=False) if value not in ("", "_")}
    if command.name == "vote":
        return _VERDICTS[configuration.result({member: value == "y" for member, value in values.items()})]
    reached = configuration.reached({member: int(value) for member, value in values.items()})
    return "∞" if reached == WITHOUT_BOUND else str(reached)


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]
