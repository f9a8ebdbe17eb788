"""Voters of the Byzantine vote with one planted bug each. A check that does not find them is no check."""

from dataclasses import replace

from algorithms.voting.byzantine import ByzantineVoter
from algorithms.voting.byzantine_count import adopted
from evals.consensus.vote_traitors import MakeVoter
from state.byzantine import BallotMessage, Board, Deed, SignedBallot, Suspicion


class KeepsFirst(ByzantineVoter):
    """Believes the first ballot of a voter and does not look at a second."""

    def _accept(self, ballot: SignedBallot) -> None:
        if ballot.voter not in self._accepted:
            super()._accept(ballot)


class KeepsLast(ByzantineVoter):
    """A later ballot of a voter takes the place of the earlier one."""

    def _accept(self, ballot: SignedBallot) -> None:
        self._accepted.pop(ballot.voter, None)
        super()._accept(ballot)


class PassesNothingOn(ByzantineVoter):
    """Counts what it got itself."""

    def step(self) -> list[BallotMessage]:
        """End a step, wrongly."""
        self._new = []
        return super().step()


class TakesShort(ByzantineVoter):
    """Accepts ballots with too few signatures for the step."""

    def receive(self, message: BallotMessage) -> None:
        """Take a message, wrongly."""
        steps, self.steps = self.steps, 0 if self.exchanging else self.steps
        super().receive(message)
        self.steps = steps


class ChecksNothing(ByzantineVoter):
    """Does not check signatures."""

    def _is_of(self, signer: int, content: bytes, signature: str) -> bool:  # noqa: ARG002
        return True


class ChecksOnlyVoter(ByzantineVoter):
    """Checks the signature of the voter, not of those who passed the ballot on."""

    def _genuine(self, ballot: SignedBallot) -> bool:
        own = tuple(mark for mark in ballot.signatures if mark[0] == ballot.voter)
        return super()._genuine(replace(ballot, signatures=own))


class CountsSignersTwice(ByzantineVoter):
    """Takes the same signature several times for several signatures."""

    def receive(self, message: BallotMessage) -> None:
        """Take a message, wrongly."""
        alone = tuple(dict.fromkeys(message.ballot.signatures))
        given = message.ballot
        if len(alone) < len(given.signatures) and self._genuine(replace(given, signatures=alone)):
            if self.exchanging and given.round == self.round:
                self._accept(replace(given, signatures=alone))
        else:
            super().receive(message)


class TakesOldRounds(ByzantineVoter):
    """Takes ballots of earlier rounds for ballots of this one."""

    def receive(self, message: BallotMessage) -> None:
        """Take a message, wrongly."""
        if message.ballot.round < self.round and self.exchanging and self._genuine(message.ballot):
            self._accept(message.ballot)
        else:
            super().receive(message)


class TakesOtherMotions(ByzantineVoter):
    """Takes ballots of another motion for ballots of this one."""

    def receive(self, message: BallotMessage) -> None:
        """Take a message, wrongly."""
        if message.ballot.motion != self._motion and self.exchanging and self._genuine(message.ballot):
            self._accept(message.ballot)
        else:
            super().receive(message)


class EndsEarly(ByzantineVoter):
    """Does f steps instead of f+1."""

    def step(self) -> list[BallotMessage]:
        """End a step, wrongly."""
        if self.exchanging and self.steps == self.tolerance - 1 > 0:
            self.steps += 1
        return super().step()


class NeedsFew(ByzantineVoter):
    """Adopts what f+1 ballots name."""

    def _count(self) -> None:
        super()._count()
        votes = list(self.boards[-1].choices.values())
        enough = [option for option in self.motion.options if votes.count(option) > self.tolerance]
        if self.result is not None and enough:
            self.result = self.result.model_copy(update={"winner": enough[0], "fallback": ""})


class CountsEquivocators(ByzantineVoter):
    """Names equivocators and counts their first ballot."""

    def _board(self) -> Board:
        board = super()._board()
        first = {place: ballots[0].choice for place, ballots in self._accepted.items() if place in board.equivocators}
        return Board(board.round, {**board.choices, **first}, board.equivocators)


class AccusesBearers(ByzantineVoter):
    """Names whoever passed the second ballot on."""

    def _suspect(self, voter: int, deed: Deed, proof: tuple[SignedBallot, ...]) -> None:
        if deed is Deed.EQUIVOCATION:
            voter = proof[-1].signatures[-1][0]
        super()._suspect(voter, deed, proof)


class NamesNoForger(ByzantineVoter):
    """Drops forged ballots and says nothing."""

    def _suspect(self, voter: int, deed: Deed, proof: tuple[SignedBallot, ...]) -> None:
        if deed is not Deed.FORGERY:
            super()._suspect(voter, deed, proof)


class NamesNobodyErratic(ByzantineVoter):
    """Does not look at how a voter's choices went."""

    def _suspect(self, voter: int, deed: Deed, proof: tuple[SignedBallot, ...]) -> None:
        if deed is not Deed.ERRATIC:
            super()._suspect(voter, deed, proof)


class ForgetsProofs(ByzantineVoter):
    """Names an equivocator without the two ballots."""

    def _suspect(self, voter: int, deed: Deed, proof: tuple[SignedBallot, ...]) -> None:
        super()._suspect(voter, deed, proof[:1])


class HidesFallback(ByzantineVoter):
    """Does not say that a simple majority decided."""

    def _count(self) -> None:
        super()._count()
        if self.result is not None:
            self.result = self.result.model_copy(update={"fallback": ""})


class DecidesByArrival(ByzantineVoter):
    """Where no option has enough, the one whose ballot came first wins."""

    def _count(self) -> None:
        super()._count()
        if self.result is not None and self.result.fallback and self.result.winner is None:
            came = [ballots[0].choice for ballots in self._accepted.values() if ballots[0].choice]
            self.result = self.result.model_copy(update={"winner": came[0] if came else None})


class ForgivesEquivocators(ByzantineVoter):
    """Counts in a later round whoever equivocated in an earlier one, if it alone saw no second ballot there."""

    def _board(self) -> Board:
        board = super()._board()
        again = {
            place: ballots[0].choice
            for place, ballots in self._accepted.items()
            if len(ballots) == 1 and place in board.equivocators and place != self.place
        }
        return Board(board.round, {**board.choices, **again}, board.equivocators)


class CountsOwnLead(ByzantineVoter):
    """Counts its own ballot twice."""

    def _count(self) -> None:
        super()._count()
        if self.result is None:
            board = self.boards[-1]
            place = next((each for each in range(len(self.voters)) if each not in board.choices), None)
            if place is not None:
                more = Board(board.round, {**board.choices, place: board.choices[self.place]}, board.equivocators)
                none: list[Suspicion] = []
                self.result = adopted(self.motion, self.voters, self.tolerance, [more], none)


BUGS: dict[str, MakeVoter] = {
    "believes the first ballot": KeepsFirst,
    "believes the last ballot": KeepsLast,
    "passes nothing on": PassesNothingOn,
    "accepts too few signatures": TakesShort,
    "checks no signatures": ChecksNothing,
    "checks only the voter's signature": ChecksOnlyVoter,
    "counts a signature twice": CountsSignersTwice,
    "takes ballots of earlier rounds": TakesOldRounds,
    "takes ballots of other motions": TakesOtherMotions,
    "ends a step early": EndsEarly,
    "adopts with f+1 ballots": NeedsFew,
    "counts equivocators": CountsEquivocators,
    "names the bearer of a ballot": AccusesBearers,
    "names no forger": NamesNoForger,
    "names nobody erratic": NamesNobodyErratic,
    "forgets the proof": ForgetsProofs,
    "hides the fallback": HidesFallback,
    "decides by arrival": DecidesByArrival,
    "forgives equivocators": ForgivesEquivocators,
    "counts its own ballot twice": CountsOwnLead,
}
