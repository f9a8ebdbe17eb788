"""What became of rows: changed cells, rows in quarantine and proposals of a run, page by page."""

from typing import Any, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.dashboard.pages import missing, number_in, page, refused
from app.dashboard.run_views import material_of, record_for
from state.errors import MillwrightError, RunError
from tools.explain.material import Material
from tools.records import RunRecord
from tools.sql.quote import ident

_ROWS = 50
_MOST_VALUES = 20
"""Columns of a table that are shown of a row in quarantine; its story has all."""

_KINDS = {"changes": "Changed cells", "quarantine": "Rows in quarantine", "proposals": "Proposed repairs"}
_SHOWN = {
    "changes": ("row_id", "file", "line", "column", "before", "after", "operator", "confidence"),
    "quarantine": ("_reason", "_rule", "_file", "_line", "_raw"),
    "proposals": ("row_id", "file", "line", "column", "before", "after", "fault", "reason", "confidence"),
}
"""Columns that are shown, of those a side table has."""


class SidePage(NamedTuple):
    """Some rows of a side table."""

    head: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: int
    first: int  # number of the first row, from 1


async def show_side(request: Request) -> Response:
    """Show a page of a side table; every cell and row leads to its story."""
    record, kind = await record_for(request), request.path_params["kind"]
    if record is None or kind not in _KINDS:
        return missing(request, "there is no such table")
    table = request.query_params.get("table", "")
    at = number_in(request.query_params.get("page", "")) or 1
    try:
        side = await run_in_threadpool(_read, record, kind, table, at)
    except MillwrightError as error:
        return refused(request, error)
    last = max(1, -(-side.total // _ROWS))
    told = {"run_id": record.run_id, "kind": kind, "table": table, "side": side, "at": at, "last": last}
    return page(request, "side.html.j2", title=f"{_KINDS[kind]} of {table}", **told)


def _read(record: RunRecord, kind: str, table: str, at: int) -> SidePage:
    with material_of(record) as material:
        if table not in material.tables:
            raise RunError(f"there is no table {table!r}", hint=f"its tables: {', '.join(material.tables)}")
        return _page_of(material, kind, table, at)


def _page_of(material: Material, kind: str, table: str, at: int) -> SidePage:
    side, first = material.side(kind, table), (at - 1) * _ROWS + 1
    if side is None:
        return SidePage(_SHOWN[kind], (), 0, first)
    there = [name for name, *_ in material.rows(f"describe select * from {side}")]
    values = [name for name in there if not name.startswith("_")] if kind == "quarantine" else []
    head = (*(name for name in _SHOWN[kind] if name in there), *values[:_MOST_VALUES])
    names = ", ".join(map(ident, head))
    rows = material.rows(f"select {names} from {side} limit {_ROWS} offset {first - 1}")
    total = int(material.rows(f"select count(*) from {side}")[0][0])
    return SidePage(head, tuple(rows), total, first)
