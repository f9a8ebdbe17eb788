"""The registry: cards, probes, limits, history, rollouts, the roster that follows; on SQLite and PostgreSQL."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import SQLAlchemyError

from algorithms.operation.monitors import looked
from algorithms.operation.verdicts import vote_on
from state.agents import AgentCard, Role
from state.errors import SetupError
from state.health import HealthLimits, Vitals
from state.operation_agents import AgentKind, AgentStatus, Aspect, Deployment, Outcome, RolloutStatus
from tools.agents.concluding import conclude
from tools.agents.faults import faults, note_verdicts, recoveries, verdicts
from tools.agents.recording import record_run
from tools.agents.registry import Fleet, agents, deploy, drain, history, register, retire, settle
from tools.agents.rollouts import end_rollout, note_outcomes, rollouts
from tools.agents.roster import RosterKeeper, current, read_roster, roster_kept
from tools.database.database import Database
from tools.database.open import open_database

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path, database_address: str) -> Iterator[Database]:
    with open_database(tmp_path, database_address) as opened:
        yield opened


def healthy(_: Deployment) -> str:
    return ""


def deployment(version: str = "1", name: str = "expert:sim", kind: AgentKind = AgentKind.EXPERT) -> Deployment:
    card = AgentCard(id=name, version=version, role=Role.SPECIALIST, skills=("sim",))
    return Deployment(card=card, kind=kind, share=0.5)


def put(database: Database, given: Deployment) -> AgentStatus:
    return deploy(database, given, NOW, probe=healthy, fleet=Fleet(), by="test").status


def outcome(number: int, version: str, *, right: bool) -> Outcome:
    return Outcome(
        run_id=f"r{number}", decision_id=version, kind="sim", subject="s", version=version, right=right,
        found_by="verification", at=NOW + timedelta(seconds=number),
    )  # fmt: skip


def test_nobody_takes_work_before_its_probe(database: Database, tmp_path: Path, database_address: str) -> None:
    worker = deployment(name="worker-9", kind=AgentKind.STEP_WORKER)
    entered = register(database, worker, NOW, fleet=Fleet(), by="test")
    assert not entered.takes_work
    assert not read_roster(tmp_path, database_address).admits("worker-9")
    sick = deploy(database, worker, NOW, probe=lambda _: "it is sick", fleet=Fleet(), by="test")
    assert sick.status is AgentStatus.DEPLOYING
    assert "it is sick" in sick.reason
    assert put(database, worker) is AgentStatus.IN_SERVICE
    assert read_roster(tmp_path, database_address).admits("worker-9")


def test_service_without_a_probe_is_found(database: Database) -> None:
    """The planted bug: who is put in service without being asked has no entry before it."""

    def skips(given: Deployment) -> bool:
        asked: list[str] = []
        deploy(database, given, NOW, probe=lambda one: asked.append(one.card.id) or "", fleet=Fleet(), by="test")
        steps = [each.status for each in history(database, given.card.id)]
        return not asked or steps != [AgentStatus.DEPLOYING, AgentStatus.IN_SERVICE]

    assert not skips(deployment(name="worker-1", kind=AgentKind.STEP_WORKER))
    planted = deployment(name="worker-2", kind=AgentKind.STEP_WORKER)
    before = register(database, planted, NOW, fleet=Fleet(), by="test")
    settle(database, before, before.model_copy(update={"status": AgentStatus.IN_SERVICE}), NOW, by="planted")
    with pytest.raises(SetupError, match="in_service"):
        skips(planted)


def test_ids_versions_and_numbers_are_limited(database: Database) -> None:
    put(database, deployment())
    with pytest.raises(SetupError, match="registered already"):
        register(database, deployment(), NOW, fleet=Fleet(), by="test")
    with pytest.raises(SetupError, match="another kind"):
        register(database, deployment("2", kind=AgentKind.MEMBER), NOW, fleet=Fleet(), by="test")
    with pytest.raises(SetupError, match="at most 1"):
        register(database, deployment(name="expert:other"), NOW, fleet=Fleet(max_agents=1), by="test")
    with pytest.raises(SetupError, match="nobody needs"):
        register(database, deployment(name="x"), NOW, fleet=Fleet(skills=frozenset({"other"})), by="test")


def test_draining_and_retiring_are_history(database: Database, tmp_path: Path, database_address: str) -> None:
    put(database, deployment(name="worker-1", kind=AgentKind.STEP_WORKER))
    drain(database, "worker-1", NOW, by="ann", reason="maintenance")
    assert read_roster(tmp_path, database_address).absent == {"worker-1": "draining: maintenance"}
    retire(database, "worker-1", NOW, by="ann")
    told = [(each.status, each.by) for each in history(database, "worker-1")]
    assert told[2:] == [(AgentStatus.DRAINING, "ann"), (AgentStatus.RETIRED, "ann")]
    with pytest.raises(SetupError, match="no agent"):
        drain(database, "worker-1", NOW, by="ann")


def test_the_last_expert_of_a_decision_stays(database: Database) -> None:
    put(database, deployment())
    with pytest.raises(SetupError, match="nobody else takes its decisions"):
        retire(database, "expert:sim", NOW, by="ann")


@pytest.mark.parametrize(
    ("rates", "ends"), [((0.3, 1.0), RolloutStatus.ROLLED_BACK), ((1.0, 0.3), RolloutStatus.TAKEN_OVER)]
)
def test_a_new_version_is_tried_and_the_better_one_stays(
    database: Database, tmp_path: Path, database_address: str, rates: tuple[float, float], ends: RolloutStatus
) -> None:
    put(database, deployment("1"))
    put(database, deployment("2"))
    trial = read_roster(tmp_path, database_address).trials["expert:sim"]
    chosen = sum(trial.chooses_new(f"t.c{number}") for number in range(1_000))
    assert 400 < chosen < 600
    new, old = rates
    for number in range(0, 200, 20):
        batch = [outcome(n, "2", right=n % 10 < 10 * new) for n in range(number, number + 20)]
        batch += [outcome(n, "1", right=n % 10 < 10 * old) for n in range(number, number + 20)]
        note_outcomes(database, "expert:sim", batch)
        if conclude(database, NOW):
            break
    (rollout,) = rollouts(database)
    assert rollout.status is ends
    assert rollout.reason
    stays = "1" if ends is RolloutStatus.ROLLED_BACK else "2"
    roster = read_roster(tmp_path, database_address)
    assert roster.standing["expert:sim"].version == stays
    assert not roster.trials
    assert {each.card.version for each in agents(database) if each.takes_work} == {stays}
    assert bool(faults(database)) is bool(recoveries(database)) is (ends is RolloutStatus.ROLLED_BACK)


def test_only_one_version_is_tried_at_a_time(database: Database) -> None:
    for version in "12":
        put(database, deployment(version))
    with pytest.raises(SetupError, match="being tried"):
        put(database, deployment("3"))


def test_without_a_registry_everybody_works_and_nothing_is_loaded(tmp_path: Path) -> None:
    with roster_kept(tmp_path):
        assert current().admits("anybody")
    assert not list(tmp_path.iterdir())


def test_a_registry_that_cannot_be_read_stops_nothing_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "operation.sqlite").write_text("this is no database " * 100)
    roster = RosterKeeper(tmp_path, "").roster()
    assert roster.admits("worker-1")
    assert roster.fault


def at_once(work: Callable[[int], object]) -> list[object]:
    """Return what several threads made of a work at the same moment: its result, or what it raised."""
    together = threading.Barrier(4)

    def run(number: int) -> object:
        together.wait()
        try:
            return work(number)
        except (SetupError, SQLAlchemyError) as error:
            return error

    with ThreadPoolExecutor(4) as threads:
        return [each.result() for each in [threads.submit(run, number) for number in range(4)]]


def test_several_processes_that_check_at_once_keep_their_verdicts(database: Database) -> None:
    def look(_: int) -> None:
        for second in range(10):
            at = NOW + timedelta(seconds=second)
            for each in ("a", "b"):
                checks = looked(Aspect.ANSWERS, Vitals(agent_id=each, kind=AgentKind.STEP_WORKER), HealthLimits(), at)
                note_verdicts(database, [vote_on(checks, at)])

    assert at_once(look) == [None] * 4
    assert [each.agent_id for each in verdicts(database)] == ["a", "b"]


def test_of_several_who_change_an_agent_at_once_one_does(database: Database) -> None:
    for number in range(5):
        name = f"worker-{number}"
        put(database, deployment(name=name, kind=AgentKind.STEP_WORKER))
        found = at_once(lambda _, name=name: drain(database, name, NOW, by="test"))  # type: ignore[misc]
        assert sorted(type(each).__name__ for each in found) == ["RegisteredAgent"] + ["SetupError"] * 3
        assert [each.status for each in history(database, name)].count(AgentStatus.DRAINING) == 1


def test_there_are_never_more_agents_than_may_be(database: Database) -> None:
    fleet = Fleet(max_agents=2)
    found = at_once(lambda number: register(database, deployment(name=f"w-{number}"), NOW, fleet=fleet, by="test"))
    assert len(agents(database)) == 2
    assert sum(isinstance(each, SetupError) for each in found) == 2


def test_a_rollout_ends_once(database: Database) -> None:
    put(database, deployment("1"))
    put(database, deployment("2"))
    (seen,) = rollouts(database)
    assert end_rollout(database, seen, RolloutStatus.TAKEN_OVER, "first", NOW) is not None
    assert end_rollout(database, seen, RolloutStatus.ROLLED_BACK, "who saw it run, too", NOW) is None
    assert [each.status for each in rollouts(database)] == [RolloutStatus.TAKEN_OVER]


@pytest.mark.parametrize("fault", [sqlite3.OperationalError("database or disk is full"), SetupError("it is away")])
def test_a_run_is_not_worse_for_a_registry_that_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr("tools.database.open.open_database", refuse)
    (tmp_path / "run.json").write_text('{"run_id": "r1", "tables": {}, "checks": [], "decisions": []}')
    assert str(fault) in record_run(tmp_path, tmp_path, "postgresql://localhost/none", NOW)
