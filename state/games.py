"""Games: payoffs, profiles of strategies, equilibria with their certificates, and divisions among coalitions.

Figures are fractions wherever a result is called exact; what is not exact says how far it may be off.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

Matrix = tuple[tuple[Fraction, ...], ...]
"""Payoffs of one player: row i is the first player's strategy i, column j the second's strategy j."""

Mixed = tuple[Fraction, ...]
"""Probability of each strategy; they sum to one."""

Worth = Callable[[int], Fraction]
"""What a coalition can get on its own; player i is in the coalition `mask` where bit i is set. Of nobody it is 0."""


class Bimatrix(NamedTuple):
    """A game of two players in strategic form; both matrices have the same shape."""

    rows: Matrix  # payoffs of the first player
    columns: Matrix  # of the second

    @property
    def shape(self) -> tuple[int, int]:
        """Strategies of the first and of the second player."""
        return len(self.rows), len(self.rows[0])


class StrategicGame(NamedTuple):
    """A game of any number of players: `payoff(profile)` gives one payoff a player."""

    strategies: tuple[int, ...]  # of each player
    payoff: Callable[[tuple[int, ...]], tuple[Fraction, ...]]


class Certificate(NamedTuple):
    """What a profile of strategies is worth as an equilibrium: nobody gains more than `regret` by deviating alone."""

    regret: Fraction
    player: int  # who could gain it; of nobody the first
    strategy: int  # by which pure strategy


class Equilibrium(NamedTuple):
    """A profile of two players with their payoffs and its certificate."""

    first: Mixed
    second: Mixed
    payoffs: tuple[Fraction, Fraction]
    certificate: Certificate

    @property
    def pure(self) -> bool:
        """Whether nobody mixes."""
        return max(self.first) == 1 and max(self.second) == 1


class Equilibria(NamedTuple):
    """Equilibria of a game, in an order that hangs on the game alone."""

    found: tuple[Equilibrium, ...]
    complete: bool  # every extreme equilibrium is among them; where the game is not degenerate that is every one
    degenerate: bool  # mixtures of some of them may be equilibria, too


class Structure(NamedTuple):
    """What kind of game it is."""

    constant_sum: bool  # what one gains the other loses: payoffs add up to the same everywhere
    dominated: tuple[tuple[int, ...], tuple[int, ...]]  # strategies of each player that strict dominance takes out
    undominated: tuple[tuple[int, ...], tuple[int, ...]]  # those that are left
    cooperative_potential: Fraction  # how much better than the worst equilibrium all together could do; 0: not at all


class Division(NamedTuple):
    """What each player gets of what all are worth together; `error` is half of a 95 % interval, 0 if exact."""

    shares: tuple[Fraction, ...]
    error: tuple[float, ...]
    samples: int  # orders of players that were drawn; 0: all were counted


class Core(NamedTuple):
    """Whether the core has a point, and the proof: a point, or balanced coalitions that together ask for more."""

    point: tuple[Fraction, ...] | None
    objections: tuple[tuple[int, Fraction], ...]  # coalition (mask), weight; where there is no point
    asked: Fraction  # what balanced coalitions can ask for at most; above the worth of all there is no point


class Bargain(NamedTuple):
    """A point of agreement: a lottery over alternatives, what everybody expects of it, and how far it may be off."""

    lottery: tuple[Fraction, ...]
    expected: tuple[Fraction, ...]
    gap: Fraction  # no lottery has a logarithm of the Nash product that is larger by more than this; 0: exact
