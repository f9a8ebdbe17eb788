"""A run as it stands now. Only files that the working process appends to or replaces are read, never its workspace."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from algorithms.layering import reduced
from state.errors import DependencyMissing
from state.explanation import Mark, Picture
from state.live import LiveRun, LiveStep
from state.plans import Plan, StepKind
from tools.checks.rule import counted
from tools.explain.changing import cut
from tools.explain.picture import MOST_STEPS, Box, drawn, heading, places_of
from tools.plans import last_plan
from tools.queue.standing import standing_of
from tools.records import RunRecord

Event = Mapping[str, Any]

MOST_TOLD = 60

_MARKS: Mapping[str, Mark] = {
    "done": Mark.GOOD,
    "failed": Mark.BAD,
    "running": Mark.WARN,
    "waiting": Mark.WARN,
    "not begun": Mark.NONE,
}
_ENDS: Mapping[str, StepKind] = {"verified": StepKind.VERIFY, "published": StepKind.PUBLISH}
"""Events of the steps that are no steps of the executor."""


def events_of(record: RunRecord) -> tuple[Event, ...]:
    """Return what was told so far; half a line that is just being written, or was torn by a kill, does not count."""
    try:
        content = _events_path(record).read_bytes()
    except OSError:
        return ()
    return tuple(_parsed(content.splitlines()))


def live_run(record: RunRecord, words: Callable[[Event], str]) -> LiveRun:
    """Return the run as it stands now; `words` says an event, empty for one that is not shown."""
    status, problem = standing_of(record)
    events = events_of(record)
    plan = _plan(record)
    steps = tuple(_steps(plan, events, status)) if plan else ()
    told = [(_clock(str(event.get("at", ""))), words(event)) for event in events]
    phases = [str(event["state"]) for event in events if event["event"] == "planning"]
    return LiveRun(
        run_id=record.run_id,
        status=status,
        problem=problem,
        contract=record.request.contract,
        sources=record.request.sources,
        out=record.request.out,
        owner=record.owner,
        created_at=record.created_at,
        phase=phases[-1] if phases else "",
        steps=steps,
        picture=_picture(plan, steps) if plan else None,
        told=tuple(line for line in told if line[1])[-MOST_TOLD:],
    )


def _events_path(record: RunRecord) -> Path:
    return Path(record.request.out) / "_runs" / record.run_id / "events.jsonl"


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
