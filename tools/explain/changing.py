"""Changed cells: how many by column and operator, with examples, read from the change log."""

from collections.abc import Sequence

from state.explanation import Grid, Section
from tools.explain.material import Material
from tools.pages.visible import exact
from tools.sql.quote import literal

_MOST_GROUPS = 60
_EXAMPLES = 3
_MOST_SCANNED = 200_000  # changes that examples are taken from

_OPERATORS = {
    "trim": "white space taken away",
    "unicode": "Unicode normal form, invisible characters taken out",
    "null_token": "read as no value",
    "unreadable": "could not be read as the type",
    "number": "read as a number",
    "rounded": "rounded to the digits of the type",
    "percent": "percent read as a number",
    "date": "read as a date",
    "timestamp": "read as a time stamp",
    "time": "read as a time",
    "boolean": "read as true or false",
    "discard_value": "withheld by a ruling, so that its row need not be set aside",
    "transform": "computed by the contract's SQL",
}
_SPECIALISTS = {
    "normalised": "the same but for case, accents and punctuation",
    "tokens": "the same words in another order",
    "acronym": "initials",
    "containment": "contains the value",
    "stem": "the same stem",
    "edit": "a typing error away",
    "dependency": "what other rows say",
}


def operator_words(operator: str) -> str:
    """Return what an operator does, in words."""
    if operator.startswith("resolve:"):
        specialist = operator.removeprefix("resolve:")
        return f"resolved to a value of the list: {_SPECIALISTS.get(specialist, specialist)}"
    if operator.startswith("repair:"):
        return f"repaired by {repairer_words(operator.removeprefix('repair:'))}"
    return _OPERATORS.get(operator, operator)


def repairer_words(specialist: str) -> str:
    """Return who decided the value of a repaired cell, in words."""
    return "a person" if specialist == "person" else f"the council, as its specialist for {specialist} said"


def changes_section(material: Material, tables: Sequence[str], column: str | None = None) -> Section:
    """Tell the changed cells of the tables (of one column of them) by operator, with examples."""
    shown = [(table, grid) for table in tables for grid in _grids(material, table, column)]
    grids = tuple(grid for _, grid in shown)
    title = "Changed cells"
    if not grids:
        return Section(key="changes", title=title, lead=("No cell of a row to publish was changed.",))
    logs = ", ".join(material.side_path("changes", table) for table, _ in shown)
    lead = "Every change has an operator; one that needed judgement rests on a decision."
    return Section(
        key="changes",
        title=title,
        lead=(lead, f"All changes, one row a cell, in the folder of the run: {logs}"),
        grids=grids,
    )


def cells_by_decision(material: Material, tables: Sequence[str]) -> dict[str, int]:
    """Return the number of changed cells that rest on each decision."""
    counts: dict[str, int] = {}
    for table in tables:
        log = _log(material, table)
        if log:
            for decision_id, cells in material.rows(
                f"select evidence, count(*) from {log} where evidence is not null group by evidence"
            ):
                counts[decision_id] = counts.get(decision_id, 0) + int(cells)
    return counts


def _log(material: Material, table: str) -> str | None:
    return material.side("changes", table)


def _grids(material: Material, table: str, column: str | None) -> list[Grid]:
    log = _log(material, table)
    if log is None:
        return []
    where = f'where "column" = {literal(column)}' if column else ""
    counted = f'select "column", operator, evidence, confidence, count(*) as cells from {log} {where} group by all'
    groups = material.rows(
        'select "column", operator, sum(cells)::bigint as total, min(confidence), '
        "case when min(evidence) = max(evidence) then min(evidence) end "
        f'from ({counted}) group by "column", operator order by total desc, "column", operator'
    )
    if not groups:
        return []
    shown, left = groups[:_MOST_GROUPS], len(groups) - _MOST_GROUPS
    examples = _examples(material, log, where)
    rows = tuple(
        (
            name,
            f"{operator}: {operator_words(operator)}",
            f"{cells:,}",
            examples.get((name, operator), ""),
            f"{sure:.2f}",
        )
        for name, operator, cells, sure, _ in shown
    )
    return [
        Grid(
            caption=f"{table}: {sum(group[2] for group in groups):,} cells changed",
            head=("column", "operator", "cells", "before → after", "lowest confidence"),
            rows=rows,
            numeric=(2, 4),
            raw=(3,),
            evidence=tuple(group[4] or "" for group in shown),
            more=f"and {left} more kinds of change: see {material.side_path('changes', table)}" if left > 0 else "",
        )
    ]


def _examples(material: Material, log: str, where: str) -> dict[tuple[str, str], str]:
    """Return the commonest changes of each column and operator, one a line, among the first of a long log."""
    scanned = f"select * from {log} {where} limit {_MOST_SCANNED}"
    changes = f'select "column", operator, before, after, count(*) as cells from ({scanned}) group by all'
    found = material.rows(
        'select "column", operator, '
        f"max({{'cells': cells, 'before': left(before, 100), 'after': left(after, 100)}}, {_EXAMPLES}), count(*) "
        f'from ({changes}) group by "column", operator'
    )
    return {(name, operator): _in_lines(examples, distinct) for name, operator, examples, distinct in found}


def _in_lines(examples: Sequence[dict[str, object]], distinct: int) -> str:
    shown = [f"{_text(each['before'])} → {_text(each['after'])}{_times(each['cells'])}" for each in examples]
    left = distinct - len(shown)
    return "\n".join([*shown, f"and {left:,} more"] if left > 0 else shown)


def _text(value: object) -> str:
    return "(nothing)" if value is None else exact(cut(str(value)))


def cut(text: str, most: int = 60) -> str:
    """Return text short enough to stand among others."""
    return text if len(text) <= most else f"{text[:most]}…"


def _times(cells: object) -> str:
    return f" ({cells:,} ×)" if isinstance(cells, int) and cells > 1 else ""
