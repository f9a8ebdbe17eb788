"""Members of the schema council that lie, each in a way of its own."""

import random
from collections.abc import Callable, Mapping
from types import MappingProxyType

from algorithms.mapping_council import SEATS, Question, Scores, judge
from algorithms.mapping_suspicion import CONTROL_MARK
from state.values import digest

Lie = Callable[[str, Question], Scores]


def inverted(seat: str, question: Question) -> Scores:
    """Say the opposite of what is measured."""
    return {
        pair: {aspect: 1.0 - score for aspect, score in said.items()} for pair, said in judge(seat, question).items()
    }


def at_random(seat: str, question: Question) -> Scores:
    """Say anything, another thing on every question."""
    rng = random.Random(digest([seat, question.evidence]))  # noqa: S311  a lie, not a secret
    return {pair: dict.fromkeys(_loud(seat), rng.random()) for pair in question.pairs}


def one_column(seat: str, question: Question) -> Scores:
    """Praise one source column for everything, and tell the truth on all others."""
    honest, praised = judge(seat, question), question.pairs[0][0] if question.pairs else -1
    return {
        pair: dict.fromkeys(_loud(seat), 1.0) if pair[0] == praised else honest.get(pair, {})
        for pair in question.pairs
        if pair[0] == praised or pair in honest
    }


def same_story(seat: str, question: Question) -> Scores:
    """Keep to one wrong story in all runs: which column is praised for which hangs on their names alone."""
    names = [column.name for column in question.evidence.sources]
    praised = {
        place: min(names, key=lambda name, wanted=target.name: digest([name, wanted]))  # type: ignore[misc]
        for place, target in enumerate(question.evidence.targets)
    }
    return {pair: dict.fromkeys(_loud(seat), float(names[pair[0]] == praised[pair[1]])) for pair in question.pairs}


def once(seat: str, question: Question) -> Scores:
    """Recognise control questions and answer them; lie about the sources of one contract column of any other."""
    honest = judge(seat, question)
    if not honest or all(target.name.endswith(CONTROL_MARK) for target in question.evidence.targets):
        return honest
    victim = max(honest)[1]
    return {pair: said if pair[1] != victim else _opposite(said) for pair, said in honest.items()}


LIES: Mapping[str, Lie] = MappingProxyType(
    {
        "inverted": inverted,
        "at random": at_random,
        "one column": one_column,
        "same story": same_story,
        "once": once,
    }
)
"""The lies by name."""


def _opposite(said: Mapping[str, float]) -> dict[str, float]:
    return {aspect: 1.0 - score for aspect, score in said.items()}


def _loud(seat: str) -> tuple[str, ...]:
    """Return the aspects that a member lies in: all of its seat."""
    return SEATS[seat]
