"""Durable files: the old content or the new, never a part, whatever happens in between."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.files import sync_file, write_durably


def test_the_new_content_replaces_the_old_and_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    write_durably(path, b"old")
    write_durably(path, b"new")
    sync_file(path)
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("point", ["fsync", "replace"])
def test_killed_before_the_rename_the_old_content_stays(tmp_path: Path, point: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    owner = "os" if point == "fsync" else "pathlib.Path"
    program = (
        "import os, pathlib, signal\n"
        "from tools.files import write_durably\n"
        f"{owner}.{point} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"write_durably(pathlib.Path({str(path)!r}), b'new')\n"
    )
    killed = subprocess.run([sys.executable, "-c", program], check=False, cwd=Path(__file__).parents[2])
    assert killed.returncode == -9
    assert path.read_bytes() == b"old"
    write_durably(path, b"new")
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("point", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os if point == "fsync" else Path, point, full)
    with pytest.raises(OSError, match="No space"):
        write_durably(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_content_is_synced_before_the_rename_and_the_name_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        acts.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", lambda self, to: (acts.append("rename"), replace(self, to))[1])
    write_durably(tmp_path / "file", b"content")
    assert acts[0].endswith(".tmp")
    assert acts[1:] == ["rename", str(tmp_path)]
