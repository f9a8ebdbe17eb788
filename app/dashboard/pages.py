"""Pages of the dashboard: templates filled in, with who asks and where one is."""

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.dashboard.guard import PREFIX, asker
from state.errors import MillwrightError
from tools.pages.render import page_environment

FOLDER = Path(__file__).parent
_TEMPLATES = FOLDER / "templates"
_MOST_DIGITS = 15


def rendered(template: str, **values: Any) -> str:  # noqa: ANN401  what a template shows
    """Return a template filled in; a value from data is never markup."""
    return page_environment(_TEMPLATES).get_template(template).render(prefix=PREFIX, zip=zip, dict=dict, **values)


def page(request: Request, template: str, *, title: str, status: int = 200, **values: Any) -> Response:  # noqa: ANN401
    """Answer with a page."""
    here = {"title": title, "user": asker(request), "path": request.url.path, "tokens": not request.state.access.open}
    return HTMLResponse(rendered(template, **here, **values).encode(errors="backslashreplace"), status)


def refused(request: Request, error: MillwrightError, status: int = 400) -> Response:
    """Answer with what is wrong, where, and what to do next."""
    return page(request, "refused.html.j2", title="That did not work", status=status, problem=error.line())


def fail(request: Request, error: Exception) -> Response:
    """Answer with what is wrong where a page could not say it better; errors of routes that are not ours rise."""
    if not isinstance(error, MillwrightError) or not hasattr(request.state, "user"):
        raise error
    return refused(request, error)


def number_in(text: str) -> int | None:
    """Return the number that an address gives; None for what is none, or larger than anything that is counted."""
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else None


def missing(request: Request, what: str) -> Response:
    """Answer that there is no such thing, or none that this user may see."""
    return page(request, "refused.html.j2", title="Not found", status=404, problem=what)


def back_to(path: str) -> Response:
    """Answer a form: go there with a fresh request."""
    return RedirectResponse(f"{PREFIX}{path}", 303)
