"""The safety properties of agreement by stake, watched from outside while a group runs; traitors may do anything."""

from collections.abc import Iterable

from algorithms.consensus.authentication import Authenticator
from algorithms.consensus.signed_group import Round
from algorithms.consensus.stake_group import StakeGroup
from algorithms.consensus.stake_keeper import StakeOutput
from evals.consensus.safety import SafetyError
from state.pbft import Request
from state.signed import Signed, SignedMessage, Statement
from state.stake import Block, Decision, Phase, Proposal, StakeState, Vote

Place = tuple[int, int, str]  # height, round, digest


class StakeObserver:
    """Watches every round of a group; raises SafetyError as soon as a property does not hold."""

    def __init__(self, stakes: dict[int, int], traitors: Iterable[int] = ()) -> None:
        self.decided: dict[int, Block] = {}
        self.slashed: set[int] = set()
        self._stakes = {1: dict(stakes)}  # by height: what counts there
        self._traitors = frozenset(traitors)
        self._asked: set[tuple[int, int, str]] = set()
        self._done: set[tuple[int, int]] = set()
        self._said: dict[tuple[int, int, int, str], str] = {}
        self._prevotes: dict[Place, set[int]] = {}
        self._promised: dict[tuple[int, int], tuple[int, str]] = {}  # by member and height: the last precommit
        self._states: dict[int, StakeState] = {}
        self._heights: dict[int, int] = {}

    def watch(self, group: StakeGroup, played: Round[StakeOutput]) -> None:
        """Look at a round."""
        for message in played.sent:
            self._see_asked(message)
            self._see_prevote(message.signed)
        for member, outputs in played.outputs.items():
            if member in self._traitors:
                continue
            for output in outputs:
                for decision in output.decided:
                    self._see_decision(member, decision, group.authenticators[member])
            if outputs:
                self._see_state(member, group.storage[member].state)
        for message in played.sent:  # now, as a member may decide and vote on the next height in one round
            self._see_said(message)

    def _see_asked(self, message: SignedMessage) -> None:
        statement = message.signed.statement
        if isinstance(statement, Request) and message.sender == message.signed.signer == statement.client:
            self._asked.add((statement.client, statement.number, statement.data))

    def _see_prevote(self, signed: Signed[Statement]) -> None:
        statement = signed.statement
        if isinstance(statement, Vote) and statement.phase is Phase.PREVOTE:
            place = (statement.height, statement.round, statement.digest)
            self._prevotes.setdefault(place, set()).add(signed.signer)

    def _see_said(self, message: SignedMessage) -> None:
        """One statement for each phase of each round, and none against a lock."""
        signed, statement = message.signed, message.signed.statement
        own = message.sender == signed.signer and message.sender not in self._traitors
        if not own or not isinstance(statement, Vote | Proposal):
            return
        phase = statement.phase if isinstance(statement, Vote) else Phase.PROPOSE
        place = (signed.signer, statement.height, statement.round, phase)
        first = self._said.setdefault(place, statement.digest)
        if first != statement.digest:
            raise SafetyError("one vote for each round", f"{place} says {statement.digest!r} after {first!r}")
        if isinstance(statement, Vote) and statement.digest:
            self._see_lock(signed.signer, statement)

    def _see_lock(self, member: int, vote: Vote) -> None:
        key = (member, vote.height)
        promised = self._promised.get(key)
        if vote.phase is Phase.PRECOMMIT:
            if not self._decides(vote.height, self._prevotes.get((vote.height, vote.round, vote.digest), set())):
                raise SafetyError("precommits follow two thirds", f"{member} precommits {vote}")
            if promised is None or promised[0] < vote.round:
                self._promised[key] = (vote.round, vote.digest)
        elif promised is not None and promised[0] < vote.round and promised[1] != vote.digest:
            later = range(promised[0], vote.round)
            supported = (self._prevotes.get((vote.height, round_, vote.digest), set()) for round_ in later)
            if not any(self._decides(vote.height, members) for members in supported):
                raise SafetyError("locks", f"{member} prevotes {vote} though locked in round {promised[0]}")

    def _see_decision(self, member: int, decision: Decision, keys: Authenticator) -> None:
        """Agreement, total order, validity, proof by two thirds of stake."""
        block, height = decision.block, decision.block.height
        expected = self._heights.get(member, 0) + 1
        if height != expected:
            raise SafetyError("order without gaps", f"{member} decides {height}, expected {expected}")
        self._heights[member] = height
        said = Vote(height, decision.round, Phase.PRECOMMIT, block.digest)
        agreed = {
            vote.signer
            for vote in decision.precommits
            if vote.statement == said and keys.verify(vote.signer, said.text, vote.tag)
        }
        known = self.decided.get(height)
        if known is not None and known.digest != block.digest:
            raise SafetyError("agreement", f"{member} decides {block.digest} at {height}, another {known.digest}")
        if not self._decides(height, agreed):
            raise SafetyError("decisions of two thirds", f"{member} decides {height} with {sorted(agreed)}")
        if known is None:
            self._see_block(member, block)

    def _see_block(self, member: int, block: Block) -> None:
        self.decided[block.height] = block
        for each in block.requests:
            request = each.statement
            key = (request.client, request.number)
            if request.client not in self._traitors and (*key, request.data) not in self._asked:
                raise SafetyError("validity", f"{member} decides {request}, which nobody asked for")
            if key in self._done:
                raise SafetyError("decided once", f"{member} decides {request} again")
            self._done.add(key)
        blamed = {evidence.first.signer for evidence in block.evidence}
        if blamed - self._traitors:
            raise SafetyError("only traitors are slashed", f"{member} decides to slash {sorted(blamed)}")
        self.slashed |= blamed
        stakes = dict(self._stakes[block.height])
        for each in block.requests:
            words = each.statement.data.split()
            if words[:1] == ["stake"]:
                stakes[int(words[1])] = int(words[2])
        self._stakes[block.height + 1] = {who: 0 if who in self.slashed else stake for who, stake in stakes.items()}

    def _see_state(self, member: int, state: StakeState) -> None:
        if dict(state.stakes) != self._stakes[state.height + 1]:
            raise SafetyError("stakes change by decisions", f"{member} has {state.stakes} after {state.height}")
        if self._states.setdefault(state.height, state) != state:
            raise SafetyError("the same states", f"{member} has another state at {state.height}")

    def _decides(self, height: int, members: set[int]) -> bool:
        stakes = self._stakes.get(height, {})
        return 3 * sum(stakes.get(member, 0) for member in members) > 2 * sum(stakes.values())
