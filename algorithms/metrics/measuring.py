"""Measurements from what a run left: attempts of steps and times from its events, figures of data from run.json."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from state.metrics import Count, Measurement, RunLeft, Spread

_FATES = ("read", "published", "withheld", "quarantined", "merged")
_COUNCILS = ("repair_council", "adopt")
"""Phases in which a council decides together; their seconds are those of the consensus."""
_DELIVERED = ("acknowledged", "delivered")
_SESSION = ("started", "resumed")
_ENDED = ("published", "not_met", "rejected", "failed", "budget_spent")


def measure(left: RunLeft) -> tuple[Measurement, ...]:
    """Return all measurements of a run, each with a key that is unique within it."""
    content: Mapping[str, Any] = left.content or {}
    return (
        *_of_run(left),
        *_of_steps(left),
        *_of_data(left, content),
        *_of_phases(left, content),
        *_of_agents(left, content),
        *_of_messages(left, content),
        *_of_samples(left),
    )


def worked_seconds(events: tuple[Mapping[str, Any], ...]) -> float:
    """Return the seconds from the first to the last event of each session: those in which nobody worked don't count."""
    total, begun, last = 0.0, None, 0.0
    for event in events:
        at = seconds_of(event)
        if event["event"] in _SESSION or begun is None:
            total += last - begun if begun is not None else 0.0
            begun = at
        last = at
    return total + (last - begun if begun is not None else 0.0)


def seconds_of(event: Mapping[str, Any]) -> float:
    """Return the time of an event in seconds since the epoch."""
    return datetime.fromisoformat(str(event["at"])).timestamp()


def _of_run(left: RunLeft) -> Iterator[Measurement]:
    at = left.ended
    if left.status not in _ENDED:
        yield Measurement("waits", at, Count.WAITS, left.status, 1)
        return
    yield Measurement("run", at, Count.RUNS, left.status, 1)
    if left.events:
        yield Measurement("run:seconds", at, Spread.RUN_SECONDS, left.status, worked_seconds(left.events))
    if left.status == "failed":
        named = left.fault or _last_failure(left) or "run_failed"
        yield Measurement("critical", at, Count.CRITICAL, named, 1)
        if left.fault:  # else a step failed, which is counted as such
            yield Measurement("error:run", at, Count.ERRORS, left.fault, 1)


def _last_failure(left: RunLeft) -> str:
    failures = [str(event.get("failure", "")) for event in left.events if event["event"] == "step"]
    return next((failure for failure in reversed(failures) if failure), "")


def _of_steps(left: RunLeft) -> Iterator[Measurement]:
    for event in left.events:
        if event["event"] != "step":
            continue
        key, at, status = str(event["event_id"]), seconds_of(event), str(event["status"])
        yield Measurement(f"step:{key}", at, Count.STEPS, status, 1)
        if status == "failed":
            yield Measurement(f"error:{key}", at, Count.ERRORS, str(event.get("failure") or "unknown"), 1)
        if "seconds" in event:
            kind = str(event["step"]).partition(":")[0]
            yield Measurement(f"step:{key}:seconds", at, Spread.STEP_SECONDS, kind, float(str(event["seconds"])))


def _of_data(left: RunLeft, content: Mapping[str, Any]) -> Iterator[Measurement]:
    tables = [table for table in content.get("tables", {}).values() if not table["derived"]]
    for fate in _FATES if tables else ():
        rows = sum(table[f"rows_{fate}"] for table in tables)
        yield Measurement(f"rows:{fate}", left.ended, Count.ROWS, fate, rows)
    if tables:
        cells = sum(table["cells_changed"] for table in content["tables"].values())
        yield Measurement("cells", left.ended, Count.CELLS, "", cells)
    for result, count in Counter(check["result"] for check in content.get("checks", ())).items():
        yield Measurement(f"checks:{result}", left.ended, Count.CHECKS, result, count)
    for strategy, count in Counter(replan["action"] for replan in content.get("replanning", ())).items():
        yield Measurement(f"replans:{strategy}", left.ended, Count.REPLANS, strategy, count)


def _of_phases(left: RunLeft, content: Mapping[str, Any]) -> Iterator[Measurement]:
    """Measure the timings that are of no step, as those are told by events."""
    steps = {report["step_id"] for report in content.get("step_reports", ())}
    for name, seconds in content.get("timings", {}).items():
        if name in steps:
            continue
        phase = name if name.startswith("intake:") else name.partition(":")[0]
        council = phase in _COUNCILS
        spread = Spread.CONSENSUS_SECONDS if council else Spread.PHASE_SECONDS
        yield Measurement(f"phase:{name}", left.ended, spread, phase, seconds)


def _of_agents(left: RunLeft, content: Mapping[str, Any]) -> Iterator[Measurement]:
    decisions = content.get("decisions", ())
    for agent, group in groupby(sorted(decisions, key=_agent), key=_agent):
        made = list(group)
        yield Measurement(f"decisions:{agent}", left.ended, Count.DECISIONS, agent, len(made))
        tokens = sum(decision["cost_tokens"] for decision in made)
        yield Measurement(f"tokens:{agent}", left.ended, Count.TOKENS, agent, tokens)
    votes = Counter(_outcome(decision) for decision in decisions if decision["votes"])
    for outcome, count in votes.items():
        yield Measurement(f"votes:{outcome}", left.ended, Count.VOTES, outcome, count)
    fallbacks = sum(1 for decision in decisions if decision["fallback"])
    if fallbacks:
        yield Measurement("error:fallback", left.ended, Count.ERRORS, "model_fallback", fallbacks)
    performed = [entry for entry in content.get("trace", ()) if entry["award"]]
    for name, entries in (
        (Count.AGENT_STEPS, performed),
        (Count.AGENT_FAILURES, [entry for entry in performed if entry["status"] == "failed"]),
    ):
        for agent, count in Counter(entry["award"]["agent_id"] for entry in entries).items():
            yield Measurement(f"{name}:{agent}", left.ended, name, agent, count)


def _agent(decision: Mapping[str, Any]) -> str:
    return f"{decision['decided_by']}:{decision['kind']}"


def _outcome(decision: Mapping[str, Any]) -> str:
    """Return whether a vote was decided by those who were asked; a fallback means that it was not."""
    return "open" if decision["fallback"] else "reached"


def _of_messages(left: RunLeft, content: Mapping[str, Any]) -> Iterator[Measurement]:
    """Measure the messages of a run: counts by fate, times of delivery, and what orders took beyond their work."""
    counts: Counter[str] = Counter()
    for heard in left.messages:
        receipt: Any = heard["receipt"]
        counts["sent"] += 1
        counts["delivered"] += receipt["status"] in _DELIVERED
        counts["redelivered"] += receipt["attempts"] > 1
        counts["refused"] += receipt["status"] in ("refused", "full")
        counts["dead"] += receipt["status"] in ("dead", "expired")
    counts["lost_orders"] = (content.get("messages") or {}).get("reordered", 0)
    for fate, count in counts.items():
        if left.messages or count:
            yield Measurement(f"messages:{fate}", left.ended, Count.MESSAGES, fate, count)
    yield from _of_delivery(left)


def _of_delivery(left: RunLeft) -> Iterator[Measurement]:
    worked = {str(event["event_id"]): float(str(event.get("seconds", 0.0))) for event in _steps(left)}
    sent: dict[str, float] = {}
    for heard in left.messages:
        message: Any = heard["message"]
        receipt: Any = heard["receipt"]
        name = message["message_id"]
        sent[name] = message["sent_at"]
        if receipt["status"] not in _DELIVERED:
            continue
        if message["kind"] != "delegation":  # an order is acknowledged when it is done: its answer tells the delivery
            took = max(0.0, receipt["at"] - message["sent_at"])
            yield Measurement(f"delivery:{name}", receipt["at"], Spread.DELIVERY_SECONDS, message["kind"], took)
        order = message["in_reply_to"]
        step = order.partition("/")[2].rpartition("~")[0]
        if order in sent and step in worked:
            beyond = max(0.0, receipt["at"] - sent[order] - worked[step])
            yield Measurement(f"overhead:{order}", receipt["at"], Spread.OVERHEAD_SECONDS, "order", beyond)


def _steps(left: RunLeft) -> Iterator[Mapping[str, object]]:
    return (event for event in left.events if event["event"] == "step")


def _of_samples(left: RunLeft) -> Iterator[Measurement]:
    for sample in left.samples:
        figures = (
            (Spread.CPU_SHARE, sample.cpu_share),
            (Spread.MEMORY_BYTES, sample.memory_bytes),
            (Spread.DISK_RATE, sample.disk_bytes_per_second),
            (Spread.NETWORK_RATE, sample.network_bytes_per_second),
            (Spread.DISK_FREE, sample.disk_free_share),
        )
        for name, value in figures:
            yield Measurement(f"sample:{sample.at:.3f}:{name}", sample.at, name, "", value)
