"""How a plan ran in time: when each attempt of a step began, how long it took, and what ran beside it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from algorithms.planning.model import Estimate
from algorithms.planning.schedule import schedule
from state.explanation import Fact, Grid, Mark, Track
from tools.explain.anchors import attempt_anchor
from tools.explain.material import Material

_MOST_ROWS = 250
_MOST_TRACKS = 120
_MOST_BESIDE = 8
_STEP = "step"
Entry = Mapping[str, Any]


def timeline_facts(material: Material) -> tuple[Fact, ...]:
    """Return what running side by side gained, and what the plan's estimates had said; nothing without a trace."""
    trace, plan = _timed(material), material.run["plan"]
    if not trace or not plan:
        return ()
    most = most_at_once(trace)
    added = sum(entry["seconds"] for entry in trace)
    performed = {entry["step_id"] for entry in trace}
    known = len(performed) <= _MOST_ROWS  # a schedule of very many takes longer than it is worth
    estimate = f"; estimated {estimated_seconds(plan['steps'], performed, most):.1f}" if known else ""
    return (
        Fact(
            label="seconds of the clock in which steps ran",
            value=f"{busy_seconds(trace):.1f}",
            note=f"of {added:.1f} of all steps added up, at most {most} at once{estimate}",
        ),
    )


def tracks(material: Material) -> tuple[Track, ...]:
    """Return when each attempt ran, as bars of one length of time."""
    trace = sorted(_timed(material), key=lambda entry: entry["started"])[:_MOST_TRACKS]
    if not trace:
        return ()
    first, last = trace[0]["started"], max(end for _, end in map(_interval, trace))
    whole = (last - first) or 1.0
    marks = {"failed": Mark.BAD, "done": Mark.GOOD}
    return tuple(
        Track(
            label=entry["step_id"] + (f", attempt {entry['attempt']}" if entry["attempt"] > 1 else ""),
            target=attempt_anchor(entry["step_id"], entry["attempt"]),
            begin=(entry["started"] - first) / whole,
            length=entry["seconds"] / whole,
            seconds=entry["seconds"],
            mark=marks.get(entry["status"], Mark.WARN),
        )
        for entry in trace
    )


def timeline_grid(material: Material) -> tuple[Grid, ...]:
    """Return the attempts in the order in which they began, each with what ran beside it."""
    trace = sorted(_timed(material), key=lambda entry: entry["started"])
    if most_at_once(trace) < 2:  # noqa: PLR2004  one after the other: the steps say it themselves
        return ()
    first = trace[0]["started"]
    rows = tuple(
        (
            f"{entry['started'] - first:.2f}",
            f"{entry['seconds']:.2f}",
            entry["step_id"] + (f", attempt {entry['attempt']}" if entry["attempt"] > 1 else ""),
            _in_short([other["step_id"] for other in _beside(trace, index)]),
            str(entry["completed"]),
        )
        for index, entry in enumerate(trace[:_MOST_ROWS])
    )
    left = len(trace) - len(rows)
    return (
        Grid(
            caption="What ran side by side",
            head=("began at second", "took seconds", "step", "beside", "steps done after it"),
            rows=rows,
            more=f"and {left} more: see trace in run.json" if left > 0 else "",
            folded=True,
        ),
    )


def _beside(trace: Sequence[Entry], index: int) -> Iterator[Entry]:
    """Yield what ran beside an entry, of entries in the order in which they began."""
    entry = trace[index]
    yield from (other for other in trace[:index] if _overlap(entry, other))
    for other in islice(trace, index + 1, None):
        if other["started"] >= _interval(entry)[1]:
            return
        if _overlap(entry, other):
            yield other


def _in_short(names: Sequence[str]) -> str:
    left = len(names) - _MOST_BESIDE
    return ", ".join(names[:_MOST_BESIDE]) + (f" and {left} more" if left > 0 else "")


def busy_seconds(trace: Sequence[Entry]) -> float:
    """Return the seconds in which at least one step ran: waiting for a person, or for a resume, is not in it."""
    seconds, until = 0.0, float("-inf")
    for begin, end in sorted(map(_interval, trace)):
        seconds += max(0.0, end - max(begin, until))
        until = max(until, end)
    return seconds


def most_at_once(trace: Sequence[Entry]) -> int:
    """Return how many steps ran at once at most."""
    moments = sorted(
        [(begin, 1) for begin, _ in map(_interval, trace)] + [(end, -1) for _, end in map(_interval, trace)]
    )
    most = running = 0
    for _, change in moments:  # at the same moment one ends before another begins
        running += change
        most = max(most, running)
    return most


def estimated_seconds(steps: Sequence[Entry], performed: set[str], most: int) -> float:
    """Return the estimated makespan of the performed steps, at most so many at once."""
    place = {step["step_id"]: index for index, step in enumerate(s for s in steps if s["step_id"] in performed)}
    chosen = [step for step in steps if step["step_id"] in place]
    estimates = [Estimate(seconds=step["seconds"], resources=((_STEP, 1.0),)) for step in chosen]
    before = [[place[other] for other in step["after"] if other in place] for step in chosen]
    return schedule(estimates, before, {_STEP: float(most)}).makespan


def _timed(material: Material) -> list[Entry]:
    """Return the attempts that say when they began; those of an older version do not."""
    return [entry for entry in material.run["trace"] if "started" in entry]


def _interval(entry: Entry) -> tuple[float, float]:
    return entry["started"], entry["started"] + entry["seconds"]


def _overlap(one: Entry, other: Entry) -> bool:
    (begin, end), (begin_other, end_other) = _interval(one), _interval(other)
    return begin < end_other and begin_other < end
