"""Keys in the environment stay there: no record, log, report, message or crash file holds one."""

from pathlib import Path
from typing import Any

import pytest

SECRET = "sk-very-secret-0123456789"  # noqa: S105  nobody's


def test_no_file_and_no_message_holds_a_key(
    cli: Any, job: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "LANGSMITH_API_KEY", "MILLWRIGHT_API_KEY", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def fail(**_: object) -> int:
        raise KeyError("a bug")

    told = [
        cli("run", job.contract, job.sources, "--out", job.out, "--run-id", "r1"),
        cli("runs", "--json"),
        cli("doctor", "--json"),
        cli("export", "r1", "--table", "orders", "--to", tmp_path / "x.csv"),
        cli("run", job.contract, "missing.csv", "--out", job.out),
    ]
    monkeypatch.setattr("app.run_commands.list_runs", fail)
    told.append(cli("runs"))
    assert [code for code, _, _ in told] == [0, 0, 0, 0, 2, 70]
    assert not any(SECRET in out + err for _, out, err in told)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".log" for path in files)
    assert any(path.name == "checkpoints.sqlite" for path in files)
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
