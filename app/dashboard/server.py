"""The pages as an ASGI application: LangGraph's server takes it in beside the graphs (`http.app` of langgraph.json)."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from app.dashboard.data_views import show_side
from app.dashboard.form_views import answer_run, log_in, log_out, resume_run, show_login, start_run
from app.dashboard.guard import PREFIX, Guard
from app.dashboard.operation_views import (
    change_agents,
    change_alerts,
    follow_health,
    show_agents,
    show_alerts,
    show_health,
    show_metrics,
)
from app.dashboard.pages import FOLDER, fail
from app.dashboard.run_views import follow_run, show_report, show_run, show_story
from app.dashboard.runs_view import follow_runs, show_runs
from app.dashboard.workers import with_workers
from state.errors import MillwrightError
from tools.metrics.exposition import PATH
from tools.pages.render import STYLE

_RUN = f"{PREFIX}/runs/{{run_id}}"


async def show_style(_request: Request) -> Response:
    """Give the looks that every page of the project has."""
    return Response(STYLE.read_bytes(), media_type="text/css")


async def to_dashboard(_request: Request) -> Response:
    """Lead on from the address with a slash at its end."""
    return RedirectResponse(PREFIX, 308)


def routes() -> list[BaseRoute]:
    """Return the pages."""
    return [
        Route(PREFIX, show_runs),
        Route(f"{PREFIX}/", to_dashboard),
        Route(f"{PREFIX}/live", follow_runs),
        Route(f"{PREFIX}/login", show_login),
        Route(f"{PREFIX}/login", log_in, methods=["POST"]),
        Route(f"{PREFIX}/logout", log_out, methods=["POST"]),
        Route(f"{PREFIX}/runs", start_run, methods=["POST"]),
        Route(_RUN, show_run),
        Route(f"{_RUN}/live", follow_run),
        Route(f"{_RUN}/report", show_report),
        Route(f"{_RUN}/story", show_story),
        Route(f"{_RUN}/rows/{{kind}}", show_side),
        Route(f"{_RUN}/answer", answer_run, methods=["POST"]),
        Route(f"{_RUN}/resume", resume_run, methods=["POST"]),
        Route(f"{PREFIX}/agents", show_agents),
        Route(f"{PREFIX}/agents/{{agent_id:path}}", change_agents, methods=["POST"]),
        Route(f"{PREFIX}/alerts", show_alerts),
        Route(f"{PREFIX}/alerts", change_alerts, methods=["POST"]),
        Route(f"{PREFIX}/health", show_health),
        Route(f"{PREFIX}/health/live", follow_health),
        Route(PATH, show_metrics),
        Route(f"{PREFIX}/static/style.css", show_style),
        Mount(f"{PREFIX}/static", StaticFiles(directory=FOLDER / "static")),
    ]


app = Starlette(
    routes=routes(),
    middleware=[Middleware(Guard)],
    exception_handlers={MillwrightError: fail},
    lifespan=with_workers,
)
