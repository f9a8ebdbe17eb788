"""Figures over many tasks, each with its interval, one list for each solver."""

from collections.abc import Callable, Sequence
from statistics import fmean

from algorithms.intervals import bootstrap_mean, wilson
from evals.crew.cells import Hits
from evals.crew.judging import Verdict, f1_score
from evals.protocol import Score

_TASKS = "bootstrap over tasks 95 %"


def figures(name: str, verdicts: Sequence[Verdict]) -> tuple[Score, ...]:
    """Return the figures of one solver; folders with a fault are counted apart."""
    sound = [each for each in verdicts if not each.fault]
    faulty = [each for each in verdicts if each.fault]
    known = [each for each in sound if each.known]
    told = {
        "contract met": share("", [each.met for each in sound]),
        "contract met, no cell wrong, no row lost": share("", [each.clean for each in known]),
        "rows at a right end": mean("", [each.rows[0] / each.rows[1] for each in known if each.rows[1]], "share"),
        "no row lost": share("", [not each.lost for each in verdicts if each.known]),
        "books balance": share("", [each.balanced for each in verdicts]),
        "cell F1": f1_score("", [Hits(*each.cells) for each in known], interval=_TASKS),
        "mapping F1": f1_score("", [Hits(*each.columns) for each in sound if each.columns[2]], interval=_TASKS),
        "faults mended": share("", [each.clean for each in faulty if each.known]),
        "faults published as if nothing were": share(
            "", [each.met and not each.clean for each in faulty if each.known]
        ),
        "right causes of faults not mended": share("", [bool(each.cause) for each in faulty if not each.met]),
        **{unit: mean("", [cost(each) for each in verdicts], unit) for unit, cost in COSTS.items()},
    }
    return tuple(score.model_copy(update={"name": f"{name}: {what}"}) for what, score in told.items() if score.n)


COSTS: dict[str, Callable[[Verdict], float]] = {
    "steps": lambda verdict: verdict.steps,
    "replans": lambda verdict: verdict.replans,
    "tokens": lambda verdict: verdict.tokens,
    "CPU seconds": lambda verdict: verdict.cpu,
}
"""What a task took, by unit."""


def share(name: str, held: Sequence[bool]) -> Score:
    """Return a share with its Wilson interval."""
    low, high = wilson(sum(held), len(held))
    value = sum(held) / max(1, len(held))
    return Score(name=name, value=value, low=low, high=high, n=len(held), interval="Wilson 95 %")


def mean(name: str, values: Sequence[float], unit: str) -> Score:
    """Return a mean with an interval over tasks."""
    low, high = bootstrap_mean([[value] for value in values])
    value = fmean(values) if values else 0.0
    return Score(name=name, value=value, low=low, high=high, n=len(values), interval=_TASKS, unit=unit)
