"""PBFT replicas with one planted bug each. A check that does not find them is no check."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from algorithms.consensus.authentication import Authenticator
from algorithms.consensus.pbft import Replica
from algorithms.consensus.pbft_certificates import Committee, Notary
from algorithms.consensus.pbft_group import MakePbft
from algorithms.consensus.pbft_log import PbftLog
from state.pbft import (
    Checkpoint,
    Commit,
    CommitCertificate,
    NewView,
    PbftSettings,
    PbftStorage,
    Prepare,
    PreparedCertificate,
    PrePrepare,
    Request,
)
from state.signed import Refusal, Signed, Statement


class VotesTwice(Replica):
    """Agrees to a second request for a place that is taken."""

    def _take_pre_prepare(self, signed: Signed[PrePrepare]) -> None:
        if self._fault_of(signed) is Refusal.CONFLICTING:
            self.log.slot(signed.statement.sequence).clear()
        super()._take_pre_prepare(signed)


class HearsOldViews(Replica):
    """Takes votes of earlier views for votes of its own."""

    def _take_prepare(self, signed: Signed[Prepare]) -> None:
        super()._take_prepare(replace(signed, statement=replace(signed.statement, view=self.view)))

    def _take_commit(self, signed: Signed[Commit]) -> None:
        super()._take_commit(replace(signed, statement=replace(signed.statement, view=self.view)))


class StaysInOldViews(Replica):
    """Goes on voting in a view after it left it."""

    def _misplaced(self, statement: PrePrepare | Prepare | Commit) -> Refusal | None:
        if self.changing and statement.view == self.view - 1 and self.log.within(statement.sequence):
            return None
        return super()._misplaced(statement)

    @property
    def primary(self) -> int:
        """Who leads the view it should have left."""
        return self.committee.primary(self.view - 1 if self.changing else self.view)


class CommitsUnprepared(Replica):
    """Commits to what it is proposed, without waiting for a quorum."""

    def _accept(self, signed: Signed[PrePrepare]) -> None:
        slot = self.log.slot(signed.statement.sequence)
        slot.prepared = PreparedCertificate(signed, ())
        super()._accept(signed)
        place = signed.statement
        vote = self._sign(Commit(place.view, place.sequence, place.digest))
        slot.commits.setdefault(self.id, vote)
        self._multicast(vote)


class ReusesNumbers(Replica):
    """As primary, gives places again that it gave before."""

    def _free_sequence(self) -> int:
        return self.state.sequence + 1


class SkipsGaps(Replica):
    """Executes what is decided, in whatever order."""

    def _execute_ready(self) -> None:
        for slot in self.log.slots():
            if slot.decided is not None and slot.sequence > self.state.sequence:
                self.state = replace(self.state, sequence=slot.sequence - 1)
                super()._execute_ready()


class ExecutesAgain(Replica):
    """Does not remember what it executed for a client."""

    def _last_of(self, client: int) -> tuple[int, int]:
        return (0, super()._last_of(client)[1])


class TellsNothing(Replica):
    """Leaves a view without telling what was prepared in it."""

    def _leave_for(self, view: int) -> None:
        kept = {slot.sequence: slot.prepared for slot in self.log.slots()}
        for slot in self.log.slots():
            slot.prepared = None
        super()._leave_for(view)
        for slot in self.log.slots():
            slot.prepared = slot.prepared or kept.get(slot.sequence)


class KeepsWithoutProof(Replica):
    """Takes its checkpoint for stable as soon as it is made."""

    def _look_for_stable(self, sequence: int) -> None:
        state = self._checkpoints.get(sequence)
        if state is not None:
            votes = self._checkpoint_votes.get(sequence, {}).values()
            self._take_stable(sequence, tuple(vote for vote in votes if vote.statement.digest == state.digest))


class _Boundless(PbftLog):
    def within(self, sequence: int) -> bool:
        return sequence > self.stable


class IgnoresWatermarks(Replica):
    """Takes part beyond the upper watermark."""

    def __init__(self, *content: Any) -> None:  # noqa: ANN401  those of a replica
        super().__init__(*content)
        self.log = _Boundless(self.log.stable, self.log.window, [slot.record() for slot in self.log.slots()])
        self._remember_votes()


class _SmallQuorum(Committee):
    @property
    def quorum(self) -> int:
        return self.faulty + 1


class _Oldest(Notary):
    def is_later(self, one: PrePrepare, other: PrePrepare) -> bool:
        return one.view < other.view


class _Trusting(Notary):
    """Believes what tags and signers say."""

    def genuine(self, signed: Signed[Statement]) -> bool:
        return signed.signer in (*self.committee.members, signed.signer)


class _NoDigests(Notary):
    def fits(self, statement: PrePrepare) -> bool:
        return bool(statement.digest)


class _AnyClient(Notary):
    def is_request(self, signed: Signed[Request]) -> bool:
        return bool(signed.statement.data)


class _AnyCertificate(Notary):
    def is_prepared(self, certificate: PreparedCertificate) -> bool:
        return bool(certificate.prepares)


class _AnyDecision(Notary):
    def is_decided(self, certificate: CommitCertificate) -> bool:
        return bool(certificate.commits)


class _AnyState(Notary):
    def is_stable(self, sequence: int, proof: Sequence[Signed[Checkpoint]]) -> bool:
        return sequence == 0 or bool(proof)


class _AnyNewView(Notary):
    def is_new_view(self, signed: Signed[NewView]) -> bool:
        return bool(signed.statement.changes)


class _CountsRepeated(Notary):
    """Counts votes, and not who gave them."""

    def _enough(self, votes: Sequence[Signed[Statement]], needed: int) -> bool:
        return len(votes) >= needed and all(map(self.genuine, votes))


def _with_notary(notary: type[Notary]) -> MakePbft:
    class Careless(Replica):
        def __init__(self, *content: Any) -> None:  # noqa: ANN401  those of a replica
            super().__init__(*content)
            self.notary = notary(self.committee, self._authenticator, self.settings.window)

    return Careless


def _with_quorum(committee_of: type[Committee]) -> MakePbft:
    class Hasty(Replica):
        def __init__(self, member: int, committee: Committee, *content: Any) -> None:  # noqa: ANN401
            super().__init__(member, committee_of(committee.members), *content)

    return Hasty


def _restarting(forget: Callable[[PbftStorage], PbftStorage]) -> MakePbft:
    def make(
        member: int, committee: Committee, keys: Authenticator, storage: PbftStorage, settings: PbftSettings, /
    ) -> Replica:
        return Replica(member, committee, keys, forget(storage), settings)

    return make


def _without_accepted(storage: PbftStorage) -> PbftStorage:
    return replace(storage, slots=tuple(replace(slot, pre_prepare=None) for slot in storage.slots))


def _without_prepared(storage: PbftStorage) -> PbftStorage:
    return replace(storage, slots=tuple(replace(slot, prepared=None) for slot in storage.slots))


@dataclass(frozen=True, slots=True)
class Planted:
    """A bug, and the kind of traitor that makes use of it; any kind where none is named."""

    make: MakePbft
    traitor: str = ""


BUGS: dict[str, Planted] = {
    "votes twice": Planted(VotesTwice, "colluding"),
    "hears old views": Planted(HearsOldViews, "replaying"),
    "stays in old views": Planted(StaysInOldViews),
    "commits without prepares": Planted(CommitsUnprepared),
    "reuses sequence numbers": Planted(ReusesNumbers),
    "skips gaps": Planted(SkipsGaps),
    "executes requests again": Planted(ExecutesAgain),
    "leaves without certificates": Planted(TellsNothing),
    "checkpoints without a quorum": Planted(KeepsWithoutProof),
    "ignores the watermarks": Planted(IgnoresWatermarks),
    "decides with f + 1": Planted(_with_quorum(_SmallQuorum)),
    "takes the oldest certificate": Planted(_with_notary(_Oldest)),
    "does not verify signatures": Planted(_with_notary(_Trusting), "spoofing"),
    "does not check digests": Planted(_with_notary(_NoDigests), "substituting"),
    "does not check clients": Planted(_with_notary(_AnyClient), "inventing"),
    "does not verify prepared certificates": Planted(_with_notary(_AnyCertificate), "certifying"),
    "does not verify decisions": Planted(_with_notary(_AnyDecision), "certifying"),
    "does not verify checkpoints": Planted(_with_notary(_AnyState), "certifying"),
    "does not verify new views": Planted(_with_notary(_AnyNewView), "certifying"),
    "counts repeated votes": Planted(_with_notary(_CountsRepeated), "certifying"),
    "forgets what it accepted": Planted(_restarting(_without_accepted)),
    "forgets what was prepared": Planted(_restarting(_without_prepared)),
    "forgets its view": Planted(_restarting(lambda storage: replace(storage, view=0, changing=False))),
}
