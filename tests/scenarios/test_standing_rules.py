"""Standing repair rules: adopted by the council after a run, evidence for the next, never against what is seen."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from app.decisions_command import revoke
from state.faults import Crash, FaultSchedule
from tools.decision_log.reading import read_log, standing

STATES = dict(
    zip(
        ("Fresno", "Reno", "Salem", "Provo", "Tampa", "Waco"),
        ("California", "Nevada", "Oregon", "Utah", "Florida", "Texas"),
        strict=True,
    )
)
CONTRACT = f"""
apiVersion: v3.1.0
kind: DataContract
id: places
name: places
version: 1.0.0
status: active
schema:
  - name: visits
    properties:
      - {{name: visit_id, logicalType: integer, primaryKey: true, required: true}}
      - {{name: city, logicalType: string}}
      - name: state
        logicalType: string
        required: true
        quality:
          - metric: invalidValues
            arguments: {{validValues: [{", ".join(STATES.values())}]}}
            mustBe: 0
      - {{name: seen_on, logicalType: date}}
"""
CITIES = tuple(STATES)

Go = Callable[..., Any]
Row = tuple[str, str, str]


def write(path: Path, rows: Iterable[Row]) -> Path:
    lines = [f"{number},{city},{state},{day}" for number, (city, state, day) in enumerate(rows, 1)]
    path.write_text("\n".join(["visit_id,city,state,seen_on", *lines]) + "\n")
    return path


def day_first(number: int) -> str:
    return f"{number % 28 + 1:02d}/{number % 9 + 1:02d}/2024"


def known(count: int = 120) -> list[Row]:
    return [(CITIES[n % 6], STATES[CITIES[n % 6]], day_first(n)) for n in range(count)]


@pytest.fixture
def telling(tmp_path: Path) -> Path:
    """Cities tell what the strange text stands for, days over twelve the order of the dates."""
    return write(tmp_path / "telling.csv", [*known(), *[("Fresno", "Golden State", "25/03/2024")] * 4])


@pytest.fixture
def mute(tmp_path: Path) -> Path:
    """Nothing in the file tells either."""
    rows = [("", STATES[CITIES[n % 6]], f"0{n % 9 + 1}/0{(n + 3) % 9 + 1}/2024") for n in range(60)]
    return write(tmp_path / "mute.csv", [*rows, *[("", "Golden State", "03/04/2024")] * 3])


def adoptions(told: Any) -> dict[str, str]:
    return {one["subject"]: one["answer"] for one in told["decisions"] if one["kind"] == "adoption"}


def decided(told: Any, subject: str) -> Any:
    return next(one for one in told["decisions"] if one["subject"] == subject)


STATE, DAY = "repair rule of visits.state, from 'state'", "repair rule of visits.seen_on, from 'seen_on'"


def test_what_a_run_was_sure_of_decides_where_the_next_has_no_evidence(play: Go, telling: Path, mute: Path) -> None:
    assert play(CONTRACT, mute, context={"patterns": {"decision_log": "off"}}).status == "not_met"
    first = play(CONTRACT, telling)
    assert first.status == "published", first.problem
    assert adoptions(first.told)[STATE].startswith("adopted as entry")
    assert adoptions(first.told)[DAY].startswith("adopted as entry")
    second = play(CONTRACT, mute)
    assert second.status == "published", second.problem
    assert [(row[1], str(row[2])) for row in second.rows("visits", "visit_id, state, seen_on")][60:] == [
        ("California", "2024-04-03")
    ] * 3
    resolved = decided(second.told, "visits.state: 'Golden State'")
    assert resolved["reason"] == f"adopted in run {first.told['run_id']}"
    assert ("history", "California") in [(vote["voter"], vote["choice"]) for vote in resolved["votes"]]
    dated = decided(second.told, "visits.seen_on")
    assert f"adopted in run {first.told['run_id']}" in dated["reason"]
    assert ("history", "day_first") in [(vote["voter"], vote["choice"]) for vote in dated["votes"]]
    assert adoptions(second.told) == {}  # it is no evidence for adopting it again


def test_without_a_quorum_no_rule_is_adopted_and_the_next_run_uses_none(play: Go, telling: Path, mute: Path) -> None:
    crashes = tuple(Crash(member=member, first=1, rounds=10_000) for member in (1, 4))
    away = {"council_faults": FaultSchedule(crashes=crashes), "patterns": {"reflection": "off"}}  # nor a lesson
    first = play(CONTRACT, telling, context=away)
    assert first.status == "published"
    assert adoptions(first.told)[STATE] == "not adopted"
    assert any(f"not adopted: {STATE}: 3 of 5 members accept" in one for one in first.told["warnings"])
    assert play(CONTRACT, mute, context=away).status == "not_met"
    assert read_log(first.home, "places").entries == ()


def test_what_contradicts_a_rule_is_told_and_the_rule_yields(play: Go, telling: Path, tmp_path: Path) -> None:
    play(CONTRACT, telling)
    other = [(city, state, f"{n % 9 + 1:02d}/{n % 28 + 1:02d}/2024") for n, (city, state, _) in enumerate(known())]
    second = play(CONTRACT, write(tmp_path / "other.csv", [*other, *[("Reno", "Golden State", "03/25/2024")] * 4]))
    dated = decided(second.told, "visits.seen_on")
    assert "dates month first" in dated["answer"]
    warned = "\n".join(second.told["warnings"])
    assert "standing rule of visits.seen_on: dates were adopted as day_first" in warned
    assert "standing rule of visits.state: 'Golden State' was adopted as 'California'" in warned
    assert all(
        "repair rule" not in subject or answer == "not adopted" for subject, answer in adoptions(second.told).items()
    )


def test_a_revoked_rule_is_not_used_and_not_adopted_again(
    play: Go, telling: Path, mute: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = play(CONTRACT, telling)
    monkeypatch.setenv("MILLWRIGHT_HOME", str(first.home))
    for entry in read_log(first.home, "places").entries:
        if entry.proposal.rule is not None:
            assert revoke("places", entry.index, "a test") == 0
    assert standing(read_log(first.home, "places")).rules == {}
    assert play(CONTRACT, mute).status == "not_met"
    again = play(CONTRACT, telling)
    assert {adoptions(again.told)[STATE], adoptions(again.told)[DAY]} == {"not adopted"}
