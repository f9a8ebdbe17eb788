"""The safety properties of PBFT, watched from outside while a group runs. Nothing is asked of traitors."""

from collections.abc import Iterable, Sequence

from algorithms.consensus.authentication import Authenticator
from algorithms.consensus.pbft_group import PbftGroup
from algorithms.consensus.pbft_output import PbftOutput
from algorithms.consensus.signed_group import Round
from evals.consensus.safety import SafetyError
from state.pbft import (
    Checkpoint,
    Commit,
    Executed,
    PbftState,
    PbftStorage,
    Prepare,
    PreparedCertificate,
    PrePrepare,
    Request,
    Slot,
    ViewChange,
)
from state.signed import Signed, SignedMessage, Statement


class PbftObserver:
    """Watches every round of a group; raises SafetyError as soon as a property does not hold."""

    def __init__(self, traitors: Iterable[int] = (), traitor_client: int | None = None) -> None:
        self.executed: dict[int, str] = {}  # by sequence: the request
        self.views: set[int] = set()  # in which something was executed
        self._decided: dict[int, tuple[int, str]] = {}  # by sequence: the first view and the request
        self._traitors = frozenset(traitors)
        self._traitor_client = traitor_client
        self._asked: set[str] = set()
        self._states: dict[int, str] = {}  # digests by sequence
        self._left: dict[int, int] = {}  # the latest view that each member left for
        self._said: dict[tuple[int, str, int, int], str] = {}  # digests by signer, phase, view, sequence
        self._reached: dict[int, PbftState] = {}  # what each member kept last
        self._done: dict[int, set[tuple[int, int]]] = {}  # clients' numbers that each member executed

    def watch(self, group: PbftGroup, played: Round[PbftOutput]) -> None:
        """Look at a round."""
        for message in played.sent:
            self._see_sent(group, message)
        for member, outputs in played.outputs.items():
            if member in self._traitors:
                continue
            for output in outputs:
                for executed in output.executed:
                    self._see_executed(member, executed)
            if outputs:
                self._see_kept(group, member, outputs)
        self._see_answers(group)

    def _see_sent(self, group: PbftGroup, message: SignedMessage) -> None:
        signed = message.signed
        if isinstance(signed.statement, Request) and message.sender in group.clients:
            self._asked.add(signed.statement.text)
        if message.sender == signed.signer and signed.signer in group.members:
            self._see_said(group, signed)

    def _see_said(self, group: PbftGroup, signed: Signed[Statement]) -> None:
        """One statement for each place, of each phase, in no view that was left; a commit only for what is prepared."""
        statement = signed.statement
        if isinstance(statement, ViewChange):
            self._left[signed.signer] = max(statement.view, self._left.get(signed.signer, 0))
        if signed.signer in self._traitors or not isinstance(statement, PrePrepare | Prepare | Commit | Checkpoint):
            return
        if not isinstance(statement, Checkpoint) and statement.view < self._left.get(signed.signer, 0):
            raise SafetyError("no votes in a view that was left", f"{signed.signer} says {statement.text}")
        view = 0 if isinstance(statement, Checkpoint) else statement.view
        place = (signed.signer, type(statement).__name__, view, statement.sequence)
        first = self._said.setdefault(place, statement.digest)
        if first != statement.digest:
            raise SafetyError("one vote for each place", f"{place} says {statement.digest} after {first}")
        if isinstance(statement, Commit):
            self._see_commit(group.storage[signed.signer], signed.signer, statement)

    def _see_commit(self, kept: PbftStorage, member: int, commit: Commit) -> None:
        slots = [slot for slot in kept.slots if slot.sequence == commit.sequence]
        for slot in slots:
            prepared = slot.prepared.pre_prepare.statement if slot.prepared else None
            if prepared is None or prepared.view < commit.view:
                raise SafetyError("commits follow certificates", f"{member} commits {commit} without one")

    def _see_executed(self, member: int, executed: Executed) -> None:
        """Agreement, total order, validity, and once only."""
        text = executed.request.text if executed.request else ""
        known = self.executed.setdefault(executed.sequence, text)
        first = self._decided.get(executed.sequence, (executed.view, text))
        self._decided[executed.sequence] = min(first, (executed.view, text))
        if known != text:
            raise SafetyError("agreement", f"{member} executes {text!r} as {executed.sequence}, another {known!r}")
        if executed.request is None:
            return
        foreign = executed.request.client == self._traitor_client
        if not foreign and text not in self._asked:
            raise SafetyError("validity", f"{member} executes {text!r}, which nobody asked for")
        done = self._done.setdefault(member, set())
        number = (executed.request.client, executed.request.number)
        if not executed.repeated and number in done:
            raise SafetyError("executed once", f"{member} executes {text!r} again")
        done.add(number)

    def _see_kept(self, group: PbftGroup, member: int, outputs: Sequence[PbftOutput]) -> None:
        """Order without gaps, the same states, proofs of what is stable and decided, and slots between watermarks."""
        kept = group.storage[member]
        state = kept.state
        if self._states.setdefault(state.sequence, state.digest) != state.digest:
            raise SafetyError("the same states", f"{member} has another state at {state.sequence}")
        before = self._reached.get(member, PbftState())
        self._reached[member] = state
        run = [each.sequence for output in outputs for each in output.executed]
        if run != list(range(state.sequence - len(run) + 1, state.sequence + 1)):
            raise SafetyError("order without gaps", f"{member} executes {run} and is at {state.sequence}")
        if state.sequence < before.sequence:
            raise SafetyError("nothing is taken back", f"{member} goes from {before.sequence} to {state.sequence}")
        self._see_log(group, member, kept)
        for output in outputs:
            for slot in output.slots:
                self._see_slot(group, member, slot)

    def _see_log(self, group: PbftGroup, member: int, kept: PbftStorage) -> None:
        stable = kept.proof[0].statement.sequence if kept.proof else 0
        if len({each.signer for each in kept.proof}) < group.committee.quorum and stable:
            raise SafetyError("proof of the stable checkpoint", f"{member} has too few for {stable}")
        for slot in kept.slots:
            if not stable < slot.sequence <= stable + group.settings.window:
                raise SafetyError("watermarks", f"{member} keeps {slot.sequence}, its checkpoint is {stable}")

    def _see_slot(self, group: PbftGroup, member: int, slot: Slot) -> None:
        keys = group.authenticators[member]
        if slot.prepared is not None:
            self._see_prepared(member, slot.prepared)
            _see_certificate(group, keys, slot.prepared.pre_prepare.statement, slot.prepared.prepares, 1)
        if slot.decided is not None:
            _see_certificate(group, keys, slot.decided.pre_prepare.statement, slot.decided.commits, 0)

    def _see_prepared(self, member: int, certificate: PreparedCertificate) -> None:
        """After a request is decided nothing else is prepared in its place."""
        place = certificate.pre_prepare.statement
        view, text = self._decided.get(place.sequence, (place.view, ""))
        prepared = place.request.statement.text if place.request else ""
        if place.view > view and prepared != text:
            detail = f"{member} has {place.text} prepared, in view {view} {text!r} was decided"
            raise SafetyError("what is decided is prepared ever after", detail)

    def _see_answers(self, group: PbftGroup) -> None:
        for client in group.clients.values():
            for number, sequence in client.answered.items():
                text = self.executed.get(sequence, "")
                if not text.startswith(f"request {client.id} {number} "):
                    raise SafetyError("answers", f"{client.id} was told {sequence} for {number}, which is {text!r}")


def _see_certificate(
    group: PbftGroup,
    keys: Authenticator,
    place: PrePrepare,
    votes: Iterable[Signed[Prepare] | Signed[Commit]],
    less: int,
) -> None:
    """See that 2f + 1 members, or so many less, signed exactly this."""
    said = (place.view, place.sequence, place.digest)
    agreed = {
        vote.signer
        for vote in votes
        if (vote.statement.view, vote.statement.sequence, vote.statement.digest) == said
        and keys.verify(vote.signer, vote.statement.text, vote.tag)
    } & set(group.members)
    if len(agreed) < 2 * ((len(group.members) - 1) // 3) + 1 - less:
        raise SafetyError("certificates of a quorum", f"{sorted(agreed)} for {place.text}")
