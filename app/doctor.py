"""`millwright doctor`: what is installed, reachable and configured."""

import os
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from app.progress import printable
from app.render import print_json
from app.setting_origins import settings_told, unknown_variables
from app.settings import Settings, load_lineage_target, load_settings
from state.errors import MillwrightError
from tools.database.address import database_url
from tools.database.examine import examine as examine_database
from tools.models.keys import NO_KEY, address_of, key_for
from tools.settings.file import SettingsFile, read_settings_file
from tools.settings.secrets import SECTION, load_secrets, secret_origins

_PACKAGES = ("millwright", "langgraph", "langchain-core", "langchain-openai", "langsmith", "duckdb", "pydantic")
_EXTRAS = {
    "postgres": "langgraph-checkpoint-postgres",
    "redis": "redis",
    "alerts": "apprise",
    "telemetry": "opentelemetry-sdk",
    "server": "langgraph-cli",
}
_OTHERS_READ = 0o077


def examine(*, as_json: bool) -> int:
    """Print the findings; return 0 when a run can be started here, else 2."""
    file = read_settings_file(os.environ)
    settings, lineage = load_settings(file), load_lineage_target(file)
    database, trouble = examine_database(Path(settings.home).absolute(), database_url())
    database["checkpoints"] = "encrypted" if os.environ.get("LANGGRAPH_AES_KEY") else "in clear"
    problems = [*_problems(settings), *([trouble] if trouble else []), *_alert_problems(settings, file)]
    findings = {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "extras": {extra: _version(package) for extra, package in _EXTRAS.items()},
        "settings file": str(file.path) if file.path else "none",
        "settings": settings_told(settings, file),
        "secrets": secret_origins(os.environ, file),
        "notes": [*_notes(file), *unknown_variables()],
        "database": database,
        "lineage": lineage.shown if lineage.url else "the run's own file alone",
        "model": _model(settings),
        "processors": os.cpu_count(),
        "problems": problems,
    }
    if as_json:
        print_json(findings)
    else:
        _print(findings)
    return 2 if problems else 0


def print_example() -> int:
    """Print a settings file with all defaults and what they mean."""
    from app.example_settings import example

    sys.stdout.write(example())
    return 0


def _model(settings: Settings) -> str:
    """Say which chat model is asked where; no request is made."""
    if not settings.model.configured:
        return "none: the experts decide alone"
    key = "with a key" if key_for(settings.model.base_url, os.environ) is not NO_KEY else "without a key"
    return f"{settings.model.name} at {address_of(settings.model.base_url)}, {key}"


def _problems(settings: Settings) -> list[str]:
    home = Path(settings.home).absolute()
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    problems = [] if os.access(existing, os.W_OK) else [f"the home folder {home} cannot be written to"]
    problems += [f"package {name} is not installed" for name in _PACKAGES if _version(name) == "not installed"]
    return problems


def _alert_problems(settings: Settings, file: SettingsFile) -> list[str]:
    """Return what is wrong with rules, policies and channels of alerts."""
    from tools.alerts.rules import check_rules

    secrets = load_secrets(file=file)
    try:
        check_rules(settings.operation.alerts, tuple(secrets.channels))
    except MillwrightError as error:
        return [error.line()]
    return []


def _notes(file: SettingsFile) -> list[str]:
    """Return what is not wrong, and could be better."""
    if file.path is None or not file.section(SECTION) or not file.path.stat().st_mode & _OTHERS_READ:
        return []
    return [f"{file.path} holds secrets and other users may read it: chmod 600 {file.path}"]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _print(findings: Mapping[str, object]) -> None:
    lines: list[str] = []
    for name, value in findings.items():
        if isinstance(value, dict):
            lines += [name, *(f"  {key:<36} {_entry(entry)}" for key, entry in value.items())]
        elif isinstance(value, list):
            lines.append(f"{name}: {'; '.join(value) or 'none'}")
        else:
            lines.append(f"{name}: {value}")
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))


def _entry(entry: object) -> str:
    """Return an entry of a table as text; a setting with where it comes from."""
    return f"{entry['value']}  ({entry['from']})" if isinstance(entry, dict) else str(entry)
