"""A supervised run as LangSmith and a collector are told of it: names, metadata, thread, masked values, figures."""

import csv
import gzip
import json
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import langsmith.run_trees
import langsmith.utils
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from evals.model_faults.points import find_point
from evals.model_server import ModelServer
from graphs.session import run
from state.models import ModelSettings
from state.run import RunContext, RunStatus
from state.tracing import TraceSettings, TraceValues
from tools.tracing.langsmith import masking_client

SECRET = "lsv2_pt_0123456789abcdef"  # noqa: S105  planted
PASSWORD = "hunter2-hunter2"  # noqa: S105  planted

INFO = {
    "version": "0.14.0",
    "batch_ingest_config": {
        "use_multipart_endpoint": False,
        "size_limit": 100,
        "size_limit_bytes": 20_000_000,
        "scale_up_qsize_trigger": 1_000,
        "scale_up_nthreads_limit": 4,
        "scale_down_nempty_trigger": 4,
    },
}


class Received:
    """What was sent, in its order: path and body."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sent: list[tuple[str, bytes]] = []

    def spans(self) -> list[tuple[str, dict[str, Any]]]:
        """The name and the attributes of each span that a collector was told; several may have one name."""
        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies("/v1/traces")]
        scopes = [scope for request in requests for each in request.resource_spans for scope in each.scope_spans]
        return [
            (span.name, {each.key: each.value for each in span.attributes}) for scope in scopes for span in scope.spans
        ]

    def bodies(self, path: str) -> list[bytes]:
        return [body for at, body in self.sent if at.startswith(path)]

    @property
    def bytes(self) -> bytes:
        return b"\n".join(body for _, body in self.sent)

    def runs(self) -> dict[str, dict[str, Any]]:
        """The spans that LangSmith was told, each with what was told at its end."""
        found: dict[str, dict[str, Any]] = {}
        for body in self.bodies("/runs/batch"):
            told = json.loads(body)
            for span in (*told.get("post", ()), *told.get("patch", ())):
                known = found.setdefault(span["id"], {})
                known |= {name: each for name, each in span.items() if each is not None}
        return found

    def feedback(self) -> dict[str, float]:
        told = [json.loads(body) for body in self.bodies("/feedback")]
        return {each["key"]: each["score"] for each in told}


def _decoded(body: bytes, encoding: str | None) -> bytes:
    if encoding == "gzip":
        return gzip.decompress(body)
    return zlib.decompress(body) if encoding == "deflate" else body


@contextmanager
def receiving(seconds: float = 0.0) -> Iterator[Received]:
    """Serve until left; each answer takes some seconds."""
    stopped = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self._answer(json.dumps(INFO).encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            stopped.wait(seconds)
            received.sent.append((self.path, _decoded(body, self.headers.get("content-encoding"))))
            self._answer(b"{}" if "v1" not in self.path else b"")

        do_PATCH = do_POST  # noqa: N815  as the library calls it

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received = Received(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield received
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Set the variables of a trace; what the library remembers of them is forgotten before and after."""

    def forget() -> None:
        langsmith.utils.get_env_var.cache_clear()
        langsmith.utils.get_tracer_project.cache_clear()
        masking_client.cache_clear()
        langsmith.run_trees._CLIENT = None

    def set_up(langsmith_url: str = "", collector_url: str = "") -> None:
        if langsmith_url:
            monkeypatch.setenv("LANGSMITH_TRACING", "true")
            monkeypatch.setenv("LANGSMITH_ENDPOINT", langsmith_url)
            monkeypatch.setenv("LANGSMITH_API_KEY", SECRET)
            monkeypatch.setenv("DATABASE_PASSWORD", PASSWORD)
        if collector_url:
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector_url)
        forget()

    yield set_up
    forget()


class Job(NamedTuple):
    """A job at which a model is asked what unknown values stand for."""

    folder: Path

    @property
    def cells(self) -> set[str]:
        """All texts of the input that could be recognised in a trace."""
        texts = [path.read_text() for path in (self.folder / "input").iterdir()]
        rows = [row for text in texts for row in list(csv.reader(text.splitlines()))[1:]]
        return {cell.strip() for row in rows for cell in row if len(cell.strip()) > 4}

    def run(self, values: TraceValues = TraceValues.MASKED, wait: float = 5.0, heard: Any = None) -> Any:
        asked = find_point("value_resolution")
        asked.write(self.folder)
        with ModelServer(asked.right) as server:
            context = RunContext(
                home=str(self.folder / "home"),
                model=ModelSettings(name="sim", base_url=server.base_url),
                trace=TraceSettings(values=values, wait=wait),
            )
            sources = [str(self.folder / "input")]
            contract = self.folder / "contract.yaml"
            return run(contract, sources, self.folder / "out", run_id="r1", context=context, listener=heard)


def test_langsmith_and_a_collector_receive_the_spans_of_a_run_with_values_masked(tmp_path: Path, traced: Any) -> None:
    job = Job(tmp_path)
    with receiving() as told, receiving() as collector:
        traced(told.url, collector.url)
        assert job.run()["status"] is RunStatus.PUBLISHED
    runs = list(told.runs().values())
    names = {each["name"] for each in runs}
    table = json.loads((tmp_path / "out" / "_runs" / "r1" / "run.json").read_text())["checks"][0]["table"]
    step = f"resolve:{table}"
    assert {"deliver contract.yaml", f"map {table}", f"resolve {table}", "model request: sim"} <= names
    assert {f"order {step} to worker-1", f"order {step} to worker-2"} & names
    assert {f"auction of resolve {table}", f"bid of worker-1 for resolve {table}"} <= names
    assert any(name.startswith("vote: what a value of") for name in names)
    assert not {name for name in names if "Runnable" in name or "_" in name.replace(table, "")} - _ids(names)

    metadata = {each["name"]: each["extra"]["metadata"] for each in runs}
    assert all(each["run_id"] == each["thread_id"] == "r1" for each in metadata.values())
    assert all(each["contract"] == "contract.yaml" for each in metadata.values())
    told_of = [(each["name"], each["extra"]["metadata"]) for each in runs]  # several may have one name, in any order
    decided = [each for name, each in told_of if name.startswith("decide value resolution")]
    kind = {"table": table, "step": step, "pattern": "decision", "kind": "value_resolution"}
    assert all(kind.items() <= each.items() for each in decided)
    assert any(each["decided_by"] in ("expert, model", "model") and each["tokens"] > 0 for each in decided)
    asked = [each for name, each in told_of if name == "model request: sim"]
    assert all(each["usage_metadata"]["input_tokens"] > 0 for each in asked)
    assert (step, table) in {(each["step"], each["table"]) for each in asked}

    assert told.feedback() == {"contract_met": 1.0, "rows_lost": 0.0, "quarantine_share": 0.0, "replans": 0.0}
    spans = dict(collector.spans())
    assert set(spans) == names
    first = spans["deliver contract.yaml"]
    assert first["millwright.feedback.contract_met"].double_value == 1.0
    assert first["gen_ai.conversation.id"].string_value == "r1"
    model = spans["model request: sim"]
    assert model["gen_ai.operation.name"].string_value == "chat"
    assert model["gen_ai.request.model"].string_value == "sim"
    tokens = [span["extra"]["metadata"]["usage_metadata"]["input_tokens"] for span in runs if _asks(span["name"])]
    told_tokens = [each["gen_ai.usage.input_tokens"].int_value for name, each in collector.spans() if _asks(name)]
    assert sorted(told_tokens) == sorted(tokens)

    assert not (tmp_path / "home" / "runs" / "r1" / "moments").exists()  # sessions keep no copies
    assert job.cells
    for text in (*job.cells, SECRET, PASSWORD):
        assert text.encode() not in told.bytes, text
        assert text.encode() not in collector.bytes, text


def _asks(name: str) -> bool:
    return name == "model request: sim"


def _ids(names: set[str]) -> set[str]:
    """Names that quote an id with an underscore in it, e.g. of a column."""
    return {name for name in names if name.startswith(("vote:", "decide"))}


def test_values_are_told_where_that_is_asked_for_and_secrets_are_not(tmp_path: Path, traced: Any) -> None:
    job = Job(tmp_path)
    with receiving() as told:
        traced(told.url)
        request = f"see postgres://ann:{PASSWORD}@db/x and sk-0123456789abcdef"
        assert job.run(TraceValues.SHOWN)["status"] is RunStatus.PUBLISHED
        masking_client(TraceSettings(values=TraceValues.SHOWN)).create_run(
            "asked", {"text": request, "api_key": "abc"}, "chain", id=str(langsmith.uuid7())
        )
        masking_client(TraceSettings(values=TraceValues.SHOWN)).flush(5)
    assert any(cell.encode() in told.bytes for cell in job.cells)
    assert b"postgres://ann:[hidden]@db/x and [hidden]" in told.bytes
    assert SECRET.encode() not in told.bytes
    assert PASSWORD.encode() not in told.bytes


@pytest.mark.parametrize("slow", [True, False])
def test_an_endpoint_that_is_slow_or_down_does_not_stop_a_run_and_is_told(
    tmp_path: Path, traced: Any, *, slow: bool
) -> None:
    heard: list[Any] = []
    with receiving(30.0) as told:
        url = told.url if slow else "http://127.0.0.1:9"
        traced(url, url)
        job = Job(tmp_path)
        ended: list[float] = []

        def hear(event: Any) -> None:
            heard.append(event)
            ended.append(time.monotonic())

        assert job.run(wait=0.3, heard=hear)["status"] is RunStatus.PUBLISHED
    last = max(place for place, event in enumerate(heard) if event["event"] != "warning")
    assert ended[-1] - ended[last] < 20.0  # the receiver holds each for 30
    warnings = [event["detail"] for event in heard if event["event"] == "warning"]
    assert [warning.partition(":")[0] for warning in warnings] == [
        "the trace was not delivered to LangSmith",
        "the trace was not delivered to the collector",
    ]


def test_without_variables_nothing_of_a_trace_is_loaded(tmp_path: Path) -> None:
    code = (
        "import sys, graphs.session, tools.tracing.delivery as d;"
        "from state.tracing import TraceSettings;"
        "exec('with d.delivered(TraceSettings(), print) as t: assert not t.on');"
        "late = ('opentelemetry.exporter', 'tools.tracing.langsmith', 'tools.tracing.opentelemetry');"
        "print([m for m in sys.modules if m.startswith(late)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout.strip() == "[]"


def test_a_failed_step_is_told_with_its_ruling(tmp_path: Path, traced: Any) -> None:
    asked = find_point("failure_response")
    asked.write(tmp_path)
    with receiving() as told, asked.inject():
        traced(told.url)
        context = RunContext(home=str(tmp_path / "home"), retry_wait=0.0)
        run(tmp_path / "contract.yaml", [str(tmp_path / "input")], tmp_path / "out", run_id="r1", context=context)
    replans = [each for each in told.runs().values() if each["name"].startswith("replan ")]
    assert replans
    metadata = replans[0]["extra"]["metadata"]
    assert replans[0]["name"] == f"replan {metadata['step']}: {metadata['failure']}"
    assert metadata["pattern"] == "replanning"
    assert metadata["action"]
    assert told.feedback()["replans"] == len(replans)
