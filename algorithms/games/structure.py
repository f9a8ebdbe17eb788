"""What kind of game it is: constant sum, strict dominance by pure and mixed strategies, what cooperation would gain."""

from collections.abc import Sequence
from fractions import Fraction

from algorithms.games.enumeration import all_equilibria, can_enumerate
from algorithms.games.lemke_howson import one_equilibrium
from state.games import Bimatrix, Equilibria, Matrix, Structure


def equilibria_of(game: Bimatrix) -> Equilibria:
    """Return all extreme equilibria of a game that is small enough, else one, and say which."""
    if can_enumerate(game):
        return all_equilibria(game)
    return Equilibria((one_equilibrium(game),), complete=False, degenerate=False)


def structure_of(game: Bimatrix, equilibria: Equilibria | None = None) -> Structure:
    """Return the structure of a game; `equilibria` are those known of it."""
    known = equilibria or equilibria_of(game)
    cells = [
        (mine, theirs) for left, right in zip(*game, strict=True) for mine, theirs in zip(left, right, strict=True)
    ]
    best = max(mine + theirs for mine, theirs in cells)
    worst = min(sum(each.payoffs) for each in known.found)
    left = _undominated(game)
    gone = tuple(
        tuple(each for each in range(count) if each not in kept) for count, kept in zip(game.shape, left, strict=True)
    )
    return Structure(
        constant_sum=len({mine + theirs for mine, theirs in cells}) == 1,
        dominated=(gone[0], gone[1]),
        undominated=left,
        cooperative_potential=best - worst,
    )


def _undominated(game: Bimatrix) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return what is left when strictly dominated strategies are taken out as long as there are any."""
    left = tuple(range(game.shape[0])), tuple(range(game.shape[1]))
    columns: Matrix = tuple(zip(*game.columns, strict=True))
    while True:
        mine = _kept(game.rows, left[0], left[1])
        theirs = _kept(columns, left[1], mine)
        if (mine, theirs) == left:
            return left
        left = mine, theirs


def _kept(payoffs: Matrix, own: Sequence[int], others: Sequence[int]) -> tuple[int, ...]:
    kept = list(own)
    for each in own:
        rivals = [other for other in kept if other != each]
        if rivals and _is_dominated(payoffs, each, rivals, others):
            kept.remove(each)
    return tuple(kept)


def _is_dominated(payoffs: Matrix, each: int, rivals: Sequence[int], others: Sequence[int]) -> bool:
    """Return whether a mixture of the rivals earns more than `each` whatever the other player does.

    It does where the game of what it earns more, against one who wants that small, has a value above zero.
    """
    more = tuple(tuple(payoffs[rival][other] - payoffs[each][other] for other in others) for rival in rivals)
    if any(min(row) > 0 for row in more):
        return True
    if all(min(column) <= 0 and max(column) <= 0 for column in zip(*more, strict=True)):
        return False
    against = tuple(tuple(-entry for entry in row) for row in more)
    return one_equilibrium(Bimatrix(more, against)).payoffs[0] > Fraction(0)
