"""Traitors among voters: they know all, act together, and try what the protocol must withstand."""

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence

from algorithms.voting.byzantine import ByzantineVoter
from state.byzantine import BallotMessage, SignedBallot
from state.signing import Signer
from state.values import digest
from state.voting import Motion

MakeVoter = type[ByzantineVoter]


class KeyedHash:
    """Signatures for simulations: a keyed hash that only the holder of the signer can make. Fast, no cryptography."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)

    def signer(self, name: str) -> "KeyedSigner":
        """Return what signs in a name."""
        return KeyedSigner(name, self.mark)

    def mark(self, name: str, data: bytes) -> str:
        """Return the signature of the data in a name."""
        return hashlib.blake2b(data, key=name.encode(), digest_size=16).hexdigest()

    def verify(self, signer: str, data: bytes, signature: str) -> bool:
        """Return whether it is that signer's."""
        return signer in self._names and self.mark(signer, data) == signature


class KeyedSigner:
    """Signs in one name."""

    def __init__(self, name: str, mark: Callable[[str, bytes], str]) -> None:
        self._name, self._mark = name, mark

    @property
    def name(self) -> str:
        """In whose name it signs."""
        return self._name

    def sign(self, data: bytes) -> str:
        """Return the signature."""
        return self._mark(self._name, data)


class Conspiracy:
    """What all kinds of traitors can do: sign in their own names, and send."""

    def __init__(self, signers: Mapping[int, Signer], voters: int, motion: Motion) -> None:
        self.signers, self.voters, self.motion = signers, voters, motion
        self.honest = [place for place in range(voters) if place not in signers]

    def ballot(self, round_: int, voter: int, choice: str, signers: Sequence[int]) -> SignedBallot:
        """Return a traitor's ballot signed by traitors."""
        blank = SignedBallot(digest(self.motion), round_, voter, choice, ())
        marks = tuple((place, self.signers[place].sign(blank.content)) for place in signers)
        return SignedBallot(blank.motion, round_, voter, choice, marks)

    def send(self, round_: int, sender: int, recipient: int, ballot: SignedBallot) -> BallotMessage:
        """Return a message that says it is of this round."""
        return BallotMessage(sender, recipient, digest(self.motion), round_, ballot)


class LastStep(Conspiracy):
    """The attack that f+1 traitors succeed with: a second ballot, shown to one voter in the last step.

    The first traitor votes for the first option. In the last step the last one gives one honest voter another ballot
    of the first, signed by all traitors: with f+1 signatures it must be accepted, and it is too late to pass it on.
    """

    def act(self, round_: int, step: int, seen: Sequence[BallotMessage]) -> list[BallotMessage]:  # noqa: ARG002
        """Return what they send in a step."""
        places = sorted(self.signers)
        if step == 1:
            ballot = self.ballot(round_, places[0], self.motion.options[0], places[:1])
            return [self.send(round_, places[0], place, ballot) for place in self.honest]
        if step == len(places):
            ballot = self.ballot(round_, places[0], self.motion.options[1], places)
            return [self.send(round_, places[-1], self.honest[0], ballot)]
        return []


class Drawn(Conspiracy):
    """Each traitor does in each step something drawn: equivocates, holds back, forges, repeats, plays along."""

    def __init__(self, signers: Mapping[int, Signer], voters: int, motion: Motion, draw: random.Random) -> None:
        super().__init__(signers, voters, motion)
        self._draw = draw
        self._known: list[SignedBallot] = []  # ballots of honest voters, of all rounds
        self._style = {place: draw.choice(["steady", "fickle", "two-faced", "silent"]) for place in signers}
        self._first = {place: draw.choice(motion.options) for place in signers}
        self._tricks = (self._late, self._short, self._forged, self._doubled, self._repeated, self._foreign, self._odd)

    def act(self, round_: int, step: int, seen: Sequence[BallotMessage]) -> list[BallotMessage]:
        """Return what they send in a step."""
        self._known += [message.ballot for message in seen]
        found = [message for place in self.signers for message in self._vote(round_, place)] if step == 1 else []
        for place in self.signers:
            if self._draw.random() < 0.4:  # noqa: PLR2004  each traitor does a trick in two of five steps
                trick = self._draw.choice(self._tricks)
                ballot = trick(round_, step, place)
                found += [self.send(round_, place, to, ballot) for to in self._some()] if ballot else []
        return found

    def _vote(self, round_: int, place: int) -> list[BallotMessage]:
        style, options = self._style[place], self.motion.options
        if style == "silent":
            return []
        at = options.index(self._first[place])
        choice = options[(at + round_ - 1) % 2] if style == "fickle" else self._first[place]
        found = []
        for to in self.honest if self._draw.random() < 0.7 else self._some():  # noqa: PLR2004  often to all
            other = self._draw.choice(options) if style == "two-faced" else choice
            found.append(self.send(round_, place, to, self.ballot(round_, place, other, [place])))
        return found

    def _some(self) -> list[int]:
        return self._draw.sample(self.honest, self._draw.randint(1, len(self.honest)))

    def _late(self, round_: int, step: int, place: int) -> SignedBallot | None:
        """Return a new ballot with as many signatures as the step needs, if they are as many."""
        others = [other for other in self.signers if other != place]
        if len(others) < step - 1:
            return None
        return self.ballot(round_, place, self._draw.choice(self.motion.options), [place, *others[: step - 1]])

    def _short(self, round_: int, step: int, place: int) -> SignedBallot | None:  # noqa: ARG002
        """Return a new ballot, whatever the step, with one signature."""
        return self.ballot(round_, place, self._draw.choice(self.motion.options), [place])

    def _forged(self, round_: int, step: int, place: int) -> SignedBallot | None:  # noqa: ARG002
        """Return a ballot in an honest name, or with the signature of an honest voter that it has not given."""
        victim = self._draw.choice(self.honest)
        ballot = self.ballot(round_, place, self._draw.choice(self.motion.options), [place])
        if self._draw.random() < 0.5:  # noqa: PLR2004
            fake = ((victim, "00" * 16), *ballot.signatures)
            return SignedBallot(ballot.motion, round_, victim, ballot.choice, fake)
        fakes = tuple((other, "00" * 16) for other in self.honest)
        return SignedBallot(ballot.motion, round_, place, ballot.choice, (*ballot.signatures, *fakes))

    def _doubled(self, round_: int, step: int, place: int) -> SignedBallot | None:
        """Return a new ballot with the same signature as often as the step needs signatures."""
        ballot = self.ballot(round_, place, self._draw.choice(self.motion.options), [place])
        marks = ballot.signatures * (step + 1)
        return SignedBallot(ballot.motion, round_, place, ballot.choice, marks)

    def _repeated(self, round_: int, step: int, place: int) -> SignedBallot | None:  # noqa: ARG002
        """Return an honest voter's ballot of an earlier round."""
        earlier = [ballot for ballot in self._known if ballot.round < round_]
        return self._draw.choice(earlier) if earlier else None

    def _foreign(self, round_: int, step: int, place: int) -> SignedBallot | None:  # noqa: ARG002
        """Return an own ballot of another motion."""
        blank = SignedBallot("another motion", round_, place, self.motion.options[0], ())
        mark = self.signers[place].sign(blank.content)
        return SignedBallot(blank.motion, round_, place, blank.choice, ((place, mark),))

    def _odd(self, round_: int, step: int, place: int) -> SignedBallot | None:
        """Return a ballot for what is no option."""
        return self.ballot(round_, place, "no such option", [place]) if step == 1 else None
