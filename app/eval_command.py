"""`millwright eval`: run a suite, print its scores and write them as a page; or compare two runs of a suite."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.progress import printable
from app.render import print_json, shown_path
from app.settings import load_settings
from state.errors import SetupError
from state.values import Value

if TYPE_CHECKING:
    from evals.comparison.shape import Comparison
    from evals.protocol import Score, Suite, SuiteResult

_WORSE = 1
_MANY = 20


class EvalOptions(Value):
    """What was asked for on the command line."""

    data: Path | None = None
    contract: Path | None = None
    out: Path | None = None
    seconds: float | None = None
    rows: int | None = None
    seeds: int | None = None
    workers: int = 1
    fresh: bool = False
    gate: bool = False
    of: Path | None = None
    against: Path | None = None
    langsmith: bool = False
    as_json: bool = False


def evaluate_suite(name: str, runs: Sequence[Path], options: EvalOptions) -> int:
    """Run a suite, compare two `runs` of one, or list all; return the exit code."""
    if name == "compare":
        if len(runs) != 2:  # noqa: PLR2004  a pair
            raise SetupError("two runs are needed to compare", hint="millwright eval compare DIR DIR")
        return _compare_runs(*runs, as_json=options.as_json)
    if runs:
        raise SetupError(f"{str(runs[0])!r} is one argument too many", hint="millwright eval --help")
    return _list_suites(as_json=options.as_json) if name == "list" else run_evaluation(name, options)


def run_evaluation(name: str, options: EvalOptions) -> int:
    """Run a suite; return 0 when every task was solved and nothing is worse than the run to compare with, else 1."""
    from evals.comparison.compare import compare, read_result
    from evals.report.page import write_report

    folder = (options.out or Path("out") / "eval" / name).absolute()
    suite = _suite(name, options)
    earlier = read_result(options.against) if options.against else None
    result = _run(suite, folder, options)
    comparison = compare(earlier, result) if earlier else None
    page = write_report(result, suite.description, folder, earlier=earlier, comparison=comparison)
    if options.as_json:
        content = result.model_dump(mode="json")
        print_json(content | ({"comparison": _as_json(comparison)} if comparison else {}))
    else:
        _print([*_told(result), *(_comparison_lines(comparison) if comparison else [])], folder, page)
    code = 0 if all(task.solved for task in result.results) and not (comparison and comparison.worse) else 1
    if options.gate:
        of = EvalOptions(of=folder, out=folder.with_name(f"{folder.name}-gate"), workers=options.workers)
        code = max(code, run_evaluation("gate", of.model_copy(update={"as_json": options.as_json})))
    return code


def _compare_runs(first: Path, second: Path, *, as_json: bool) -> int:
    """Compare two runs of a suite; return 1 when the second is worse."""
    from evals.comparison.compare import compare, read_result

    comparison = compare(read_result(first), read_result(second))
    if as_json:
        print_json(_as_json(comparison))
    else:
        _write_lines(_comparison_lines(comparison))
    return _WORSE if comparison.worse else 0


def _list_suites(*, as_json: bool) -> int:
    """Print the suites there are."""
    from evals.catalogue import catalogue

    entries = catalogue()
    if as_json:
        print_json({"suites": [entry.model_dump(mode="json") for entry in entries]})
    else:
        widest = max(len(entry.name) for entry in entries)
        _write_lines([f"{entry.name:<{widest}}  {entry.measures}" for entry in entries])
    return 0


def _suite(name: str, options: EvalOptions) -> "Suite":
    from evals.gate.of import GateOf
    from evals.gate.suite import Gate
    from evals.protocol import Modelled
    from evals.suites import find_suite, limit_time, set_seeds

    if options.of is not None and name != Gate.name:
        raise SetupError(f"the suite {name!r} judges no tables of others", where="--of", hint="millwright eval gate")
    if name == Gate.name and options.gate:
        raise SetupError("the gate is not judged by itself", where="--gate", hint="leave it out")
    if name == Gate.name:
        environment = Path(load_settings().gate_venv)
        suite: Suite = GateOf(environment, options.of) if options.of else Gate(environment)
    else:
        suite = find_suite(name, rows=options.rows)
    if options.seconds is not None:
        limit_time(suite, options.seconds)
    if options.seeds is not None:
        set_seeds(suite, options.seeds)
    if isinstance(suite, Modelled):
        suite.model = load_settings().model
    return suite


def _run(suite: "Suite", folder: Path, options: EvalOptions) -> "SuiteResult":
    from app.eval_progress import EvalProgress
    from evals.runner import Running, SuiteRun, run_suite

    running = Running(workers=options.workers, fresh=options.fresh, arguments=_arguments(options))
    given = {"data": options.data, "contract": options.contract}
    with EvalProgress(sys.stderr, suite.name) as progress:
        if not options.langsmith:
            return run_suite(suite, **given, out=folder, running=running, heard=progress.hear)
        from evals.experiments import Experiment

        begun = SuiteRun(suite, **given, out=folder, running=running)
        return Experiment(begun, suite.description, progress.hear).run()


def _arguments(options: EvalOptions) -> dict[str, str]:
    """Return what changes answers and was asked otherwise than usual; the settings hold no secrets."""
    named = {name: getattr(options, name) for name in ("data", "contract", "seconds", "rows", "seeds", "of")}
    asked = {name: str(value) for name, value in named.items() if value is not None}
    changed = load_settings().model_dump(mode="json", exclude_defaults=True, exclude={"home", "gate_venv"})
    return asked | {f"MILLWRIGHT_{name.upper()}": json.dumps(value) for name, value in changed.items()}


def _as_json(comparison: "Comparison") -> dict[str, object]:
    return {"worse": comparison.worse, **comparison.model_dump(mode="json")}


def _told(result: "SuiteResult") -> list[str]:
    lines = [f"suite {result.suite}"]
    for task in result.results:
        kept = ", answer kept from an earlier run" if task.task_id in result.kept else ""
        lines.append(f"  {task.task_id}: {'solved' if task.solved else task.error} in {task.seconds:.2f} s{kept}")
        for name, said in task.details.items():
            entries = said if isinstance(said, list | tuple | dict) else ()
            lines.append(f"    {name}: {len(entries) if entries or said in ([], {}) else said}")
            lines += [f"      {entry}" for entry in entries]
    lines += [f"  {score.name}: {_figures(score)}" for score in result.scores]
    if result.kept:
        lines.append(f"  {len(result.kept)} of {len(result.results)} answers kept; --fresh solves every task anew")
    return lines


def _comparison_lines(comparison: "Comparison") -> list[str]:
    counts = f"{len(comparison.gained)} gained, {len(comparison.lost)} lost"
    lines = [
        f"{comparison.suite}: {comparison.tasks} tasks in both runs",
        f"  solved before {comparison.solved_first}, now {comparison.solved_second}: {counts}",
        f"  exact probability of so uneven a change by chance: {comparison.chance:.3g}",
    ]
    lines += [f"  differs: {note}" for note in comparison.notes]
    for figure in comparison.figures:
        scale, unit = (100, "%") if figure.unit == "share" else (1, f" {figure.unit}")
        lines.append(
            f"  {figure.name}: {figure.first * scale:.4g} to {figure.second * scale:.4g}{unit}, difference "
            f"{figure.difference * scale:+.4g} ({figure.low * scale:+.4g} to {figure.high * scale:+.4g}): "
            f"{figure.change.value}"
        )
    lines += [f"  task {each.change.value}: {each.task_id}: {each.why}" for each in comparison.changed]
    for when, names in (("before", comparison.only_first), ("now", comparison.only_second)):
        lines += [f"  only {when}: {_listed(names)}"] if names else []
    return [*lines, "worse" if comparison.worse else "not worse"]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
    return ", ".join(names[:_MANY]) + more


def _print(lines: Sequence[str], folder: Path, page: Path) -> None:
    _write_lines([*lines, f"  answers and scores: {folder}", f"  report: {shown_path(page)}"])


def _write_lines(lines: Sequence[str]) -> None:
    sys.stdout.write("\n".join(printable(line) for line in lines) + "\n")


def _figures(score: "Score") -> str:
    if score.unit == "share":
        return f"{score.value:.2%} of {score.n} ({score.interval} {score.low:.2%} to {score.high:.2%})"
    return f"{score.value:.4g} {score.unit} ({score.interval} {score.low:.4g} to {score.high:.4g}, n = {score.n})"
