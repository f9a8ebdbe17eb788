"""The server with its pages, started once, with tokens; and Chromium to look at them."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[3]
TOKENS = {"ann": "ann-has-a-long-token", "bob": "bob-has-a-long-token", "ops": "ops-has-a-long-token"}
STARTS_WITHIN = 240  # seconds, on a machine that does much else
BROWSER = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


class Server(NamedTuple):
    """A server that runs in `folder`."""

    url: str
    folder: Path

    def get(self, path: str, token: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
        return self.request("GET", path, token, **headers)

    def request(self, method: str, path: str, token: str = "", body: str = "", **headers: str) -> Any:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=120)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            given["authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, body or None, given)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def hostile_job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a contract and files whose values are markup, script and terminal codes."""
    folder = tmp_path_factory.mktemp("dashboard")
    (folder / "contract.odcs.yaml").write_text(CONTRACT)
    lines = [
        f'{number},"{HOSTILE[number % len(HOSTILE)]}",{STATES[number % len(STATES)]},{number}' for number in range(60)
    ]
    (folder / "input").mkdir()
    (folder / "input" / "notes.csv").write_text("id,note,state,points\n" + "\n".join(lines) + "\n77,broken\n")
    return folder


HOSTILE = (
    "<script>document.title='owned'</script>",
    "<img src=x onerror=document.title='owned'>",
    "\x1b[31mred",
    "plain",
    "{{ 7*7 }}",
)
STATES = ("open", "closed", "opne", "<b>open</b>")
CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: notes
name: Notes
version: 1.0.0
status: active
schema:
  - name: notes
    logicalType: object
    customProperties:
      - {property: millwright.sources, value: ["*.csv"]}
      - {property: millwright.maxQuarantine, value: 0.9}
    properties:
      - {name: id, logicalType: integer, primaryKey: true, primaryKeyPosition: 1, required: true}
      - {name: note, logicalType: string}
      - name: state
        logicalType: string
        required: true
        quality: [{type: library, metric: invalidValues, mustBe: 0, arguments: {validValues: [open, closed]}}]
      - {name: points, logicalType: integer}
"""


@pytest.fixture(scope="session")
def server(hostile_job: Path) -> Iterator[Server]:
    port = _free_port()
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("LANGSMITH", "OPENAI", "MILLWRIGHT"))
    }
    environment = kept | {
        "LANGSMITH_TRACING": "false",
        "LANGGRAPH_CLI_NO_ANALYTICS": "1",
        "MILLWRIGHT_TOKENS": json.dumps(TOKENS),
        "MILLWRIGHT_OPERATION__OPERATORS": '["ops"]',
    }
    shutil.copy(ROOT / "langgraph.json", hostile_job)
    command = [
        str(Path(sys.executable).with_name("langgraph")),
        "dev",
        "--no-browser",
        "--no-reload",
        "--port",
        str(port),
    ]
    with (hostile_job / "server.log").open("w") as log:
        process = subprocess.Popen(command, cwd=hostile_job, env=environment, stdout=log, stderr=log)
    served = Server(f"http://127.0.0.1:{port}", hostile_job)
    try:
        deadline = time.monotonic() + STARTS_WITHIN
        while not _is_up(served):
            assert process.poll() is None, (hostile_job / "server.log").read_text()[-2_000:]
            assert time.monotonic() < deadline, "the server does not come up"
            time.sleep(0.3)
        yield served
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(timeout=60)


def _is_up(served: Server) -> bool:
    try:
        return bool(served.get("/ok")[0] == http.client.OK)
    except OSError:
        return False


@pytest.fixture(scope="module")  # it keeps an event loop in the thread of the tests: others could not run theirs
def chromium() -> Iterator[Any]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=BROWSER)
        yield browser
        browser.close()
