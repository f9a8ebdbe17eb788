"""The table of an ablation as a page and as data: `python -m evals.ablation.page RESULT.json PAGE.md`.

The part of the page between its two marks is written anew; beside the page lies the table as JSON of the same name.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from evals.ablation.measures import QUALITY
from evals.ablation.settings import AGAIN
from evals.ablation.suite import table_from
from evals.ablation.worth import AblationTable, Finding, Worth
from evals.protocol import Score, SuiteResult
from state.errors import SetupError

BEGIN, END = "<!-- generated: table -->", "<!-- end of what is generated -->"

_CHANCE = "what differs by chance"
_SHOWN = ("contract met", "cell F1", "faults mended or named", "steps", "tokens", "CPU seconds", "seconds")


def main() -> None:
    """Read the command line and write page and data."""
    result, page = Path(sys.argv[1]), Path(sys.argv[2])
    table = table_from(SuiteResult.model_validate_json(result.read_text(encoding="utf-8")).results)
    if table is None:
        raise SetupError("the whole crew did no job", where=str(result), hint="millwright eval ablation")
    page.write_text(with_table(page.read_text(encoding="utf-8"), table), encoding="utf-8")
    page.with_suffix(".json").write_text(table.model_dump_json(indent=1) + "\n", encoding="utf-8")


def with_table(page: str, table: AblationTable) -> str:
    """Return the page with the table between its marks; SetupError where it has none."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SetupError("the page has no place for the table", hint=f"put {BEGIN} and {END} into it")
    return f"{before}{BEGIN}\n\n{rendered(table)}\n{END}{after}"


def rendered(table: AblationTable) -> str:
    """Return the table, what helps where, and what does not, as Markdown."""
    head = ["setting", "finding", *_SHOWN]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [_row(worth) for worth in (table.noise, *table.worths)]
    lines += ["", f"{len(table.jobs)} jobs: {', '.join(table.jobs)}.", "", *_named(table)]
    return "\n".join(lines) + "\n"


def _row(worth: Worth) -> str:
    gains = {score.name: score for score in worth.gains}
    cells = [_cell(gains[name]) if name in gains else "" for name in _SHOWN]
    finding = _CHANCE if worth.setting == AGAIN else worth.finding.value
    return f"| `{worth.setting}` | {finding} | {' | '.join(cells)} |"


def _cell(score: Score) -> str:
    scale, sign = (100, " %") if score.unit == "share" else (1, "")
    low, value, high = (
        round(each * scale, 1 if scale > 1 else 2) + 0.0 for each in (score.low, score.value, score.high)
    )
    return f"{value:+g}{sign} ({low:+g} to {high:+g})" if low or value or high else "0"


def _named(table: AblationTable) -> Iterable[str]:
    for worth in table.worths:
        if worth.finding is Finding.NO_EFFECT:
            continue
        for word, told in (("the whole crew is better", worth.better), ("it is worse", worth.worse)):
            quality = {measure: jobs for measure, jobs in told.items() if measure in QUALITY}
            if quality or worth.finding is Finding.SAVES:
                said = [f"{measure} ({', '.join(jobs)})" for measure, jobs in (quality or told).items()]
                if said:
                    yield f"- Beside `{worth.setting}` {word}: {'; '.join(said)}."
    idle = table.named(Finding.NO_EFFECT)
    if idle:
        yield f"- Without any effect on quality in these jobs: {', '.join(f'`{each}`' for each in idle)}."


if __name__ == "__main__":
    main()
