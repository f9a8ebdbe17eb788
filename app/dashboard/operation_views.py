"""Agents, alerts and health: what is shown, and what operators change."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.dashboard.forms import form_of
from app.dashboard.guard import asker
from app.dashboard.operation import agents_now, alerts_of_late, change_agent, change_alert, metrics_now, report_now
from app.dashboard.pages import back_to, page, refused, rendered
from app.dashboard.pushing import Shown, pushed
from state.errors import MillwrightError, SetupError
from tools.metrics.exposition import CONTENT_TYPE

_SECONDS = 5.0
"""Between two looks at the production report."""


async def show_agents(request: Request) -> Response:
    """Show the agents with their health, and what went wrong with them."""
    told = await run_in_threadpool(agents_now)
    shown: dict[str, Any] = {"agents": told.agents, "faults": told.faults}
    return page(request, "agents.html.j2", title="Agents", problem=told.problem, **shown)


async def change_agents(request: Request) -> Response:
    """Drain or retire an agent."""
    form = await form_of(request)
    return await _changed(request, "/agents", change_agent, request.path_params["agent_id"], str(form.get("verb", "")))


async def show_alerts(request: Request) -> Response:
    """Show the alerts that are open, and those of the last days."""
    told = await run_in_threadpool(alerts_of_late)
    shown: dict[str, Any] = {"alerts": told.alerts, "history": told.moves, "moment": _moment}
    return page(request, "alerts.html.j2", title="Alerts", problem=told.problem, **shown)


async def change_alerts(request: Request) -> Response:
    """Acknowledge an alert or silence its rule."""
    form = await form_of(request)
    given = [str(form.get(name, "")) for name in ("alert", "rule", "verb")]
    return await _changed(request, "/alerts", change_alert, *given)


async def show_health(request: Request) -> Response:
    """Show the production report of the last day."""
    told = await run_in_threadpool(report_now)
    return page(request, "health.html.j2", title="Health", report=told.report, problem=told.problem)


async def follow_health(request: Request) -> Response:
    """Push the production report."""
    return pushed(request, _look, seconds=_SECONDS)


async def show_metrics(_request: Request) -> Response:
    """Give all metrics as Prometheus reads them."""
    text = await run_in_threadpool(metrics_now)
    return Response(text, media_type=CONTENT_TYPE)


async def _changed(request: Request, page_path: str, change: Callable[..., None], *given: str) -> Response:
    user = asker(request)
    if not user.operator:
        return refused(request, SetupError("this is for operators", hint="ask one"), 403)
    try:
        await run_in_threadpool(change, *given, user.name or "dashboard")
    except MillwrightError as error:
        return refused(request, error)
    return back_to(page_path)


def _look() -> Shown:
    told = report_now()
    return Shown(rendered("live_health.html.j2", report=told.report, problem=told.problem))


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
