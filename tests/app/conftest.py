"""The command line called in this process, as a person calls it."""

import sys
from typing import Any

import pytest

from app.cli import main


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], job: Any) -> Any:
    monkeypatch.setenv("MILLWRIGHT_HOME", str(job.home))

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["millwright", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), captured.out, captured.err

    return call
