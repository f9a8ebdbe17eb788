"""The tutorial: every command runs, in order, in a folder that holds nothing but the examples."""

import contextlib
import io
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import main

from .pages import ROOT, Scene, missing_line, scenes

SCENES = scenes((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"))
_ALLOWED = (0, 1, 3)  # published or shown, not met, waiting


def millwright(words: list[str], monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """Run the command in this process and return its exit code and what it printed."""
    to = words.index(">") if ">" in words else len(words)
    printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    monkeypatch.setattr(sys, "argv", words[:to])
    with contextlib.redirect_stdout(printed), pytest.raises(SystemExit) as ended:
        main()
    printed.flush()
    text = printed.buffer.getvalue().decode()
    if to < len(words):
        Path(words[to + 1]).write_text(text, encoding="utf-8")
        text = ""
    code = ended.value.code
    return (code if isinstance(code, int) else 0), text


def play(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> str:
    told = ""
    for command in scene.commands:
        words = shlex.split(command)
        if words[0] == "millwright":
            code, text = millwright(words, monkeypatch)
            assert code in _ALLOWED, command
        else:
            done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{command}: {done.stderr}"
            text = done.stdout
        told += text
    return told


def test_every_command_does_what_the_tutorial_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MILLWRIGHT_HOME", raising=False)
    monkeypatch.setenv("COLUMNS", "120")  # those who run tests side by side say another width
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    for scene in SCENES:
        printed = play(scene, monkeypatch)
        missing = missing_line(scene.expected, printed)
        assert not missing, f"after {scene.commands}: {missing!r} does not come in\n{printed}"


def test_a_line_that_does_not_come_is_found() -> None:
    assert missing_line(("a", "…", "d"), "a\nb\nc\nd\n") == ""
    assert missing_line(("a", "d"), "a\nb\nc\nd\n") == "d"
    assert missing_line(("…", "d", "…", "a"), "a\nb\nd\n") == "a"
