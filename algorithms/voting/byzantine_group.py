"""Honest voters, traitors and the network between them, played step by step until every honest voter has a result.

Traitors act together and last: in every step they see what honest voters send them before they send themselves.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from algorithms.consensus.scheduling import Held, arriving, sent
from algorithms.voting.byzantine import ByzantineVoter
from algorithms.voting.byzantine_count import follow
from state.byzantine import BallotMessage, Board, SignedBallot
from state.faults import FaultSchedule
from state.signing import Signer
from state.values import digest
from state.voting import Motion

Revise = Callable[[Sequence[Board], int, Sequence[str]], str | None]
"""What a voter chooses in the next round, from the boards so far, its place and the options."""


class Traitors(Protocol):
    """The traitors of a group."""

    def act(self, round_: int, step: int, seen: Sequence[BallotMessage]) -> list[BallotMessage]:
        """Return what they send in a step (from 1), having seen what honest voters send them in it."""


@dataclass(slots=True)
class Played:
    """What happened in a group."""

    steps: int = 0  # of communication
    messages: int = 0  # sent by honest voters
    delivered: list[tuple[int, BallotMessage]] = field(default_factory=list)  # step of its round, from 1; from traitors


class NoTraitors:
    """Nobody lies."""

    def act(self, round_: int, step: int, seen: Sequence[BallotMessage]) -> list[BallotMessage]:  # noqa: ARG002
        """Send nothing."""
        return []


class TwoFaced:
    """Traitors that each show one ballot to half of the others and another one to the rest, in every round."""

    def __init__(self, signers: Mapping[int, Signer], choices: Mapping[int, str], motion: Motion, voters: int) -> None:
        self._signers, self._choices, self._motion, self._voters = signers, choices, motion, voters

    def act(self, round_: int, step: int, seen: Sequence[BallotMessage]) -> list[BallotMessage]:  # noqa: ARG002
        """Return their two ballots in the first step, nothing afterwards."""
        return [message for place in self._signers for message in self._shown(round_, place)] if step == 1 else []

    def _shown(self, round_: int, place: int) -> Iterator[BallotMessage]:
        options, motion = self._motion.options, digest(self._motion)
        own = self._choices[place]
        other = options[(options.index(own) + 1) % len(options)] if own in options else options[0]
        for to in range(self._voters):
            if to not in self._signers:
                blank = SignedBallot(motion, round_, place, (own, other)[to % 2], ())
                mark = (place, self._signers[place].sign(blank.content))
                yield BallotMessage(place, to, motion, round_, replace(blank, signatures=(mark,)))


def play(
    honest: Mapping[int, ByzantineVoter],
    choices: Mapping[int, str | None],
    traitors: Traitors,
    schedule: FaultSchedule,
    revise: Revise = follow,
) -> Played:
    """Play rounds of voting until every honest voter has its result; `choices` are those of the first round."""
    played = Played()
    waiting = dict(honest)
    while waiting:
        messages = [
            message
            for place, voter in waiting.items()
            for message in voter.cast(
                revise(voter.boards, place, voter.motion.options) if voter.boards else choices[place]
            )
        ]
        _exchange(waiting, messages, traitors, schedule, played)
        waiting = {place: voter for place, voter in waiting.items() if voter.result is None}
    return played


def _exchange(
    honest: Mapping[int, ByzantineVoter],
    messages: list[BallotMessage],
    traitors: Traitors,
    schedule: FaultSchedule,
    played: Played,
) -> None:
    """Play the steps of a round."""
    first = next(iter(honest.values()))
    members = range(len(first.voters))
    held: list[Held[BallotMessage]] = []
    for step in range(1, first.tolerance + 2):
        played.steps, played.messages = played.steps + 1, played.messages + len(messages)
        seen = [message for message in messages if message.recipient not in honest]
        held += sent(schedule, played.steps, [*messages, *traitors.act(first.round, step, seen)])
        due, held = arriving(schedule, played.steps + 1, held, members)
        for message in due:
            if message.recipient in honest:
                honest[message.recipient].receive(message)
                if message.sender not in honest:
                    played.delivered.append((step, message))
        messages = [message for voter in honest.values() for message in voter.step()]
