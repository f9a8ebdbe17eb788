"""What a reasoning worker thought, did and saw: read from the run's events, as thoughts stand nowhere else."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from state.explanation import Event, Link, Mark
from tools.explain.anchors import anchor
from tools.explain.material import Material

_FILE = "events.jsonl"
_MOST = 200

Json = Mapping[str, Any]


def diagnosis_events(material: Material) -> Iterator[tuple[float, Event]]:
    """Yield each case with its thoughts, and the observations of each thought; and when it began.

    That is in seconds after the run was recorded, to a second.
    """
    recorded = _moment(material.run.get("created_at"))
    cases: dict[str, list[Json]] = {}
    for event in _events(material):
        if event.get("event") in ("case", "thought", "observation", "concluded"):
            cases.setdefault(str(event["event_id"]).split(":")[1], []).append(event)
    for case, events in cases.items():
        yield _moment(events[0].get("at")) - recorded, _case(case, events)


def _case(case: str, events: list[Json]) -> Event:
    begun = next((event for event in events if event["event"] == "case"), {})
    ended = next((event for event in events if event["event"] == "concluded"), {})
    seen: dict[object, list[Json]] = {}
    for event in events:
        if event["event"] == "observation":
            seen.setdefault(event["step"], []).append(event)
    thoughts = [event for event in events if event["event"] == "thought"][:_MOST]
    return Event(
        anchor=anchor("case", case),
        kind="diagnosis",
        title=str(begun.get("subject") or case),
        text=str(ended.get("reason") or begun.get("goal") or ""),
        mark=Mark.GOOD if ended.get("ended_by") == "final_result" else Mark.WARN,
        links=(Link(target="diagnoses", label="what was found"),),
        parts=tuple(_thought(case, thought, seen.get(thought["step"], ())) for thought in thoughts),
    )


def _thought(case: str, thought: Json, seen: Sequence[Json]) -> Event:
    told = [f"{name}: {thought[name]}" for name in ("known", "gaps", "risks") if thought.get(name)]
    return Event(
        anchor=anchor("thought", f"{case} {thought['step']}"),
        kind="thought",
        title=f"{thought['step']}. {thought['thought']}",
        text="; ".join((*told, f"confidence {thought['confidence']:.2f}, by {thought['decided_by']}")),
        parts=tuple(_observation(event) for event in seen[:_MOST]),
    )


def _observation(event: Json) -> Event:
    failed = event["failed"] == "true"
    return Event(
        anchor=anchor("observation", str(event["event_id"])),
        kind="observation",
        title=f"{event['action']} {event['input']}",
        text=str(event["observation"]),
        mark=Mark.BAD if failed else Mark.NONE,
    )


def _moment(text: object) -> float:
    """Return a time as seconds; 0 where there is none."""
    return datetime.fromisoformat(text).timestamp() if isinstance(text, str) else 0.0


def _events(material: Material) -> Iterator[Json]:
    path = material.folder / _FILE
    if not path.is_file():
        return
    seen: set[str] = set()
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            event = json.loads(line)
        except ValueError:  # the last line of a session that was killed
            continue
        if isinstance(event, dict) and event.get("event_id") not in seen:
            seen.add(event.get("event_id", ""))
            yield event
