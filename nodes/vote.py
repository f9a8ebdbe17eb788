"""A vote once it is moved, node by node: one voter's ballot, the count of a wave, the discussion, the record.

A voter that raises, is late, or answers what is no ballot is named and does not stop the vote.
"""

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from algorithms.voting.ballots import fault_of
from algorithms.voting.tally import certain, tally
from nodes.context import context_of
from nodes.council import answer_within, council_of
from nodes.events import emit
from nodes.voters import ASKED, asking, read_ballot
from state.messages import Message
from state.run import RunContext
from state.vote import AskInput, VoteProgress, VoteRequest, VoterReply, VoteState
from state.voting import (
    Absence,
    AbsenceKind,
    Electorate,
    Motion,
    Proposal,
    ProposalStatus,
    SealedBallot,
    VotingRecord,
    VotingResult,
)
from tools.hub.asking import ask_agent
from tools.tracing.spans import span

STORED = ("votes",)
"""Where a store keeps the records, by the id of the motion."""


class AskUpdate(TypedDict):
    """The key a voter's branch writes."""

    replies: dict[str, VoterReply]


class CountInput(TypedDict):
    """Keys the count reads."""

    request: VoteRequest
    motion: Motion
    electorate: Electorate
    progress: VoteProgress
    replies: dict[str, VoterReply]


class CountUpdate(TypedDict, total=False):
    """Keys the count writes: the result once there is one, else the next wave."""

    progress: VoteProgress
    result: VotingResult


class RecordInput(CountInput):
    """Keys the record reads."""

    proposals: dict[str, Proposal]
    result: VotingResult


class RecordUpdate(TypedDict):
    """Keys the record writes."""

    proposals: dict[str, Proposal]
    history: dict[str, VotingRecord]


def ask(state: AskInput, runtime: Runtime[RunContext]) -> AskUpdate:
    """Ask one voter for its ballot, within the time that the settings allow."""
    context, motion, voter, round_ = context_of(runtime), state["motion"], state["voter"], state["round"]
    agent = council_of(state["request"], context).member(voter)
    message = asking(motion, voter, round_, state["open"])
    with span(f"ballot of {voter}", pattern="council", motion=motion.motion_id, voter=voter, round=round_) as told:
        said = answer_within(lambda: ask_agent(agent, message), context.consensus_timeout)
        ballot = said if isinstance(said, Absence) else _checked(said, motion, voter)
        told.tell(absent=ballot.kind.value if isinstance(ballot, Absence) else None)
    reply = VoterReply(motion_id=motion.motion_id, round=round_, voter=voter)
    if isinstance(ballot, Absence):
        named = ballot.model_copy(update={"voter": voter})
        emit(ASKED, message.message_id, detail=f"{voter}: {named.kind.value}: {named.reason}"[:300])
        return {"replies": {message.message_id: reply.model_copy(update={"absence": named})}}
    return {"replies": {message.message_id: reply.model_copy(update={"ballot": ballot})}}


def _checked(reply: Message, motion: Motion, voter: str) -> SealedBallot | Absence:
    ballot = read_ballot(reply, voter)
    fault = ballot if isinstance(ballot, str) else fault_of(ballot, motion, (voter,))
    if isinstance(ballot, str) or fault is not None:
        return Absence(voter=voter, kind=AbsenceKind.MALFORMED, reason=str(fault)[:200])
    return ballot


def count(state: CountInput) -> CountUpdate:
    """Count what has come: the result if no outstanding ballot can change the winner, else the next wave is asked.

    Where voters may lie nothing is counted yet: their ballots are exchanged once all are there.
    """
    motion, electorate, progress = state["motion"], state["electorate"], state["progress"]
    ballots, absences = present(state)
    if state["request"].tolerance:
        return {"progress": progress.model_copy(update={"wave": progress.wave + 1})}
    last = progress.wave + 1 >= len(progress.waves)
    ending = tally if last else certain
    result = ending(motion, electorate, ballots, absences, round_=progress.round)
    if result is None:
        return {"progress": progress.model_copy(update={"wave": progress.wave + 1})}
    tell(result)
    return {"progress": progress.model_copy(update={"closed": True}), "result": result}


def tell(result: VotingResult) -> None:
    """Tell the outside how a round ended."""
    told = result.winner if result.consensus else "no consensus"
    named = "".join(f"; {voter}: {deed}" for voter, deed in result.suspicious.items())
    detail = f"round {result.round}: {told}: {result.reason}{named}"
    emit(ASKED, f"{result.motion_id}:{result.round}", detail=detail[:300])


def present(state: CountInput | VoteState) -> tuple[list[SealedBallot], list[Absence]]:
    """Return ballots and absences: those of this round, else those of the first; a ballot once given stands."""
    replies = [reply for reply in state["replies"].values() if reply.motion_id == state["motion"].motion_id]
    ballots: dict[str, SealedBallot] = {}
    absences: dict[str, Absence] = {}
    for reply in sorted(replies, key=lambda reply: reply.round):
        if reply.ballot is not None:
            ballots[reply.voter] = reply.ballot
        elif reply.absence is not None:
            absences[reply.voter] = reply.absence
    return list(ballots.values()), [absence for voter, absence in absences.items() if voter not in ballots]


def discuss(state: CountInput) -> CountUpdate:
    """Lay the ballots open: those present vote once more, all at once, knowing each other's reasons."""
    voters = tuple(ballot.voter for ballot in present(state)[0])
    changes = {"round": 2, "wave": 0, "waves": (voters,), "closed": False}
    return {"progress": state["progress"].model_copy(update=changes)}


def branches(state: VoteState) -> list[AskInput]:
    """Return what each voter of the wave is sent: in the first round nothing of the others' ballots."""
    progress, motion = state["progress"], state["motion"]
    opened = tuple(present(state)[0]) if progress.round > 1 else ()
    return [
        {"request": state["request"], "motion": motion, "voter": voter, "round": progress.round, "open": opened}
        for voter in progress.waves[progress.wave]
    ]


def record(state: RecordInput, runtime: Runtime[RunContext]) -> RecordUpdate:
    """Put the vote on record: the status of every proposal, and an entry of the history."""
    motion, result = state["motion"], state["result"]
    proposals = {name: _with_status(proposal, result) for name, proposal in state["proposals"].items()}
    ballots, _ = present(state)
    entry = VotingRecord(
        motion=motion,
        proposals=tuple(proposals.values()),
        electorate=state["electorate"],
        ballots=tuple(ballots),
        result=result,
        changed=_changed(state),
    )
    if runtime.store is not None:
        runtime.store.put(STORED, motion.motion_id, entry.model_dump(mode="json"))
    return {"proposals": proposals, "history": {motion.motion_id: entry}}


def _with_status(proposal: Proposal, result: VotingResult) -> Proposal:
    status = ProposalStatus.UNDECIDED
    if result.winner is not None:
        status = ProposalStatus.ADOPTED if proposal.proposal_id == result.winner else ProposalStatus.REJECTED
    return proposal.model_copy(update={"status": status})


def _changed(state: CountInput) -> tuple[str, ...]:
    """Return who voted otherwise after the discussion."""
    replies = state["replies"]
    motion = state["motion"].motion_id
    found = []
    for voter in state["electorate"].voters:
        before, after = (replies.get(f"{motion}:{round_}:{voter}") for round_ in (1, 2))
        if before and after and before.ballot and after.ballot and _vote(before.ballot) != _vote(after.ballot):
            found.append(voter)
    return tuple(found)


def _vote(ballot: SealedBallot) -> tuple[object, ...]:
    return ballot.choice, ballot.ranking, ballot.approvals
