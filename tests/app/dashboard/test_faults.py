"""Each fault of an agent or a service is visible on the pages, in the report and as an alert, while and after it is."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from starlette.testclient import TestClient

from app.dashboard.server import app
from app.status_command import show_status
from evals.hub.server import redis_server
from evals.operation_faults.crowd import INTERVAL, Ails
from evals.operation_faults.runs import disturb
from evals.operation_faults.simulation import play
from graphs.health_rounds import CheckHealth
from nodes.services import DATABASE, DISK, REDIS
from state.alerts import AlertSettings
from state.errors import SetupError
from state.roster import MODEL
from state.run import RunContext
from tools.alerts.evaluate import evaluate
from tools.database.open import open_database


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("MILLWRIGHT_HOME", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def pages(home: Path) -> Iterator[Callable[[str], str]]:
    with TestClient(app) as client:
        yield lambda name: client.get(f"/dashboard/{name}").text


class Checks:
    """Checks of a home and evaluations of its alerts, an interval apart, up to now."""

    def __init__(self, context: RunContext, most: int = 4) -> None:
        self._home, self._duty = Path(context.home), CheckHealth(context, interval=INTERVAL)
        self._now = datetime.now(UTC) - timedelta(seconds=INTERVAL * most)

    def once(self) -> None:
        with suppress(SetupError):
            self._duty.perform(self._now)
        with open_database(self._home) as database:
            evaluate(database, AlertSettings(), (), self._now)
        self._now += timedelta(seconds=INTERVAL)


def seen(pages: Callable[[str], str], capsys: Any, agent: str, kind: str) -> None:
    """Assert that a fault is told everywhere."""
    agents, health, alerts = pages("agents"), pages("health"), pages("alerts")
    assert agent in agents.split('<h2 id="faults-heading">')[1]
    assert f"{agent}: {kind}" in health
    assert "faults: pending → firing" in alerts
    capsys.readouterr()
    show_status(since="1h", as_json=False)
    told = capsys.readouterr().out
    assert f"  {agent} {kind}, detected" in told


@pytest.mark.parametrize("ails", list(Ails), ids=lambda each: each.name.lower())
def test_a_fault_of_an_agent_is_shown(ails: Ails, home: Path, pages: Any, capsys: Any) -> None:
    """It is over when the pages are looked at: they tell it all the same, and the alert is among those of late."""
    found = play(ails, home, seed=0, begin=datetime.now(UTC) - timedelta(minutes=30))
    victim = "expert:sim-1" if ails is Ails.WRONG else "sim-1"
    seen(pages, capsys, victim, found.kind)


def test_redis_that_is_down_is_shown(home: Path, pages: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with redis_server() as url:
        monkeypatch.setenv("REDIS_URL", url)
        checks = Checks(RunContext(home=str(home)))
        checks.once()
    checks.once()
    checks.once()
    seen(pages, capsys, REDIS, "unreachable")


def test_a_model_that_is_down_is_shown(tmp_path: Path, pages: Any, capsys: Any, monkeypatch: Any) -> None:
    """It was asked by a run: a model that nobody asks is only doubted by its probe."""
    disturb("model down", tmp_path, {})
    monkeypatch.setenv("MILLWRIGHT_HOME", str(tmp_path / "job" / "home"))
    seen(pages, capsys, MODEL, "unreachable")


def test_a_full_disk_is_shown(home: Path, pages: Any, capsys: Any) -> None:
    def fsync(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    checks = Checks(RunContext(home=str(home)))
    checks.once()
    with patch.object(os, "fsync", fsync):
        checks.once()
        checks.once()
    seen(pages, capsys, DISK, "full")


def test_a_database_that_was_away_is_shown(home: Path, pages: Any, capsys: Any) -> None:
    checks = Checks(RunContext(home=str(home)))
    checks.once()
    with patch("graphs.health_rounds.open_database", side_effect=SetupError("the database does not answer")):
        checks.once()
    checks.once()
    seen(pages, capsys, DATABASE, "unreachable")
