"""A run as it stands now. Only files that the working process appends to or replaces are read, never its workspace."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from algorithms.layering import reduced
from state.errors import DependencyMissing
from state.explanation import Mark, Picture
from state.live import LiveAward, LiveDecision, LiveRun, LiveStep
from state.plans import Plan, StepKind
from tools.checks.rule import counted
from tools.explain.changing import cut
from tools.explain.picture import MOST_STEPS, Box, drawn, heading, places_of
from tools.plans import last_plan
from tools.queue.standing import standing_of
from tools.records import RunRecord

Event = Mapping[str, Any]
Found = TypeVar("Found")

MOST_TOLD = 60
MOST_JUDGED = 30
"""Awards, and decisions, that are shown."""

_MARKS: Mapping[str, Mark] = {
    "done": Mark.GOOD,
    "failed": Mark.BAD,
    "running": Mark.WARN,
    "waiting": Mark.WARN,
    "not begun": Mark.NONE,
}
_ENDS: Mapping[str, StepKind] = {"verified": StepKind.VERIFY, "published": StepKind.PUBLISH}
"""Events of the steps that are no steps of the executor."""


class EventTail:
    """The events of one run, read as far as they are written: each look parses only what is new."""

    def __init__(self, record: RunRecord) -> None:
        self._path = Path(record.request.out) / "_runs" / record.run_id / "events.jsonl"
        self._read = 0
        self._events: list[Event] = []

    def events(self) -> Sequence[Event]:
        """Return what was told so far; half a line that is just being written, or was torn by a kill, counts not."""
        try:
            with self._path.open("rb") as stream:
                stream.seek(self._read)
                content = stream.read()
        except OSError:
            return self._events
        whole = content[: content.rfind(b"\n") + 1]
        self._read += len(whole)
        self._events += _parsed(whole.splitlines())
        return self._events


def live_run(record: RunRecord, words: Callable[[Event], str], tail: EventTail | None = None) -> LiveRun:
    """Return the run as it stands now; `words` says an event, empty for one that is not shown.

    Who looks again and again passes the same `tail`.
    """
    status, problem = standing_of(record)
    events = (tail or EventTail(record)).events()
    plan = _plan(record)
    steps = tuple(_steps(plan, events, status)) if plan else ()
    latest = events[::-1]
    phase = next((str(event["state"]) for event in latest if event["event"] == "planning"), "")
    return LiveRun(
        run_id=record.run_id,
        status=status,
        problem=problem,
        contract=record.request.contract,
        sources=record.request.sources,
        out=record.request.out,
        owner=record.owner,
        created_at=record.created_at,
        phase=phase,
        steps=steps,
        picture=_picture(plan, steps) if plan else None,
        awards=_last(map(_award, latest), MOST_JUDGED),
        decisions=_last(map(_decision, latest), MOST_JUDGED),
        told=_last(
            ((_clock(str(each.get("at", ""))), said) if (said := words(each)) else None for each in latest), MOST_TOLD
        ),
    )


def _last(found: Iterable[Found | None], most: int) -> tuple[Found, ...]:
    """Return the first that are something, turned round."""
    return tuple(islice((each for each in found if each is not None), most))[::-1]


def _award(event: Event) -> LiveAward | None:
    if event["event"] != "award":
        return None
    told = {name: str(event.get(name, "")) for name in ("agent", "engine", "reason", "bids")}
    return LiveAward(step_id=str(event.get("step", "")), **told)


def _decision(event: Event) -> LiveDecision | None:
    if event["event"] != "decided":
        return None
    told = {name: str(event.get(name, "")) for name in ("subject", "answer", "by", "votes")}
    return LiveDecision(step_id=str(event.get("step", "")), confidence=float(event.get("confidence", 0)), **told)


def _parsed(lines: Sequence[bytes]) -> Iterator[Event]:
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "event" in event:
            yield event


def _plan(record: RunRecord) -> Plan | None:
    try:
        return last_plan(record.context.run_folder(record.run_id))
    except DependencyMissing:
        return None


def _steps(plan: Plan, events: Sequence[Event], status: str) -> Iterator[LiveStep]:
    """Yield the steps of the plan in its order, each with what was told of it last."""
    begun: dict[str, str] = {}
    attempts: dict[str, int] = {}
    ended: dict[str, Event] = {}
    for event in events:
        name = str(event.get("step", ""))
        if event["event"] == "begun":
            begun[name], attempts[name] = str(event.get("at", "")), attempts.get(name, 0) + 1
            ended.pop(name, None)
        elif event["event"] == "step":
            ended[name] = event
        elif event["event"] in _ENDS:
            ended |= {each.step_id: event for each in plan.steps if each.kind is _ENDS[str(event["event"])]}
    for step in plan.steps:
        last = ended.get(step.step_id)
        yield LiveStep(
            step_id=step.step_id,
            kind=step.kind.value,
            table=step.table or "",
            state=_state(last, begun=step.step_id in begun, status=status),
            detail=str(last.get("detail", "")) if last else "",
            seconds=_seconds(begun.get(step.step_id, ""), last),
            attempts=attempts.get(step.step_id, 0),
        )


def _state(event: Event | None, *, begun: bool, status: str) -> str:
    if event is not None:
        said = str(event.get("status", "done"))
        return said if said in _MARKS else "failed"
    return "running" if begun and status == "running" else "not begun"


def _seconds(begun: str, event: Event | None) -> float | None:
    if not begun or event is None:
        return None
    try:
        took = datetime.fromisoformat(str(event["at"])) - datetime.fromisoformat(begun)
    except (KeyError, ValueError):
        return None
    return max(0.0, took.total_seconds())


def _clock(at: str) -> str:
    try:
        return f"{datetime.fromisoformat(at):%H:%M:%S}"
    except ValueError:
        return ""


def _picture(plan: Plan, steps: Sequence[LiveStep]) -> Picture | None:
    """Return the plan with every step in the colour of its state; None for plans too large to draw."""
    if len(plan.steps) > MOST_STEPS:
        return None
    lanes = {table: lane for lane, table in enumerate(dict.fromkeys(step.table for step in plan.steps if step.table))}
    places = places_of([step.model_dump(mode="json") for step in plan.steps], lanes)
    edges = reduced({step.step_id: step.after for step in plan.steps})
    headings = tuple(heading(table, lane, places) for table, lane in lanes.items())
    boxes = {step.step_id: _box(step) for step in steps}
    return drawn(f"The plan: {counted(len(plan.steps), 'step')}", boxes, places, edges, headings)


def _box(step: LiveStep) -> Box:
    seconds = f"{step.seconds:.2f} s" if step.seconds is not None else ""
    return Box(step.kind, step.state, _MARKS[step.state], cut(step.detail, 27), seconds, strong=step.state == "running")
