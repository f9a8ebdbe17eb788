"""What a stake replica heard at a height: proposals, votes and who gave them; and its own votes."""

from abc import abstractmethod
from collections.abc import Iterable

from algorithms.consensus.authentication import Authenticator
from algorithms.consensus.stake_keeper import ApplyBlock, StakeKeeper, certificate_votes, chained_blocks, opening_of
from state.signed import Refusal, Signed
from state.stake import Phase, Proposal, StakeSettings, StakeStorage, Vote

_ROUNDS_AHEAD = 100  # that votes are remembered for


class StakeVoter(StakeKeeper):
    """Proposals and votes by round. What follows from them is added by `StakeReplica`."""

    def __init__(
        self,
        member: int,
        authenticator: Authenticator,
        storage: StakeStorage,
        settings: StakeSettings | None = None,
        apply: ApplyBlock = chained_blocks,
    ) -> None:
        super().__init__(member, authenticator, storage, settings, apply)
        self._waited = 0  # in this phase
        self._proposals: dict[int, Signed[Proposal]] = {}  # by round
        self._votes: dict[tuple[int, Phase], dict[int, Signed[Vote]]] = {}
        self._latest: dict[int, int] = {}  # the latest round in which each member voted
        for vote in self._own_votes:
            self._count(vote)
        for proposal in self._own_proposals:
            self._proposals[proposal.statement.round] = proposal

    @abstractmethod
    def _advance(self) -> None:
        """Do all that can be done without waiting."""

    def _begin_height(self) -> None:
        self._proposals, self._votes, self._latest, self._waited = {}, {}, {}, 0

    def _leader(self, round_: int) -> int:
        return self.stakes.leader(self.settings.seed, self.height, round_)

    def _vote(self, phase: Phase, digest: str) -> None:
        vote = self._sign(Vote(self.height, self.round, phase, digest))
        self.phase, self._waited = phase, 0
        self._own_votes.append(vote)
        self._count(vote)
        self._multicast(vote)

    def _count(self, signed: Signed[Vote]) -> None:
        vote = signed.statement
        self._refuse(self._note(signed))
        self._votes.setdefault((vote.round, vote.phase), {}).setdefault(signed.signer, signed)
        self._latest[signed.signer] = max(vote.round, self._latest.get(signed.signer, 0))

    def _votes_of(self, round_: int, phase: Phase) -> dict[int, Signed[Vote]]:
        return self._votes.get((round_, phase), {})

    def _supporters(self, round_: int, phase: Phase, digest: str) -> dict[int, Signed[Vote]]:
        votes = self._votes_of(round_, phase)
        return {signer: vote for signer, vote in votes.items() if vote.statement.digest == digest}

    def _is_settled(self, phase: Phase) -> bool:
        return self.stakes.decides(self._votes_of(self.round, phase))

    def _take_vote(self, signed: Signed[Vote]) -> None:
        vote = signed.statement
        misplaced = self._misplaced(vote.height, vote.round)
        if misplaced is not None:
            self._refuse(misplaced)
            return
        self._count(signed)
        self._advance()

    def _take_proposal(self, signed: Signed[Proposal]) -> None:
        statement = signed.statement
        reason = self._misplaced(statement.height, statement.round)
        if reason is None and signed.signer != self._leader(statement.round):
            reason = Refusal.UNEXPECTED
        if reason is None and not self._holds(statement):
            reason = Refusal.INVALID
        if reason is None:
            reason = self._note(opening_of(signed))
        if reason is not None:
            self._refuse(reason)
            return
        self._proposals.setdefault(statement.round, signed)
        self._note_all(certificate_votes(statement.certificate))
        self._advance()

    def _holds(self, proposal: Proposal) -> bool:
        """Whether the digest is the block's, and the certificate proves what it is for."""
        if proposal.digest != proposal.block.digest:
            return False
        proved = proposal.certificate
        if proved is None:
            return True
        earlier = proved.block.digest == proposal.digest and proved.round < proposal.round
        return earlier and self.notary.is_supported(proved, self.stakes)

    def _note_all(self, votes: Iterable[Signed[Vote]]) -> None:
        for vote in votes:
            self._note(vote)

    def _misplaced(self, height: int, round_: int) -> Refusal | None:
        """Return why a statement is of no use at this height, or nothing."""
        if height < self.height:
            return Refusal.STALE
        if height > self.height:
            return Refusal.EARLY
        return Refusal.BEYOND if round_ > self.round + _ROUNDS_AHEAD else None
