"""The part of a stake replica that outlives a height: requests, evidence, decisions and what is kept."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from algorithms.consensus.authentication import Authenticator
from algorithms.consensus.speaker import Speaker
from algorithms.consensus.stake_certificates import StakeNotary, Stakes, changed_stakes, round_of, stake_change
from state.pbft import Request
from state.signed import Refusal, Signed, SignedMessage, Statement
from state.stake import (
    Block,
    Decision,
    Decisions,
    DoubleSigning,
    Opening,
    Phase,
    PrevoteCertificate,
    Proposal,
    StakeSettings,
    StakeStorage,
    Vote,
)

ApplyBlock = Callable[[str, Block], str]
"""The application: its state and a block give the next state. It must be the same function in all replicas."""

_MOST_SENT = 8  # decisions in one message


def chained_blocks(data: str, block: Block) -> str:
    """Return the application state that only tells which blocks came in which order: a hash chain."""
    return sha256(f"{data} {block.digest}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class StakeOutput:
    """What is to be kept, then sent and applied, in this order."""

    kept_state: StakeStorage  # without decisions
    messages: tuple[SignedMessage, ...] = ()
    decided: tuple[Decision, ...] = ()

    def kept(self, storage: StakeStorage) -> StakeStorage:
        """Return storage with what is to be kept."""
        return replace(self.kept_state, decisions=storage.decisions + self.decided)


class StakeKeeper(Speaker):
    """The chain of decisions and what waits to be decided. Rounds and votes are added by `StakeReplica`."""

    def __init__(
        self,
        member: int,
        authenticator: Authenticator,
        storage: StakeStorage,
        settings: StakeSettings | None = None,
        apply: ApplyBlock = chained_blocks,
    ) -> None:
        super().__init__(member, tuple(each for each, _ in storage.state.stakes), authenticator)
        self.settings = settings or StakeSettings()
        self.notary = StakeNotary(authenticator)
        self.state, self.round, self.phase = storage.state, storage.round, storage.phase
        self.locked, self.valid = storage.locked, storage.valid
        self.decisions = list(storage.decisions)
        self.evidence: dict[int, DoubleSigning] = {}  # by who is to be slashed
        self._own_votes, self._own_proposals = list(storage.votes), list(storage.proposals)
        self._own_requests = storage.requests
        self._pool: dict[tuple[int, int], Signed[Request]] = {}  # by member and number
        for request in storage.requests:
            self._pool[(member, request.statement.number)] = request
        self._apply_block = apply
        self._decided: list[Decision] = []
        self._seen: dict[tuple[int, tuple[int, int, str]], Signed[Any]] = {}  # by signer and round, of this height
        self._was_kept = self._to_keep()

    @abstractmethod
    def _begin_height(self) -> None:
        """Forget the votes of the height that was decided, and begin the next."""

    def approves(self, request: Request) -> bool:
        """Whether this replica supports a request: changes of stake only where a subclass has grounds to.

        Where a third of stake refuses, it is not decided.
        """
        return stake_change(request) is None

    @property
    def height(self) -> int:
        """The height that is worked on."""
        return self.state.height + 1

    @property
    def stakes(self) -> Stakes:
        """What each member weighs at this height."""
        return Stakes(self.state.stakes)

    # Requests

    def propose(self, data: str) -> int:
        """Ask for something; return the number that it has among this member's requests."""
        numbers = [dict(self.state.asked).get(self.id, 0), *(each.statement.number for each in self._own_requests)]
        request = self._sign(Request(self.id, max(numbers) + 1, data))
        self._own_requests += (request,)
        self._pool[(self.id, request.statement.number)] = request
        self._multicast(request)
        return request.statement.number

    def _take_request(self, signed: Signed[Request]) -> None:
        request = signed.statement
        if signed.signer != request.client:
            self._refuse(Refusal.FORGED)
        elif request.number <= dict(self.state.asked).get(request.client, 0):
            self._refuse(Refusal.STALE)
        elif (request.client, request.number) in self._pool:
            self._refuse(Refusal.DUPLICATE)
        elif not self.approves(request):
            self._refuse(Refusal.UNWANTED)
        else:
            self._pool[(request.client, request.number)] = signed

    def _next_block(self) -> Block:
        """Return what this replica would have decided next."""
        last = dict(self.state.asked)
        requests: list[Signed[Request]] = []
        for (member, number), request in sorted(self._pool.items()):
            if number == last.get(member, 0) + 1 and len(requests) < self.settings.most_requests:
                last[member] = number
                requests.append(request)
        evidence = tuple(self.evidence[member] for member in sorted(self.evidence))
        return Block(self.height, self.state.previous, tuple(requests), evidence)

    @property
    def _is_idle(self) -> bool:
        """Whether there is nothing that could be decided."""
        last = dict(self.state.asked)
        return not self.evidence and all(number != last.get(member, 0) + 1 for member, number in self._pool)

    # Evidence

    def _note(self, signed: Signed[Vote] | Signed[Opening]) -> Refusal | None:
        """Remember what was signed; what contradicts it is evidence."""
        first = self._seen.setdefault((signed.signer, round_of(signed.statement)), signed)
        if first.statement.digest == signed.statement.digest:
            return None if first is signed else Refusal.DUPLICATE
        if signed.signer not in self.state.slashed:
            self.evidence.setdefault(signed.signer, DoubleSigning(first, signed))
        return Refusal.CONFLICTING

    # Decisions

    def _decide(self, decision: Decision) -> None:
        block = decision.block
        stakes, slashed = changed_stakes(self.state, block)
        asked = dict(self.state.asked)
        for request in block.requests:
            asked[request.statement.client] = request.statement.number
        self.state = replace(
            self.state,
            stakes=stakes,
            height=block.height,
            previous=block.digest,
            data=self._apply_block(self.state.data, block),
            asked=tuple(sorted(asked.items())),
            slashed=slashed,
        )
        self.decisions.append(decision)
        self._decided.append(decision)
        self._forget_decided(asked)
        self.round, self.phase, self.locked, self.valid = 0, Phase.PROPOSE, None, None
        self._own_votes, self._own_proposals, self._seen = [], [], {}
        self._begin_height()

    def _forget_decided(self, asked: dict[int, int]) -> None:
        self._pool = {key: request for key, request in self._pool.items() if key[1] > asked.get(key[0], 0)}
        self._own_requests = tuple(
            request for request in self._own_requests if request.statement.number > asked.get(self.id, 0)
        )
        self.evidence = {who: proof for who, proof in self.evidence.items() if who not in self.state.slashed}

    def _take_decisions(self, signed: Signed[Decisions]) -> None:
        """Take over what is proved, in order: the stakes that count are those of the decision before."""
        for decision in signed.statement.decisions:
            if decision.block.height != self.height:
                continue
            proved = self.notary.is_decided(decision, self.stakes)
            if not proved or not self.notary.is_block(decision.block, self.state):
                self._refuse(Refusal.INVALID)
                return
            self._decide(decision)

    def _send_decisions(self, member: int, height: int) -> None:
        """Send a member the decisions from a height on."""
        if 0 < height <= self.state.height:
            missing = tuple(self.decisions[height - 1 : height - 1 + _MOST_SENT])
            self._send(member, self._sign(Decisions(missing)))

    # What it gives back

    @property
    def has_output(self) -> bool:
        """Whether there is something to keep, to send or to apply."""
        return bool(self._messages or self._decided) or self._was_kept != self._to_keep()

    def output(self) -> StakeOutput:
        """Return what is to be kept, sent and applied since the last output."""
        output = StakeOutput(self._to_keep(), tuple(self._messages), tuple(self._decided))
        self._was_kept, self._messages, self._decided = output.kept_state, [], []
        return output

    def _to_keep(self) -> StakeStorage:
        votes, proposals = tuple(self._own_votes), tuple(self._own_proposals)
        position = (self.round, self.phase, self.locked, self.valid)
        return StakeStorage(self.state, *position, votes, proposals, self._own_requests)

    def _genuine(self, signed: Signed[Statement]) -> bool:
        return self.notary.genuine(signed)


def opening_of(signed: Signed[Proposal]) -> Signed[Opening]:
    """Return what the leader signed, without the block: the signature is the same."""
    return Signed(signed.signer, signed.statement.opening, signed.tag)


def certificate_votes(certificate: PrevoteCertificate | None) -> tuple[Signed[Vote], ...]:
    """Return the votes of a certificate, if there is one."""
    return certificate.prevotes if certificate else ()
