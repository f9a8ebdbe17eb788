"""The first page: alerts that are open, the latest runs, and the form that starts one."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.access import User
from app.dashboard.guard import asker
from app.dashboard.operation import alerts_now
from app.dashboard.pages import page, rendered
from app.dashboard.pushing import Shown, pushed
from app.dashboard.run_views import home
from tools.queue.standing import standings

_RUNS = 50


async def show_runs(request: Request) -> Response:
    """Show the latest runs that this user may see."""
    return await runs_page(request)


async def runs_page(
    request: Request, *, problem: str = "", given: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    """Show the runs, with what is wrong with the form that was sent."""
    shown = await run_in_threadpool(_shown, asker(request))
    return page(request, "runs.html.j2", title="Runs", status=status, problem=problem, given=given or {}, **shown)


async def follow_runs(request: Request) -> Response:
    """Push the list of runs and alerts whenever it is another."""
    return pushed(request, partial(_look, asker(request)), seconds=1.0)


def _look(user: User) -> Shown:
    return Shown(rendered("live_runs.html.j2", **_shown(user)))


def _shown(user: User) -> dict[str, Any]:
    found = standings(home(), _RUNS, owner=None if user.operator else user.name)
    runs = [
        {**run.model_dump(include={"run_id", "contract", "owner", "created_at"}), "status": status, "problem": problem}
        for run, status, problem in reversed(found)
    ]
    return {"runs": runs, "shared": any(run["owner"] for run in runs), "alerts": alerts_now().alerts}
