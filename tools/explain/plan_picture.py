"""A plan before it is carried out, as a picture: coloured by risk, the critical path stressed, contingencies dashed."""

from algorithms.layering import reduced
from algorithms.plan_times import step_times
from state.explanation import Mark, Picture
from state.plans import Plan, Step
from tools.checks.rule import counted
from tools.explain.changing import cut
from tools.explain.picture import Box, beside, drawn, heading, path, places_of

_RISKY, _DOUBTFUL = 0.1, 0.03
"""Chances to fail from which a step is drawn as risky, and as doubtful."""
_WORDS = {Mark.BAD: "risky", Mark.WARN: "doubtful", Mark.GOOD: "safe"}


def picture_of_plan(plan: Plan) -> Picture:
    """Return the picture of a plan: a lane for each table, and beside it one for what is prepared for its failures."""
    steps = [step.model_dump(mode="json") for step in plan.steps]
    lanes = _lanes(plan)
    places = places_of(steps, lanes)
    critical = {times.step_id for times in step_times(plan.steps) if times.slack == 0.0}
    boxes = {step.step_id: _box(step, strong=step.step_id in critical) for step in plan.steps}
    edges = reduced({step.step_id: step.after for step in plan.steps})
    stressed = [edge for edge in edges if set(edge) <= critical]
    dashed: list[str] = []
    for one in plan.contingencies:
        failed, key = places[one.step_id], f"instead of {one.step_id}"
        places[key] = (failed[0] + 1, failed[1])
        boxes[key] = Box(
            "else",
            "",
            Mark.NONE,
            cut(one.instead.partition(" by ")[2] or one.instead, 27),
            f"{one.gain:+.1%}",
            dashed=True,
        )
        table = _table(plan, one.step_id)
        behind = [step.step_id for step in plan.steps if one.step_id in step.after and step.table == table]
        dashed += [path(places, key, step_id) for step_id in behind[:1]]
        dashed.append(beside(places, one.step_id, key))
    marks = [box.mark for box in boxes.values()]
    words = ", ".join(f"{marks.count(mark)} {word}" for mark, word in _WORDS.items())
    picture = drawn(
        f"{plan.goal}: {counted(len(plan.steps), 'step')}",
        boxes,
        places,
        [edge for edge in edges if edge not in stressed],
        tuple(heading(table, lane, places) for table, lane in lanes.items()),
    )
    return picture.model_copy(
        update={
            "description": f"{words}; {counted(len(critical), 'step')} on the critical path, with heavy borders and "
            f"arrows; prepared for failures, dashed: {len(plan.contingencies)}.",
            "strong_paths": tuple(path(places, *edge) for edge in stressed),
            "dashed_paths": tuple(dashed),
        }
    )


def _lanes(plan: Plan) -> dict[str, int]:
    """Return the lane of each table; one beside it stays free for its contingencies."""
    prepared = {_table(plan, one.step_id) for one in plan.contingencies}
    lanes: dict[str, int] = {}
    free = 0
    for step in plan.steps:
        if step.table is not None and step.table not in lanes:
            lanes[step.table] = free
            free += 2 if step.table in prepared else 1
    return lanes


def _table(plan: Plan, step_id: str) -> str | None:
    return plan.step(step_id).table


def _box(step: Step, *, strong: bool) -> Box:
    fails = 1.0 - step.probability
    mark = Mark.BAD if fails >= _RISKY else Mark.WARN if fails >= _DOUBTFUL else Mark.GOOD
    note = f"fails with chance {fails:.0%}" if fails >= 0.005 else "hardly fails"  # noqa: PLR2004  what is shown as 0 %
    return Box(
        step.kind.value, "done" if mark is Mark.GOOD else _WORDS[mark], mark, note, f"{step.seconds:.2f} s", strong
    )
