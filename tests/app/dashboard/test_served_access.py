"""Access as it is served: the graphs' routes and the pages, with and without tokens, and whose runs are seen."""

from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient

JOB = {"contract": "contract.odcs.yaml", "sources": ["input"]}
ANN, BOB, OPS = (f"{name}-has-a-long-token" for name in ("ann", "bob", "ops"))
JSON = {"content_type": "application/json"}


@pytest.fixture
def client(server: Any) -> Any:
    opened: list[SyncLangGraphClient] = []

    def for_user(token: str) -> SyncLangGraphClient:
        opened.append(get_sync_client(url=server.url, api_key=token, timeout=300))
        return opened[-1]

    yield for_user
    for each in opened:
        each.close()


@pytest.mark.parametrize("path", ["/threads/search", "/assistants/search", "/runs/crons/search", "/store/items/search"])
@pytest.mark.parametrize("headers", [{}, {"x_api_key": "wrong"}, {"x_auth_scheme": "langsmith"}])
def test_no_route_of_the_graphs_answers_without_a_token(server: Any, path: str, headers: dict[str, str]) -> None:
    status, _, body = server.request("POST", path, "", "{}", **JSON, **headers)
    assert status in (401, 403), body


def test_users_see_their_own_threads_and_runs_and_operators_all(server: Any, client: Any) -> None:
    ann, bob, ops = client(ANN), client(BOB), client(OPS)
    thread = ann.threads.create()["thread_id"]
    output: Any = ann.runs.wait(thread, "supervisor", input={"request": {**JOB, "out": "out/ann", "run_id": "of-ann"}})
    assert output["status"] == "published", output
    assert [found["thread_id"] for found in ann.threads.search()] == [thread]
    assert bob.threads.search() == []
    assert thread in [found["thread_id"] for found in ops.threads.search()]
    for refused in (bob.threads.get_state, bob.threads.get, bob.threads.get_history, bob.threads.delete):
        with pytest.raises(Exception, match=r"40[34]|not found"):
            refused(thread)
    assert "of-ann" in server.get("/dashboard", ANN)[2]
    assert "of-ann" in server.get("/dashboard", OPS)[2]
    assert "of-ann" not in server.get("/dashboard", BOB)[2]
    assert server.get("/dashboard/runs/of-ann", ANN)[0] == 200
    for path in ("", "/live", "/report", "/story", "/rows/changes?table=notes"):
        assert server.get(f"/dashboard/runs/of-ann{path}", BOB)[0] == 404


def test_a_run_id_of_another_is_refused(client: Any) -> None:
    ann, bob = client(ANN), client(BOB)
    request = {"request": {**JOB, "out": "out/shared", "run_id": "taken"}}
    ann.runs.wait(ann.threads.create()["thread_id"], "intake", input=request)
    thread = bob.threads.create()["thread_id"]
    with pytest.raises(Exception, match="exists already"):
        bob.runs.wait(thread, "intake", input=request)


@pytest.mark.parametrize(
    "given",
    [
        {"input": {"request": {**JOB, "contract": "/etc/passwd", "out": "out/x"}}},
        {"input": {"request": {**JOB, "out": "/srv/elsewhere"}}},
        {"input": {"request": {**JOB, "out": "out/x"}}, "context": {"home": "/var/lib"}},
        {"input": {"request": {**JOB, "sources": ["../*.csv"], "out": "out/x"}}},
        {"input": {"request": {**JOB, "sources": [".millwright/runs/*/*"], "out": "out/x"}}},
        {"command": {"update": {"request": JOB}}},
        {"command": {"goto": "land_sources"}},
        {"command": {"goto": [{"node": "land_sources", "input": {"request": JOB}}]}},
    ],
)
def test_users_reach_no_files_outside_the_open_folders(client: Any, given: dict[str, Any]) -> None:
    ann = client(ANN)
    thread = ann.threads.create()["thread_id"]
    with pytest.raises(Exception, match=r"outside the folders|for operators"):
        ann.runs.wait(thread, "intake", **given)


def test_users_have_the_server_ask_no_address_and_no_cron_starts_what_they_may_not(client: Any) -> None:
    ann = client(ANN)
    thread = ann.threads.create()["thread_id"]
    asked = {
        "input": {"request": {**JOB, "out": "out/x"}},
        "context": {"model": {"base_url": "http://169.254.169.254"}},
    }
    with pytest.raises(Exception, match="no address"):
        ann.runs.wait(thread, "intake", **asked)
    request = {"request": {**JOB, "contract": "/etc/passwd", "out": "out/x"}}
    with pytest.raises(Exception, match="outside the folders"):
        ann.crons.create("intake", schedule="0 0 1 1 *", input=request)


@pytest.mark.parametrize(
    ("graph", "given", "why"),
    [
        ("hierarchy", {"assignment": {"run_id": "of-ann-alone", "sources": ["input"]}}, "is another's"),
        ("hierarchy", {"assignment": {"run_id": "../../../out", "sources": ["input"]}}, "should match pattern"),
        ("reflection", {"reflecting": {"run_id": "of-ann-alone"}}, "is another's"),
        ("reflection", {"reflecting": {}}, "for operators"),
        ("health", {"request": {}}, "for operators"),
    ],
)
def test_no_graph_works_in_a_run_of_another_or_on_what_is_everybodys(
    server: Any, client: Any, graph: str, given: dict[str, Any], why: str
) -> None:
    ann, bob = client(ANN), client(BOB)
    if server.get("/dashboard/runs/of-ann-alone", ANN)[0] != 200:
        request = {"request": {**JOB, "out": "out/alone", "run_id": "of-ann-alone"}}
        ann.runs.wait(ann.threads.create()["thread_id"], "intake", input=request)
    output = bob.runs.wait(bob.threads.create()["thread_id"], graph, input=given, raise_error=False)
    assert why in str(output)


@pytest.mark.parametrize("path", ["/dashboard", "/info"])
def test_no_page_of_another_origin_may_read_answers(server: Any, path: str) -> None:
    allowed = "access-control-allow-origin"
    assert server.get(path, OPS, origin="https://evil.example")[1].get(allowed) is None
    assert server.get(path, OPS, origin="https://smith.langchain.com")[1][allowed] == "https://smith.langchain.com"


def test_what_is_for_operators_is_refused_to_users(server: Any, client: Any) -> None:
    ann, ops = client(ANN), client(OPS)
    thread = ann.threads.create()["thread_id"]
    with pytest.raises(Exception, match="for operators"):
        ann.threads.update_state(thread, {"request": JOB}, as_node="intake")
    with pytest.raises(Exception, match="for operators"):
        ann.store.put_item(["lessons"], key="x", value={"a": 1})
    with pytest.raises(Exception, match="for operators"):
        ann.assistants.create("supervisor", name="mine")
    ops.store.put_item(["mine"], key="x", value={"a": 1})
    form = "alert=x&rule=health&verb=silence"
    assert server.request("POST", "/dashboard/alerts", ANN, form)[0] == 403
    assert server.request("POST", "/dashboard/agents/worker-1", ANN, "verb=retire")[0] == 403


def test_metrics_are_served_to_who_has_a_token(server: Any) -> None:
    status, headers, text = server.get("/millwright/metrics", OPS)
    assert (status, headers["content-type"].split(";")[0]) == (200, "text/plain")
    assert "millwright_runs" in text
    assert server.get("/millwright/metrics")[0] == 401


def test_no_token_is_in_anything_the_server_keeps_or_shows(server: Any, client: Any) -> None:
    client(ANN).threads.create()
    shown = [server.get(path, OPS)[2] for path in ("/dashboard", "/dashboard/agents", "/dashboard/health", "/info")]
    kept = [path for path in Path(server.folder).rglob("*") if path.is_file()]
    assert kept
    for token in (ANN, BOB, OPS):
        assert not [text for text in shown if token in text]
        assert not [path for path in kept if token.encode() in path.read_bytes()]
