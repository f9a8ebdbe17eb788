"""Runs: the list, one run as it stands now, and its story once it has ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.dashboard.guard import PREFIX, asker
from app.dashboard.pages import missing, number_in, page, refused, rendered
from app.dashboard.pushing import Shown, pushed
from app.progress import told
from app.settings import load_settings
from state.errors import MillwrightError, RunError
from state.explanation import Explanation
from tools.explain.live import EventTail, live_run
from tools.explain.material import Material, open_material
from tools.explain.subject import Subject, explain
from tools.queue.registry import home_of
from tools.records import RunRecord, is_running, read_record

_REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
"""A report holds its own looks."""

_NUMBERS = ("row", "line", "quarantined")


def home() -> Path:
    """Return the home folder of the server."""
    return Path(load_settings().home).absolute()


async def record_for(request: Request) -> RunRecord | None:
    """Return the record of the run that the address names; None where there is none, or not for this user."""
    record = await run_in_threadpool(_record, request.path_params["run_id"])
    return record if record is not None and asker(request).sees(record.owner) else None


async def show_run(request: Request) -> Response:
    """Show a run: while it is worked on as it stands now, with its story when it has ended."""
    record = await record_for(request)
    if record is None:
        return _no_run(request)
    live = await run_in_threadpool(live_run, record, told)
    asked: tuple[dict[str, Any], ...] = ()
    if live.status == "waiting":
        from graphs.asking import asked_now

        asked = await run_in_threadpool(asked_now, record)
    story = await run_in_threadpool(_story, record) if live.ended else None
    told_of: dict[str, Any] = {
        "run": live,
        "asked": asked,
        "story": story,
        "shown": _decisions(story),
        "tables": await run_in_threadpool(_tables, record),
    }
    return page(request, "run.html.j2", title=f"Run {record.run_id}", **told_of)


async def follow_run(request: Request) -> Response:
    """Push a run as it stands now until it ends, or asks a person."""
    record = await record_for(request)
    return _no_run(request) if record is None else pushed(request, partial(_look, record, EventTail(record)))


async def show_story(request: Request) -> Response:
    """Show the story of a table, row, cell or line of a run that has ended."""
    record = await record_for(request)
    if record is None:
        return _no_run(request)
    given: dict[str, Any] = dict(request.query_params)
    numbers = {name: number_in(given[name]) for name in _NUMBERS if name in given}
    if None in numbers.values():
        return missing(request, "there is nothing of that kind to tell")
    try:
        story = await run_in_threadpool(_told, record, Subject.model_validate(given | numbers))
    except MillwrightError as error:
        return refused(request, error)
    except ValueError:
        return missing(request, "there is nothing of that kind to tell")
    told_of: dict[str, Any] = {"story": story, "shown": _decisions(story), "run_id": record.run_id}
    return page(request, "story.html.j2", title=story.title, **told_of)


async def show_report(request: Request) -> Response:
    """Show the report as the run wrote it."""
    record = await record_for(request)
    report = await run_in_threadpool(_report, record) if record else None
    if report is None:
        return missing(request, "the run has written no report yet")
    return HTMLResponse(report, headers={"Content-Security-Policy": _REPORT_POLICY})


def _record(run_id: str) -> RunRecord | None:
    try:
        return read_record(home_of(home(), run_id), run_id)
    except MillwrightError:
        return None


@contextmanager
def material_of(record: RunRecord) -> Iterator[Material]:
    """Open what a run left; RunError while it is worked on, or where it wrote no report."""
    if is_running(Path(record.context.home), record.run_id):
        raise RunError(f"run {record.run_id!r} is being worked on", hint="wait for it to end")
    with open_material(_folder(record), record.context.run_folder(record.run_id)) as material:
        yield material


def _report(record: RunRecord) -> bytes | None:
    try:
        return (_folder(record) / "report.html").read_bytes()
    except OSError:
        return None


def _told(record: RunRecord, subject: Subject) -> Explanation:
    with material_of(record) as material:
        return explain(material, subject)


def _story(record: RunRecord) -> Explanation | None:
    """Return the story of a run; None where it left too little to tell one."""
    try:
        return _told(record, Subject())
    except MillwrightError:
        return None


def _decisions(story: Explanation | None) -> set[str]:
    """Return the decisions that the page shows, so that others lead to them."""
    sections = story.sections if story else ()
    return {judgement.decision_id for section in sections for judgement in section.judgements}


def _tables(record: RunRecord) -> tuple[str, ...]:
    """Return the tables of which rows were set aside or changed."""
    kinds = ("changes", "quarantine", "proposals")
    paths = [path for kind in kinds for path in (_folder(record) / kind).glob("*.parquet")]
    return tuple(sorted({path.stem for path in paths}))


def _look(record: RunRecord, tail: EventTail) -> Shown:
    live = live_run(record, told, tail)
    return Shown(rendered("live_run.html.j2", run=live), over=live.ended or live.status == "waiting")


def _folder(record: RunRecord) -> Path:
    return Path(record.request.out) / "_runs" / record.run_id


def _no_run(request: Request) -> Response:
    return missing(request, f"there is no run {request.path_params['run_id']!r}; {PREFIX} lists the runs")
