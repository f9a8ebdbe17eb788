"""Voting among voters of which some lie: all honest voters get the same ballots, so they count the same result.

Every round of voting is an exchange of signed ballots in f+1 steps: a voter passes on each ballot that is new to it,
with its own signature added, and accepts a ballot in step k only with k signatures of different voters. A voter of
whom two ballots are accepted has equivocated, and neither counts. An option that n-f ballots name is adopted; n being
at least 3f+1, most of those are honest, and when all honest voters agree nothing else can be. Otherwise the voters see
the ballots and vote again; after the last round, or once nobody has moved, the simple majority of the last ballots
decides, and that is said.

Assumed: links are authenticated and deliver within a step (the network is synchronous), signatures cannot be forged.
A voter cut off by the network counts among the f.

Source of the exchange: D. Dolev and H. R. Strong, Authenticated algorithms for Byzantine agreement, SIAM Journal on
Computing 12 (1983). It is a machine without input or output: `cast`, then f+1 times deliver by `receive` and `step`.
"""

from collections.abc import Sequence

from algorithms.voting.byzantine_count import adopted, erratic, fallback
from state.byzantine import BallotMessage, Board, Deed, SignedBallot, Suspicion
from state.signing import Signer, Verifier
from state.values import digest
from state.voting import Motion, VotingResult

ROUNDS = 3
"""Most rounds of voting."""

_EVIDENCE = 2  # ballots of one voter that are kept: two prove an equivocation


class ByzantineVoter:
    """An honest voter. `voters` are the names of all, in the order of their places; `place` is its own."""

    def __init__(
        self,
        place: int,
        voters: Sequence[str],
        tolerance: int,
        motion: Motion,
        signer: Signer,
        verifier: Verifier,
        rounds: int = ROUNDS,
    ) -> None:
        if len(voters) < 3 * tolerance + 1:
            raise ValueError(f"{len(voters)} voters do not bear {tolerance} traitors: at least 3f+1 are needed")
        self.place, self.voters, self.tolerance, self.motion = place, tuple(voters), tolerance, motion
        self.round = 0
        self.steps = 0  # steps done in this round
        self.result: VotingResult | None = None
        self.boards: list[Board] = []
        self.suspicions: list[Suspicion] = []
        self.rounds = rounds  # at most
        self._signer, self._verifier = signer, verifier
        self._motion = digest(motion)
        self._accepted: dict[int, list[SignedBallot]] = {}
        self._new: list[SignedBallot] = []
        self._checked: set[tuple[int, bytes, str]] = set()

    @property
    def exchanging(self) -> bool:
        """Whether ballots of a round are on their way."""
        return self.round > 0 and self.steps <= self.tolerance

    def cast(self, choice: str | None) -> list[BallotMessage]:
        """Begin the next round with a choice (None abstains); return its messages.

        ValueError while a round goes on, once there is a result, and for what is no option.
        """
        if self.exchanging or self.result is not None:
            raise ValueError("no ballot is awaited")
        if choice is not None and choice not in self.motion.options:
            raise ValueError(f"{choice!r} is no option")
        self.round += 1
        self.steps = 0
        self._checked.clear()
        ballot = self._signed(SignedBallot(self._motion, self.round, self.place, choice or "", ()))
        self._accepted = {self.place: [ballot]}
        self._new = []
        return self._to_all(ballot)

    def receive(self, message: BallotMessage) -> None:
        """Take a message of this step. What is late, doubled or for another vote is passed over."""
        if not self.exchanging or (message.motion, message.round) != (self._motion, self.round):
            return
        ballot = message.ballot
        if (ballot.motion, ballot.round) != (self._motion, self.round):
            self._suspect(message.sender, Deed.REPETITION, (ballot,))
        elif not self._genuine(ballot):
            self._suspect(message.sender, Deed.FORGERY, ())
        elif len(ballot.signers) > self.steps:
            self._accept(ballot)

    def step(self) -> list[BallotMessage]:
        """End a step: return what is passed on; after the last step the round is counted instead."""
        if not self.exchanging:
            return []
        self.steps += 1
        if not self.exchanging:
            self._count()
            return []
        passed = [message for ballot in self._new for message in self._to_all(self._signed(ballot))]
        self._new = []
        return passed

    def _accept(self, ballot: SignedBallot) -> None:
        known = self._accepted.setdefault(ballot.voter, [])
        if len(known) < _EVIDENCE and all(other.choice != ballot.choice for other in known):
            known.append(ballot)
            self._new.append(ballot)

    def _genuine(self, ballot: SignedBallot) -> bool:
        """Whether all signatures are of their signers, each signs once, and the voter is one of them."""
        signers = ballot.signers
        if len(signers) < len(ballot.signatures) or ballot.voter not in signers:
            return False
        return all(self._is_of(signer, ballot.content, signature) for signer, signature in ballot.signatures)

    def _is_of(self, signer: int, content: bytes, signature: str) -> bool:
        key = (signer, content, signature)
        if key in self._checked:
            return True
        known = 0 <= signer < len(self.voters) and self._verifier.verify(self.voters[signer], content, signature)
        if known:
            self._checked.add(key)
        return known

    def _signed(self, ballot: SignedBallot) -> SignedBallot:
        """Return the ballot with the own signature added."""
        own = (self.place, self._signer.sign(ballot.content))
        signatures = (*ballot.signatures, own)
        return SignedBallot(ballot.motion, ballot.round, ballot.voter, ballot.choice, signatures)

    def _to_all(self, ballot: SignedBallot) -> list[BallotMessage]:
        """Return messages to everyone who has not signed the ballot."""
        signers = ballot.signers
        others = (place for place in range(len(self.voters)) if place not in signers)
        return [BallotMessage(self.place, other, self._motion, self.round, ballot) for other in others]

    def _count(self) -> None:
        """Post the ballots of the round, name who is suspicious, and decide if that can be done."""
        self.boards.append(self._board())
        for voter, deed in erratic(self.boards):
            self._suspect(voter, deed, ())
        self.result = adopted(self.motion, self.voters, self.tolerance, self.boards, self.suspicions)
        if self.result is None and (self.round >= self.rounds or self._nobody_moved()):
            self.result = fallback(self.motion, self.voters, self.tolerance, self.boards, self.suspicions)

    def _board(self) -> Board:
        choices: dict[int, str] = {}
        equivocators = {place for board in self.boards for place in board.equivocators}
        for voter, ballots in sorted(self._accepted.items()):
            if len(ballots) > 1:
                equivocators.add(voter)
                self._suspect(voter, Deed.EQUIVOCATION, tuple(ballots))
            elif ballots[0].choice and ballots[0].choice not in self.motion.options:
                self._suspect(voter, Deed.MALFORMED, tuple(ballots))
            elif voter not in equivocators:
                choices[voter] = ballots[0].choice
        return Board(self.round, choices, frozenset(equivocators))

    def _nobody_moved(self) -> bool:
        return len(self.boards) > 1 and self.boards[-1].choices == self.boards[-2].choices

    def _suspect(self, voter: int, deed: Deed, proof: tuple[SignedBallot, ...]) -> None:
        if all((known.voter, known.deed) != (voter, deed) for known in self.suspicions):
            self.suspicions.append(Suspicion(voter, deed, self.round, proof))
