"""What stands before every page: who asks, whether a form is our own, and what a browser may do with the answer."""

import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access import EVERYBODY, Access, User, load_access
from tools.metrics.exposition import PATH

FOREIGN_HOST = "a server without tokens answers to its address, or to a name without dots"

COOKIE = "millwright_session"
PREFIX = "/dashboard"

_OPEN = (f"{PREFIX}/login", f"{PREFIX}/static/")
_HEADERS = {
    b"content-security-policy": b"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    b"img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cache-control": b"no-store",
}


class Guard:
    """Lets requests to our pages through for users who may see them; all others are none of its business."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._access: Access | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on with the user in `request.state.user`."""
        path = _path(scope)
        if scope["type"] != "http" or not (path == PREFIX or path.startswith((f"{PREFIX}/", PATH))):
            await self._app(scope, receive, send)
            return
        if self._access is None:
            self._access = await run_in_threadpool(load_access)
        access = self._access
        connection = HTTPConnection(scope)
        user = user_of(access, connection.headers, connection.cookies)
        if refusal := _refusal(scope, connection, user, access):
            await refusal(scope, receive, _with_headers(send))
            return
        scope.setdefault("state", {}).update(user=user or EVERYBODY, access=access)
        await self._app(scope, receive, _with_headers(send))


def user_of(access: Access, headers: Mapping[str, str], cookies: Mapping[str, str]) -> User | None:
    """Return who asks: by the token of a program, or the session of a browser; None when a token is missing."""
    if access.open:
        return EVERYBODY if _is_own_host(headers.get("host", "")) else None
    if token := token_of(headers):
        return access.user_of(token)
    return access.user_of_session(cookies.get(COOKIE, ""), datetime.now(UTC))


def token_of(headers: Mapping[str, str]) -> str:
    """Return the token that a program sends; empty for a browser, which sends none by itself."""
    return headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer").strip()


def same_origin(headers: Mapping[str, str]) -> bool:
    """Return whether a form comes from a page of this server; browsers that do not say so are refused."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == headers.get("host")


def _is_own_host(host: str) -> bool:
    """Return whether a page of the internet cannot be the one that asks.

    Such a page can have its own name lead to this machine, and is then of the same origin for the browser; it cannot
    name an address, nor a name without dots.
    """
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "." not in name.rstrip(".")
    return True


def asker(request: Request) -> User:
    """Return who asks."""
    user: User = request.state.user
    return user


def _path(scope: Scope) -> str:
    """Return the path within the server, wherever that is mounted."""
    return str(scope.get("path", "")).removeprefix(scope.get("root_path", ""))


def _refusal(scope: Scope, connection: HTTPConnection, user: User | None, access: Access) -> Response | None:
    """Return the answer to a request that is not let through; None for one that is."""
    path, is_open = _path(scope), access.open
    by_token = not is_open and bool(token_of(connection.headers))
    if is_open and user is None:
        return PlainTextResponse(f"403: {FOREIGN_HOST}\n", 403)
    if scope["method"] not in ("GET", "HEAD") and not by_token and not same_origin(connection.headers):
        return PlainTextResponse("403: the form does not come from this page\n", 403)
    if user is not None or path.startswith(_OPEN):
        return None
    if by_token or path.startswith(PATH) or scope["method"] != "GET":
        return PlainTextResponse("401: a token is needed\n", 401, {"WWW-Authenticate": "Bearer"})
    return RedirectResponse(f"{PREFIX}/login?next={quote(path)}", 303)


def _with_headers(send: Send) -> Send:
    """Return what sends an answer with what a browser may do with it; an answer may say something stricter."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = list(message["headers"])
            names = {name.lower() for name, _ in given}
            message["headers"] = given + [pair for pair in _HEADERS.items() if pair[0] not in names]
        await send(message)

    return sending
