"""Byzantine votes drawn from a seed: some voters lie, some may be cut off, together never more than f."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from algorithms.voting.byzantine import ByzantineVoter
from algorithms.voting.byzantine_count import follow
from algorithms.voting.byzantine_group import NoTraitors, Played, Traitors, play
from evals.consensus.vote_safety import motion_of, violation
from evals.consensus.vote_traitors import Conspiracy, Drawn, KeyedHash, LastStep, MakeVoter
from state.byzantine import Board
from state.faults import Crash, FaultSchedule

_OPTIONS = ("red", "green", "blue")
_DOWN = 10_000  # rounds: for good


class Vote(NamedTuple):
    """A vote that was played."""

    violation: str | None
    winners: frozenset[str | None]  # of honest voters
    rounds: int
    steps: int  # of communication
    messages: int  # of honest voters
    fallbacks: int  # honest voters for whom the simple majority decided
    named: frozenset[int]


def drawn_vote(seed: int, number: int, make: MakeVoter = ByzantineVoter, traitors: int | None = None) -> Vote:
    """Play a vote among `number` voters; f of them lie or are cut off, or `traitors` of them lie."""
    draw = random.Random(f"vote {seed} {number}")  # noqa: S311  a simulation
    tolerance = (number - 1) // 3
    places = draw.sample(range(number), number)
    liars = places[: draw.randint(0, tolerance) if traitors is None else traitors]
    cut = places[len(liars) : tolerance][: draw.randint(0, 1)] if traitors is None else []
    options = _OPTIONS[: draw.randint(2, 3)]
    schedule = FaultSchedule(
        seed=seed,
        duplicate=draw.choice([0.0, 0.2]),
        crashes=tuple(Crash(member=place, first=draw.randint(1, 4), rounds=_DOWN) for place in cut),
    )
    united = draw.random() < 0.25  # noqa: PLR2004  a quarter of the groups agree from the start
    wish = draw.choice(options)
    choices: dict[int, str | None] = {
        place: wish if united else draw.choice([*options, *options, None])
        for place in range(number)
        if place not in liars
    }
    keys = KeyedHash(_names(number))
    motion = motion_of(options)
    conspiracy = Drawn({place: keys.signer(f"v{place}") for place in liars}, number, motion, draw)
    return _played(choices, conspiracy, keys, schedule, make, cut)


def broken_by_one_more(number: int, traitors: int) -> Vote:
    """Play the attack of the last step by as many traitors; honest voters are split evenly."""
    keys, motion = KeyedHash(_names(number)), motion_of(_OPTIONS[:2])
    choices: dict[int, str | None] = {place: _OPTIONS[place % 2] for place in range(number - traitors)}
    liars = range(number - traitors, number)
    conspiracy = LastStep({place: keys.signer(f"v{place}") for place in liars}, number, motion)
    return _played(choices, conspiracy, keys, FaultSchedule(), ByzantineVoter, (), rounds=1)


def united_vote(number: int) -> Vote:
    """Play a vote in which all are honest and agree: what a decision takes when nothing goes wrong."""
    keys = KeyedHash(_names(number))
    nobody = Conspiracy({}, number, motion_of(_OPTIONS[:2]))
    choices: dict[int, str | None] = dict.fromkeys(range(number), _OPTIONS[0])
    return _played(choices, nobody, keys, FaultSchedule(), ByzantineVoter, ())


def _played(
    choices: dict[int, str | None],
    conspiracy: Conspiracy,
    keys: KeyedHash,
    schedule: FaultSchedule,
    make: MakeVoter,
    cut: Sequence[int],
    rounds: int = 3,
) -> Vote:
    names, motion = _names(conspiracy.voters), conspiracy.motion
    tolerance = (len(names) - 1) // 3
    voters = {
        place: make(place, names, tolerance, motion, keys.signer(names[place]), keys, rounds) for place in choices
    }
    cast = {place: [choice or ""] for place, choice in choices.items()}

    def revise(boards: Sequence[Board], place: int, options: Sequence[str]) -> str | None:
        choice = follow(boards, place, options)
        cast[place].append(choice or "")
        return choice

    traitors: Traitors = conspiracy if isinstance(conspiracy, Drawn | LastStep) else NoTraitors()
    played: Played = play(voters, choices, traitors, schedule, revise)
    sound = {place: voter for place, voter in voters.items() if place not in cut}
    broken = violation(sound, {place: cast[place] for place in sound}, played, keys)
    results = [voter.result for voter in sound.values()]
    return Vote(
        broken,
        frozenset(result.winner for result in results if result is not None),
        max(voter.round for voter in sound.values()),
        played.steps,
        played.messages,
        sum(result is not None and bool(result.fallback) for result in results),
        frozenset(suspicion.voter for voter in sound.values() for suspicion in voter.suspicions),
    )


def _names(number: int) -> list[str]:
    return [f"v{place}" for place in range(number)]


def find_bug(make: MakeVoter, most: int = 400) -> tuple[str, int] | None:
    """Return the first violation by voters with a bug and how many votes it took; None if `most` do not show it."""
    for seed in range(most):
        found = drawn_vote(seed, (4, 7)[seed % 2], make).violation
        if found:
            return found, seed + 1
    return None
