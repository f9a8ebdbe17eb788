"""No setting is accepted that does nothing: each is read by name somewhere, and those of operation arrive."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from app.duties import duties_of
from app.settings import Settings, load_settings
from graphs.health_rounds import CheckHealth
from nodes.services import REDIS, services
from state.errors import SetupError
from state.run import RunContext
from tools.database.address import pool_size

ROOT = Path(__file__).parents[2]
ROOMS = ("app", "evals", "graphs", "nodes", "tools", "algorithms", "state")


def models(of: Any) -> Iterator[type[BaseModel]]:
    """Yield a model and those in its fields."""
    if isinstance(of, type) and issubclass(of, BaseModel):
        yield of
        for field in of.model_fields.values():
            yield from models(field.annotation)
    for each in get_args(of):
        yield from models(each)


def test_every_setting_is_read_somewhere() -> None:
    sources = "\n".join(path.read_text() for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    read = set(re.findall(r"\.([a-z_]+)\b", sources))
    unread = {name for model in models(Settings) for name in model.model_fields if name not in read}
    assert unread == set()


def test_limits_of_a_check_are_those_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLWRIGHT_OPERATION__HEALTH_TIMEOUT", "1.5")
    monkeypatch.setenv("MILLWRIGHT_OPERATION__FAILURE_THRESHOLD", "7")
    monkeypatch.setenv("MILLWRIGHT_OPERATION__HEALTH_INTERVAL", "11")
    (check,) = (each for each in duties_of(load_settings(), tmp_path) if isinstance(each, CheckHealth))
    assert (check.limits.answer, check.limits.failures, check.interval) == (1.5, 7, 11)


def test_redis_of_the_settings_file_is_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    file = tmp_path / "millwright.toml"
    monkeypatch.setenv("MILLWRIGHT_SETTINGS", str(file))
    for text, watched in (("", False), ('[secrets]\nredis_url = "redis://localhost:1/0"\n', True)):
        file.write_text(text)
        assert (REDIS in {each.card.id for each in services(RunContext())}) is watched


@pytest.mark.parametrize(
    ("variables", "content"),
    [
        ({}, ""),
        ({}, "[operation]\ndatabase_pool_size = 7\n"),
        ({"MILLWRIGHT_OPERATION": '{"database_pool_size": 8}'}, "[operation]\ndatabase_pool_size = 7\n"),
        ({"MILLWRIGHT_OPERATION": '{"max_agents": 8}'}, "[operation]\ndatabase_pool_size = 7\n"),
        ({"MILLWRIGHT_OPERATION__DATABASE_POOL_SIZE": "9"}, "[operation]\ndatabase_pool_size = 7\n"),
    ],
)
def test_the_pool_is_as_large_as_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], content: str
) -> None:
    file = tmp_path / "millwright.toml"
    file.write_text(content)
    for name, value in (variables | {"MILLWRIGHT_SETTINGS": str(file)}).items():
        monkeypatch.setenv(name, value)
    assert pool_size() == load_settings().operation.database_pool_size


def test_a_watch_of_which_a_duty_failed_says_so(tmp_path: Path, cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise SetupError("no room")

    monkeypatch.setenv("MILLWRIGHT_HOME", str(tmp_path))
    monkeypatch.setattr("tools.metrics.duties.fold", fail)
    code, out, err = cli("watch", "--once")
    assert code == 1
    assert "prune failed" in err
    assert "check_health" in out
    assert "prune" not in out
