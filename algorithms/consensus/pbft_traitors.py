"""Traitors of PBFT: two stories, false requests and certificates, jumping views, conspiracies."""

from dataclasses import replace
from typing import Any

from algorithms.consensus.pbft_output import PbftOutput
from algorithms.consensus.traitors import Delaying, Forging, Replaying, Selective, Silent, Spoofing, Traitor
from state.pbft import (
    Checkpoint,
    Commit,
    CommitCertificate,
    NewView,
    PbftState,
    Prepare,
    PreparedCertificate,
    PrePrepare,
    Request,
    Transfer,
    ViewChange,
    request_digest,
)
from state.signed import Signed, SignedMessage

PbftTraitor = Traitor[PbftOutput]
_FAR = 5  # views ahead


class Equivocating(PbftTraitor):
    """Tells one half of the members this and the other half that; as primary, with two requests in one place."""

    def distort(self, messages: tuple[SignedMessage, ...]) -> list[SignedMessage]:
        """Tell the second half the second story."""
        return [
            self._second(message) if self.conspiracy.second_half(message.recipient) else message for message in messages
        ]

    def _second(self, message: SignedMessage) -> SignedMessage:
        statement = message.signed.statement
        if message.signed.signer != self.id or not isinstance(statement, PrePrepare | Prepare | Commit):
            return message
        twin = self._twin_of(statement)
        if isinstance(statement, PrePrepare):
            statement = replace(statement, digest=request_digest(twin), request=twin)
        else:
            statement = replace(statement, digest=request_digest(twin))
        return replace(message, signed=self.conspiracy.sign(self.id, statement))

    def _twin_of(self, statement: PrePrepare | Prepare | Commit) -> Signed[Request]:
        place = (statement.view, statement.sequence)
        if place not in self.conspiracy.told:
            self.conspiracy.told[place] = self.conspiracy.twin()
        twin: Signed[Request] = self.conspiracy.told[place]
        return twin


class Colluding(Equivocating):
    """Equivocates as its accomplices do, and votes at once for both stories, in both phases."""

    def distort(self, messages: tuple[SignedMessage, ...]) -> list[SignedMessage]:
        """Commit to whatever it prepares, without waiting."""
        hasty: list[SignedMessage] = []
        for message in messages:
            hasty.append(message)
            statement = message.signed.statement
            if message.signed.signer == self.id and isinstance(statement, PrePrepare | Prepare):
                commit = Commit(statement.view, statement.sequence, statement.digest)
                hasty.append(replace(message, signed=self.conspiracy.sign(self.id, commit)))
        return super().distort(tuple(hasty))


class Substituting(PbftTraitor):
    """As primary, exchanges the request under a digest that was signed for another."""

    def distort(self, messages: tuple[SignedMessage, ...]) -> list[SignedMessage]:
        """Give the second half another request with the same digest."""
        return [
            replace(message, signed=self._exchanged(message.signed))
            if self.conspiracy.second_half(message.recipient)
            else message
            for message in messages
        ]

    def _exchanged(self, signed: Signed[Any]) -> Signed[Any]:
        if not isinstance(signed.statement, PrePrepare) or signed.signer != self.id:
            return signed
        return replace(signed, statement=replace(signed.statement, request=self.conspiracy.twin()))


class Inventing(PbftTraitor):
    """As primary, gives places to requests that no client made."""

    def distort(self, messages: tuple[SignedMessage, ...]) -> list[SignedMessage]:
        """Put words into the clients' mouths."""
        return [replace(message, signed=self._invented(message.signed)) for message in messages]

    def _invented(self, signed: Signed[Any]) -> Signed[Any]:
        place = signed.statement
        if not isinstance(place, PrePrepare) or signed.signer != self.id or place.request is None:
            return signed
        request = replace(place.request, statement=replace(place.request.statement, data="invented"))
        invented = replace(place, digest=request_digest(request), request=request)
        return self.conspiracy.sign(self.id, invented)


class Certifying(PbftTraitor):
    """Proves what never was: certificates, checkpoints, new views and states of its own making."""

    def distort(self, messages: tuple[SignedMessage, ...]) -> list[SignedMessage]:
        """Put false proofs into view changes, new views and transfers."""
        return [
            message if message.signed.signer != self.id else replace(message, signed=self._false(message.signed))
            for message in messages
        ]

    def inject(self) -> list[SignedMessage]:
        """Hand out a state that nobody has."""
        state = PbftState(10_000, "made up")
        proof = self._votes(Checkpoint(state.sequence, state.digest))
        return self.to_all(self.conspiracy.sign(self.id, Transfer(state, proof, ())))[:1]

    def _false(self, signed: Signed[Any]) -> Signed[Any]:
        statement = signed.statement
        if isinstance(statement, ViewChange):
            place = PrePrepare(max(0, statement.view - 1), statement.stable + 1, "")
            forged = PreparedCertificate(*self._certificate(place, Prepare))
            later = [each for each in statement.prepared if each.pre_prepare.statement.sequence != place.sequence]
            return self.conspiracy.sign(self.id, replace(statement, prepared=(forged, *later)))
        if isinstance(statement, NewView):
            twins = [self._other(proposal) for proposal in statement.proposals]
            return self.conspiracy.sign(self.id, replace(statement, proposals=tuple(twins)))
        if isinstance(statement, Transfer):
            decided = [each.pre_prepare.statement for each in statement.decisions]
            forged_decisions = tuple(CommitCertificate(*self._certificate(place, Commit)) for place in decided)
            return self.conspiracy.sign(self.id, replace(statement, decisions=forged_decisions))
        return signed

    def _certificate(self, place: PrePrepare, vote: type[Any]) -> tuple[Signed[PrePrepare], tuple[Signed[Any], ...]]:
        """Return a pre-prepare of an accomplice's request, and votes that only this traitor signed."""
        twin = self.conspiracy.twin()
        statement = replace(place, digest=request_digest(twin), request=twin)
        primary = self.conspiracy.members[place.view % len(self.conspiracy.members)]
        signer = primary if primary in self.conspiracy.keys else self.id
        pre_prepare: Signed[Any] = replace(self.conspiracy.sign(signer, statement), signer=primary)
        return pre_prepare, self._votes(vote(place.view, place.sequence, statement.digest))

    def _votes(self, statement: Any) -> tuple[Signed[Any], ...]:  # noqa: ANN401  any vote
        mine = self._signed(statement)
        if self.draw.random() < 0.5:  # noqa: PLR2004  one vote again and again, or one for each name
            return (mine,) * len(self.conspiracy.members)
        return tuple(replace(mine, signer=member) for member in self.conspiracy.members)

    def _other(self, proposal: Signed[PrePrepare]) -> Signed[PrePrepare]:
        twin = self.conspiracy.twin()
        return self._signed(replace(proposal.statement, digest=request_digest(twin), request=twin))

    def _signed(self, statement: Any) -> Signed[Any]:  # noqa: ANN401  any statement
        return self.conspiracy.sign(self.id, statement)


class Jumping(PbftTraitor):
    """Leaves for far views all the time, and opens those it would lead."""

    def inject(self) -> list[SignedMessage]:
        """Leave for a view ahead, and open it."""
        ahead = self._view + self.draw.randint(1, _FAR)
        left = ViewChange(ahead, 0, (), ())
        change = Signed(self.id, left, self.conspiracy.sign(self.id, left).tag)
        opening = self.conspiracy.sign(self.id, NewView(ahead, (change,) * len(self.others), ()))
        return [*self.to_all(change), *self.to_all(opening)]

    @property
    def _view(self) -> int:
        return max((getattr(message.signed.statement, "view", 0) for message in self.heard), default=0)


PBFT_TRAITORS: dict[str, type[PbftTraitor]] = {
    "silent": Silent,
    "selectively silent": Selective,
    "delaying": Delaying,
    "replaying": Replaying,
    "forging": Forging,
    "spoofing": Spoofing,
    "equivocating": Equivocating,
    "substituting": Substituting,
    "inventing": Inventing,
    "certifying": Certifying,
    "jumping": Jumping,
    "colluding": Colluding,
}
