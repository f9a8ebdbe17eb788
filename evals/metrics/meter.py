"""An outside meter: counts and percentiles from the files of runs, written without any code of the metrics.

Percentiles are the value of the nearest rank: of n values in order the ceil(share x n)th.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Any

SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_ENDS = ("published", "not_met", "rejected", "failed", "budget_spent")


def meter(folders: Iterable[Path]) -> dict[str, float]:
    """Return all figures of runs, each told by its folder with run.json, events.jsonl and messages.jsonl."""
    runs = [_read(folder) for folder in folders]
    figures: dict[str, float] = {}
    for run in runs:
        for name, count in _counts(run):
            figures[name] = figures.get(name, 0) + count
    for name, values in _values(runs).items():
        figures[f"{name} n"] = len(values)
        for share, part in SHARES.items():
            figures[f"{name} {share}"] = rank(values, part)
        figures[f"{name} mean"] = sum(values) / len(values)
    return figures


def rank(values: Sequence[float], share: float) -> float:
    """Return the value of the nearest rank."""
    return sorted(values)[max(1, ceil(share * len(values) - 1e-9)) - 1]


def _read(folder: Path) -> dict[str, Any]:
    messages = folder / "messages.jsonl"
    return {
        "run": json.loads((folder / "run.json").read_text()),
        "events": [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()],
        "messages": [json.loads(line) for line in messages.read_text().splitlines()] if messages.exists() else [],
    }


def _counts(run: dict[str, Any]) -> Iterable[tuple[str, float]]:
    content = run["run"]
    if content["status"] in _ENDS:
        yield f"runs {content['status']}", 1
    yield from _data(content)
    yield from _judgement(content)
    yield from ((f"attempts {event['status']}", 1) for event in run["events"] if event["event"] == "step")
    for message in run["messages"]:
        yield "messages sent", 1
        yield "messages delivered", int(message["receipt"]["status"] in ("delivered", "acknowledged"))


def _data(content: dict[str, Any]) -> Iterable[tuple[str, float]]:
    for table in content["tables"].values():
        yield "cells changed", table["cells_changed"]
        for fate in () if table["derived"] else ("read", "published", "quarantined", "merged", "withheld"):
            yield f"rows {fate}", table[f"rows_{fate}"]
    yield from ((f"checks {check['result']}", 1) for check in content["checks"])


def _judgement(content: dict[str, Any]) -> Iterable[tuple[str, float]]:
    for decision in content["decisions"]:
        yield f"decisions {decision['decided_by']}:{decision['kind']}", 1
        yield "tokens", decision["cost_tokens"]
        if decision["votes"]:
            yield "votes", 1
            yield "votes reached", 0 if decision["fallback"] else 1
    yield from ((f"steps of {entry['award']['agent_id']}", 1) for entry in content["trace"] if entry["award"])


def _values(runs: Sequence[dict[str, Any]]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for run in runs:
        for name, value in (*_times(run), *_talk(run)):
            found.setdefault(name, []).append(value)
    return found


def _times(run: dict[str, Any]) -> Iterable[tuple[str, float]]:
    if run["run"]["status"] in _ENDS:
        yield "run seconds", sum(last - first for first, last in _sessions(run["events"]))
    for event in run["events"]:
        if event["event"] == "step":
            yield "step seconds", event["seconds"]
            yield f"step seconds {event['step'].split(':')[0]}", event["seconds"]
    for name, seconds in run["run"]["timings"].items():
        if name == "adopt" or name.startswith("repair_council:"):
            yield "consensus seconds", seconds


def _sessions(events: Sequence[dict[str, Any]]) -> list[tuple[float, float]]:
    sessions: list[tuple[float, float]] = []
    for event in events:
        at = datetime.fromisoformat(event["at"]).timestamp()
        if event["event"] in ("started", "resumed"):
            sessions.append((at, at))
        else:
            sessions[-1] = (sessions[-1][0], at)
    return sessions


def _talk(run: dict[str, Any]) -> Iterable[tuple[str, float]]:
    worked = {event["event_id"]: event["seconds"] for event in run["events"] if event["event"] == "step"}
    sent = {each["message"]["message_id"]: each["message"]["sent_at"] for each in run["messages"]}
    for each in run["messages"]:
        message, receipt = each["message"], each["receipt"]
        if receipt["status"] not in ("delivered", "acknowledged") or message["kind"] == "delegation":
            continue
        yield "delivery seconds", receipt["at"] - message["sent_at"]
        order = message["in_reply_to"]
        step = order.split("/", 1)[1].rsplit("~", 1)[0] if order else ""
        if step in worked:
            yield "overhead seconds", max(0.0, receipt["at"] - sent[order] - worked[step])
