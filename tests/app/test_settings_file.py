"""The settings file: what it says, what the environment says instead, and how its faults are told."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from app.example_settings import example
from app.settings import Settings, load_lineage_target, load_settings
from state.errors import SetupError
from state.operation import OperationSettings
from tools.settings.file import key_lines
from tools.settings.secrets import load_secrets

ROOT = Path(__file__).resolve().parents[2]
CONTENT = """\
threads = 3
parallel_steps = 1

[patterns]
council = "off"

[operation]
max_agents = 10
metrics = "off"
notes = '''
max_agents = 99
'''

[[operation.alerts.rules]]
name = "first"
figure = "health"
threshold = 1

[[operation.alerts.rules]]
name = "second"
figure = "errors"
threshold = 2

[lineage]
namespace = "of-file"

[secrets]
redis_url = "redis://:hidden@host:6379/0"
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("MILLWRIGHT_SETTINGS", str(tmp_path / "millwright.toml"))

    def to_file(text: str) -> Path:
        (tmp_path / "millwright.toml").write_text(text)
        return tmp_path / "millwright.toml"

    return to_file


CLEAN = re.sub(r"notes = '''.*?'''\n", "", CONTENT, flags=re.DOTALL)


def test_the_file_counts_and_the_environment_comes_first(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write(CLEAN)
    settings = load_settings()
    assert (settings.threads, settings.patterns.council, settings.operation.max_agents) == (3, "off", 10)
    assert settings.operation.metrics is False
    assert [rule.name for rule in settings.operation.alerts.rules] == ["first", "second"]
    assert load_lineage_target().namespace == "of-file"
    monkeypatch.setenv("MILLWRIGHT_THREADS", "7")
    monkeypatch.setenv("MILLWRIGHT_OPERATION__MAX_AGENTS", "5")
    monkeypatch.setenv("MILLWRIGHT_LINEAGE_NAMESPACE", "of-environment")
    settings = load_settings()
    assert (settings.threads, settings.operation.max_agents, settings.operation.metrics) == (7, 5, False)
    assert load_lineage_target().namespace == "of-environment"


def test_without_a_file_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MILLWRIGHT_SETTINGS", raising=False)
    monkeypatch.chdir(tmp_path)
    assert load_settings().operation == OperationSettings()
    (tmp_path / "millwright.toml").write_text("[operation]\nmax_agents = 9\n")
    assert load_settings().operation.max_agents == 9


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("max_agents = 10", "max_agnts = 10", r"toml:8: there is no setting 'operation.max_agnts' .*'max_agents'"),
        ("threads = 3", "thread = 3", r"toml:1: there is no setting 'thread' .*'threads'"),
        ("[patterns]", "[paterns]", r"toml:4: there is no setting 'paterns' .*'patterns'"),
        ("[secrets]", "[secret]", r"there is no setting 'secret' .*'secrets'"),
        ("max_agents = 10", "max_agents = 0", r"toml:8: operation.max_agents: .*greater than or equal to 1"),
        ('figure = "errors"', 'figur = "errors"', r"toml:18: there is no setting 'operation.alerts.rules.1.figur'"),
        ('namespace = "of-file"', 'namspace = "x"', r"there is no setting 'lineage.namspace' .*'namespace'"),
        ("threads = 3", "threads = ", r"toml: the settings are no TOML: .*line 1"),
        ("[patterns]\n", '[model]\napi_key = "hidden"\n[patterns]\n', r"OPENAI_API_KEY"),
        ("redis_url", "redis", r"there is no secret 'redis' .*'redis_url'"),
    ],
)
def test_a_fault_is_told_with_its_line_and_the_nearest_name(write: Any, before: str, after: str, told: str) -> None:
    assert before in CLEAN
    write(CLEAN.replace(before, after, 1))
    with pytest.raises(SetupError, match=told) as caught:
        load_settings(), load_lineage_target(), load_secrets()
    assert "hidden" not in caught.value.line()


def test_a_file_that_is_named_must_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MILLWRIGHT_SETTINGS", str(tmp_path / "none.toml"))
    with pytest.raises(SetupError, match=r"No such file.*unset MILLWRIGHT_SETTINGS"):
        load_settings()


def test_an_unknown_part_of_a_known_variable_is_refused(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write("")
    monkeypatch.setenv("MILLWRIGHT_OPERATION__MAX_AGENT", "1")
    with pytest.raises(SetupError, match=r"MILLWRIGHT_OPERATION__MAX_AGENT: .*'max_agents'"):
        load_settings()


def test_lines_of_keys_skip_texts_of_several_lines() -> None:
    lines = key_lines(CONTENT)
    assert lines["operation", "max_agents"] == 8
    assert lines["operation", "alerts", "rules", 0, "figure"] == 16
    assert lines["operation", "alerts", "rules", 1, "name"] == 20
    assert lines["secrets", "redis_url"] == len(CONTENT.splitlines())


def test_secrets_come_from_variables_files_and_the_table(tmp_path: Path) -> None:
    file = tmp_path / "m.toml"
    file.write_text(
        '[secrets]\nredis_url = "redis://:a@h"\ndatabase_url_file = "db"\n[secrets.channels]\nx = "json://h"\n'
    )
    (tmp_path / "db").write_text("postgresql://u:p@h/d\n")
    (tmp_path / "tokens").write_text(json.dumps({"ann": "t0ken"}))
    found = load_secrets({"MILLWRIGHT_SETTINGS": str(file), "MILLWRIGHT_TOKENS_FILE": str(tmp_path / "tokens")})
    assert found.redis_url is not None
    assert found.redis_url.get_secret_value() == "redis://:a@h"
    assert found.database_url is not None
    assert found.database_url.get_secret_value() == "postgresql://u:p@h/d"
    assert found.tokens["ann"].get_secret_value() == "t0ken"
    assert found.channels["x"].get_secret_value() == "json://h"
    for hidden in ("t0ken", "u:p", "redis://", "json://"):
        assert hidden not in repr(found) + found.model_dump_json()
    first = load_secrets({"MILLWRIGHT_SETTINGS": str(file), "REDIS_URL": "redis://other"})
    assert first.redis_url is not None
    assert first.redis_url.get_secret_value() == "redis://other"


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"REDIS_URL": "a", "REDIS_URL_FILE": "b"}, "REDIS_URL: the secret and a file of it are both given"),
        ({"MILLWRIGHT_TOKENS": "s3cret"}, "MILLWRIGHT_TOKENS: it is no JSON object"),
        ({"MILLWRIGHT_DATABASE_URL_FILE": "/none/such"}, "cannot be read: No such file"),
        ({"MILLWRIGHT_CHANNELS": '{"x": 3, "y": "s3cret"}'}, "a secret is a text"),
    ],
)
def test_a_secret_that_cannot_be_read_is_told_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SetupError, match=told) as caught:
        load_secrets(environment)
    assert "s3cret" not in caught.value.line()


def test_the_example_is_written_from_the_models() -> None:
    kept = (ROOT / "examples" / "millwright.toml").read_text()
    assert kept == example(), "millwright doctor --example > examples/millwright.toml"


def test_the_example_holds_nothing_but_defaults() -> None:
    text = "\n".join(line.removeprefix("# ") for line in example().splitlines() if not line.startswith("##"))
    content = tomllib.loads(text)
    apart = {name: content.pop(name) for name in ("lineage", "secrets")}
    assert apart["lineage"]["endpoint"] == "api/v1/lineage"
    settings = Settings(**content)
    alerts = settings.operation.alerts
    assert [rule.name for rule in alerts.rules] == ["slow-runs"]
    assert len(alerts.policies["by-night"].levels) == 2
    plain = alerts.model_copy(update={"rules": (), "policies": {}})
    operation = settings.operation.model_copy(update={"alerts": plain})
    assert settings.model_copy(update={"operation": operation}) == Settings()


def test_doctor_says_where_settings_come_from_and_no_secret(
    cli: Any, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(CLEAN + '[secrets.channels]\nteam = "json://user:hidden@localhost/"\n')
    file.chmod(0o644)
    monkeypatch.setenv("MILLWRIGHT_TOKENS", '{"ann": "hidden"}')
    monkeypatch.setenv("MILLWRIGHT_THREDS", "3")
    code, out, err = cli("doctor", "--json")
    told = json.loads(out)
    assert code == 0, told["problems"]
    assert told["settings"]["threads"] == {"value": 3, "from": f"{file}:1"}
    assert told["settings"]["home"]["from"] == "MILLWRIGHT_HOME"
    assert told["settings"]["attempts"]["from"] == "default"
    assert told["secrets"]["tokens"] == "MILLWRIGHT_TOKENS"
    assert any("did you mean MILLWRIGHT_THREADS?" in note for note in told["notes"])
    assert any("chmod 600" in note for note in told["notes"])
    code, text, more = cli("doctor")
    assert "hidden" not in out + err + text + more


def test_doctor_finds_a_rule_without_a_figure(cli: Any, write: Any) -> None:
    write(CLEAN.replace('figure = "errors"', 'figure = "erors"'))
    code, out, _ = cli("doctor", "--json")
    assert code == 2
    assert "did you mean 'errors'?" in json.loads(out)["problems"][0]
