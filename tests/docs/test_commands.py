"""Every command that the documentation shows exists, with its options; README's first run does what it says."""

import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from app.cli import app, main

from .pages import ROOT

PAGES = [
    each for each in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if each.parent.name != "decisions"
]
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands
FIRST_RUN = "A first run on files of your own:"


def shown(page: Path) -> list[tuple[str, str]]:
    """Return command and arguments of every line that shows one: in code, and in indented blocks."""
    text = page.read_text(encoding="utf-8")
    lines = re.findall(r"`(millwright [^`\n]+)`", text)
    lines += [line.strip() for line in text.splitlines() if re.match(r"(    |\$ )?millwright [a-z]", line)]
    return [(line.split()[1], line) for line in lines]


def faults(command: str, line: str) -> list[str]:
    """Return what a line shows that is not there."""
    if command not in COMMANDS:
        return [f"no command {command}: {line}"]
    known = {option for each in COMMANDS[command].params for option in each.opts} | {"--help"}
    used = re.findall(r"(?<![\w-])--[a-z][a-z-]*", line.split(" # ", maxsplit=1)[0])
    return [f"no option {option}: {line}" for option in used if option not in known]


def test_commands_and_options_exist() -> None:
    told = [(page, each) for page in PAGES for each in shown(page) if not each[0].startswith("--")]
    assert len(told) > 60
    assert [f"{page.name}: {fault}" for page, each in told for fault in faults(*each)] == []


def test_what_is_not_there_is_found() -> None:
    assert faults("walk", "millwright walk")
    assert faults("run", "millwright run C S --out DIR --fast")
    assert not faults("run", "millwright run C S --out DIR --partial")


def test_readmes_first_run_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    block = (ROOT / "README.md").read_text(encoding="utf-8").split(FIRST_RUN)[1].strip("\n").split("\n\n")[0]
    commands = [line.split(" # ")[0].strip() for line in block.splitlines()]
    assert len(commands) >= 3
    (tmp_path / "input").mkdir()
    shutil.copy(ROOT / "examples" / "rentals" / "february.csv", tmp_path / "input" / "orders.csv")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MILLWRIGHT_HOME", raising=False)
    run_id = ""
    for command in commands:
        words = [word.replace("RUN_ID", run_id) for word in shlex.split(command)]
        to = words.index(">") if ">" in words else len(words)
        monkeypatch.setattr(sys, "argv", words[:to])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code in (None, 0), command
        told = capsys.readouterr()
        if to < len(words):
            Path(words[to + 1]).write_text(told.out, encoding="utf-8")
        found = re.search(r"^run (\S+)", told.err, re.MULTILINE)
        run_id = found[1] if found else run_id
