"""A PBFT replica without input or output: what drives it, and changes of view (Castro and Liskov 1999).

Whoever drives it delivers messages (`receive`) and lets time pass (`tick`); then takes its `output`, puts what is to
be kept on stable storage, and only then sends the messages: a vote that is forgotten is a vote that can be given twice.
Messages may be lost, doubled, late or false; at most f of n >= 3f + 1 members may do whatever they like.
"""

from collections.abc import Callable
from typing import Any

from algorithms.consensus.authentication import Authenticator
from algorithms.consensus.pbft_certificates import Committee, latest_stable
from algorithms.consensus.pbft_orderer import Orderer
from algorithms.consensus.pbft_output import Execute, chained
from state.pbft import (
    Checkpoint,
    Commit,
    Fetch,
    NewView,
    PbftSettings,
    PbftStorage,
    Prepare,
    PrePrepare,
    Request,
    Status,
    Transfer,
    ViewChange,
)
from state.signed import Refusal, Signed

_MOST_DOUBLINGS = 6  # of the time a replica waits, view after view


class Replica(Orderer):
    """One replica. Its view, state and refusals may be read; nothing but its methods may change it."""

    def __init__(
        self,
        replica_id: int,
        committee: Committee,
        authenticator: Authenticator,
        storage: PbftStorage | None = None,
        settings: PbftSettings | None = None,
        execute: Execute = chained,
    ) -> None:
        super().__init__(replica_id, committee, authenticator, storage, settings, execute)
        self._ticks = 0
        self._doublings = 0  # views in a row in which nothing was executed
        self._changing_ticks = 0  # since a quorum left for the view
        self._changes: dict[int, Signed[ViewChange]] = {}  # the latest of each signer
        self._new_view: Signed[NewView] | None = None  # what opened the present view, for those who missed it
        self._heard: dict[int, Status] = {}
        self._remember_votes()
        if self.changing:
            self._leave_for(self.view)

    # What drives it

    def _takers(self) -> dict[type, Callable[[Signed[Any]], None]]:
        return {
            Request: self._take_request,
            PrePrepare: self._take_pre_prepare,
            Prepare: self._take_prepare,
            Commit: self._take_commit,
            Checkpoint: self._take_checkpoint,
            ViewChange: self._take_view_change,
            NewView: self._take_new_view,
            Status: self._take_status,
            Fetch: self._take_fetch,
            Transfer: self._take_transfer,
        }

    def tick(self) -> None:
        """Let one unit of time pass: a request that waits too long, or a view that does not open, ends a view."""
        self._ticks += 1
        if self._ticks % self.settings.status_ticks == 0:
            self._fetched = False
            self._multicast(self._sign(Status(self.view, self.changing, self.state.sequence)))
            own = self._changes.get(self.id)
            if self.changing and own is not None:
                self._multicast(own)
        if self._waits_too_long():
            self._doublings = min(self._doublings + 1, _MOST_DOUBLINGS)
            self._leave_for(self.view + 1)

    def _waits_too_long(self) -> bool:
        limit = self.settings.request_ticks << self._doublings
        if self.changing:
            # Alone it would only run ahead of the others: time counts when a quorum has left as well.
            self._changing_ticks += len(self._changes_for(self.view)) >= self.committee.quorum
            return self._changing_ticks >= limit
        for client in self._waited:
            self._waited[client] += 1
        return max(self._waited.values(), default=0) >= limit

    def _executed_one(self) -> None:
        self._doublings = 0

    # View changes (section 4.4)

    def _leave_for(self, view: int) -> None:
        """Take no more part in earlier views, and tell all what was prepared in them."""
        self.view, self.changing = view, True
        self._changing_ticks = 0
        slots = (slot.prepared for slot in self.log.slots())
        prepared = tuple(certificate for certificate in slots if certificate is not None)
        own = self._sign(ViewChange(view, self.log.stable, self._proof, prepared))
        self._changes[self.id] = own
        self._multicast(own)
        self._open_view()

    def _changes_for(self, view: int) -> list[Signed[ViewChange]]:
        return [change for _, change in sorted(self._changes.items()) if change.statement.view == view]

    def _take_view_change(self, signed: Signed[ViewChange]) -> None:
        view = signed.statement.view
        known = self._changes.get(signed.signer)
        if view < self.view or (view == self.view and not self.changing):
            self._refuse(Refusal.STALE)
        elif known is not None and known.statement.view >= view:
            self._refuse(Refusal.DUPLICATE)
        elif not self.notary.is_view_change(signed):
            self._refuse(Refusal.INVALID)
        else:
            self._changes[signed.signer] = signed
            later = sorted(each.statement.view for each in self._changes.values() if each.statement.view > self.view)
            if len(later) > self.committee.faulty:  # one of them is honest
                self._leave_for(later[0])
            else:
                self._open_view()

    def _open_view(self) -> None:
        """As primary of the view that is awaited, open it as soon as a quorum has left for it."""
        changes = tuple(self._changes_for(self.view)[: self.committee.quorum])
        if not self.changing or self.id != self.primary or len(changes) < self.committee.quorum:
            return
        proposals = tuple(map(self._sign, self.notary.required_proposals(self.view, changes)))
        opening = self._sign(NewView(self.view, changes, proposals))
        self._multicast(opening)
        self._enter(opening)

    def _take_new_view(self, signed: Signed[NewView]) -> None:
        view = signed.statement.view
        if view < self.view or (view == self.view and not self.changing):
            self._refuse(Refusal.STALE)
        elif signed.signer != self.committee.primary(view):
            self._refuse(Refusal.UNEXPECTED)
        elif not self.notary.is_new_view(signed):
            self._refuse(Refusal.INVALID)
        else:
            self._enter(signed)

    def _enter(self, opening: Signed[NewView]) -> None:
        statement = opening.statement
        self.view, self.changing, self._new_view = statement.view, False, opening
        stable = latest_stable(statement.changes)
        for change in statement.changes:
            if change.statement.stable == stable:
                self._take_stable(stable, change.statement.proof)
        self.log.clear()
        self._waited = dict.fromkeys(self._waited, 0)
        for proposal in statement.proposals:
            if self.log.within(proposal.statement.sequence):
                self._accept(proposal)
        self._next = max([stable, *(proposal.statement.sequence for proposal in statement.proposals)]) + 1
        self._propose_pending()

    # Statuses

    def _take_status(self, signed: Signed[Status]) -> None:
        """Pass on to a member what it lacks, or ask it for what is lacking here."""
        status, before = signed.statement, self._heard.get(signed.signer)
        self._heard[signed.signer] = status
        self._fetch_from(signed.signer, status.executed)
        behind = status.view < self.view or (status.view == self.view and status.changing)
        if behind and not self.changing and self._new_view is not None:
            self._send(signed.signer, self._new_view)
        elif status == before and status.view == self.view and not (self.changing or status.changing):
            for slot in self.log.slots():
                if slot.sequence > status.executed:
                    for vote in self._votes_of_own(slot):
                        self._send(signed.signer, vote)
