"""The graphs as they are served for Studio: offline, without a key, driven through the server's own client."""

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
from http import HTTPStatus
from pathlib import Path
from typing import Any

import duckdb
import pytest
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient

ROOT = Path(__file__).resolve().parents[2]
GRAPHS = json.loads((ROOT / "langgraph.json").read_text())["graphs"]
STARTS_WITHIN = 240  # seconds, on a machine that does much else
WAITS = 300
STATE_BYTES = 64_000  # of a state that can be read


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_up(url: str) -> bool:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=2)
    try:
        connection.request("GET", "/ok")
        return connection.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the project's after `make demo`."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copy(ROOT / "langgraph.json", folder)
    shutil.copytree(ROOT / "examples" / "shop", folder / "examples" / "shop")
    subprocess.run([sys.executable, "examples/shop/generate.py", "out/demo"], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    port = free_port()
    keys = ("LANGSMITH", "LANGCHAIN", "OPENAI", "MILLWRIGHT")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(keys)}
    environment |= {"LANGSMITH_TRACING": "false", "LANGGRAPH_CLI_NO_ANALYTICS": "1"}
    environment["MILLWRIGHT_OPERATION__SERVER_WORKERS"] = "0"  # nothing is put into the queue here
    command = [str(Path(sys.executable).with_name("langgraph")), "dev", "--no-browser", "--no-reload"]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)], cwd=folder, env=environment, stdout=log, stderr=log
        )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + STARTS_WITHIN
        while not is_up(address):
            assert process.poll() is None, (folder / "server.log").read_text()[-2_000:]
            assert time.monotonic() < deadline, "the server does not come up"
            time.sleep(0.5)
        yield address
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) in (0, -signal.SIGINT, 130)
        assert not is_up(address)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(timeout=60)


@pytest.fixture
def client(url: str) -> Iterator[SyncLangGraphClient]:
    with get_sync_client(url=url, timeout=WAITS) as client:
        yield client


@pytest.fixture
def thread(client: SyncLangGraphClient) -> str:
    return client.threads.create()["thread_id"]


def assistants_of(client: SyncLangGraphClient) -> dict[str, Any]:
    """Every assistant by its graph, with its schemas."""
    return {
        assistant["graph_id"]: {**assistant, **client.assistants.get_schemas(assistant["assistant_id"])}
        for assistant in client.assistants.search(limit=100)
    }


def resolved(schema: Any, root: Any) -> Any:
    """The schema that a reference stands for, with what is said beside the reference."""
    if "$ref" not in schema:
        return schema
    return {**root["$defs"][schema["$ref"].rpartition("/")[2]], **schema}


def test_every_graph_is_listed_with_a_description_and_schemas_that_explain_themselves(
    client: SyncLangGraphClient,
) -> None:
    assistants = assistants_of(client)
    assert set(assistants) == set(GRAPHS)
    for name, assistant in assistants.items():
        assert assistant["description"] == GRAPHS[name]["description"]
        for kind in ("input_schema", "context_schema"):
            schema = assistant[kind]
            for given, field in schema["properties"].items():
                field = resolved(field, schema)  # noqa: PLW2901
                assert field["title"], (name, given)
                assert field["description"], (name, given)
                assert kind == "input_schema" or "default" in field, (name, given)
        given = assistant["input_schema"]["properties"]
        assert all("examples" in field or "$ref" in field for field in given.values())
        if "request" in given:
            request = resolved(given["request"], assistant["input_schema"])
            assert all("examples" in field for field in request["properties"].values())


@pytest.mark.parametrize("name", GRAPHS)
def test_the_example_of_every_input_schema_runs_as_it_is(client: SyncLangGraphClient, thread: str, name: str) -> None:
    properties = assistants_of(client)[name]["input_schema"]["properties"]
    example = {given: field["examples"][0] for given, field in properties.items()}
    output: Any = client.runs.wait(thread, name, input=example)
    if "group" in example:
        assert output["number"] == example["group"]["rounds"]
        assert all(output["decided"].values())
        return
    assert output.get("status", "running") == ("published" if name == "supervisor" else "running")
    produced = {
        "vote": "result",
        "planner": "plan",
        "executor": "progress",
        "replanner": "replans",
        "intake": "sources",
        "react": "outcomes",
        "repair_council": "found",
        "hierarchy": "hierarchy",
    }
    assert name not in produced or output[produced[name]]


def test_a_run_is_streamed_asks_and_goes_on_with_the_answer(
    client: SyncLangGraphClient, thread: str, folder: Path
) -> None:
    request = {
        "contract": "examples/shop/contract.odcs.yaml",
        "sources": ["out/demo/input"],
        "out": "out/asked",
        "approve": "changes",
    }
    stream = client.runs.stream(
        thread, "supervisor", input={"request": request}, stream_mode=["custom", "updates"], stream_subgraphs=True
    )
    parts: list[Any] = list(stream)
    questions: list[Any] = []
    output: Any = None
    for answer in ({"accept": ["nothing"]}, {"rest": "accept", "by": "Ann"}, {"rest": "accept"}, {"rest": "reject"}):
        questions += client.threads.get_state(thread)["interrupts"]
        output = client.runs.wait(thread, "supervisor", command={"resume": answer})
    first, refused, orders, repairs = questions
    told = [part.data["event"] for part in parts if part.event.startswith("custom|")]
    planning = ["planning", "analysed", "decomposed", "optimised", "assessed", "planned", "planning"]
    assert told[:9] == ["scanned", "landed", *planning]
    assert any(part.event.startswith("updates|executor:") for part in parts)
    assert first["response_schema"]["title"] == "ChangesAnswer"
    assert first["value"]["answer_schema"] == first["response_schema"]
    assert "no open change" in refused["value"]["refused"]
    assert orders["value"]["question"] == "orders#1"
    assert repairs["value"]["question"] == "repair:orders#1"
    assert output["status"] == "published"
    run_id = output["request"]["run_id"]
    run = json.loads((folder / "out" / "asked" / "_runs" / run_id / "run.json").read_text())
    assert [approval["by"] for approval in run["approvals"]] == ["Ann", "", ""]
    with duckdb.connect() as connection:
        for table in ("customers", "orders", "daily_sales"):
            (rows,) = connection.execute(f"select count(*) from '{folder}/out/asked/{table}.parquet'").fetchall()
            assert rows == (output["accounts"][table]["rows_published"],)


def test_a_fork_from_history_with_another_answer_has_another_result(
    client: SyncLangGraphClient, thread: str, folder: Path
) -> None:
    request = {
        "contract": "examples/shop/contract.odcs.yaml",
        "sources": ["out/demo/input"],
        "out": "out/forked",
        "approve": "plan",
    }
    client.runs.wait(thread, "supervisor", input={"request": request})
    (question,) = client.threads.get_state(thread)["interrupts"]
    assert question["response_schema"]["title"] == "PlanAnswer"
    first: Any = client.runs.wait(thread, "supervisor", command={"resume": {"reply": "accept"}})
    assert first["status"] == "published"
    published = {path.name: path.read_bytes() for path in (folder / "out" / "forked").glob("*.parquet")}
    history = client.threads.get_history(thread, limit=50)
    (earlier,) = [each["checkpoint"] for each in history if each["next"] == ["planner"]]
    client.runs.wait(thread, "supervisor", input=None, checkpoint_id=earlier["checkpoint_id"])
    state = client.threads.get_state(thread)
    assert len(json.dumps(state["values"])) < STATE_BYTES
    assert state["interrupts"][0]["value"]["run_id"] == first["request"]["run_id"] + "-fork1"
    answer = {"reply": "reject", "note": "another day"}
    second: Any = client.runs.wait(thread, "supervisor", command={"resume": answer})
    assert second["status"] == "rejected"
    assert second["request"]["run_id"] == first["request"]["run_id"] + "-fork1"
    assert {path.name: path.read_bytes() for path in (folder / "out" / "forked").glob("*.parquet")} == published
    runs = [json.loads(path.read_text())["status"] for path in (folder / "out" / "forked").rglob("run.json")]
    assert sorted(runs) == ["published", "rejected"]


def test_the_thoughts_of_a_worker_are_streamed(client: SyncLangGraphClient, thread: str) -> None:
    properties = assistants_of(client)["react"]["input_schema"]["properties"]
    example = {given: field["examples"][0] for given, field in properties.items()}
    parts: Any = client.runs.stream(thread, "react", input=example, stream_mode="custom", stream_subgraphs=True)
    told = [part.data for part in parts if part.event.startswith("custom")]
    thoughts = [each for each in told if each.get("event") == "thought"]
    assert [each["step"] for each in thoughts] == list(range(1, len(thoughts) + 1))
    assert all(each["thought"] and each["decided_by"] == "expert" for each in thoughts)
    assert told[-1]["event"] == "concluded"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "request: it is missing"),
        ({"request": {"contract": 3, "sources": [], "out": "o"}}, "request.contract: Input should be a valid string"),
        ({"request": {"contract": "nowhere.yaml", "sources": ["x"], "out": "out/wrong"}}, "cannot be read"),
        ({"request": {"contract": "c", "sources": [], "out": "o", "approve": "all"}}, "request.approve"),
    ],
)
@pytest.mark.parametrize("name", ["supervisor", "replanner"])
def test_wrong_input_is_told_in_one_line(
    client: SyncLangGraphClient, thread: str, name: str, given: Any, said: str
) -> None:
    with pytest.raises(Exception, match="Error"):
        client.runs.wait(thread, name, input=given)
    error: Any = client.threads.get(thread)["error"]
    assert said in error["message"]
    assert "\n" not in error["message"]
