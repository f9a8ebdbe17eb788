"""The check of health as a graph: alone with plain JSON, with a saver, and as a duty on the registry of a home."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from graphs.health import build, graph
from graphs.health_rounds import CheckHealth, operation_duties
from graphs.serialization import strict_serializer
from nodes.fleet import built_in
from state.errors import SetupError
from state.operation_agents import AgentKind, AgentStatus, FaultKind, RecoveryAction
from state.run import RunContext
from tools.agents.faults import faults, recoveries
from tools.agents.live import Handlers, Live, live_kept
from tools.agents.registry import agents, history, retire
from tools.database.database import Database
from tools.database.open import open_database
from tools.operation.rounds import Duty

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HUNG = {"agent_id": "worker-1", "overdue": 1, "probed": {"seconds": 10, "fault": "no answer within 10 s"}}
WELL = {"agent_id": "worker-2", "kept": 3, "probed": {"seconds": 0.01}}
DOUBTED = {
    "agent_id": "worker-3",
    "kept": 3,
    "probed": {"seconds": 10, "fault": "no answer"},
    "took": 1,
    "usual_took": [1] * 5,
}


def check(vitals: list[dict[str, Any]], home: Path) -> dict[str, Any]:
    given: Any = {"request": {"vitals": vitals, "now": NOW.isoformat()}}
    return dict(graph.invoke(given, context=RunContext(home=str(home))))


def test_alone_it_tells_what_would_be_done(tmp_path: Path) -> None:
    told = check([HUNG, WELL, DOUBTED], tmp_path)
    assert [(each.agent_id, each.kind) for each in told["ill"]] == [("worker-1", FaultKind.SILENT)]
    assert told["suspects"] == ("worker-3",)
    assert [each.action for each in told["recoveries"]][:1] == [RecoveryAction.TAKE_OUT]
    assert {each.card.id: each.status for each in told["changed"]} == {
        "worker-1": AgentStatus.OUT,
        "worker-3": AgentStatus.SUSPECT,
    }
    assert not list(tmp_path.iterdir())


def test_what_is_no_request_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"request\.vitals"):
        check([{"agent_id": ""}], tmp_path)


def test_it_is_saved_and_revived_whole(tmp_path: Path) -> None:
    compiled = build().compile(checkpointer=InMemorySaver(serde=strict_serializer()))
    given: Any = {"request": {"vitals": [HUNG]}}
    config: Any = {"configurable": {"thread_id": "t"}}
    compiled.invoke(given, config, context=RunContext(home=str(tmp_path)))
    (ill,) = compiled.get_state(config).values["ill"]
    assert ill.kind is FaultKind.SILENT


def statuses(database: Database) -> dict[str, AgentStatus]:
    return {each.card.id: each.status for each in agents(database)}


def test_the_duty_enrols_takes_out_and_brings_back(tmp_path: Path) -> None:
    context, clock = RunContext(home=str(tmp_path)), [0.0]
    board, told = Live(lambda: clock[0]), [""]
    duty = CheckHealth(context)
    assert isinstance(duty, Duty)
    handlers = Handlers(probe=lambda: told[0])
    kind = next(each.kind for each in built_in(context) if each.card.id == "worker-1")
    with open_database(tmp_path) as database, live_kept(board), board.working("worker-1", kind, handlers):
        duty.perform(NOW)
        assert set(statuses(database)) >= {each.card.id for each in built_in(context)}
        assert all(status is AgentStatus.IN_SERVICE for status in statuses(database).values())
        board.ordered("worker-1", "o", 5.0)
        clock[0], told[0] = 20.0, "no answer"
        duty.perform(NOW + timedelta(seconds=30))
        assert statuses(database)["worker-1"] is AgentStatus.OUT
        board.settled("worker-1", "o", done=False)
        told[0] = ""
        duty.perform(NOW + timedelta(seconds=60))
        assert statuses(database)["worker-1"] is AgentStatus.IN_SERVICE
        (fault,) = faults(database)
        assert fault.detected_at == NOW + timedelta(seconds=30)
        assert fault.ended_at == NOW + timedelta(seconds=60)
        assert recoveries(database)[0].action is RecoveryAction.BACK
        assert [each.status for each in history(database, "worker-1")][-2:] == [AgentStatus.OUT, AgentStatus.IN_SERVICE]


def test_the_fault_of_an_agent_that_is_retired_ends(tmp_path: Path) -> None:
    context, clock, told = RunContext(home=str(tmp_path)), [0.0], [""]
    board, duty, handlers = Live(lambda: clock[0]), CheckHealth(context), Handlers(probe=lambda: told[0])
    with open_database(tmp_path) as database, live_kept(board):
        with board.working("worker-1", AgentKind.STEP_WORKER, handlers):
            duty.perform(NOW)
            board.ordered("worker-1", "o", 5.0)
            clock[0], told[0] = 20.0, "no answer"
            duty.perform(NOW + timedelta(seconds=30))
        assert [each.agent_id for each in faults(database, lasting=True)] == ["worker-1"]
        retire(database, "worker-1", NOW, by="test")
        duty.perform(NOW + timedelta(seconds=60))
        assert faults(database, lasting=True) == ()


def test_a_database_that_was_lost_is_on_record_once_it_is_back(tmp_path: Path) -> None:
    context = RunContext(home=str(tmp_path))
    duty = CheckHealth(context)
    gone = SetupError("the database does not answer", where="here")
    with patch("graphs.health_rounds.open_database", side_effect=gone), pytest.raises(SetupError):
        duty.perform(NOW)
    duty.perform(NOW + timedelta(seconds=30))
    with open_database(tmp_path) as database:
        (fault,) = faults(database)
    assert (fault.agent_id, fault.kind) == ("service:database", FaultKind.UNREACHABLE)
    assert (fault.detected_at, fault.ended_at) == (NOW, NOW + timedelta(seconds=30))
    assert {each.name for each in operation_duties(context)} == {"check_health", "conclude_rollouts"}
