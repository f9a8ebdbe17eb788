"""Traitors of stake: two stories, false blocks and certificates, accusations, rounds far ahead, conspiracies."""

from dataclasses import replace
from typing import Any, cast

from algorithms.consensus.stake_group import StakeMachine
from algorithms.consensus.stake_keeper import StakeOutput
from algorithms.consensus.traitors import Delaying, Forging, Replaying, Selective, Silent, Spoofing, Traitor
from state.signed import Signed, SignedMessage
from state.stake import (
    NOTHING,
    Block,
    Decision,
    Decisions,
    DoubleSigning,
    Opening,
    Phase,
    PrevoteCertificate,
    Proposal,
    Vote,
)

_FAR = 20  # rounds ahead


class StakeTraitor(Traitor[StakeOutput]):
    """A traitor that can be asked for something, as all members can."""

    def propose(self, data: str) -> int:
        """Ask for something, as an honest member would."""
        return cast("StakeMachine", self.inner).propose(data)

    def own(self, message: SignedMessage) -> bool:
        """Whether this traitor itself says it."""
        return message.signed.signer == self.id

    def signed(self, statement: Any) -> Signed[Any]:  # noqa: ANN401  any statement
        """Return a statement signed by this traitor."""
        return self.conspiracy.sign(self.id, statement)


class _Silent(Silent[StakeOutput], StakeTraitor):
    """Says nothing."""


class _Selective(Selective[StakeOutput], StakeTraitor):
    """Says nothing to some."""


class _Delaying(Delaying[StakeOutput], StakeTraitor):
    """Says everything late."""


class _Replaying(Replaying[StakeOutput], StakeTraitor):
    """Says again what others said."""


class _Forging(Forging[StakeOutput], StakeTraitor):
    """Alters what others said."""


class _Spoofing(Spoofing[StakeOutput], StakeTraitor):
    """Speaks in the names of others."""


class Equivocating(StakeTraitor):
    """Tells one half of the members this and the other half that; as leader, with two blocks for one round."""

    def distort(self, messages: tuple[SignedMessage, ...]) -> list[SignedMessage]:
        """Tell the second half the second story."""
        for message in messages:
            statement = message.signed.statement
            if self.own(message) and isinstance(statement, Proposal):
                twin = replace(statement.block, requests=(), evidence=())
                self.conspiracy.told[(statement.height, statement.round)] = twin
        return [
            self._second(message) if self.own(message) and self.conspiracy.second_half(message.recipient) else message
            for message in messages
        ]

    def _second(self, message: SignedMessage) -> SignedMessage:
        statement = message.signed.statement
        if not isinstance(statement, Proposal | Vote):
            return message
        twin: Block | None = self.conspiracy.told.get((statement.height, statement.round))
        digest = twin.digest if twin else NOTHING
        if isinstance(statement, Vote):
            return replace(message, signed=self.signed(replace(statement, digest=digest)))
        if twin is None:
            return message
        return replace(message, signed=self.signed(replace(statement, digest=digest, block=twin, certificate=None)))


class Colluding(Equivocating):
    """Equivocates as its accomplices do, and precommits at once whatever is proposed to whom."""

    def distort(self, messages: tuple[SignedMessage, ...]) -> list[SignedMessage]:
        """Precommit with every proposal and prevote, without waiting."""
        hasty: list[SignedMessage] = []
        for message in messages:
            hasty.append(message)
            statement: Any = message.signed.statement
            if self.own(message) and (isinstance(statement, Proposal) or _is_prevote(statement)):
                vote = Vote(statement.height, statement.round, Phase.PRECOMMIT, statement.digest)
                hasty.append(replace(message, signed=self.signed(vote)))
        return super().distort(tuple(hasty))


class Substituting(StakeTraitor):
    """As leader, exchanges the block under a digest that was signed for another."""

    def distort(self, messages: tuple[SignedMessage, ...]) -> list[SignedMessage]:
        """Give the second half an empty block with the same digest."""
        return [
            replace(message, signed=self._exchanged(message.signed))
            if self.own(message) and self.conspiracy.second_half(message.recipient)
            else message
            for message in messages
        ]

    def _exchanged(self, signed: Signed[Any]) -> Signed[Any]:
        proposal = signed.statement
        if not isinstance(proposal, Proposal):
            return signed
        return replace(signed, statement=replace(proposal, block=replace(proposal.block, requests=(), evidence=())))


class Inventing(StakeTraitor):
    """As leader, proposes blocks of its own making: requests that nobody made, and evidence that shows nothing."""

    def distort(self, messages: tuple[SignedMessage, ...]) -> list[SignedMessage]:
        """Put false blocks in place of sound ones."""
        return [self._invented(message) if self.own(message) else message for message in messages]

    def _invented(self, message: SignedMessage) -> SignedMessage:
        proposal = message.signed.statement
        if not isinstance(proposal, Proposal):
            return message
        requests = tuple(
            replace(each, statement=replace(each.statement, data="invented")) for each in proposal.block.requests
        )
        block = replace(proposal.block, requests=requests)
        return replace(message, signed=self.signed(replace(proposal, block=block, digest=block.digest)))


class Accusing(StakeTraitor):
    """As leader, proposes blocks with evidence against honest members, which it signed itself."""

    def distort(self, messages: tuple[SignedMessage, ...]) -> list[SignedMessage]:
        """Put false evidence into blocks."""
        return [self._accusing(message) if self.own(message) else message for message in messages]

    def _accusing(self, message: SignedMessage) -> SignedMessage:
        proposal = message.signed.statement
        if not isinstance(proposal, Proposal):
            return message
        blamed = next(each for each in self.conspiracy.members if each not in self.conspiracy.keys)
        votes = [self.signed(Opening(proposal.height, 0, digest)) for digest in (proposal.digest, "0")]
        evidence = DoubleSigning(*(replace(vote, signer=blamed) for vote in votes))
        block = replace(proposal.block, evidence=(evidence,))
        return replace(message, signed=self.signed(replace(proposal, block=block, digest=block.digest)))


class Certifying(StakeTraitor):
    """Proves what never was: support in earlier rounds, and decisions."""

    _height = 1

    def distort(self, messages: tuple[SignedMessage, ...]) -> list[SignedMessage]:
        """Put another block, with false support, in place of what is locked."""
        return [self._proved(message) if self.own(message) else message for message in messages]

    def inject(self) -> list[SignedMessage]:
        """Hand out the decision of an empty block to one half."""
        heard = [message.signed.statement for message in self.heard]
        proposals = [statement for statement in heard if isinstance(statement, Proposal)]
        if not proposals:
            return []
        latest = max(proposals, key=lambda proposal: proposal.height)
        block = Block(latest.height, latest.block.previous)
        decision = Decision(latest.round, block, self._votes(block, latest.round, Phase.PRECOMMIT))
        said = self.to_all(self.signed(Decisions((decision,))))
        return [message for message in said if self.conspiracy.second_half(message.recipient)]

    def _proved(self, message: SignedMessage) -> SignedMessage:
        proposal = message.signed.statement
        if not isinstance(proposal, Proposal) or proposal.round == 0:
            return message
        block, earlier = replace(proposal.block, requests=(), evidence=()), proposal.round - 1
        certificate = PrevoteCertificate(earlier, block, self._votes(block, earlier, Phase.PREVOTE))
        false = replace(proposal, digest=block.digest, block=block, certificate=certificate)
        return replace(message, signed=self.signed(false))

    def _votes(self, block: Block, round_: int, phase: Phase) -> tuple[Signed[Vote], ...]:
        mine: Signed[Any] = self.signed(Vote(block.height, round_, phase, block.digest))
        if self.draw.random() < 0.5:  # noqa: PLR2004  one vote again and again, or one for each name
            return (mine,) * len(self.conspiracy.members)
        return tuple(replace(mine, signer=member) for member in self.conspiracy.members)


class Jumping(StakeTraitor):
    """Votes in rounds far ahead all the time."""

    def inject(self) -> list[SignedMessage]:
        """Vote for nothing, ahead."""
        heights = [getattr(message.signed.statement, "height", 1) for message in self.heard]
        vote = Vote(max(heights, default=1), self.draw.randint(1, _FAR), Phase.PREVOTE, NOTHING)
        return self.to_all(self.signed(vote))


STAKE_TRAITORS: dict[str, type[StakeTraitor]] = {
    "silent": _Silent,
    "selectively silent": _Selective,
    "delaying": _Delaying,
    "replaying": _Replaying,
    "forging": _Forging,
    "spoofing": _Spoofing,
    "equivocating": Equivocating,
    "substituting": Substituting,
    "inventing": Inventing,
    "accusing": Accusing,
    "certifying": Certifying,
    "jumping": Jumping,
    "colluding": Colluding,
}


def _is_prevote(statement: Any) -> bool:  # noqa: ANN401  any statement
    return isinstance(statement, Vote) and statement.phase is Phase.PREVOTE
