"""The suite `games`: known games, ten thousand drawn ones, axioms, and planted bugs that the judge must find."""

import json
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from algorithms.games.enumeration import all_equilibria
from algorithms.games.lemke_howson import one_equilibrium
from algorithms.intervals import wilson
from evals.games.axioms import bargaining_faults, core_faults, many_faults, shapley_faults
from evals.games.bugs import BUGS
from evals.games.judging import fault_of, regret_of
from evals.games.known import TEXTBOOKS, VON_STENGEL_COUNT, drawn_game, von_stengel
from evals.protocol import About, Score, Task, TaskResult
from tools.files import write_durably

_GAMES = 10_000
_CASES = 1_000
_UNTIL_FOUND = 500
_MOST_TOLD = 20

Found = dict[str, Any]
_AXIOMS: dict[str, Callable[[int], list[str]]] = {
    "Shapley value: axioms": shapley_faults,
    "Nash bargain of two: axioms": bargaining_faults,
    "Nash bargain of more: stated gap": many_faults,
    "core: proof either way": core_faults,
}


class Games:
    """Are equilibria what they are called, all of them, in every game."""

    name = "games"
    description = "games: all 75 equilibria of a 6x6 game, 10,000 drawn games, textbook games, axioms, planted bugs"
    about = About(
        tasks="drawn games, textbook games, axioms, planted bugs",
        data="none",
        scorers="shares of right answers by an independent judge (Wilson)",
        time="half a minute",
    )

    def __init__(self, games: int = _GAMES, cases: int = _CASES) -> None:
        self._games, self._cases = games, cases

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:  # noqa: ARG002  it judges no tables
        """Return the tasks: known games, drawn games, each kind of axioms, each planted bug."""
        names = ["known games", "drawn games", *_AXIOMS, *(f"bug: {name}" for name in BUGS)]
        return [Task(task_id=name, inputs={}) for name in names]

    def solve(self, task: Task, out: Path) -> None:
        """Write what was found: how many were right of how many, and what was wrong."""
        if task.task_id == "known games":
            found = _known()
        elif task.task_id == "drawn games":
            found = _drawn(self._games)
        elif task.task_id in _AXIOMS:
            faults = [_AXIOMS[task.task_id](seed) for seed in range(self._cases)]
            wrong = [f"seed {seed}: {', '.join(each)}" for seed, each in enumerate(faults) if each]
            found = _told(len(faults) - len(wrong), len(faults), wrong)
        else:
            found = _bug(task.task_id.removeprefix("bug: "))
        write_durably(out / "found.json", json.dumps(found, indent=1).encode())

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the share that is right, figures beside it, and what was wrong."""
        found = json.loads((out / "found.json").read_text(encoding="utf-8"))
        shares = [_share(task.task_id, found["right"], found["asked"])]
        for name, (value, unit) in found["figures"].items():
            one = Score(name=name, value=value, low=value, high=value, n=found["asked"], interval="exact", unit=unit)
            shares.append(one)
        return tuple(shares), {"told": found["told"]}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return all scores; planted bugs as one."""
        bugs = [each for each in results if each.task_id.startswith("bug")]
        found = sum(score.value == 1 for each in bugs for score in each.scores)
        others = (score for each in results if each not in bugs for score in each.scores)
        return (*others, _share("planted bugs found", found, len(bugs)))


def _known() -> Found:
    wrong = []
    for book in TEXTBOOKS:
        found = all_equilibria(book.game).found
        if frozenset((each.first, each.second) for each in found) != book.equilibria:
            wrong.append(f"{book.name}: {len(found)} equilibria, not the {len(book.equilibria)} of the textbook")
        if fault_of(book.game, found):
            wrong.append(f"{book.name}: {fault_of(book.game, found)}")
    game = von_stengel()
    most = all_equilibria(game).found
    fault = fault_of(game, most)
    if fault or len(most) != VON_STENGEL_COUNT:
        wrong.append(f"the 6x6 game: {len(most)} equilibria; {fault}")
    asked = len(TEXTBOOKS) + 1
    figures = {"equilibria of the 6x6 game with 75": (len(most), "equilibria")}
    return _told(asked - len({each.partition(":")[0] for each in wrong}), asked, wrong, figures)


def _drawn(games: int) -> Found:
    """Ask both ways about every game: one equilibrium by its path, all by vertices; the one is among all of them."""
    wrong, degenerate, worst, listed = [], 0, Fraction(0), 0
    for seed in range(games):
        game = drawn_game(seed)
        one, every = one_equilibrium(game, seed % sum(game.shape)), all_equilibria(game)
        worst = max(worst, regret_of(game, one.first, one.second))
        fault = fault_of(game, [one]) or fault_of(game, every.found)
        if not fault and one not in every.found:
            fault = "the equilibrium of the path is not among all"
        if not fault and not every.degenerate and len(every.found) % 2 == 0:
            fault = f"{len(every.found)} equilibria, but their number is odd in a game that is not degenerate"
        wrong += [f"seed {seed}: {fault}"] if fault else []
        degenerate, listed = degenerate + every.degenerate, listed + len(every.found)
    figures = {
        "largest regret in drawn games": (float(worst), "payoff"),
        "degenerate games among the drawn": (degenerate, "games"),
        "equilibria of the drawn games": (listed, "equilibria"),
    }
    return _told(games - len(wrong), games, wrong, figures)


def _bug(name: str) -> Found:
    for seed in range(_UNTIL_FOUND):
        game = drawn_game(seed)
        fault = fault_of(game, BUGS[name].solver(game))
        if fault:
            return _told(1, 1, [f"{BUGS[name].told}: game {seed}: {fault}"])
    return _told(0, 1, [f"{BUGS[name].told}: not found in {_UNTIL_FOUND} games"])


def _told(right: int, asked: int, told: Sequence[str], figures: Mapping[str, tuple[float, str]] | None = None) -> Found:
    return {"right": right, "asked": asked, "told": list(told[:_MOST_TOLD]), "figures": figures or {}}


def _share(name: str, right: int, asked: int) -> Score:
    low, high = wilson(right, asked)
    return Score(name=name, value=right / asked if asked else 0.0, low=low, high=high, n=asked, interval="Wilson 95 %")
