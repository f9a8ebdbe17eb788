"""The plan as a picture: a lane for each table, steps from top to bottom; of a long plan one box for each table."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from algorithms.layering import Place, connected, in_lanes, in_layers, reduced
from state.explanation import Mark, Picture, PictureLabel, PictureNode
from state.reports import StepReport
from tools.checks.rule import counted
from tools.explain.changing import cut
from tools.explain.material import Material
from tools.explain.planning import step_state

MOST_STEPS = 48
"""Steps that are drawn one by one; a longer plan is drawn by tables."""
_MOST_LANES = 6
_TABLES_A_ROW = 3
_MOST_TABLES = 120

_WIDTH, _HEIGHT = 216.0, 46.0
_ACROSS, _DOWN = 252.0, 72.0
_MARGIN, _TOP = 24.0, 28.0
_ROUND = 6.0

_WORST = (Mark.BAD, Mark.NONE, Mark.WARN, Mark.GOOD)


class Box(NamedTuple):
    """What is drawn at a place."""

    label: str
    state: str
    mark: Mark
    note: str = ""
    figure: str = ""
    strong: bool = False
    dashed: bool = False


def plan_picture(material: Material) -> Picture | None:
    """Return the picture of the run's plan; None when there is no plan."""
    plan = material.run["plan"]
    if not plan or not plan["steps"]:
        return None
    steps: Sequence[dict[str, Any]] = plan["steps"]
    tables = list(dict.fromkeys(step["table"] for step in steps if step["table"]))
    if len(steps) <= MOST_STEPS and len(tables) <= _MOST_LANES:
        return _by_steps(material, steps, tables)
    return _by_tables(material, steps, tables)


def _by_steps(material: Material, steps: Sequence[dict[str, Any]], tables: Sequence[str]) -> Picture:
    places = places_of(steps, {table: index for index, table in enumerate(tables)})
    boxes = _step_boxes(material, steps)
    headings = tuple(heading(table, lane, places) for lane, table in enumerate(tables))
    edges = reduced({step["step_id"]: step["after"] for step in steps})
    return drawn(f"The plan: {counted(len(steps), 'step')}", boxes, places, edges, headings)


def places_of(steps: Sequence[Mapping[str, Any]], lanes: Mapping[str, int]) -> dict[str, tuple[float, int]]:
    """Return the column and row of each step: its table's lane; of steps over all tables below, in the middle."""
    own = {step["step_id"]: step["after"] for step in steps if step["table"]}
    laid = in_lanes(own, {step["step_id"]: lanes[step["table"]] for step in steps if step["table"]})
    places: dict[str, tuple[float, int]] = {step_id: (place.column, place.row) for step_id, place in laid.items()}
    bottom = max((row for _, row in places.values()), default=-1)
    for step in steps:
        if not step["table"]:  # verify, publish
            bottom += 1
            places[step["step_id"]] = (max(lanes.values(), default=0) / 2, bottom)
    return places


def heading(table: str, lane: int, places: Mapping[str, tuple[float, int]]) -> PictureLabel:
    """Return the name of a lane above its first box, right of the arrow that may end there."""
    first = min(row for column, row in places.values() if column == lane)
    left = _middle(lane) + (14 if first else -_WIDTH / 2)
    return PictureLabel(x=left, y=_top(first) - 8, text=cut(table, 14 if first else 30))


def _step_boxes(material: Material, steps: Sequence[dict[str, Any]]) -> dict[str, Box]:
    reports = {report.step_id: report for report in material.steps}
    timings = material.run["timings"]
    boxes = {}
    for step in steps:
        step_id = step["step_id"]
        state, mark = step_state(material, step_id, step["kind"], reports)
        report = reports.get(step_id)
        seconds = timings.get(step_id, timings.get(step["kind"]) if not step["table"] else None)
        boxes[step_id] = Box(
            step["kind"],
            state.removeprefix("done at "),  # the sign says that it is done, and there is little room
            mark,
            _note(report) or _total_note(material, step["kind"]),
            f"{seconds:.2f} s" if seconds is not None else "",
        )
    return boxes


def _note(report: StepReport | None) -> str:
    return cut(report.error or report.detail, 27) if report else ""


def _total_note(material: Material, kind: str) -> str:
    if kind == "verify" and material.run["checks"]:
        return counted(len(material.run["checks"]), "rule")
    return counted(len(material.published), "table") if kind == "publish" and material.published else ""


def _by_tables(material: Material, steps: Sequence[dict[str, Any]], tables: Sequence[str]) -> Picture:
    boxes, shown = _step_boxes(material, steps), tables[:_MOST_TABLES]
    table_of = {step["step_id"]: step["table"] for step in steps}
    after: dict[str, list[str]] = {table: [] for table in shown}
    for step in steps:
        if step["table"] in after:
            before = {table_of.get(other) for other in step["after"]} - {step["table"], None}
            after[step["table"]] += [table for table in shown if table in before]
    members = {table: [boxes[step["step_id"]] for step in steps if step["table"] == table] for table in shown}
    places = {table: (float(place.column), place.row) for table, place in _layers(after).items()}
    left = len(tables) - len(shown)
    title = f"The plan: {counted(len(steps), 'step')} on {counted(len(tables), 'table')}"
    return drawn(
        title + (f"; {left} tables are not drawn" if left else ""),
        {table: _table_box(table, parts) for table, parts in members.items()},
        places,
        reduced(after),
        (),
    )


def _layers(after: Mapping[str, Sequence[str]]) -> dict[str, Place]:
    """Return the place of each table: groups that depend on each other side by side on shelves, lone tables at last."""
    groups = connected(after)
    alone = [name for group in groups if len(group) == 1 for name in group]
    places: dict[str, Place] = {}
    left = top = height = 0
    for group in [*(group for group in groups if len(group) > 1), *([alone] if alone else [])]:
        laid = in_layers({name: after[name] for name in group}, _TABLES_A_ROW)
        width = 1 + max(place.column for place in laid.values())
        if left + width > _TABLES_A_ROW:
            left, top, height = 0, top + height, 0
        places |= {name: Place(place.column + left, place.row + top) for name, place in laid.items()}
        left, height = left + width, max(height, 1 + max(place.row for place in laid.values()))
    return places


def _table_box(table: str, parts: Sequence[Box]) -> Box:
    worst = min((part.mark for part in parts), key=_WORST.index)
    bad = next(part for part in parts if part.mark is worst)
    done = sum(part.mark in (Mark.GOOD, Mark.WARN) for part in parts)
    note = f"{done} of {counted(len(parts), 'step')} done"
    return Box(cut(table, 22), bad.state, worst, f"{note}: {bad.label}" if worst is Mark.BAD else note)


def drawn(
    title: str,
    boxes: Mapping[str, Box],
    places: Mapping[str, tuple[float, int]],
    edges: Sequence[tuple[str, str]],
    headings: tuple[PictureLabel, ...],
) -> Picture:
    """Return the picture of boxes at their places, with arrows along the edges and headings above lanes."""
    columns = max((column for column, _ in places.values()), default=0)
    rows = max((row for _, row in places.values()), default=0)
    nodes = tuple(
        PictureNode(
            x=_middle(column) - _WIDTH / 2,
            y=_top(row),
            width=_WIDTH,
            height=_HEIGHT,
            label=boxes[key].label,
            state=boxes[key].state,
            mark=boxes[key].mark,
            note=boxes[key].note,
            figure=boxes[key].figure,
            strong=boxes[key].strong,
            dashed=boxes[key].dashed,
        )
        for key, (column, row) in places.items()
    )
    states: dict[str, int] = {}
    for box in boxes.values():
        states[box.state] = states.get(box.state, 0) + 1
    return Picture(
        width=2 * _MARGIN + columns * _ACROSS + _WIDTH,
        height=_top(rows) + _HEIGHT + _MARGIN,
        title=title,
        description=", ".join(f"{count} {state}" for state, count in states.items())
        + ". The list of steps says the same in words.",
        nodes=nodes,
        paths=tuple(path(places, before, behind) for before, behind in edges if before in places and behind in places),
        headings=headings,
    )


def _middle(column: float) -> float:
    return _MARGIN + _WIDTH / 2 + column * _ACROSS


def _top(row: int) -> float:
    return _TOP + row * _DOWN


def path(places: Mapping[str, tuple[float, int]], before: str, behind: str) -> str:
    """Return the way of an arrow along the gaps between boxes: down, across, down."""
    (from_column, from_row), (to_column, to_row) = places[before], places[behind]
    start, end = (_middle(from_column), _top(from_row) + _HEIGHT), (_middle(to_column), _top(to_row) - 2)
    last_gap = _top(to_row) - (_DOWN - _HEIGHT) / 2
    blocked = any(from_row < row < to_row and abs(column - from_column) < 1 for column, row in places.values())
    if not blocked:
        return _rounded([start, (start[0], last_gap), (end[0], last_gap), end])
    first_gap = _top(from_row) + _HEIGHT + (_DOWN - _HEIGHT) / 2
    gutter = end[0] - _ACROSS / 2 if to_column >= from_column else end[0] + _ACROSS / 2
    return _rounded([start, (start[0], first_gap), (gutter, first_gap), (gutter, last_gap), (end[0], last_gap), end])


def beside(places: Mapping[str, tuple[float, int]], left: str, right: str) -> str:
    """Return the way of an arrow from a box to the one right of it."""
    height = _top(places[left][1]) + _HEIGHT / 2
    start, end = _middle(places[left][0]) + _WIDTH / 2, _middle(places[right][0]) - _WIDTH / 2 - 2
    return f"M{start:g} {height:g}L{end:g} {height:g}"


def _rounded(points: Sequence[tuple[float, float]]) -> str:
    """Return SVG path data through the points, corners rounded."""
    distinct = [point for index, point in enumerate(points) if index == 0 or point != points[index - 1]]
    parts = [f"M{distinct[0][0]:g} {distinct[0][1]:g}"]
    for before, corner, behind in zip(distinct, distinct[1:], distinct[2:], strict=False):
        into, out = _towards(corner, before), _towards(corner, behind)
        parts.append(f"L{into[0]:g} {into[1]:g}Q{corner[0]:g} {corner[1]:g} {out[0]:g} {out[1]:g}")
    parts.append(f"L{distinct[-1][0]:g} {distinct[-1][1]:g}")
    return "".join(parts)


def _towards(corner: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """Return the point on the way from a corner to another point where the rounding begins."""
    length = abs(other[0] - corner[0]) + abs(other[1] - corner[1])  # one of both is 0
    part = min(_ROUND, length / 2) / length if length else 0.0
    return corner[0] + (other[0] - corner[0]) * part, corner[1] + (other[1] - corner[1]) * part
