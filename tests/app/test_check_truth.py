"""`millwright check` against the truth about contracts nobody here wrote."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from app.cli import main

CONTRACTS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "contracts"
TRUTH: dict[str, Any] = (
    json.loads((CONTRACTS / "truth.json").read_text()) if (CONTRACTS / "truth.json").exists() else {}
)


@pytest.mark.shared_data
@pytest.mark.skipif(not TRUTH, reason="the shared contracts are not beside the project")
@pytest.mark.parametrize("name", sorted(TRUTH) or ["none"])
def test_check_agrees_and_names_every_place(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["millwright", "check", str(CONTRACTS / name), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    told = json.loads(capsys.readouterr().out)
    assert told["valid"] is TRUTH[name]["valid"]
    assert ended.value.code == (0 if TRUTH[name]["valid"] else 1)
    beyond = [fault["place"] for fault in told["faults"] if fault["error"] and TRUTH[name]["valid"]]
    assert all(place.endswith("transformLogic") or "quality[" in place for place in beyond)  # SQL no run could use
    places = {fault["place"] for fault in told["faults"]}
    assert set(TRUTH[name]["first"]) <= places
