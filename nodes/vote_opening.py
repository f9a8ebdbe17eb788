"""The proposal phase of a vote, node by node: who may vote, what is proposed, what is moved."""

from collections.abc import Sequence

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from nodes.context import context_of, validated
from nodes.council import answer_within, council_of, electorate_of
from nodes.events import emit
from nodes.voters import ASKED, PROPOSE, asking_proposal, read_proposal
from state.agents import Agent
from state.errors import SetupError
from state.run import RunContext
from state.values import digest
from state.vote import Offer, ProposeInput, VoteProgress, VoteRequest, VoteState
from state.voting import MOST_OPTIONS, Absence, Electorate, Method, Motion, Proposal
from tools.hub.asking import ask_agent


class OpenInput(TypedDict, total=False):
    """Keys the opening reads; the progress is of the vote before in this thread."""

    request: VoteRequest
    progress: VoteProgress


class OpenUpdate(TypedDict):
    """Keys the opening writes."""

    request: VoteRequest
    electorate: Electorate
    progress: VoteProgress


class ProposeUpdate(TypedDict):
    """The key a proposer's branch writes."""

    offers: dict[str, Offer]


class MoveInput(TypedDict, total=False):
    """Keys the moving reads."""

    request: VoteRequest
    progress: VoteProgress
    offers: dict[str, Offer]


class MoveUpdate(TypedDict):
    """Keys the moving writes."""

    proposals: dict[str, Proposal]
    motion: Motion


def open_vote(state: OpenInput, runtime: Runtime[RunContext]) -> OpenUpdate:
    """Open a vote: every voter gets its weight and its wave.

    SetupError for a request of the wrong shape, without voters, with too few of them for its tolerance, and for a
    council that nobody passed.
    """
    context = context_of(runtime)
    request = validated(VoteRequest, state.get("request"), "request")
    council = council_of(request, context)
    _check_tolerance(request, len(council.members))
    progress = VoteProgress(
        number=state["progress"].number + 1 if "progress" in state else 1,
        waves=_waves(council.members),
        proposers=tuple(agent.card.id for agent in council.members if PROPOSE in agent.card.skills),
    )
    return {"request": request, "electorate": electorate_of(council), "progress": progress}


def _check_tolerance(request: VoteRequest, voters: int) -> None:
    """See that a vote among liars can be held; SetupError where it cannot."""
    if request.tolerance and voters < 3 * request.tolerance + 1:
        least = 3 * request.tolerance + 1
        raise SetupError(f"{voters} voters are too few, {least} are needed", where="request.tolerance")
    if request.tolerance and (request.rule.method is not Method.SIMPLE or request.rule.weighted):
        raise SetupError("only the rule simple bears liars", where="request.rule")


def proposers(state: VoteState) -> list[ProposeInput]:
    """Return what each proposer is sent."""
    progress = state["progress"]
    return [{"request": state["request"], "member": member, "number": progress.number} for member in progress.proposers]


def propose(state: ProposeInput, runtime: Runtime[RunContext]) -> ProposeUpdate:
    """Ask one member for a proposal, within the time that the settings allow."""
    context, member = context_of(runtime), state["member"]
    council = council_of(state["request"], context)
    message = asking_proposal(state["request"], member)
    said = answer_within(lambda: ask_agent(council.member(member), message), context.consensus_timeout)
    proposal = said.reason if isinstance(said, Absence) else read_proposal(said, member, council.verifier)
    key = f"{state['number']}:{member}"
    if isinstance(proposal, str):
        emit(ASKED, f"{key}:proposal", detail=f"{member} proposes nothing: {proposal}"[:300])
        return {"offers": {key: Offer(member=member, problem=proposal)}}
    return {"offers": {key: Offer(member=member, proposal=proposal)}}


def move(state: MoveInput) -> MoveUpdate:
    """Make a motion of all proposals: those of the request first, then the members' in the order of their places.

    Who proposes what another has proposed signs that proposal. SetupError where there is nothing to vote for.
    """
    request, progress = state["request"], state["progress"]
    proposals = {option: Proposal(proposal_id=option, proposer="request", content=option) for option in request.options}
    offers = state.get("offers", {})
    for member in progress.proposers:
        offered = offers[f"{progress.number}:{member}"].proposal
        if offered is not None:
            known = proposals.setdefault(offered.proposal_id, offered)
            signatures = tuple(dict.fromkeys((*known.signatures, *offered.signatures)))
            proposals[known.proposal_id] = known.model_copy(update={"signatures": signatures})
    if not 0 < len(proposals) <= MOST_OPTIONS:
        raise SetupError(f"there are {len(proposals)} options, not 1 to {MOST_OPTIONS}", where="request.options")
    motion = _motion(request, tuple(proposals), progress.number)
    emit(ASKED, f"{motion.motion_id}:opened", detail=f"{len(proposals)} options: {request.subject}"[:300])
    return {"proposals": proposals, "motion": motion}


def _motion(request: VoteRequest, options: tuple[str, ...], number: int) -> Motion:
    asked = digest([request.subject, options, request.rule, request.evidence])
    return Motion(
        motion_id=f"{asked[:12]}-{number}",
        subject=request.subject,
        options=options,
        rule=request.rule,
        evidence=request.evidence,
    )


def _waves(agents: Sequence[Agent]) -> tuple[tuple[str, ...], ...]:
    """Return the voters in the order in which they are asked: those that cost the same together."""
    costs = sorted({agent.card.cost for agent in agents})
    return tuple(tuple(agent.card.id for agent in agents if agent.card.cost == cost) for cost in costs)
