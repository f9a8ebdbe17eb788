"""Stake replicas with one planted bug each. A check that does not find them is no check."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from algorithms.consensus.authentication import Authenticator
from algorithms.consensus.stake_certificates import StakeNotary, Stakes, stake_change
from algorithms.consensus.stake_group import MakeStake
from evals.consensus.stake_runs import ChangingReplica
from state.pbft import Request
from state.signed import Signed, Statement
from state.stake import (
    Block,
    Decision,
    DoubleSigning,
    Phase,
    PrevoteCertificate,
    Proposal,
    StakeSettings,
    StakeState,
    StakeStorage,
    Vote,
)


class VotesTwice(ChangingReplica):
    """Prevotes again when another block is proposed in the same round."""

    def _take_proposal(self, signed: Signed[Proposal]) -> None:
        known = self._proposals.get(signed.statement.round)
        super()._take_proposal(signed)
        if known is not None and known.statement.digest != signed.statement.digest and self._holds(signed.statement):
            self._proposals[signed.statement.round] = signed
            if signed.statement.round == self.round and self.phase is Phase.PREVOTE:
                self._vote(Phase.PREVOTE, signed.statement.digest)


class IgnoresLocks(ChangingReplica):
    """Prevotes for whatever is sound."""

    def _supports(self, proposal: Proposal) -> bool:
        self.locked = None
        return super()._supports(proposal)


class UnlocksForOlder(ChangingReplica):
    """Takes any certificate for a reason to give up its lock."""

    def _supports(self, proposal: Proposal) -> bool:
        if proposal.certificate is not None:
            self.locked = None
        return super()._supports(proposal)


class PrecommitsUnsupported(ChangingReplica):
    """Precommits what it prevoted for, without waiting."""

    def _precommits(self) -> bool:
        signed = self._proposals.get(self.round)
        if self.phase is Phase.PREVOTE and signed is not None:
            self._vote(Phase.PRECOMMIT, signed.statement.digest)
            return True
        return super()._precommits()


class HearsOtherRounds(ChangingReplica):
    """Counts votes of other rounds as if they were of its own."""

    def _take_vote(self, signed: Signed[Vote]) -> None:
        super()._take_vote(replace(signed, statement=replace(signed.statement, round=self.round)))


class _AThird(Stakes):
    def decides(self, members: Iterable[int]) -> bool:
        return self.has_honest(members)


class _Heads(Stakes):
    def decides(self, members: Iterable[int]) -> bool:
        weighing = [member for member, stake in self.stakes if stake]
        return 3 * len(set(members) & set(weighing)) > 2 * len(weighing)


def _with_stakes(weigh: type[Stakes]) -> MakeStake:
    class Weighing(ChangingReplica):
        @property
        def stakes(self) -> Stakes:
            return weigh(self.state.stakes)

    return Weighing


class ChangesAtOnce(ChangingReplica):
    """Changes stakes when it hears of the request."""

    def _take_request(self, signed: Signed[Request]) -> None:
        super()._take_request(signed)
        change = stake_change(signed.statement)
        if change is not None and self.approves(signed.statement):
            self.state = replace(
                self.state, stakes=tuple(sorted({**dict(self.state.stakes), change[0]: change[1]}.items()))
            )


class KeepsStakes(ChangingReplica):
    """Leaves their stake to those who signed twice."""

    def _decide(self, decision: Decision) -> None:
        before = self.state
        super()._decide(decision)
        if decision.block.evidence and not any(stake_change(each.statement) for each in decision.block.requests):
            self.state = replace(self.state, stakes=before.stakes)


class ChecksNoDigest(ChangingReplica):
    """Believes that the block is the one whose digest was signed."""

    def _holds(self, proposal: Proposal) -> bool:
        return super()._holds(replace(proposal, digest=proposal.block.digest))


class _Trusting(StakeNotary):
    """Believes what tags and signers say."""

    def genuine(self, signed: Signed[Statement]) -> bool:
        return signed.signer >= 0


class _AnyCertificate(StakeNotary):
    def is_supported(self, certificate: PrevoteCertificate, stakes: Stakes) -> bool:
        return bool(certificate.prevotes) and stakes.total > 0


class _AnyDecision(StakeNotary):
    def is_decided(self, decision: Decision, stakes: Stakes) -> bool:
        return bool(decision.precommits) and stakes.total > 0


class _AnyEvidence(StakeNotary):
    def is_double_signing(self, evidence: DoubleSigning) -> bool:
        return evidence.first.signer == evidence.second.signer


class _AnyRequest(StakeNotary):
    def is_request(self, signed: Signed[Request]) -> bool:
        return signed.signer == signed.statement.client


class _AnyNumber(StakeNotary):
    def is_block(self, block: Block, state: StakeState) -> bool:
        return super().is_block(replace(block, requests=()), state)


class _CountsRepeated(StakeNotary):
    def _enough(self, votes: Sequence[Signed[Vote]], stakes: Stakes) -> bool:
        each = dict(stakes.stakes)
        weight = sum(each.get(vote.signer, 0) for vote in votes)
        return 3 * weight > 2 * stakes.total and all(map(self.genuine, votes))


def _with_notary(notary: type[StakeNotary]) -> MakeStake:
    class Careless(ChangingReplica):
        def __init__(self, *content: Any) -> None:  # noqa: ANN401  those of a replica
            super().__init__(*content)
            self.notary = notary(self._authenticator)

    return Careless


class DecidesAgain(ChangingReplica):
    """Does not remember which requests were decided."""

    def __init__(self, *content: Any) -> None:  # noqa: ANN401  those of a replica
        super().__init__(*content)
        self.notary = _AnyNumber(self._authenticator)

    def _next_block(self) -> Block:
        block = super()._next_block()
        return replace(block, requests=tuple(request for _, request in sorted(self._pool.items()))[:2])

    def _forget_decided(self, asked: dict[int, int]) -> None:
        pool = dict(self._pool)
        super()._forget_decided(asked)
        self._pool = pool


def _restarting(forget: Callable[[StakeStorage], StakeStorage]) -> MakeStake:
    def make(member: int, keys: Authenticator, storage: StakeStorage, settings: StakeSettings, /) -> ChangingReplica:
        return ChangingReplica(member, keys, forget(storage), settings)

    return make


@dataclass(frozen=True, slots=True)
class Planted:
    """A bug, and the kind of traitor that makes use of it; any kind where none is named."""

    make: MakeStake
    traitor: str = ""


STAKE_BUGS: dict[str, Planted] = {
    "votes twice": Planted(VotesTwice, "equivocating"),
    "ignores locks": Planted(IgnoresLocks),
    "gives up locks for older certificates": Planted(UnlocksForOlder),
    "precommits without prevotes": Planted(PrecommitsUnsupported),
    "hears other rounds": Planted(HearsOtherRounds),
    "decides with a third": Planted(_with_stakes(_AThird)),
    "counts heads": Planted(_with_stakes(_Heads)),
    "changes stakes at once": Planted(ChangesAtOnce),
    "does not slash": Planted(KeepsStakes, "equivocating"),
    "does not check digests": Planted(ChecksNoDigest, "substituting"),
    "does not verify signatures": Planted(_with_notary(_Trusting), "spoofing"),
    "does not verify certificates": Planted(_with_notary(_AnyCertificate), "certifying"),
    "does not verify decisions": Planted(_with_notary(_AnyDecision), "certifying"),
    "does not verify evidence": Planted(_with_notary(_AnyEvidence), "accusing"),
    "does not check who asks": Planted(_with_notary(_AnyRequest), "inventing"),
    "counts repeated votes": Planted(_with_notary(_CountsRepeated), "certifying"),
    "decides requests again": Planted(DecidesAgain),
    "forgets its votes": Planted(
        _restarting(lambda storage: replace(storage, phase=Phase.PROPOSE, votes=(), proposals=(), round=0))
    ),
    "forgets its lock": Planted(_restarting(lambda storage: replace(storage, locked=None, valid=None))),
}
