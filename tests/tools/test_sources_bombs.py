"""Files that unpack to far more than they weigh are refused before they fill anything."""

import gzip
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

import tools.sources.room
from state.errors import SourceError
from tools.sources.limits import LandingLimits
from tools.sources.unpack import gunzip

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024  the shape of shutil.disk_usage


def bomb(path: Path, megabytes: int) -> Path:
    with gzip.open(path, "wb", compresslevel=9) as stream:
        for _ in range(megabytes):
            stream.write(b"0" * (1 << 20))
    return path


def test_a_ratio_no_honest_text_has_is_refused(tmp_path: Path) -> None:
    limits = LandingLimits(ratio_from_bytes=8 << 20, max_ratio=500)
    with pytest.raises(SourceError, match="max_ratio"):
        gunzip(bomb(tmp_path / "b.gz", 64), "b.gz", tmp_path / "out", limits)
    assert (tmp_path / "out").stat().st_size < 40 << 20


def test_the_limit_of_bytes_is_met_before_the_bytes_are_written(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="max_decompressed_bytes"):
        gunzip(bomb(tmp_path / "b.gz", 16), "b.gz", tmp_path / "out", LandingLimits(max_decompressed_bytes=5 << 20))
    assert (tmp_path / "out").stat().st_size <= 5 << 20


def test_many_members_do_not_get_round_the_limits(tmp_path: Path) -> None:
    member = bomb(tmp_path / "one.gz", 1).read_bytes()
    (tmp_path / "many.gz").write_bytes(member * 32)
    with pytest.raises(SourceError, match="max_decompressed_bytes"):
        gunzip(tmp_path / "many.gz", "many.gz", tmp_path / "out", LandingLimits(max_decompressed_bytes=5 << 20))


def test_the_disk_is_not_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools.sources.room, "STEP", 2 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(1 << 40, 1 << 40, 1 << 20))
    with pytest.raises(SourceError, match="more than the disk holds"):
        gunzip(bomb(tmp_path / "b.gz", 16), "b.gz", tmp_path / "out", LandingLimits())
    assert (tmp_path / "out").stat().st_size <= 2 << 20
    gunzip(bomb(tmp_path / "small.gz", 1), "small.gz", tmp_path / "small", LandingLimits())
