"""`millwright eval`: run a suite and print its scores."""

import sys
from pathlib import Path

from app.progress import printable
from app.render import print_json
from app.settings import load_settings
from evals.protocol import Score, SuiteResult


def run_evaluation(  # noqa: PLR0913  one for each option
    name: str,
    *,
    data: Path | None,
    contract: Path | None,
    out: Path | None,
    seconds: float | None,
    rows: int | None,
    seeds: int | None = None,
    as_json: bool,
) -> int:
    """Run a suite; return 0 when every task was solved, else 1."""
    from evals.gate.suite import Gate
    from evals.runner import run_suite
    from evals.suites import find_suite, limit_time, set_seeds

    folder = (out or Path("out") / "eval" / name).absolute()
    suite = Gate(Path(load_settings().gate_venv)) if name == Gate.name else find_suite(name, rows=rows)
    if seconds is not None:
        limit_time(suite, seconds)
    if seeds is not None:
        set_seeds(suite, seeds)
    result = run_suite(suite, data=data, contract=contract, out=folder)
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        _print(result, folder)
    return 0 if all(task.solved for task in result.results) else 1


_PLAIN = ("count", "steps", "rows", "correlation")
"""Units of scores that are no shares."""


def _print(result: SuiteResult, folder: Path) -> None:
    lines = [f"suite {result.suite}"]
    for task in result.results:
        lines.append(f"  {task.task_id}: {'solved' if task.solved else task.error} in {task.seconds:.2f} s")
        for name, said in task.details.items():
            entries = said if isinstance(said, list | tuple | dict) else ()
            lines.append(f"    {name}: {len(entries) if entries or said in ([], {}) else said}")
            lines += [f"      {entry}" for entry in entries]
    lines += [f"  {score.name}: {_figures(score)}" for score in result.scores]
    lines.append(f"  answers and scores: {folder}")
    sys.stdout.write("\n".join(printable(line) for line in lines) + "\n")


def _figures(score: Score) -> str:
    if score.unit == "share":
        return f"{score.value:.2%} of {score.n} ({score.interval} {score.low:.2%} to {score.high:.2%})"
    return f"{score.value:.4g} {score.unit} ({score.interval} {score.low:.4g} to {score.high:.4g}, n = {score.n})"
