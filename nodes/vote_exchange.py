"""A vote among voters of which some may lie: signed ballots are exchanged, and what all honest voters have is counted.

Each voter's ballot is put into the exchange by a machine of its own, with a key that is drawn for this vote; the
machines run here, in one process. A voter that is described as two-faced shows two ballots instead.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from langgraph.runtime import Runtime

from algorithms.voting.byzantine import ByzantineVoter
from algorithms.voting.byzantine_group import TwoFaced, play
from algorithms.voting.tally import tally
from nodes.vote import CountInput, CountUpdate, ask, present, tell
from state.byzantine import Board
from state.faults import FaultSchedule
from state.run import RunContext
from state.vote import AskInput, Trouble, VoterReply
from state.voting import Absence, SealedBallot, VotingResult
from tools.signing import key_ring

_AT_ONCE = 8  # voters that are asked side by side in the discussion


class ExchangeUpdate(CountUpdate):
    """Keys the exchange writes."""

    replies: dict[str, VoterReply]


def exchange(state: CountInput, runtime: Runtime[RunContext]) -> ExchangeUpdate:
    """Exchange the ballots, with one discussion at most, and count those that all honest voters have."""
    ballots, absences = present(state)
    discussion = _Discussion(state, ballots, runtime)
    result = _exchanged(state, ballots, absences, discussion)
    tell(result)
    progress = state["progress"].model_copy(update={"closed": True})
    return {"progress": progress, "result": result, "replies": discussion.replies}


def _exchanged(
    state: CountInput, ballots: Sequence[SealedBallot], absences: Sequence[Absence], discussion: "_Discussion"
) -> VotingResult:
    """Return the result of the honest voters, with whom any of them found suspicious and why others are absent."""
    voters, motion, request = state["electorate"].voters, state["motion"], state["request"]
    signers, verifier = key_ring(voters)
    choices = {voters.index(ballot.voter): ballot.choice for ballot in ballots}
    described = {voter.name for voter in request.voters if voter.trouble is Trouble.TWO_FACED}
    liars = [place for place in choices if voters[place] in described]
    honest = {
        place: ByzantineVoter(
            place,
            voters,
            request.tolerance,
            motion,
            signers[voters[place]],
            verifier,
            rounds=2 if request.discussion else 1,
        )
        for place in choices
        if place not in liars
    }
    if not honest:
        return tally(motion, state["electorate"], (), absences)
    shown = {place: choices[place] or "" for place in liars}
    traitors = TwoFaced({place: signers[voters[place]] for place in liars}, shown, motion, len(voters))
    play(honest, choices, traitors, FaultSchedule(), discussion)
    return _together(list(honest.values()), absences)


def _together(honest: Sequence[ByzantineVoter], absences: Sequence[Absence]) -> VotingResult:
    """Return the result that all honest voters have; what only one of them saw of a liar is told too."""
    results = [voter.result for voter in honest if voter.result is not None]
    known = {absence.voter: absence for absence in absences}
    absent = tuple(known.get(absence.voter, absence) for absence in results[0].absent)
    deeds = {name: deed for result in results for name, deed in sorted(result.suspicious.items())}
    return results[0].model_copy(update={"absent": absent, "suspicious": deeds})


class _Discussion:
    """Asks the voters for their second ballots, all knowing the same first ones; who fails stays with its first."""

    def __init__(self, state: CountInput, ballots: Sequence[SealedBallot], runtime: Runtime[RunContext]) -> None:
        self._state, self._runtime = state, runtime
        self._first = {ballot.voter: ballot for ballot in ballots}
        self.replies: dict[str, VoterReply] = {}

    def __call__(self, boards: Sequence[Board], place: int, options: Sequence[str]) -> str | None:  # noqa: ARG002
        """Return a voter's choice for the second round."""
        voters = self._state["electorate"].voters
        if not self.replies:
            self._ask_all(voters, boards[-1].choices)
        given = {reply.voter: reply.ballot for reply in self.replies.values() if reply.ballot is not None}
        return given.get(voters[place], self._first[voters[place]]).choice

    def _ask_all(self, voters: Sequence[str], choices: Mapping[int, str]) -> None:
        opened = tuple(self._first[voters[place]] for place in sorted(choices))
        branches: list[AskInput] = [
            {
                "request": self._state["request"],
                "motion": self._state["motion"],
                "voter": voter,
                "round": 2,
                "open": opened,
            }
            for voter in self._first
        ]
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            asked = [threads.submit(copy_context().run, ask, branch, self._runtime) for branch in branches]
            for each in asked:
                self.replies.update(each.result()["replies"])
