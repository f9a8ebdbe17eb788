"""A stake replica without input or output: rounds of propose, prevote and precommit with locks.

After Buchman, Kwon and Milosevic (2018). Whoever drives it delivers messages (`receive`), lets time pass (`tick`) and
hands over data (`propose`); then takes its `output`, puts what is to be kept on stable storage, and only then sends the
messages: a vote that is forgotten is a vote that can be given twice, and costs the stake. A replica that precommitted a
block is locked on it: at this height it prevotes for no other, unless two thirds supported that one in a later round.
"""

from collections.abc import Callable, Iterable
from typing import Any

from algorithms.consensus.authentication import Authenticator
from algorithms.consensus.stake_keeper import (
    ApplyBlock,
    StakeKeeper,
    certificate_votes,
    chained_blocks,
    opening_of,
)
from state.pbft import Request
from state.signed import Refusal, Signed
from state.stake import (
    NOTHING,
    Decision,
    Decisions,
    Phase,
    PrevoteCertificate,
    Proposal,
    StakeSettings,
    StakeStatus,
    StakeStorage,
    Vote,
)

_ROUNDS_AHEAD = 100  # that votes are remembered for
_MORE_TICKS = 2  # for each round


class StakeReplica(StakeKeeper):
    """One replica. Its state, round, locks and refusals may be read; nothing but its methods may change it."""

    def __init__(
        self,
        member: int,
        authenticator: Authenticator,
        storage: StakeStorage,
        settings: StakeSettings | None = None,
        apply: ApplyBlock = chained_blocks,
    ) -> None:
        super().__init__(member, authenticator, storage, settings, apply)
        self._ticks = 0
        self._waited = 0  # in this phase
        self._heard: dict[int, StakeStatus] = {}
        self._proposals: dict[int, Signed[Proposal]] = {}  # by round
        self._votes: dict[tuple[int, Phase], dict[int, Signed[Vote]]] = {}
        self._latest: dict[int, int] = {}  # the latest round in which each member voted
        for vote in self._own_votes:
            self._count(vote)
        for proposal in self._own_proposals:
            self._proposals[proposal.statement.round] = proposal

    # What drives it

    def tick(self) -> None:
        """Let one unit of time pass: who waits too long in a phase goes on without what it waits for."""
        self._ticks += 1
        if self._ticks % self.settings.status_ticks == 0:
            self._multicast(self._sign(StakeStatus(self.height, self.round)))
            for request in self._own_requests:
                self._multicast(request)
        self._advance()
        if self._waits():
            self._waited += 1
            if self._waited >= self.settings.step_ticks + _MORE_TICKS * self.round:
                self._give_up()
                self._advance()

    def _takers(self) -> dict[type, Callable[[Signed[Any]], None]]:
        return {
            Request: self._take_request,
            Proposal: self._take_proposal,
            Vote: self._take_vote,
            StakeStatus: self._take_status,
            Decisions: self._take_decisions,
        }

    def _waits(self) -> bool:
        """Whether time counts: there is something to decide, or enough votes came that do not agree."""
        if self.phase is Phase.PROPOSE:
            return self.round > 0 or not self._is_idle
        return self._is_settled(Phase.PRECOMMIT) or (self.phase is Phase.PREVOTE and self._is_settled(Phase.PREVOTE))

    def _give_up(self) -> None:
        if self._is_settled(Phase.PRECOMMIT):
            self._pass_on()
            self._begin_round(self.round + 1)
        elif self.phase is Phase.PROPOSE:
            self._vote(Phase.PREVOTE, NOTHING)
        else:
            self._vote(Phase.PRECOMMIT, NOTHING)

    def _pass_on(self) -> None:
        """Show all what was said in a round that failed: who said two things is found out."""
        said: list[Signed[Any]] = [proposal for proposal in (self._proposals.get(self.round),) if proposal]
        for phase in (Phase.PREVOTE, Phase.PRECOMMIT):
            said += [vote for vote in self._votes_of(self.round, phase).values() if vote.signer != self.id]
        for each in said:
            self._multicast(each)

    # Rounds

    def _begin_height(self) -> None:
        self._proposals, self._votes, self._latest, self._waited = {}, {}, {}, 0

    def _begin_round(self, round_: int) -> None:
        self.round, self.phase, self._waited = round_, Phase.PROPOSE, 0

    def _leader(self, round_: int) -> int:
        return self.stakes.leader(self.settings.seed, self.height, round_)

    def _advance(self) -> None:
        """Do all that can be done without waiting."""
        while self._decides() or self._skips() or self._proposes() or self._prevotes() or self._precommits():
            pass

    def _decides(self) -> bool:
        for round_, signed in self._proposals.items():
            statement = signed.statement
            votes = self._supporters(round_, Phase.PRECOMMIT, statement.digest)
            if self.stakes.decides(votes) and self.notary.is_block(statement.block, self.state):
                self._decide(Decision(round_, statement.block, tuple(votes.values())))
                return True
        return False

    def _skips(self) -> bool:
        """Go to a later round when one honest member is there."""
        later = sorted({round_ for round_ in self._latest.values() if round_ > self.round}, reverse=True)
        for round_ in later:
            if self.stakes.has_honest(signer for signer, at in self._latest.items() if at >= round_):
                self._begin_round(round_)
                return True
        return False

    def _proposes(self) -> bool:
        if self.phase is not Phase.PROPOSE or self.id != self._leader(self.round) or self.round in self._proposals:
            return False
        if self.valid is None and self.round == 0 and self._is_idle:
            return False
        block = self.valid.block if self.valid else self._next_block()
        signed = self._sign(Proposal(self.height, self.round, block.digest, block, self.valid))
        self._own_proposals.append(signed)
        self._proposals[self.round] = signed
        self._multicast(signed)
        return True

    def _prevotes(self) -> bool:
        signed = self._proposals.get(self.round)
        if self.phase is not Phase.PROPOSE or signed is None:
            return False
        self._vote(Phase.PREVOTE, signed.statement.digest if self._supports(signed.statement) else NOTHING)
        return True

    def _supports(self, proposal: Proposal) -> bool:
        """Whether the block is sound, and no lock forbids it."""
        if not self.notary.is_block(proposal.block, self.state):
            return False
        proved = proposal.certificate
        if proved is None and not all(self.approves(request.statement) for request in proposal.block.requests):
            return False
        if self.locked is None or self.locked.block.digest == proposal.digest:
            return True
        return proved is not None and self.locked.round <= proved.round

    def _precommits(self) -> bool:
        """Lock and precommit what two thirds prevoted for; precommit nothing if that is what they did."""
        known = self.valid is not None and self.valid.round == self.round
        if self.phase is Phase.PROPOSE or (known and self.phase is Phase.PRECOMMIT):
            return False
        signed = self._proposals.get(self.round)
        supporters = self._supporters(self.round, Phase.PREVOTE, signed.statement.digest) if signed else {}
        if signed and self.stakes.decides(supporters) and self.notary.is_block(signed.statement.block, self.state):
            return self._lock(PrevoteCertificate(self.round, signed.statement.block, tuple(supporters.values())))
        if self.phase is Phase.PREVOTE and self.stakes.decides(self._supporters(self.round, Phase.PREVOTE, NOTHING)):
            self._vote(Phase.PRECOMMIT, NOTHING)
            return True
        return False

    def _lock(self, certificate: PrevoteCertificate) -> bool:
        changed = self.valid is None or self.valid.round < certificate.round
        if changed:
            self.valid = certificate
        if self.phase is not Phase.PREVOTE:
            return changed
        self.locked = certificate
        self._vote(Phase.PRECOMMIT, certificate.block.digest)
        return True

    # Votes

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

    # Statuses

    def _take_status(self, signed: Signed[StakeStatus]) -> None:
        """Pass on to a member what it lacks."""
        status, before = signed.statement, self._heard.get(signed.signer)
        self._heard[signed.signer] = status
        self._send_decisions(signed.signer, status.height)
        if status.height != self.height or status != before:
            return
        rounds = {status.round, self.round}
        for round_ in sorted(rounds & self._proposals.keys()):
            self._send(signed.signer, self._proposals[round_])
        for vote in self._own_votes:
            if vote.statement.round in rounds:
                self._send(signed.signer, vote)
