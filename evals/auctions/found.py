"""How a task of the suite ended."""

from evals.protocol import Score
from state.values import Value


class Found(Value):
    """Scores with their intervals, what there is to tell, and whether all that was promised held."""

    scores: tuple[Score, ...]
    told: tuple[str, ...] = ()
    right: bool = True
