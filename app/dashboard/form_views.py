"""Forms: starting a run, answering what a run asks, going on with one, logging in and out."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from app.access import SESSION_SECONDS, Access
from app.dashboard.forms import form_of
from app.dashboard.guard import COOKIE, PREFIX, asker
from app.dashboard.pages import back_to, missing, page, refused
from app.dashboard.run_views import record_for
from app.dashboard.runs_view import runs_page
from app.dashboard.work import go_on, start
from state.errors import MillwrightError
from state.run import Approve, RunRequest


async def start_run(request: Request) -> Response:
    """Record a run and put it into the queue; what is wrong with the request is said beside the form."""
    form = await form_of(request)
    given = {name: str(form.get(name, "")).strip() for name in ("contract", "sources", "out")}
    user, access = asker(request), request.state.access
    modes = ",".join(sorted({str(mode) for mode in form.getlist("approve")}, reverse=True))
    try:
        wanted = RunRequest(
            contract=given["contract"],
            sources=tuple(line.strip() for line in given["sources"].splitlines() if line.strip()),
            out=given["out"],
            partial=bool(form.get("partial")),
            approve=Approve(modes or "auto"),
        )
        await run_in_threadpool(access.check_named, user, wanted.model_dump(mode="json"))
        run_id = await run_in_threadpool(start, wanted, user.name)
    except (MillwrightError, ValueError) as error:
        problem = error.line() if isinstance(error, MillwrightError) else "the form is not complete"
        return await runs_page(request, problem=problem, given=given, status=400)
    return back_to(f"/runs/{run_id}")


async def answer_run(request: Request) -> Response:
    """Keep an answer, and put the run back into the queue; one that cannot be used is refused with its reason."""
    record = await record_for(request)
    if record is None:
        return missing(request, "there is no such run")
    from graphs.asking import keep_reply
    from graphs.questions import Reply

    form = await form_of(request)
    answer = {str(form.get("id", "")): answer_of(form)}
    try:
        await run_in_threadpool(keep_reply, record, Reply(answer, asker(request).name or "dashboard"))
        await run_in_threadpool(go_on, record)
    except MillwrightError as error:
        return refused(request, error)
    return back_to(f"/runs/{record.run_id}")


async def resume_run(request: Request) -> Response:
    """Put a run that was stopped back into the queue."""
    record = await record_for(request)
    if record is None:
        return missing(request, "there is no such run")
    try:
        await run_in_threadpool(go_on, record)
    except MillwrightError as error:
        return refused(request, error)
    return back_to(f"/runs/{record.run_id}")


def answer_of(form: FormData | Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer that a form stands for, as `millwright resume --answer` takes it."""
    note = {"note": str(form["note"])} if form.get("note") else {}
    if form.get("kind") == "plan":
        return {"reply": str(form.get("reply", "")), **note}
    said: dict[str, list[str]] = {"accept": [], "reject": []}
    for name, value in form.items():
        head, _, change = name.partition(":")
        if head == "change" and value in said and not form.get(f"edit:{change}"):
            said[str(value)].append(change)
    edits = {
        name.removeprefix("edit:"): str(value) for name, value in form.items() if name.startswith("edit:") and value
    }
    named = {name: value for name, value in {**said, "edit": edits}.items() if value}
    return {**named, "rest": str(form.get("rest", "ask")), **note}


async def show_login(request: Request) -> Response:
    """Ask for a token."""
    return page(
        request, "login.html.j2", title="Log in", problem="", next=_within(request.query_params.get("next", ""))
    )


async def log_in(request: Request) -> Response:
    """Give a browser a session for its token."""
    form = await form_of(request)
    access: Access = request.state.access
    user, target = access.user_of(str(form.get("token", ""))), _within(str(form.get("next", "")))
    if user is None:
        told = {"problem": "that token is not known", "next": target}
        return page(request, "login.html.j2", title="Log in", status=401, **told)
    answer = back_to(target.removeprefix(PREFIX))
    secure = request.url.scheme == "https"
    session = access.session(user, datetime.now(UTC))
    answer.set_cookie(COOKIE, session, SESSION_SECONDS, httponly=True, samesite="strict", secure=secure)
    return answer


async def log_out(_request: Request) -> Response:
    """Take the session away."""
    answer = back_to("/login")
    answer.delete_cookie(COOKIE)
    return answer


def _within(path: str) -> str:
    """Return a page of ours to go on with after the login, whatever was asked for."""
    plain = path.startswith(f"{PREFIX}/") and "//" not in path and "\\" not in path and path.isprintable()
    return path if plain else PREFIX
