"""The part of a PBFT replica that every role has: what it says and refuses, executes, checkpoints and fetches."""

from abc import abstractmethod

from algorithms.consensus.authentication import Authenticator
from algorithms.consensus.pbft_certificates import Committee, Notary
from algorithms.consensus.pbft_log import PbftLog, cast
from algorithms.consensus.pbft_output import Execute, Outbox, PbftOutput, chained
from algorithms.consensus.speaker import Speaker
from state.pbft import (
    Checkpoint,
    Executed,
    Fetch,
    PbftSettings,
    PbftState,
    PbftStorage,
    Reply,
    Request,
    Transfer,
)
from state.signed import Refusal, Signed, Statement


class Keeper(Speaker):
    """State, checkpoints and their transfer. The three phases are added by `Orderer`, views by `Replica`."""

    def __init__(
        self,
        replica_id: int,
        committee: Committee,
        authenticator: Authenticator,
        storage: PbftStorage | None = None,
        settings: PbftSettings | None = None,
        execute: Execute = chained,
    ) -> None:
        super().__init__(replica_id, committee.members, authenticator)
        self.committee = committee
        self.settings = settings or PbftSettings()
        self.notary = Notary(committee, authenticator, self.settings.window)
        storage = storage or PbftStorage()
        self.view, self.changing = storage.view, storage.changing
        self.state, self._proof = storage.state, storage.proof
        self._checkpoints = {state.sequence: state for state in storage.checkpoints}
        stable = self._proof[0].statement.sequence if self._proof else 0
        self.log = PbftLog(stable, self.settings.window, storage.slots)
        self._checkpoint_votes: dict[int, dict[int, Signed[Checkpoint]]] = {}
        self._pending: dict[int, Signed[Request]] = {}  # by client
        self._waited: dict[int, int] = {}  # ticks, by client
        self._execute_request = execute
        self._fetched = False  # since the last status
        self._outbox = Outbox(self._to_keep())

    @property
    def primary(self) -> int:
        """Who leads the present view."""
        return self.committee.primary(self.view)

    @abstractmethod
    def _executed_one(self) -> None:
        """Take note that the service goes on."""

    # What it gives back

    @property
    def has_output(self) -> bool:
        """Whether there is something to keep, to send or to apply."""
        outbox = self._outbox
        return bool(self._messages or outbox.executed or self.log.changed) or outbox.kept != self._to_keep()

    def output(self) -> PbftOutput:
        """Return what is to be kept, sent and applied since the last output."""
        outbox, kept, messages = self._outbox, self._to_keep(), self._messages
        self._outbox, self._messages = Outbox(kept), []
        return PbftOutput(kept, self.log.changed_slots(), tuple(messages), tuple(outbox.executed))

    def _may_sign(self, signed: Signed[Statement]) -> bool:
        return isinstance(signed.statement, Request) or super()._may_sign(signed)

    def _genuine(self, signed: Signed[Statement]) -> bool:
        return self.notary.genuine(signed)

    def _to_keep(self) -> PbftStorage:
        checkpoints = tuple(self._checkpoints[sequence] for sequence in sorted(self._checkpoints))
        return PbftStorage(self.view, self.changing, self.state, checkpoints, self._proof)

    # Execution

    def _last_of(self, client: int) -> tuple[int, int]:
        """Return the number of a client's last executed request, and the place it was given."""
        for known, number, sequence in self.state.clients:
            if known == client:
                return number, sequence
        return 0, 0

    def _execute_ready(self) -> None:
        """Execute what is decided, in order and without gaps."""
        while (certificate := self.log.decided(self.state.sequence + 1)) is not None:
            place = certificate.pre_prepare.statement
            request = place.request.statement if place.request else None
            repeated = request is not None and request.number <= self._last_of(request.client)[0]
            sequence, data, clients = place.sequence, self.state.data, self.state.clients
            if request is not None and not repeated:
                data = self._execute_request(data, request)
                others = [each for each in clients if each[0] != request.client]
                clients = tuple(sorted([*others, (request.client, request.number, sequence)]))
            self.state = PbftState(sequence, data, clients)
            self._outbox.executed.append(Executed(sequence, place.view, request, repeated))
            if request is not None:
                self._answer(request.client)
            self._executed_one()
            if sequence % self.settings.checkpoint_interval == 0:
                self._checkpoint()

    def _answer(self, client: int) -> None:
        """Tell a client about its last request, which waits no longer."""
        number, sequence = self._last_of(client)
        self._send(client, self._sign(Reply(self.view, client, number, sequence)))
        if client in self._pending and self._pending[client].statement.number <= number:
            del self._pending[client], self._waited[client]

    # Checkpoints

    def _checkpoint(self) -> None:
        self._checkpoints[self.state.sequence] = self.state
        signed = self._sign(Checkpoint(self.state.sequence, self.state.digest))
        cast(self._checkpoint_votes.setdefault(self.state.sequence, {}), signed)
        self._multicast(signed)
        self._look_for_stable(self.state.sequence)

    def _take_checkpoint(self, signed: Signed[Checkpoint]) -> None:
        sequence = signed.statement.sequence
        if not self.log.within(sequence) or sequence % self.settings.checkpoint_interval:
            self._refuse(Refusal.STALE if sequence <= self.log.stable else Refusal.BEYOND)
            return
        self._refuse(cast(self._checkpoint_votes.setdefault(sequence, {}), signed))
        self._look_for_stable(sequence)

    def _look_for_stable(self, sequence: int) -> None:
        """Let a checkpoint that a quorum shares with this replica be the stable one."""
        state = self._checkpoints.get(sequence)
        if state is None:
            return
        votes = self._checkpoint_votes.get(sequence, {}).values()
        proof = tuple(vote for vote in votes if vote.statement.digest == state.digest)
        if len(proof) >= self.committee.quorum:
            self._take_stable(sequence, proof)

    def _take_stable(self, stable: int, proof: tuple[Signed[Checkpoint], ...]) -> None:
        if stable <= self.log.stable:
            return
        self._proof = proof
        self.log.collect(stable)
        for past in [sequence for sequence in self._checkpoints if sequence < stable]:
            del self._checkpoints[past]
        for past in [sequence for sequence in self._checkpoint_votes if sequence <= stable]:
            del self._checkpoint_votes[past]

    # State transfer

    def _fetch_from(self, member: int, executed: int) -> None:
        """Ask a member that is ahead for what it has, one member between two statuses."""
        if executed > self.state.sequence and not self._fetched:
            self._fetched = True
            self._send(member, self._sign(Fetch(self.state.sequence)))

    def _take_fetch(self, signed: Signed[Fetch]) -> None:
        executed, state = signed.statement.executed, None
        if executed < self.log.stable:
            state = self._checkpoints.get(self.log.stable)
            executed = self.log.stable
        decided = (self.log.decided(sequence) for sequence in range(executed + 1, self.log.high + 1))
        decisions = tuple(certificate for certificate in decided if certificate is not None)
        if state is not None or decisions:
            transfer = Transfer(state, self._proof if state else (), decisions)
            self._send(signed.signer, self._sign(transfer))

    def _take_transfer(self, signed: Signed[Transfer]) -> None:
        """Take over what is proved."""
        transfer = signed.statement
        if transfer.state is not None and transfer.state.sequence > self.state.sequence:
            self._take_state(transfer.state, transfer.proof)
        for certificate in transfer.decisions:
            sequence = certificate.pre_prepare.statement.sequence
            if not self.log.within(sequence) or sequence <= self.state.sequence:
                continue
            if not self.notary.is_decided(certificate):
                self._refuse(Refusal.INVALID)
                return
            slot = self.log.slot(sequence)
            if slot.decided is None:
                slot.decided = certificate
                self.log.changed.add(sequence)
        self._execute_ready()

    def _take_state(self, state: PbftState, proof: tuple[Signed[Checkpoint], ...]) -> None:
        fits = proof and proof[0].statement.digest == state.digest
        if not fits or state.sequence < self.log.stable or not self.notary.is_stable(state.sequence, proof):
            self._refuse(Refusal.INVALID)
            return
        self._take_stable(state.sequence, proof)
        self.state = state
        self._checkpoints[state.sequence] = state
        for client in list(self._pending):
            self._answer_if_executed(client)
        self._executed_one()

    def _answer_if_executed(self, client: int) -> None:
        if self._pending[client].statement.number <= self._last_of(client)[0]:
            self._answer(client)
