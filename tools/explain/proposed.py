"""What the repair council found in cells and did not change: proposals, and cells that it calls wrong."""

import json
from collections.abc import Sequence

from state.explanation import Grid, Section
from state.resolution import Ballot
from tools.explain.changing import cut, repairer_words
from tools.explain.material import Material
from tools.pages.visible import exact
from tools.sql.quote import literal

_MOST_ROWS = 40


def proposals_section(material: Material, tables: Sequence[str], column: str | None = None) -> Section:
    """Tell what the council proposed or only called wrong in the tables (in one column), the surest first."""
    grids = tuple(grid for table in tables for grid in _grids(material, table, column))
    if not grids:
        return Section(key="proposals", title="Proposed repairs")
    logs = ", ".join(material.side_path("proposals", table) for table in tables if material.side("proposals", table))
    lead = "The repair council found these cells wrong; none of them was changed."
    files = f"All of them, one row a cell with the votes, in the folder of the run: {logs}"
    asked = "With --approve changes a person is asked about each; millwright.repair says what is changed unasked."
    return Section(key="proposals", title="Proposed repairs", lead=(lead, files, asked), grids=grids)


def _grids(material: Material, table: str, column: str | None) -> list[Grid]:
    log = material.side("proposals", table)
    if log is None:
        return []
    where = f'where "column" = {literal(column)}' if column else ""
    groups = material.rows(
        'select "column", operator, before, after, reason, max(confidence), count(*)::bigint as cells, '
        f"first(evidence order by confidence desc, evidence) from {log} {where} "
        'group by "column", operator, before, after, reason '
        'order by after is null, max(confidence) desc, cells desc, "column", before, after, operator, reason'
    )
    if not groups:
        return []
    shown, left = groups[:_MOST_ROWS], len(groups) - _MOST_ROWS
    rows = tuple(
        (
            name,
            f"{_text(before)} → {'?' if after is None else _text(after)}",
            f"{cells:,}",
            f"{sure:.2f}",
            f"{repairer_words(operator.removeprefix('repair:'))}: {evidence}",
            reason,
        )
        for name, operator, before, after, reason, sure, cells, evidence in shown
    )
    more = f"and {left:,} more kinds of finding: see {material.side_path('proposals', table)}" if left > 0 else ""
    return [
        Grid(
            caption=f"{table}: {sum(group[6] for group in groups):,} cells",
            head=("column", "before → after", "cells", "confidence", "why", "why it stays"),
            rows=rows,
            numeric=(2, 3),
            raw=(1,),
            more=more,
        )
    ]


def _text(value: object) -> str:
    return "(nothing)" if value is None else exact(cut(str(value)))


def votes_in_words(votes: Sequence[Ballot]) -> str:
    """Return who voted for what; specialists that abstained are counted."""
    spoken = [f"{vote.voter} for {vote.choice!r} ({vote.confidence:.2f})" for vote in votes if vote.choice is not None]
    silent = len(votes) - len(spoken)
    return "; ".join([*spoken, f"{silent} abstained"] if silent else spoken)


def read_votes(text: str | None) -> tuple[Ballot, ...]:
    """Return the votes of a row of a side table."""
    return tuple(Ballot.model_validate(vote) for vote in json.loads(text or "[]"))
