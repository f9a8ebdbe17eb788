"""The members of a vote, and asking one within a time: whatever a member does, the vote goes on."""

from collections.abc import Callable, Sequence

import numpy as np
from pydantic import ValidationError

from algorithms.voting.reliability import reliabilities, weight
from nodes.bulkhead import Given, within
from nodes.voters import ModelVoter, StatedAgent
from state.agents import Agent
from state.council import Council
from state.errors import SetupError
from state.messages import Message
from state.run import RunContext
from state.vote import MOST_VOTERS, StatedVoter, VoteRequest
from state.voting import Absence, AbsenceKind, Electorate
from tools.agents.roster import current


def council_of(request: VoteRequest, context: RunContext) -> Council:
    """Return all voters of a request: described ones, model voters, and those of a council of the run context.

    Those whom the registry has taken out have no seat, as long as there are others.
    """
    if request.council and request.council not in context.councils:
        raise SetupError(f"there is no council {request.council!r}", where="request.council")
    passed = context.councils.get(request.council, Council(members=()))
    if request.model_voters and not context.model.configured:
        raise SetupError("no model is configured", where="request.model_voters", hint="set MILLWRIGHT_MODEL__NAME")
    if request.model_voters > MOST_VOTERS:
        raise SetupError(f"at most {MOST_VOTERS} voters vote", where="request.model_voters")
    described = [StatedAgent(voter, context.consensus_timeout) for voter in request.voters]
    models = [ModelVoter(number, context) for number in range(1, request.model_voters + 1)]
    named = {voter.group for voter in request.voters if voter.group}
    groups = [tuple(one.name for one in request.voters if one.group == group) for group in sorted(named)]
    groups += [tuple(model.card.id for model in models)] if models else []
    everybody: tuple[Agent, ...] = (*described, *models, *passed.members)
    roster = current()
    admitted = tuple(each for each in everybody if roster.admits(each.card.id))
    return Council(
        members=admitted or everybody,
        weights={**_weights(request.voters, len(request.options)), **passed.weights},
        groups=(*groups, *passed.groups),
        verifier=passed.verifier,
    )


def _weights(voters: Sequence[StatedVoter], options: int) -> dict[str, float]:
    """Return the weights that outcomes of earlier runs give; all are 1 where nobody has outcomes."""
    if not any(voter.right or voter.wrong for voter in voters):
        return {}
    found = reliabilities([(voter.right, voter.wrong) for voter in voters])
    weights = weight(np.array([posterior.mean for posterior in found]), max(2, options))
    return {voter.name: float(each) for voter, each in zip(voters, weights, strict=True)}


def electorate_of(council: Council) -> Electorate:
    """Return the voters with their weights; SetupError for too many or none, and for one that is named twice."""
    if not 0 < len(council.members) <= MOST_VOTERS:
        raise SetupError(f"there are {len(council.members)} voters, not 1 to {MOST_VOTERS}", where="request.voters")
    voters = [agent.card.id for agent in council.members]
    given = {"voters": voters, "weights": dict(council.weights), "groups": council.groups}
    try:
        return Electorate.model_validate(given)
    except ValidationError as error:
        raise SetupError(error.errors()[0]["msg"], where="request.voters") from error


def answer_within(work: Callable[[], Message], seconds: float) -> Message | Absence:
    """Return the answer, or why there is none."""
    given = within(work, seconds, "voter")
    if isinstance(given, Given):
        return given.answer
    kind = AbsenceKind.LATE if given.late else AbsenceKind.FAILED
    return Absence(voter="", kind=kind, reason=given.reason[:200])
