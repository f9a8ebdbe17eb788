"""The verdict on a run in a sentence, its figures by table, and what they mean."""

from state.checks import CheckResult, Verdict
from state.explanation import Fact, Grid, Mark, Passage, Section
from tools.checks.rule import counted
from tools.explain.material import Json, Material

_VERDICTS = {
    "published": ("Published: every table meets the contract.", Mark.GOOD),
    "not_met": ("Not published: the contract is not met.", Mark.BAD),
    "rejected": ("Not published: a person rejected the plan.", Mark.BAD),
    "failed": ("Stopped: a step failed and could not be repaired. Nothing was published.", Mark.BAD),
    "budget_spent": ("Stopped: the budget is spent. The run can be resumed.", Mark.WARN),
    "waiting": ("Waiting for a person to answer.", Mark.WARN),
    "running": ("Not ended yet.", Mark.WARN),
}
_MOST_REASONS = 20


def verdict(run: Json) -> tuple[str, Mark]:
    """Return how the run ended, in one sentence, and how that is meant."""
    status, published = str(run["status"]), run["receipt"]["tables"] if run["receipt"] else {}
    if status == "not_met" and published:
        return f"Published in part: {', '.join(published)} meet the contract, other tables do not.", Mark.WARN
    if status == "failed" and published:
        return "Stopped after tables were published: a later step failed.", Mark.WARN
    return _VERDICTS.get(status, (status, Mark.NONE))


def figures(run: Json) -> tuple[Fact, ...]:
    """Return the few figures a reader wants first."""
    fed = [table for table in run["tables"].values() if not table["derived"]]
    checks = run["checks"]
    passed = sum(1 for check in checks if check["result"] == Verdict.PASSED)
    sources = run["sources"]
    if not run["tables"]:
        return (
            Fact(label="files", value=f"{sources['files']:,}", note=f"{sources['lines']:,} lines"),
            Fact(label="records", value=f"{sources['records']:,}", note="read from them"),
            Fact(label="rejects", value=f"{sources['rejects']:,}", note="lines that are no record"),
            Fact(label="published", value="0"),
        )
    facts = [
        Fact(label="files", value=f"{sources['files']:,}", note=f"{sources['lines']:,} lines"),
        Fact(label="rows read", value=_total(fed, "rows_read")),
        Fact(label="published", value=_total(fed, "rows_published"), note=_share(fed, "rows_published")),
        Fact(label="quarantined", value=_total(fed, "rows_quarantined"), note=_share(fed, "rows_quarantined")),
        Fact(label="merged", value=_total(fed, "rows_merged"), note="as duplicates"),
        Fact(label="cells changed", value=_total(list(run["tables"].values()), "cells_changed")),
    ]
    if checks:
        facts.append(Fact(label="checks passed", value=f"{passed:,}", note=f"of {len(checks):,}"))
    return tuple(facts)


def accounts(material: Material) -> Section:
    """Tell where every row went, table by table."""
    run = material.run
    rows, marks = [], []
    for name, account in run["tables"].items():
        out = name in material.published
        rows.append((name, "published" if out else "not published", *(f"{account[key]:,}" for key in _COUNTS)))
        marks.append(Mark.GOOD if out else Mark.BAD)
    grid = Grid(
        caption="Rows by table",
        head=("table", "state", "read", "published", "quarantined", "merged", "withheld", "cells changed"),
        rows=tuple(rows),
        numeric=(2, 3, 4, 5, 6, 7),
        marks=tuple(marks),
    )
    return Section(
        key="rows",
        title="Where every row went",
        lead=_meaning(material) if rows else ("The run ended before any row was counted.",),
        grids=(grid,) if rows else (),
    )


_COUNTS = ("rows_read", "rows_published", "rows_quarantined", "rows_merged", "rows_withheld", "cells_changed")


def _meaning(material: Material) -> tuple[str, ...]:
    """Return the promise on rows, held against the figures."""
    lines = ["Every row read is published, quarantined, merged into another one, or withheld with its whole table."]
    for name, account in material.run["tables"].items():
        if account["derived"]:
            inputs = ", ".join(f"{rows:,} of {source}" for source, rows in account["rows_in"].items())
            lines.append(f"{name} is made from other tables by the contract's SQL: {inputs or 'no input counted'}.")
    return tuple(lines)


def reasons(material: Material) -> Section:
    """Tell why nothing, or not everything, was published."""
    run, points = material.run, []
    blocking = [check for check in material.checks if check.blocking]
    if run["status"] != "published":
        points = [_reason(check) for check in blocking[:_MOST_REASONS]]
        if not points and run["problem"]:
            points = [Passage(title=str(run["problem"]), mark=Mark.BAD)]
    more = len(blocking) - _MOST_REASONS
    return Section(
        key="reasons",
        title="Why the contract is not met" if run["status"] == "not_met" else "Why the run stopped",
        points=tuple(points),
        lead=(f"{counted(len(blocking), 'rule')} stop publishing; the first {_MOST_REASONS}:",) if more > 0 else (),
    )


def _reason(check: CheckResult) -> Passage:
    told = [counted(check.count, "violation") if check.count else "", f"expected {check.expected}", check.detail]
    return Passage(title=check.rule, text="; ".join(part for part in told if part), mark=Mark.BAD)


def _total(tables: list[Json], key: str) -> str:
    return f"{sum(table[key] for table in tables):,}"


def _share(tables: list[Json], key: str) -> str:
    read = sum(table["rows_read"] for table in tables)
    return f"{100 * sum(table[key] for table in tables) / read:.2f} %" if read else ""
