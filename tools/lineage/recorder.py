"""Recording the lineage of a run: `lineage.jsonl` from the run's first moment to its end, and events to a server.

Lineage never fails a run: what cannot be told or sent becomes a warning in the run's report and event log. An event is
sent before it is written, so that after a kill it is rather sent twice than never.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from state.errors import AnswerError, ClaimLost, MillwrightError, RunDrained
from state.run import RunStatus
from state.supervisor import SupervisorOutput
from tools.explain.material import open_material
from tools.explain.run_story import explain_run
from tools.files import write_durably
from tools.lineage.events import EventType, event_line, job_of, run_events, running_event, start_event
from tools.lineage.facets import Json
from tools.lineage.facts import Facts, gather
from tools.lineage.target import LineageTarget
from tools.lineage.transport import Sender
from tools.outputs.event_log import EventLog
from tools.outputs.run_json import write_run_json
from tools.pages.render import render_page
from tools.records import RunRecord

LINEAGE_FILE = "lineage.jsonl"
_FAULTS = (MillwrightError, duckdb.Error, OSError, ValueError, LookupError)
"""What may go wrong in reading the artefacts of a run, or in writing the file."""


class LineageRecorder:
    """Tells one run, while one process works on it."""

    def __init__(self, record: RunRecord, target: LineageTarget) -> None:
        self.output: SupervisorOutput = {}
        self._record, self._job = record, job_of(record, target.namespace)
        self._folder = Path(record.request.out) / "_runs" / record.run_id
        self._sender = Sender(target)
        self._before: list[Json] = []
        self._warnings: list[str] = []

    def start(self) -> None:
        """Send and write START, unless an earlier process did; a run that had ended is told to go on."""
        try:
            self._before = read_events(self._folder / LINEAGE_FILE)
            if not self._before:
                event = start_event(self._record, self._job)
                self._sender.send(event)
                self._write([event])
            elif self._before[-1]["eventType"] in (EventType.FAIL, EventType.ABORT):
                self._sender.send(running_event(self._record, self._job))
        except _FAULTS as error:
            self._warn(error)

    def finish(self, *, problem: str = "", interrupted: bool = False) -> None:
        """Send what was not sent before, and write the whole file anew from what is known of the run."""
        try:
            self._tell(gather(self._record, self.output, problem=problem, interrupted=interrupted))
        except _FAULTS as error:
            self._warn(error)
            status = self.output.get("status", RunStatus.FAILED)
            self._tell_least(Facts(record=self._record, status=status, problem=problem, interrupted=interrupted))
        self._warnings += self._sender.close()
        if self._warnings:
            self._report_warnings()

    def _tell(self, facts: Facts) -> None:
        told = {_key(event): event["eventTime"] for event in self._before}
        events, unresolved = run_events(facts, self._job, told)
        self._warnings += [f"lineage: {problem}" for problem in unresolved]
        begun = {_key(start_event(self._record, self._job))}
        for event in events:
            if _key(event) not in told and _key(event) not in begun:
                self._sender.send(event)
        self._write(events)

    def _tell_least(self, facts: Facts) -> None:
        try:
            self._tell(facts)
        except _FAULTS as error:
            self._warn(error)

    def _write(self, events: list[Json]) -> None:
        write_durably(self._folder / LINEAGE_FILE, b"".join(event_line(event) for event in events))

    def _warn(self, error: Exception) -> None:
        line = error.line() if isinstance(error, MillwrightError) else " ".join(str(error).split())
        self._warnings.append(f"lineage: {type(error).__name__}: {line}"[:500])

    def _report_warnings(self) -> None:
        """Add the warnings to run.json, report.html and the event log of the run, where these are there."""
        try:
            self._log(self._warnings)
            content = json.loads((self._folder / "run.json").read_bytes())
            content["warnings"] = list(dict.fromkeys([*content["warnings"], *self._warnings]))
            write_run_json(self._folder, content)
            with open_material(self._folder, self._record.context.run_folder(self._record.run_id)) as material:
                page = render_page(explain_run(material))
            write_durably(self._folder / "report.html", page.encode(errors="backslashreplace"))
        except FileNotFoundError:
            return  # the run stopped before it had a report
        except _FAULTS as error:  # lineage never fails a run; run.json has the warnings where it could be written
            with suppress(*_FAULTS):  # nothing can be written: what failed the run says so
                self._log([f"lineage: report.html does not show its warnings: {' '.join(str(error).split())}"[:500]])

    def _log(self, warnings: Sequence[str]) -> None:
        with EventLog(self._folder / "events.jsonl") as log:
            for warning in warnings:
                log.append({"event": "warning", "event_id": f"warning:{warning}", "detail": warning})


@contextmanager
def recorded(record: RunRecord, target: LineageTarget) -> Iterator[LineageRecorder]:
    """Tell a run from here to the end of the block; whoever works on it sets `output`. Errors pass through."""
    recorder = LineageRecorder(record, target)
    recorder.start()
    try:
        yield recorder
    except (AnswerError, ClaimLost, RunDrained):  # the run still waits, or another worker goes on with it
        raise
    except MillwrightError as error:
        recorder.finish(problem=error.line())
        raise
    except (KeyboardInterrupt, SystemExit):
        recorder.finish(problem="the process was told to stop", interrupted=True)
        raise
    except BaseException as error:  # whatever ended the run is told as its failure, and rises
        recorder.finish(problem=f"{type(error).__name__}: {' '.join(str(error).split())}"[:1000])
        raise
    recorder.finish()


def read_events(path: Path) -> list[Json]:
    """Return the events of a lineage file; none where there is no file. ValueError where it is damaged."""
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def _key(event: Json) -> tuple[str, str]:
    return event["run"]["runId"], event["eventType"]
