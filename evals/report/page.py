"""Renders the report of a suite: one page, no script, nothing fetched; every plotted number also stands in a table."""

from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import tools.pages
from evals.comparison.shape import Comparison
from evals.protocol import Score, SuiteResult
from evals.report.axes import figure
from evals.report.rows import difference_plots, distribution_plots, score_plots
from tools.files import write_durably
from tools.pages.visible import visible

PAGE = "report.html"

_HERE = Path(__file__).parent / "templates"
_LOOKS = Path(tools.pages.__file__).parent / "templates" / "style.css"
_MOST_DETAILS = 200
_MOST_PROSE = 1_500


def write_report(
    result: SuiteResult,
    description: str,
    folder: Path,
    *,
    earlier: SuiteResult | None = None,
    comparison: Comparison | None = None,
) -> Path:
    """Write the page beside result.json and return it; with an earlier run also what changed since."""
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            result=result,
            description=description,
            solved=sum(task.solved for task in result.results),
            scores=score_plots(result, earlier),
            distributions=distribution_plots(result),
            differences=difference_plots(comparison) if comparison else (),
            comparison=comparison,
            details={task.task_id: _details(task.details) for task in result.results},
        )
    )
    write_durably(folder / PAGE, page.encode())
    return folder / PAGE


def _details(details: dict[str, object]) -> list[tuple[str, list[str]]]:
    """Return what a task told, as headings with lines."""
    told = []
    for name, said in details.items():
        if isinstance(said, dict):
            lines = [f"{key}: {value}" for key, value in said.items()]
        else:
            lines = [str(entry) for entry in said] if isinstance(said, list | tuple) else [str(said)]
        more = [f"and {len(lines) - _MOST_DETAILS} more, in result.json"] if len(lines) > _MOST_DETAILS else []
        told.append((name, lines[:_MOST_DETAILS] + more))
    return told


def _in_words(score: Score) -> str:
    low, high = figure(score.low, score.unit), figure(score.high, score.unit)
    unit = "" if score.unit == "share" else f" {score.unit}"
    return f"{score.name} {figure(score.value, score.unit)}{unit} ({low} to {high})"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )
    looks = _LOOKS.read_text() + (_HERE / "report.css").read_text()
    environment.globals["looks"] = Markup(looks)  # noqa: S704  files of ours
    environment.filters["in_words"] = _in_words
    return environment


def _finalized(value: object) -> object:
    return visible(value, _MOST_PROSE) if isinstance(value, str) and not isinstance(value, Markup) else value
