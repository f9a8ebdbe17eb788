"""What proves what: committees, certificates of a quorum, view changes, and what a new view must propose."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from algorithms.consensus.authentication import Authenticator
from state.pbft import (
    NO_REQUEST,
    Checkpoint,
    Commit,
    CommitCertificate,
    NewView,
    Prepare,
    PreparedCertificate,
    PrePrepare,
    Request,
    ViewChange,
    request_digest,
)
from state.signed import Signed, Statement

Vote = Signed[Prepare] | Signed[Commit]


@dataclass(frozen=True, slots=True)
class Committee:
    """The members, in the order in which they lead; at most `faulty` of them may be traitors."""

    members: tuple[int, ...]

    @property
    def faulty(self) -> int:
        """The largest f with n >= 3f + 1."""
        return (len(self.members) - 1) // 3

    @property
    def quorum(self) -> int:
        """So many that two quorums share an honest member: 2f + 1 where n is 3f + 1."""
        return (len(self.members) + self.faulty) // 2 + 1

    def primary(self, view: int) -> int:
        """Return who leads a view."""
        return self.members[view % len(self.members)]


@dataclass(frozen=True, slots=True)
class Notary:
    """Checks statements and certificates for one replica. Statements that were not signed by members prove nothing."""

    committee: Committee
    authenticator: Authenticator
    window: int

    def genuine(self, signed: Signed[Statement]) -> bool:
        """Whether the tag is the signer's."""
        return self.authenticator.verify(signed.signer, signed.statement.text, signed.tag)

    def is_request(self, signed: Signed[Request]) -> bool:
        """Whether the client asks for it."""
        return signed.signer == signed.statement.client and self.genuine(signed)

    def is_proposal(self, signed: Signed[PrePrepare]) -> bool:
        """Whether the primary of its view gave this very request its place."""
        statement, request = signed.statement, signed.statement.request
        return (
            signed.signer == self.committee.primary(statement.view)
            and self.fits(statement)
            and self.genuine(signed)
            and (request is None or self.is_request(request))
        )

    def fits(self, statement: PrePrepare) -> bool:
        """Whether the digest is that of the request."""
        return statement.digest == request_digest(statement.request)

    def is_prepared(self, certificate: PreparedCertificate) -> bool:
        """Whether a quorum agreed: the primary by its pre-prepare, others by their prepares."""
        primary = certificate.pre_prepare.signer
        return self.is_proposal(certificate.pre_prepare) and self._agree(
            certificate.pre_prepare.statement,
            [vote for vote in certificate.prepares if vote.signer != primary],
            self.committee.quorum - 1,
        )

    def is_decided(self, certificate: CommitCertificate) -> bool:
        """Whether a quorum committed."""
        statement = certificate.pre_prepare.statement
        return self.is_proposal(certificate.pre_prepare) and self._agree(
            statement, certificate.commits, self.committee.quorum
        )

    def is_stable(self, sequence: int, proof: Sequence[Signed[Checkpoint]]) -> bool:
        """Whether a quorum had the same state at a sequence number; 0 needs no proof."""
        if sequence == 0:
            return not proof
        if any(vote.statement != proof[0].statement for vote in proof) or not proof:
            return False
        return proof[0].statement.sequence == sequence and self._enough(proof, self.committee.quorum)

    def is_view_change(self, signed: Signed[ViewChange]) -> bool:
        """Whether all that a view change says is proved, and lies between its watermarks and before its view."""
        change = signed.statement
        places = [certificate.pre_prepare.statement for certificate in change.prepared]
        return (
            self.genuine(signed)
            and self.is_stable(change.stable, change.proof)
            and len({place.sequence for place in places}) == len(places)
            and all(change.stable < place.sequence <= change.stable + self.window for place in places)
            and all(place.view < change.view for place in places)
            and all(map(self.is_prepared, change.prepared))
        )

    def is_new_view(self, signed: Signed[NewView]) -> bool:
        """Whether a quorum left for the view, and what is proposed is exactly what follows from what they say."""
        statement = signed.statement
        changes = statement.changes
        entitled = {change.signer for change in changes} & set(self.committee.members)
        if len(entitled) < self.committee.quorum or len(entitled) < len(changes):
            return False
        if any(change.statement.view != statement.view for change in changes):
            return False
        required = self.required_proposals(statement.view, changes)
        said = [proposal.statement for proposal in statement.proposals]
        return (
            [each.text for each in said] == [each.text for each in required]
            and all(map(self.is_view_change, changes))
            and all(map(self.is_proposal, statement.proposals))
        )

    def required_proposals(self, view: int, changes: Iterable[Signed[ViewChange]]) -> list[PrePrepare]:
        """Return what a new view must propose: of each sequence number what was prepared last, or the null request.

        It reaches from the latest stable checkpoint among the view changes to the last number that was prepared.
        """
        latest: dict[int, PrePrepare] = {}
        stable = 0
        for change in changes:
            stable = max(stable, change.statement.stable)
            for certificate in change.statement.prepared:
                place = certificate.pre_prepare.statement
                if place.sequence not in latest or self.is_later(place, latest[place.sequence]):
                    latest[place.sequence] = place
        nothing = PrePrepare(view, 0, NO_REQUEST)
        filled = (
            (sequence, latest.get(sequence, nothing)) for sequence in range(stable + 1, max(latest, default=0) + 1)
        )
        return [PrePrepare(view, sequence, place.digest, place.request) for sequence, place in filled]

    def is_later(self, one: PrePrepare, other: PrePrepare) -> bool:
        """Whether one of two requests that were prepared for a place takes the place of the other."""
        return one.view > other.view

    def _agree(self, place: PrePrepare, votes: Sequence[Vote], needed: int) -> bool:
        return all(_matches(vote, place) for vote in votes) and self._enough(votes, needed)

    def _enough(self, votes: Sequence[Signed[Statement]], needed: int) -> bool:
        signers = {vote.signer for vote in votes} & set(self.committee.members)
        return len(signers) >= needed and all(map(self.genuine, votes))


def latest_stable(changes: Iterable[Signed[ViewChange]]) -> int:
    """Return the latest stable checkpoint among view changes."""
    return max((change.statement.stable for change in changes), default=0)


def _matches(vote: Vote, place: PrePrepare) -> bool:
    said = vote.statement
    return (said.view, said.sequence, said.digest) == (place.view, place.sequence, place.digest)
