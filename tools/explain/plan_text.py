"""A plan as lines of text: its task network as a tree, its schedule as bars, what was optimised and is prepared."""

from collections.abc import Iterator, Mapping, Sequence

from algorithms.plan_times import list_schedule, step_times
from state.experience import LessonUse
from state.plans import Contingency, MethodChoice, Optimisation, Plan, Step

_BAR = 32
_NAMED = 3


def network_lines(plan: Plan) -> Iterator[str]:
    """Yield the network as an indented tree: tasks with the chosen method, steps as leaves."""
    parts: dict[str | None, list[MethodChoice | str]] = {}
    for choice in plan.choices:
        parts.setdefault(choice.parent, []).append(choice)
    for step in plan.steps:
        parts.setdefault(step.part_of, []).append(step.step_id)
    return _branch(parts, _first_steps(plan), None, "")


def schedule_lines(steps: Sequence[Step], workers: int) -> Iterator[str]:
    """Yield a line for each step in the order in which they are begun: when it runs, as a bar and in seconds.

    Steps on the critical path are marked by * and a fuller bar.
    """
    slots = list_schedule(steps, workers)
    whole = max((slot.end for slot in slots), default=0.0) or 1.0
    critical = {times.step_id for times in step_times(steps) if times.slack == 0.0}
    width = max((len(step.step_id) for step in steps), default=0)
    for slot in slots:
        first = min(_BAR - 1, int(slot.start / whole * _BAR))
        length = max(1, round(slot.end / whole * _BAR) - first)
        bar = " " * first + ("█" if slot.step_id in critical else "▒") * length
        mark = "*" if slot.step_id in critical else " "
        told = f"{slot.start:8.2f} to {slot.end:8.2f}  worker {slot.worker + 1}"
        yield f"{mark} {slot.step_id:<{width}} |{bar:<{_BAR}}| {told}"


def optimisation_line(made: Optimisation) -> str:
    """Return what an optimisation did and what it gained."""
    named = ", ".join(made.steps[:_NAMED]) + (f" and {len(made.steps) - _NAMED} more" if made.steps[_NAMED:] else "")
    return f"{made.kind.value}: {named}: {made.what}; {made.work:.2f} s less work, done {made.seconds:.2f} s sooner"


def contingency_line(one: Contingency) -> str:
    """Return what is done when a step fails, what it costs and what it gains."""
    per_second = one.gain / one.seconds if one.seconds else 0.0
    return (
        f"if {one.step_id} fails: {one.instead}; costs {one.seconds:.2f} s, {one.gain:+.1%} chance to succeed "
        f"({per_second:.1%} per second)"
    )


def use_line(use: LessonUse) -> str:
    """Return what a lesson was used for, and for which steps."""
    named = ", ".join(use.steps[:_NAMED]) + (f" and {len(use.steps) - _NAMED} more" if use.steps[_NAMED:] else "")
    return f"{use.lesson_id}: {named}: {use.effect}"


def _first_steps(plan: Plan) -> dict[str, int]:
    """Return the position of the first step of every task, so that a task's parts are told in their order."""
    parent = {choice.task: choice.parent for choice in plan.choices}
    first: dict[str, int] = {}
    for position, step in enumerate(plan.steps):
        first[step.step_id] = position
        task = step.part_of
        while task is not None:
            first.setdefault(task, position)
            task = parent.get(task)
    return first


def _branch(
    parts: Mapping[str | None, Sequence[MethodChoice | str]], first: Mapping[str, int], task: str | None, indent: str
) -> Iterator[str]:
    def begins(entry: MethodChoice | str) -> int:
        return first.get(entry if isinstance(entry, str) else entry.task, len(first))

    entries = sorted(parts.get(task, ()), key=begins)
    for position, entry in enumerate(entries):
        last = position == len(entries) - 1
        twig, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        if isinstance(entry, str):
            yield f"{indent}{twig}{entry}"
            continue
        yield f"{indent}{twig}{entry.task} by {entry.method}"
        for passed in entry.passed_over:
            yield f"{indent}{below}   not {passed}"
        yield from _branch(parts, first, entry.task, indent + below)
