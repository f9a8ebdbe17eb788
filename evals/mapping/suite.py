"""Suite `mapping`: which column of one table is which of another; the council against simpler ways.

One task a folder with source.csv and target.csv, and one for pairs that the suite makes itself from seeds (`--seeds 0`
leaves them out). Each pair is put to the council's graph with the same settings; matches.json is written before
truth.json is read. Beside it stand the majority, each seat alone, and the council with one liar.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from algorithms.intervals import bootstrap_ratio, wilson
from algorithms.mapping import instances_evidence
from evals.mapping.domains import HELD_OUT
from evals.mapping.generated import KINDS, make_pairs, write_pair
from evals.mapping.tables import profile_file
from evals.mapping.ways import ALONE, COUNCIL, DEPUTIES, MAJORITY, UNDEFENDED, pairs_of, simpler_ways, with_liars
from evals.protocol import About, Score, Task, TaskResult
from graphs.schema_council import convened
from nodes.schema_council import convene
from state.errors import SetupError
from state.run import RunContext

_DATA = Path("..") / "shared" / "data" / "column_mapping"
_GENERATED = "generated"
_FIRST_SEED = 1001  # smaller ones were looked at


class Counts(NamedTuple):
    """Matches of one pair: right ones, those found, those that are true."""

    right: int
    found: int
    true: int

    @property
    def precision(self) -> float:
        """Share of those found that are right; 1 where none is found."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the true ones that are found; 1 where there are none."""
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both; 1 where there is nothing to find and nothing is found."""
        return 2 * self.right / (self.found + self.true) if self.found + self.true else 1.0


class MappingSuite:
    """The suite; `seeds` sets of generated pairs."""

    name = "mapping"
    description = "which column of one table is which of another, by the schema council"
    about = About(
        tasks="one a pair of tables; generated ones, with members that lie",
        data="folders with `source.csv`, `target.csv`, `truth.json`, or none",
        scorers="precision, recall, F1 (bootstrap by pair), by way to decide",
        time="half a minute a seed",
    )

    def __init__(self) -> None:
        self.seeds = 1
        self._counts: dict[str, dict[str, Counts]] = {}  # way -> pair -> counts

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:
        """Return one task a folder with a pair, and one for the generated pairs. SetupError where there is no pair."""
        if contract is not None:
            raise SetupError("the suite maps tables to tables", hint="leave out --contract")
        folder = (data or _DATA).absolute()
        pairs = [path.parent for path in sorted(folder.rglob("source.csv")) if (path.parent / "target.csv").exists()]
        if not pairs and (data is not None or not self.seeds):
            raise SetupError("no folder holds source.csv and target.csv", where=str(folder), hint="give it with --data")
        names = [each.relative_to(folder).as_posix().replace("/", "_").strip("._") or folder.name for each in pairs]
        found = [Task(task_id=name, inputs={"pair": str(each)}) for name, each in zip(names, pairs, strict=True)]
        return (*found, Task(task_id=_GENERATED, inputs={})) if self.seeds else tuple(found)

    def solve(self, task: Task, out: Path) -> None:
        """Write matches.json, and the answers of the other ways as ways.json; no truth is read."""
        if task.task_id != _GENERATED:
            _solve(Path(task.inputs["pair"]), out, liars=True)
            return
        for pair in (pair for seed in range(self.seeds) for pair in make_pairs(_FIRST_SEED + seed)):
            write_pair(pair, out / pair.name)
            _solve(out / pair.name, out / pair.name, liars=False)

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return precision, recall and F1 of each pair, the other ways beside them, and what was wrong or missed."""
        if task.task_id != _GENERATED:
            told = self._score(task.task_id, Path(task.inputs["pair"]), out)
            return _scores(self._counts.get(COUNCIL, {}).get(task.task_id)), told
        folders = sorted(path.parent for path in out.glob("*/matches.json"))
        found = [self._score(f"{_GENERATED}/{each.name}", each, each) for each in folders]
        return (), {name: [line for each in found for line in each.get(name, ())] for name in ("wrong", "missed")}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return F1 of each way over the given pairs and over the generated ones, together, by kind and held out."""
        solved = {result.task_id for result in results if result.solved}
        given = [name for name in self._counts.get(COUNCIL, {}) if name in solved]
        made = [name for name in self._counts.get(COUNCIL, {}) if name.startswith(f"{_GENERATED}/")]
        scores = [*self._figures("given pairs", given)]
        for defence in (UNDEFENDED, ALONE, DEPUTIES):
            scores += self._worst_liar(defence, given)
        scores += self._figures("generated", made)
        for kind in KINDS:
            of_kind = [name for name in made if f"_{kind}_" in name]
            seen = [name for name in of_kind if name.split("/")[1].split("_")[0] not in HELD_OUT]
            scores += self._figures(f"generated, {kind}", seen)
            scores += self._figures(
                f"generated, {kind}, domains held out", [each for each in of_kind if each not in seen]
            )
        return tuple(scores)

    def _score(self, name: str, pair: Path, out: Path) -> dict[str, list[str]]:
        if not (pair / "truth.json").exists():
            return {"no truth": [str(pair / "truth.json")]}
        truth = _read_pairs(json.loads((pair / "truth.json").read_text())["matches"])
        answer = _read_pairs(json.loads((out / "matches.json").read_text())["matches"])
        ways = {COUNCIL: answer} | {
            way: _read_pairs(found) for way, found in json.loads((out / "ways.json").read_text()).items()
        }
        for way, found in ways.items():
            self._counts.setdefault(way, {})[name] = Counts(len(found & truth), len(found), len(truth))
        own, rest = self._counts[COUNCIL][name], {way: self._counts[way][name] for way in ways if ", " not in way}
        figures = f"precision {own.precision:.3f}, recall {own.recall:.3f}, F1 {own.f1:.3f}"
        beside = ", ".join(f"{way} {counts.f1:.3f}" for way, counts in rest.items() if way != COUNCIL)
        told = {"figures": [f"{figures} ({beside})"], "wrong": _told(answer - truth), "missed": _told(truth - answer)}
        return {part: lines for part, lines in told.items() if lines}

    def _figures(self, of: str, names: Sequence[str]) -> list[Score]:
        """Return F1 of the council, the majority and the best single seat."""
        if not names:
            return []
        alone = [way for way in self._counts if way.endswith(" alone")]
        best = max(alone, key=lambda way: _f1(self._counts[way], names).value)
        council = self._counts[COUNCIL]
        return [
            _ratio(f"{of}: precision, {COUNCIL}", [(council[each].right, council[each].found) for each in names]),
            _ratio(f"{of}: recall, {COUNCIL}", [(council[each].right, council[each].true) for each in names]),
            *(
                _f1(self._counts[way], names).model_copy(update={"name": f"{of}: F1, {told}"})
                for way, told in ((COUNCIL, COUNCIL), (MAJORITY, MAJORITY), (best, f"best single seat ({best})"))
            ),
        ]

    def _worst_liar(self, defence: str, names: Sequence[str]) -> list[Score]:
        """Return the least F1 with one liar, whichever the seat and the lie."""
        ways = [way for way in self._counts if way.endswith(f", {defence}")]
        if not ways or not names:
            return []
        worst = min(ways, key=lambda way: _f1(self._counts[way], names).value)
        told = f"given pairs: F1, worst liar ({worst.removesuffix(f', {defence}')}), {defence}"
        return [_f1(self._counts[worst], names).model_copy(update={"name": told})]


def _solve(pair: Path, out: Path, *, liars: bool) -> None:
    evidence = instances_evidence(profile_file(pair / "source.csv"), profile_file(pair / "target.csv"))
    answer = pairs_of(convene(convened, out, evidence, RunContext()))
    (out / "matches.json").write_text(json.dumps({"matches": answer}))
    ways = simpler_ways(evidence) | (with_liars(evidence) if liars else {})
    (out / "ways.json").write_text(json.dumps(ways))


def _scores(counts: Counts | None) -> tuple[Score, ...]:
    """Return the figures of one pair; nothing without a truth."""
    if counts is None:
        return ()
    parts = (
        ("precision", counts.precision, counts.right, counts.found),
        ("recall", counts.recall, counts.right, counts.true),
        ("F1", counts.f1, 2 * counts.right, counts.found + counts.true),
    )
    interval = "Wilson 95 %, as if matches were independent"
    ends = {name: wilson(right, of) for name, _, right, of in parts}
    return tuple(
        Score(name=name, value=value, low=ends[name][0], high=ends[name][1], n=of, interval=interval)
        for name, value, _, of in parts
    )


def _read_pairs(pairs: Iterable[Sequence[str]]) -> set[tuple[str, str]]:
    return {(source, target) for source, target in pairs}


def _told(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{source!r} -> {target!r}" for source, target in sorted(pairs)]


def _f1(counts: Mapping[str, Counts], names: Sequence[str]) -> Score:
    return _ratio("", [(2 * counts[each].right, counts[each].found + counts[each].true) for each in names])


def _ratio(name: str, parts: Sequence[tuple[float, float]]) -> Score:
    above, below = sum(part[0] for part in parts), sum(part[1] for part in parts)
    low, high = bootstrap_ratio(parts)
    value = above / below if below else 1.0
    return Score(
        name=name,
        value=value,
        low=min(low, value),
        high=max(high, value),
        n=len(parts),
        interval="bootstrap of pairs 95 %",
    )
