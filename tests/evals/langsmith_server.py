"""LangSmith's API on loopback, as far as experiments use it: keeps what it received."""

import email
import gzip
import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

_BATCHES = {
    "use_multipart_endpoint": False,
    "size_limit": 100,
    "size_limit_bytes": 2**24,
    "scale_up_qsize_trigger": 1000,
    "scale_up_nthreads_limit": 2,
    "scale_down_nempty_trigger": 4,
}


class LangSmith:
    """The server; `received` are (method, path, body as text), `datasets` and `examples` what was made."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str, str]] = []
        self.datasets: dict[str, dict[str, Any]] = {}
        self.examples: dict[str, list[dict[str, Any]]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self.feedback: list[dict[str, Any]] = []
        self.runs: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(  # noqa: PLR0911  one for each path
        self, method: str, path: str, query: dict[str, list[str]], body: Any
    ) -> Any:
        place = path.strip("/").split("/")
        if place == ["info"]:
            return {"batch_ingest_config": _BATCHES}
        if place[:1] == ["datasets"]:
            return self._dataset(method, query, body)
        if "examples" in place and method == "POST":
            return self._make_examples(place, body)
        if place == ["examples"]:
            return self.examples.get(query["dataset"][0], []) if query.get("offset", ["0"]) == ["0"] else []
        if place[:1] == ["sessions"]:
            return self._session(method, place, body)
        if place == ["feedback"]:
            self.feedback.append(body)
            return body
        if place == ["runs", "batch"]:
            self.runs += [*body.get("post", []), *body.get("patch", [])]
        return {}

    def _dataset(self, method: str, query: dict[str, list[str]], body: Any) -> Any:
        if method == "POST":
            made = {**body, "id": str(uuid.uuid4()), "created_at": "2026-01-01T00:00:00Z"}
            self.datasets[body["name"]] = made
            return made
        named = query.get("name", [""])[0]
        return [self.datasets[named]] if named in self.datasets else []

    def _make_examples(self, place: list[str], body: Any) -> Any:
        dataset = place[place.index("datasets") + 1] if "datasets" in place else body[0]["dataset_id"]
        made = [{**each, "dataset_id": dataset, "created_at": "2026-01-01T00:00:00Z"} for each in body]
        self.examples.setdefault(dataset, []).extend(made)
        return made

    def _session(self, method: str, place: list[str], body: Any) -> Any:
        if method == "POST":
            made = {"tenant_id": str(uuid.uuid4()), "start_time": "2026-01-01T00:00:00Z", **body}
            made["id"] = body.get("id") or str(uuid.uuid4())
            self.sessions[made["id"]] = made
            return made
        if method == "PATCH":
            self.sessions[place[1]].update(body)
            return self.sessions[place[1]]
        return list(self.sessions.values()) if len(place) == 1 else self.sessions[place[1]]


def _handler(of: LangSmith) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Content-Encoding") == "gzip":
                text = gzip.decompress(text)
            asked = urlsplit(self.path)
            of.received.append((self.command, asked.path, text.decode("utf-8", "replace")))
            kind = self.headers.get("Content-Type") or ""
            body = _parts(kind, text) if kind.startswith("multipart/") else (json.loads(text) if text else None)
            answer = json.dumps(of.answer(self.command, asked.path, parse_qs(asked.query), body)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815  the names the library looks for

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _parts(kind: str, text: bytes) -> list[dict[str, Any]]:
    """Return the examples of a multipart body: parts named by id, and `<id>.inputs` and the like."""
    message = email.message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + text)
    found: dict[str, dict[str, Any]] = {}
    for part in message.get_payload():
        name, _, field = str(part.get_param("name", header="content-disposition")).partition(".")
        content = json.loads(part.get_payload(decode=True) or b"null")
        entry = found.setdefault(name, {"id": name})
        entry.update({field: content} if field else {key: value for key, value in content.items() if key != "id"})
    return list(found.values())
