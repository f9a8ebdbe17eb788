"""Voters as agents: those a caller describes, and those that ask a chat model. Ballots travel as JSON in messages."""

import json
import time
from collections import Counter
from collections.abc import Sequence

from pydantic import ValidationError

from nodes.consulting import Judgement
from nodes.prompts import render
from state.agents import AgentCard, Role
from state.doubts import STAYS, Doubt, Option
from state.messages import Message, MessageKind
from state.run import RunContext
from state.signing import Verifier
from state.values import digest
from state.vote import MOST_SAID, StatedVoter, Trouble, VoteRequest
from state.voting import Method, Motion, Proposal, SealedBallot, Signature
from tools.models.client import client_of
from tools.models.meter import Meter

ASKED, PROPOSE = "vote", "propose"
"""Subjects of the requests for a ballot and for a proposal: the skills that are asked for."""

_MODEL_COST = 10.0  # a second of a model's work beside one of an expert's: models are asked last


def asking(motion: Motion, voter: str, round_: int, opened: Sequence[SealedBallot]) -> Message:
    """Return the message that asks a voter; after the first round it holds the others' ballots with their reasons."""
    ballots = json.dumps([ballot.model_dump(mode="json") for ballot in opened], ensure_ascii=False)
    content = {"motion": motion.model_dump_json(), "round": str(round_), "ballots": ballots}
    return Message(
        message_id=f"{motion.motion_id}:{round_}:{voter}",
        kind=MessageKind.REQUEST,
        sender="vote",
        recipient=voter,
        subject=ASKED,
        content=content,
        conversation=motion.motion_id,
        response_required=True,
    )


def asked(message: Message) -> tuple[Motion, tuple[SealedBallot, ...]]:
    """Return motion and opened ballots of a message that asks for a vote."""
    opened = [SealedBallot.model_validate(each) for each in json.loads(message.content["ballots"])]
    return Motion.model_validate_json(message.content["motion"]), tuple(opened)


def answering(message: Message, ballot: SealedBallot) -> Message:
    """Return the reply that holds a ballot."""
    return Message(
        message_id=f"{message.message_id}:ballot",
        kind=MessageKind.VOTE,
        sender=message.recipient,
        recipient=message.sender,
        subject=ASKED,
        content={"ballot": ballot.model_dump_json()},
        conversation=message.conversation,
        in_reply_to=message.message_id,
    )


def asking_proposal(request: VoteRequest, member: str) -> Message:
    """Return the message that asks a member for a proposal."""
    content = {"subject": request.subject, "evidence": request.evidence, "options": json.dumps(request.options)}
    return Message(
        message_id=f"propose:{member}",
        kind=MessageKind.REQUEST,
        sender="vote",
        recipient=member,
        subject=PROPOSE,
        content=content,
        response_required=True,
    )


def read_proposal(reply: object, member: str, verifier: Verifier | None) -> Proposal | str:
    """Return the proposal of a reply, or what is wrong with it.

    The reply's content is `content`, the text of an option, and `signature`, the proposer's of the digest of that text;
    where there is a verifier the signature must hold.
    """
    if not isinstance(reply, Message) or reply.kind is not MessageKind.PROPOSAL or not reply.content.get("content"):
        return "the reply holds no proposal"
    text, signature = reply.content["content"], reply.content.get("signature", "")
    if len(text) > MOST_SAID:
        return f"the proposal has {len(text)} characters, at most {MOST_SAID} are allowed"
    if verifier is not None and not verifier.verify(member, digest(text).encode(), signature):
        return "the signature of the proposal does not hold"
    signatures = (Signature(signer=member, signature=signature),) if signature else ()
    return Proposal(proposal_id=text, proposer=member, content=text, signatures=signatures)


def read_ballot(reply: object, voter: str) -> SealedBallot | str:
    """Return the ballot of a reply with its texts cut, or what is wrong with the reply."""
    if not isinstance(reply, Message) or reply.kind is not MessageKind.VOTE or "ballot" not in reply.content:
        return "the reply holds no ballot"
    try:
        ballot = SealedBallot.model_validate_json(reply.content["ballot"])
    except ValidationError as error:
        first = error.errors()[0]
        return f"the ballot cannot be read: {'.'.join(map(str, first['loc']))}: {first['msg']}"
    if ballot.voter != voter:
        return f"the ballot is signed {ballot.voter!r}"
    return ballot.model_copy(update={"evidence": ballot.evidence[:MOST_SAID], "reason": ballot.reason[:MOST_SAID]})


class StatedAgent:
    """A voter that a caller described; with the trouble `late` it takes twice as long as is waited, in seconds."""

    def __init__(self, stated: StatedVoter, waited: float) -> None:
        self._stated, self._waited = stated, waited

    @property
    def card(self) -> AgentCard:
        """The agent's card."""
        skills = (ASKED, PROPOSE) if self._stated.proposes else (ASKED,)
        return AgentCard(id=self._stated.name, version="1", role=Role.SPECIALIST, skills=skills)

    def probe(self) -> bool:
        """Return whether the agent is able to work."""
        return True

    def handle(self, message: Message) -> Message:
        """Return its ballot or proposal, or do what its trouble says."""
        stated = self._stated
        if stated.trouble is Trouble.RAISES:
            raise RuntimeError("this voter fails")
        if stated.trouble is Trouble.LATE:
            time.sleep(2 * self._waited)
        if message.subject == PROPOSE:
            content = {"content": stated.proposes}
            return Message(
                message_id=f"{message.message_id}:reply",
                kind=MessageKind.PROPOSAL,
                sender=stated.name,
                recipient=message.sender,
                subject=PROPOSE,
                content=content,
                in_reply_to=message.message_id,
            )
        motion, opened = asked(message)
        reply = answering(message, self._ballot(motion, opened))
        return reply.model_copy(update={"content": {}}) if stated.trouble is Trouble.MALFORMED else reply

    def _ballot(self, motion: Motion, opened: Sequence[SealedBallot]) -> SealedBallot:
        stated = self._stated
        seen = Counter({option: stated.observations.get(option, 0) for option in motion.options})
        if not any(seen.values()):
            given = {"choice": stated.choice, "ranking": stated.ranking, "approvals": stated.approvals}
            return SealedBallot.model_validate({"voter": stated.name, "reason": stated.reason, **given})
        own = json.dumps({option: count for option, count in seen.items() if count}, ensure_ascii=False)
        for ballot in opened:
            if ballot.voter != stated.name:
                seen.update(_observations(ballot, motion.options))
        ballot = _by_observation(stated.name, motion, seen)
        reason = stated.reason or (f"observed {own}" if not opened else f"observed {own}, with the others {dict(seen)}")
        return ballot.model_copy(update={"evidence": own[:MOST_SAID], "reason": reason[:MOST_SAID]})


def _observations(ballot: SealedBallot, options: Sequence[str]) -> dict[str, int]:
    """Return the counts that a ballot gives as its evidence, if it gives any."""
    try:
        given = json.loads(ballot.evidence)
    except ValueError:
        return {}
    if not isinstance(given, dict):
        return {}
    return {option: count for option in options if isinstance(count := given.get(option), int) and count > 0}


def _by_observation(voter: str, motion: Motion, seen: Counter[str]) -> SealedBallot:
    """Return the ballot for what was observed most; equal counts are no ground to prefer, so that voter abstains."""
    ordered = sorted((option for option in motion.options if seen[option] > 0), key=lambda option: -seen[option])
    if motion.rule.method is Method.RANKED:
        return SealedBallot(voter=voter, ranking=tuple(ordered))
    if motion.rule.method is Method.APPROVAL:
        approved = tuple(option for option in ordered if 2 * seen[option] >= seen[ordered[0]])
        return SealedBallot(voter=voter, approvals=approved)
    tied = len(ordered) > 1 and seen[ordered[0]] == seen[ordered[1]]
    return SealedBallot(voter=voter, choice=None if tied else ordered[0])


class ModelVoter:
    """A voter that asks the configured chat model; each one sees the options in another order and under other names."""

    def __init__(self, number: int, context: RunContext) -> None:
        self._number, self._context = number, context

    @property
    def card(self) -> AgentCard:
        """The agent's card."""
        name = f"model:{self._context.model.name}#{self._number}"
        return AgentCard(id=name, version="1", role=Role.SPECIALIST, skills=(ASKED,), cost=_MODEL_COST)

    def probe(self) -> bool:
        """Return whether a model is configured."""
        return self._context.model.configured

    def handle(self, message: Message) -> Message:
        """Return the model's ballot; raises ModelError or BudgetExhausted, as the client does."""
        motion, opened = asked(message)
        doubt = _doubt(motion, opened)
        prompt = render(ASKED, doubt, self._number - 1)
        meter = Meter(self._context.budget)
        said = client_of(self._context.model).answer_now(prompt.messages, Judgement, meter=meter).answer
        if said.option not in prompt.options:
            return answering(message, SealedBallot(voter=self.card.id, choice=said.option[:MOST_SAID]))  # malformed
        choice = prompt.options[said.option]
        ballot = SealedBallot(
            voter=self.card.id, choice=None if choice == STAYS else choice, reason=said.reason[:MOST_SAID]
        )
        return answering(message, ballot)


def _doubt(motion: Motion, opened: Sequence[SealedBallot]) -> Doubt:
    """Return the motion as a question to a model; the option to abstain is always there."""
    facts = [motion.subject, *([motion.evidence] if motion.evidence else [])]
    for ballot in opened:
        named = ballot.choice or ", ".join(ballot.ranking or ballot.approvals) or "nothing"
        facts.append(f"another voter is for {named}: {ballot.reason or 'no reason given'}")
    return Doubt(
        subject=motion.motion_id,
        question="The others' votes and reasons are among the facts." if opened else "",
        facts=tuple(facts),
        options=(*(Option(name=option, text=option) for option in motion.options), Option(name=STAYS, text="abstain")),
    )
