import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypedDict

import psycopg
import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph

from evals.postgres_server import PostgresServer
from graphs.persistence import open_saver
from state.errors import SetupError
from state.run import RunRequest, RunStatus
from tools.database.address import UPGRADE_LOCK
from tools.store import open_store

KEY = "0123456789abcdef"
CONFIG: Any = {"configurable": {"thread_id": "t1"}}


class State(TypedDict, total=False):
    status: RunStatus
    problem: str
    request: RunRequest
    steps: int


def counted(state: State) -> State:
    return {"steps": state.get("steps", 0) + 1, "status": RunStatus.NOT_MET, "problem": "cell Müller is wrong"}


def graph(saver: BaseCheckpointSaver[str]) -> Any:
    builder = StateGraph(State)
    builder.add_node("count", counted)
    builder.add_edge(START, "count")
    builder.add_conditional_edges("count", lambda state: "count" if state["steps"] < 5 else END, ["count", END])
    return builder.compile(checkpointer=saver)


REQUEST = RunRequest(contract="/c.yaml", sources=("/in",), out="/out")


async def play(home: Path, url: str) -> Any:
    async with open_saver(home, url) as saver:
        await graph(saver).ainvoke({"request": REQUEST}, CONFIG, durability="sync")
    async with open_saver(home, url) as saver:
        return (await graph(saver).aget_state(CONFIG)).values


def test_values_come_back_as_they_were(tmp_path: Path, database_address: str) -> None:
    values = asyncio.run(play(tmp_path, database_address))
    assert values == {
        "request": REQUEST,
        "steps": 5,
        "status": RunStatus.NOT_MET,
        "problem": "cell Müller is wrong",
    }
    assert values["status"] is RunStatus.NOT_MET
    assert isinstance(values["request"], RunRequest)


def test_a_thread_can_be_deleted(tmp_path: Path, database_address: str) -> None:
    async def gone() -> Any:
        await play(tmp_path, database_address)
        async with open_saver(tmp_path, database_address) as saver:
            await saver.adelete_thread("t1")
            return await saver.aget_tuple(CONFIG)

    assert asyncio.run(gone()) is None


def test_with_a_key_nothing_of_the_state_is_in_clear(
    tmp_path: Path, database_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGGRAPH_AES_KEY", KEY)
    assert asyncio.run(play(tmp_path, database_address))["problem"] == "cell Müller is wrong"
    assert b"M\xc3\xbcller" not in everything(tmp_path, database_address)
    monkeypatch.delenv("LANGGRAPH_AES_KEY")
    with pytest.raises(SetupError, match="is encrypted"):
        asyncio.run(play(tmp_path, database_address))
    monkeypatch.setenv("LANGGRAPH_AES_KEY", KEY[::-1])
    with pytest.raises(SetupError, match="another key"):
        asyncio.run(play(tmp_path, database_address))


def test_without_a_key_the_search_above_would_find_it(tmp_path: Path, database_address: str) -> None:
    asyncio.run(play(tmp_path, database_address))
    assert b"M\xc3\xbcller" in everything(tmp_path, database_address)


def test_what_was_written_without_a_key_is_read_with_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(play(tmp_path, ""))
    monkeypatch.setenv("LANGGRAPH_AES_KEY", KEY)
    assert asyncio.run(play(tmp_path, ""))["status"] is RunStatus.NOT_MET


def test_a_key_of_another_length_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGGRAPH_AES_KEY", "short")
    with pytest.raises(SetupError, match="has 5 bytes"):
        asyncio.run(play(tmp_path, ""))


def everything(home: Path, url: str) -> bytes:
    """Return all bytes that the saver keeps."""
    if not url:
        return b"".join(path.read_bytes() for path in home.glob("checkpoints*"))
    with psycopg.connect(url) as connection:
        tables = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")
        rows = [row for table in tables for row in connection.execute(f"select * from {table}".encode())]
    fields = [field for row in rows for field in row]
    return b"\n".join(field if isinstance(field, bytes) else str(field).encode() for field in fields)


def test_a_graph_outlives_a_restart_of_the_server(tmp_path: Path, postgres: PostgresServer, postgres_url: str) -> None:
    async def disturbed() -> Any:
        async with open_saver(tmp_path, postgres_url) as saver:
            at = 0
            async for _ in graph(saver).astream({"request": REQUEST}, CONFIG, durability="sync"):
                at += 1
                if at in (1, 3):
                    await asyncio.to_thread(postgres.restart)
            return (await graph(saver).aget_state(CONFIG)).values

    assert asyncio.run(disturbed())["steps"] == 5


def test_a_server_that_stays_away_is_told(tmp_path: Path) -> None:
    async def opened() -> None:
        async with open_saver(tmp_path, "postgresql://u:hidden@127.0.0.1:1/x", patience=0.2):
            pass

    with pytest.raises(SetupError, match="does not answer") as caught:
        asyncio.run(opened())
    assert "hidden" not in caught.value.line()


def test_a_store_keeps_what_is_put(tmp_path: Path, database_address: str) -> None:
    with open_store(tmp_path, database_address) as store:
        store.put(("lessons", "shop"), "l1", {"kind": "format", "share": 0.5})
    with open_store(tmp_path, database_address) as store:
        found = store.get(("lessons", "shop"), "l1")
        assert found is not None
        assert found.value == {"kind": "format", "share": 0.5}
        assert [item.key for item in store.search(("lessons",))] == ["l1"]


def test_many_may_open_a_new_saver_and_store_at_once(tmp_path: Path, database_address: str) -> None:
    def opened(number: int) -> bool:
        async def saved() -> None:
            async with open_saver(tmp_path, database_address):
                pass

        asyncio.run(saved())
        with open_store(tmp_path, database_address) as store:
            store.put(("n",), str(number), {"n": number})
        return True

    with ThreadPoolExecutor(6) as threads:
        assert all(threads.map(opened, range(6)))
    with open_store(tmp_path, database_address) as store:
        assert len(store.search(("n",))) == 6


def test_a_lock_that_nobody_gives_back_is_told(tmp_path: Path, postgres_url: str) -> None:
    def store() -> None:
        with open_store(tmp_path, postgres_url, patience=0.3):
            pass

    async def saver() -> None:
        async with open_saver(tmp_path, postgres_url, patience=0.3):
            pass

    # The pool is left last: whoever waits for ever goes on once the lock is free.
    with ThreadPoolExecutor(2) as threads, psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [UPGRADE_LOCK])
        opened = [threads.submit(store), threads.submit(asyncio.run, saver())]
        for each in opened:
            with pytest.raises(SetupError, match="changing its tables for too long"):
                each.result(20)
