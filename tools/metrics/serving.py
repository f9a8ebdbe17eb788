"""Serving the exposition over HTTP for processes without the server, on one path."""

from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from state.errors import MillwrightError, SetupError
from tools.database.database import Database
from tools.metrics.exposition import CONTENT_TYPE, PATH, exposition


def metrics_server(database: Database, port: int, host: str = "127.0.0.1") -> ThreadingHTTPServer:
    """Return a server that shows the metrics of a database; port 0: any free one. SetupError where it is taken."""

    class Handler(BaseHTTPRequestHandler):
        """Answers a request for the metrics."""

        timeout = 10

        def do_GET(self) -> None:
            """Show the metrics, or say what is wrong in one line."""
            if self.path.partition("?")[0] not in (PATH, "/metrics"):
                return self._answer(404, b"metrics are under " + PATH.encode() + b"\n", "text/plain")
            try:
                text = exposition(database, datetime.now(UTC))
            except MillwrightError as error:
                return self._answer(503, f"{error.line()}\n".encode(), "text/plain; charset=utf-8")
            return self._answer(200, text, CONTENT_TYPE)

        def _answer(self, code: int, text: bytes, kind: str) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Log nothing: whoever scrapes comes every few seconds."""

    try:
        return ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        where = f"{host}:{port}"
        raise SetupError(f"the port cannot be used: {error.strerror}", where=where, hint="give another port") from error
