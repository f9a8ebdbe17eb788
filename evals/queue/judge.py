"""The judge of the suite: what every run left, looked at from outside after all is over."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from evals.queue.crew import Worked
from evals.queue.work import INPUTS, Alone, name_of, place_of, published
from state.jobs import JobState
from state.values import Value
from tools.database.open import open_database
from tools.queue.queue import jobs


class Verdict(Value):
    """What was found; every run is in `right` or has a fault."""

    runs: int
    right: int
    faults: tuple[str, ...]  # at most 20
    resumed: int  # runs that more than one worker had
    seconds: float
    killed_workers: int
    killed_supervisors: int
    gaps: tuple[float, ...]  # seconds between the end of a run and the next one of the same worker
    spans: tuple[float, ...]  # seconds that a run took a worker that nobody killed
    alone: Alone


def judge(home: Path, url: str, runs: int, worked: Worked, reference: Path, alone: Alone) -> Verdict:
    """Return the verdict on a queue that was worked off; `reference` is the home of the undisturbed runs."""
    with open_database(home, url) as database:
        states = {job.run_id: (job.state, job.attempts) for job in jobs(database)}
    expected = [published(reference, number) for number in range(INPUTS)]
    told = Counter(line["run_id"] for line in worked.lines if line["event"] == "ended")
    faults = []
    for number in range(runs):
        fault = _fault(home, number, expected[number % INPUTS])
        state, _ = states.get(name_of(number), (None, 0))
        if state is not JobState.ENDED:
            fault = f"its job is {state}"
        if told[name_of(number)] > 1:
            fault = f"it ended {told[name_of(number)]} times"
        if fault:
            faults.append(f"{name_of(number)}: {fault}")
    if len(states) != runs:
        faults.append(f"{len(states)} jobs of {runs}")
    return Verdict(
        runs=runs,
        right=max(runs - len(faults), 0),
        faults=tuple(faults[:20]),
        resumed=sum(attempts > 1 for _, attempts in states.values()),
        seconds=worked.seconds,
        killed_workers=worked.killed_workers,
        killed_supervisors=worked.killed_supervisors,
        gaps=tuple(_gaps(worked.lines)),
        spans=tuple(line["seconds"] for line in worked.lines if line["event"] == "ended" and line["attempt"] == 1),
        alone=alone,
    )


def _fault(home: Path, number: int, expected: str) -> str:
    """Return what is wrong with what a run left; empty where nothing is."""
    place, run_id = place_of(home, number), name_of(number)
    if published(home, number) != expected:
        return "it published other bytes than an undisturbed run" if published(home, number) else "nothing is published"
    receipts = sorted(place.glob("_runs/*/receipt.json"))
    if receipts != [place / "_runs" / run_id / "receipt.json"]:
        return f"there are {len(receipts)} receipts"
    report = json.loads((place / "_runs" / run_id / "run.json").read_text(encoding="utf-8"))
    if (report["run_id"], report["status"]) != (run_id, "published"):
        return f"its report says {report['status']!r}"
    lines = (place / "_runs" / run_id / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events = Counter(json.loads(line)["event_id"] for line in lines)
    doubled = [event for event, count in events.items() if count > 1]
    left = [path.name for path in place.rglob("*.tmp")]
    return f"events came twice: {doubled[:3]}" if doubled else f"left behind: {left[:3]}" if left else ""


def _gaps(lines: tuple[dict[str, Any], ...]) -> list[float]:
    """Return the times that workers spent with the queue between two runs."""
    ended: dict[str, float] = {}
    gaps = []
    for line in lines:
        if line["event"] == "ended":
            ended[line["worker"]] = line["at"]
        elif line["event"] == "taken" and line["worker"] in ended:
            gaps.append(line["at"] - ended.pop(line["worker"]))
    return gaps
