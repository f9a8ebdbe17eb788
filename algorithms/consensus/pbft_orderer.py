"""The three phases of PBFT in one view: pre-prepare, prepare, commit (section 4.2 of the paper)."""

from algorithms.consensus.pbft_keeper import Keeper
from algorithms.consensus.pbft_log import SlotVotes, cast
from state.pbft import Commit, Prepare, PrePrepare, Request, request_digest
from state.signed import Refusal, Signed, Statement


class Orderer(Keeper):
    """Requests are given places by the primary, and decided by quorums of prepares and commits."""

    _next = 1
    """The sequence number that a primary gives next; an earlier one that has a pre-prepare is not given again."""

    def approves(self, request: Request) -> bool:  # noqa: ARG002  for whoever has grounds to refuse
        """Whether this replica supports a new proposal. Where more than f refuse, it is not decided."""
        return True

    # Requests

    def _take_request(self, signed: Signed[Request]) -> None:
        request = signed.statement
        executed, _ = self._last_of(request.client)
        pending = self._pending.get(request.client)
        if signed.signer != request.client:
            self._refuse(Refusal.FORGED)
        elif request.number < executed or (pending and request.number < pending.statement.number):
            self._refuse(Refusal.STALE)
        elif request.number == executed:
            self._answer(request.client)
        elif pending and request.number == pending.statement.number:
            self._refuse(Refusal.DUPLICATE)
        elif not self.approves(request):
            self._refuse(Refusal.UNWANTED)
        else:
            self._wait_for(signed)
            if self.id != self.primary:
                self._send(self.primary, signed)
            self._propose_pending()

    def _wait_for(self, signed: Signed[Request]) -> None:
        """Keep in mind that a request is to be executed."""
        client = signed.statement.client
        known = self._pending.get(client)
        if known is None or known.statement.number < signed.statement.number:
            self._pending[client], self._waited[client] = signed, 0

    def _propose_pending(self) -> None:
        """As primary, give places to requests that have none."""
        if self.changing or self.id != self.primary:
            return
        placed = {slot.pre_prepare.statement.digest for slot in self.log.slots() if slot.pre_prepare}
        for request in list(self._pending.values()):
            digest = request_digest(request)
            if digest in placed:
                continue
            sequence = self._free_sequence()
            if not self.log.within(sequence):
                return
            proposal = self._sign(PrePrepare(self.view, sequence, digest, request))
            self._multicast(proposal)
            self._accept(proposal)

    def _free_sequence(self) -> int:
        self._next = max(self._next, self.log.stable + 1, self.state.sequence + 1)
        while self.log.within(self._next) and self.log.slot(self._next).pre_prepare is not None:
            self._next += 1
        return self._next

    # Three phases

    def _take_pre_prepare(self, signed: Signed[PrePrepare]) -> None:
        reason = self._fault_of(signed)
        if reason is not None:
            self._refuse(reason)
            return
        request = signed.statement.request
        if request is not None and request.statement.number > self._last_of(request.statement.client)[0]:
            self._wait_for(request)
        self._accept(signed)

    def _fault_of(self, signed: Signed[PrePrepare]) -> Refusal | None:
        """Return why a pre-prepare is refused, or nothing."""
        statement = signed.statement
        misplaced = self._misplaced(statement)
        if misplaced is not None:
            return misplaced
        if signed.signer != self.primary:
            return Refusal.UNEXPECTED
        accepted = self.log.slot(statement.sequence).pre_prepare
        if accepted is not None:
            same = accepted.statement.digest == statement.digest
            return Refusal.DUPLICATE if same else Refusal.CONFLICTING
        request = statement.request
        # Only a new view fills gaps, so that here a request is needed.
        if request is None or not self.notary.fits(statement) or not self.notary.is_request(request):
            return Refusal.INVALID
        return None if self.approves(request.statement) else Refusal.UNWANTED

    def _misplaced(self, statement: PrePrepare | Prepare | Commit) -> Refusal | None:
        """Return why a statement is of no use in this view and between these watermarks, or nothing."""
        if statement.view < self.view:
            return Refusal.STALE
        if statement.view > self.view or self.changing:
            return Refusal.EARLY
        if self.log.within(statement.sequence):
            return None
        return Refusal.STALE if statement.sequence <= self.log.stable else Refusal.BEYOND

    def _accept(self, signed: Signed[PrePrepare]) -> None:
        """Take a pre-prepare for this view's, and agree to it."""
        statement = signed.statement
        slot = self.log.slot(statement.sequence)
        slot.pre_prepare = signed
        self.log.changed.add(statement.sequence)
        if self.id != self.primary:
            vote = self._sign(Prepare(statement.view, statement.sequence, statement.digest))
            cast(slot.prepares, vote)
            self._multicast(vote)
        self._advance(slot)

    def _take_prepare(self, signed: Signed[Prepare]) -> None:
        misplaced = self._misplaced(signed.statement)
        if misplaced is not None:
            self._refuse(misplaced)
        elif signed.signer == self.primary:
            self._refuse(Refusal.UNEXPECTED)
        else:
            slot = self.log.slot(signed.statement.sequence)
            self._refuse(cast(slot.prepares, signed))
            self._advance(slot)

    def _take_commit(self, signed: Signed[Commit]) -> None:
        misplaced = self._misplaced(signed.statement)
        if misplaced is not None:
            self._refuse(misplaced)
            return
        slot = self.log.slot(signed.statement.sequence)
        self._refuse(cast(slot.commits, signed))
        self._advance(slot)

    def _advance(self, slot: SlotVotes) -> None:
        """Commit what is prepared, and execute what is decided."""
        if slot.prove_prepared(self.committee.quorum):
            self.log.changed.add(slot.sequence)
            place = slot.pre_prepare.statement if slot.pre_prepare else None
            if place is not None:
                vote = self._sign(Commit(place.view, place.sequence, place.digest))
                cast(slot.commits, vote)
                self._multicast(vote)
        if slot.prove_decided(self.committee.quorum):
            self.log.changed.add(slot.sequence)
            self._execute_ready()
            self._propose_pending()  # the watermarks may have moved

    def _votes_of_own(self, slot: SlotVotes) -> list[Signed[Statement]]:
        """Return the pre-prepare and this replica's votes, to be sent again."""
        own = (slot.pre_prepare, slot.prepares.get(self.id), slot.commits.get(self.id))
        return [each for each in own if each is not None]

    def _remember_votes(self) -> None:
        """After a restart, vote again as was voted: what was accepted and what was prepared is kept."""
        for slot in self.log.slots():
            if slot.pre_prepare is None:
                continue
            place = slot.pre_prepare.statement
            if self.id != self.primary:
                cast(slot.prepares, self._sign(Prepare(place.view, place.sequence, place.digest)))
            if slot.is_prepared:
                cast(slot.commits, self._sign(Commit(place.view, place.sequence, place.digest)))
