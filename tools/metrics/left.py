"""Reading what a run left: run.json, events.jsonl, messages.jsonl. Half a line, after a kill, is passed over."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from algorithms.metrics.measuring import seconds_of
from state.metrics import RunLeft, Sample
from tools.conversation import FILE as MESSAGES


def read_left(
    folder: Path, run_id: str, status: str, *, now: float, fault: str = "", samples: tuple[Sample, ...] = ()
) -> RunLeft:
    """Return what lies in the folder of a run beside its outputs; a file that is missing counts as empty.

    The run ended with its last event, whenever that is told; `now` counts where there is none.
    """
    events = tuple(event for event in _lines(folder / "events.jsonl") if "event" in event and "at" in event)
    return RunLeft(
        run_id=run_id,
        ended=seconds_of(events[-1]) if events else now,
        status=status,
        fault=fault,
        events=events,
        content=_content(folder / "run.json"),
        messages=_lines(folder / MESSAGES),
        samples=samples,
    )


def _content(path: Path) -> Mapping[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _lines(path: Path) -> tuple[Mapping[str, Any], ...]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return ()
    found = (_line(line) for line in content.splitlines())
    return tuple(each for each in found if each is not None)


def _line(text: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
