"""Ranked ballots: who beats every other in pairs wins; where nobody does, who has the most points.

Source: D. Black, The Theory of Committees and Elections (1958). The rule elects whoever beats all others in pairs and
never whoever loses to all others; being ranked higher never harms. It is not proof against clones of an option.
Options that a ballot leaves out share the last ranks.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction


def preferences(options: Sequence[str], ranking: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs (better, worse) that a ranking states."""
    rest = [option for option in options if option not in ranking]
    return [(better, worse) for place, better in enumerate(ranking) for worse in (*ranking[place + 1 :], *rest)]


def points(options: Sequence[str], ranking: Sequence[str]) -> dict[str, Fraction]:
    """Return the points of every option (Borda): the options below it, and half of those beside it."""
    beside = len(options) - len(ranking)
    given = {option: Fraction(len(options) - 1 - place) for place, option in enumerate(ranking)}
    return {option: given.get(option, Fraction(beside - 1, 2)) for option in options}


def pair_weights(
    options: Sequence[str], weighed: Iterable[tuple[Sequence[str], Fraction]]
) -> dict[tuple[str, str], Fraction]:
    """Return the weight of the rankings that put the first of a pair above the second."""
    pairs: dict[tuple[str, str], Fraction] = {}
    for ranking, weight in weighed:
        for pair in preferences(options, ranking):
            pairs[pair] = pairs.get(pair, Fraction(0)) + weight
    return pairs


def beats_all(
    options: Sequence[str],
    least: Mapping[tuple[str, str], Fraction],
    most: Mapping[tuple[str, str], Fraction],
    margin: Fraction,
) -> str | None:
    """Return the option that beats every other by more than `margin`, if one does.

    `least` and `most` bound the weight of every pair; they are the same where nothing is outstanding.
    """
    for option in options:
        others = (other for other in options if other != option)
        if all(least.get((option, other), 0) - most.get((other, option), 0) > margin for other in others):
            return option
    return None
