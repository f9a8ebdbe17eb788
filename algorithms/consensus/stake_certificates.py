"""Weights and proofs of agreement by stake: whose turn it is, what two thirds support, and who signed twice."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from algorithms.consensus.authentication import Authenticator
from state.pbft import Request
from state.signed import Signed, Statement
from state.stake import Block, Decision, DoubleSigning, Opening, Phase, PrevoteCertificate, StakeState, Vote


@dataclass(frozen=True, slots=True)
class Stakes:
    """What each member weighs. Honest members must have more than two thirds."""

    stakes: tuple[tuple[int, int], ...]

    @property
    def total(self) -> int:
        """All stake."""
        return sum(stake for _, stake in self.stakes)

    def of(self, members: Iterable[int]) -> int:
        """Return what members weigh together; each counts once."""
        among = set(members)
        return sum(stake for member, stake in self.stakes if member in among)

    def decides(self, members: Iterable[int]) -> bool:
        """Whether members have more than two thirds."""
        return 3 * self.of(members) > 2 * self.total

    def has_honest(self, members: Iterable[int]) -> bool:
        """Whether members have more than a third, so that one of them is honest."""
        return 3 * self.of(members) > self.total

    def leader(self, seed: str, height: int, round_: int) -> int:
        """Return who proposes: drawn by a hash, as often as its share of stake; everybody draws the same.

        Nothing that a proposer chooses has a part in the draw, so that nobody can bend it.
        """
        drawn = int.from_bytes(hashlib.sha256(f"{seed} {height} {round_}".encode()).digest())
        place = drawn % self.total
        for member, stake in self.stakes:
            if place < stake:
                return member
            place -= stake
        raise AssertionError("the draw lies within the total")


@dataclass(frozen=True, slots=True)
class StakeNotary:
    """Checks statements and certificates for one replica. Statements that were not signed prove nothing."""

    authenticator: Authenticator

    def genuine(self, signed: Signed[Statement]) -> bool:
        """Whether the tag is the signer's."""
        return self.authenticator.verify(signed.signer, signed.statement.text, signed.tag)

    def is_request(self, signed: Signed[Request]) -> bool:
        """Whether a member asks for it."""
        return signed.signer == signed.statement.client and self.genuine(signed)

    def is_block(self, block: Block, state: StakeState) -> bool:
        """Whether a block may follow a state: members' next requests in order, and evidence that is new."""
        if (block.height, block.previous) != (state.height + 1, state.previous):
            return False
        blamed = [evidence.first.signer for evidence in block.evidence]
        if len(set(blamed)) < len(blamed) or set(blamed) & set(state.slashed):
            return False
        last = dict(state.asked)
        for request in block.requests:
            number = last.get(request.statement.client, 0) + 1
            if request.statement.number != number or not self.is_request(request):
                return False
            last[request.statement.client] = number
        members = {member for member, _ in state.stakes}
        return set(blamed) <= members and set(last) <= members and all(map(self.is_double_signing, block.evidence))

    def is_double_signing(self, evidence: DoubleSigning) -> bool:
        """Whether one member signed two different votes or proposals for one round."""
        first, second = evidence.first, evidence.second
        return (
            first.signer == second.signer
            and round_of(first.statement) == round_of(second.statement)
            and first.statement.digest != second.statement.digest
            and self.genuine(first)
            and self.genuine(second)
        )

    def is_supported(self, certificate: PrevoteCertificate, stakes: Stakes) -> bool:
        """Whether more than two thirds prevoted for the block in that round."""
        return self._agree(certificate.block, certificate.round, Phase.PREVOTE, certificate.prevotes, stakes)

    def is_decided(self, decision: Decision, stakes: Stakes) -> bool:
        """Whether more than two thirds precommitted the block in that round."""
        return self._agree(decision.block, decision.round, Phase.PRECOMMIT, decision.precommits, stakes)

    def _agree(self, block: Block, round_: int, phase: Phase, votes: Sequence[Signed[Vote]], stakes: Stakes) -> bool:
        said = Vote(block.height, round_, phase, block.digest)
        return all(vote.statement == said for vote in votes) and self._enough(votes, stakes)

    def _enough(self, votes: Sequence[Signed[Vote]], stakes: Stakes) -> bool:
        return stakes.decides(vote.signer for vote in votes) and all(map(self.genuine, votes))


def round_of(statement: Vote | Opening) -> tuple[int, int, str]:
    """Return what a member may say only one thing about: height, round, and the phase."""
    phase = statement.phase if isinstance(statement, Vote) else Phase.PROPOSE
    return statement.height, statement.round, phase


def stake_change(request: Request) -> tuple[int, int] | None:
    """Return the member and its new stake if that is what a request asks for: `stake MEMBER AMOUNT`."""
    words = request.data.split()
    if len(words) != 3 or words[0] != "stake" or not (words[1].isdecimal() and words[2].isdecimal()):  # noqa: PLR2004
        return None
    return int(words[1]), int(words[2])


def changed_stakes(state: StakeState, block: Block) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...]]:
    """Return stakes and slashed members after a block.

    Who signed twice loses all stake for good. Nobody is added, and the last stake is not taken away.
    """
    blamed = {evidence.first.signer for evidence in block.evidence}
    slashed = {*state.slashed, *blamed}
    stakes = {member: 0 if member in slashed else stake for member, stake in state.stakes}
    for request in block.requests:
        member, amount = stake_change(request.statement) or (0, 0)
        if member in stakes and member not in slashed and sum(stakes.values()) - stakes[member] + amount > 0:
            stakes[member] = amount
    if not sum(stakes.values()):
        stakes = dict(state.stakes)
    return tuple(sorted(stakes.items())), tuple(sorted(slashed))
