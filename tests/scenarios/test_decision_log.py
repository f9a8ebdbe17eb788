"""Standing mappings: adopted by the council after a run, used by the next, and by none where there was no quorum."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphs.session import resume
from nodes import adopt
from state.faults import Crash, FaultSchedule
from tools.decision_log.reading import log_folder, read_log, standing

COUNTRIES = ("Spain", "France", "Germany", "Italy")
CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: orders-of-the-shop
name: shop
version: {version}
status: active
schema:
  - name: orders
    properties:
      - {{name: order_id, logicalType: integer, primaryKey: true, primaryKeyPosition: 1, required: true}}
      - name: country
        logicalType: string
        required: true
        quality: [{{type: library, metric: invalidValues, mustBe: 0, arguments: {{validValues: [{countries}]}}}}]
      - {{name: amount, logicalType: number}}
{more}
"""

Go = Callable[..., Any]


def contract(version: str = "1.0.0", more: str = "") -> str:
    return CONTRACT.format(version=version, countries=", ".join(COUNTRIES), more=more)


def write(path: Path, *headers: str, rows: int = 200) -> Path:
    """Orders with an amount, and a country under each of the headers, shifted from one to the next."""
    lines = [",".join(("order_id", *headers, "amount"))]
    for number in range(1, rows + 1):
        countries = [COUNTRIES[(number + shift) % 4] for shift, _ in enumerate(headers)]
        lines.append(",".join((str(number), *countries, f"{number * 1.5}")))
    path.write_text("\n".join(lines) + "\n")
    return path


def away(*members: int) -> dict[str, Any]:
    crashes = tuple(Crash(member=member, first=1, rounds=10_000) for member in members)
    return {"council_faults": FaultSchedule(crashes=crashes)}


def mapping_of(told: Any) -> str:
    return next(one["reason"] for one in told["decisions"] if one["kind"] == "column_mapping")


def adoptions(told: Any) -> dict[str, str]:
    return {one["subject"]: one["answer"] for one in told["decisions"] if one["kind"] == "adoption"}


@pytest.fixture
def one_country(tmp_path: Path) -> Path:
    """The values say which column holds the country."""
    return write(tmp_path / "first.csv", "Herkunft")


@pytest.fixture
def two_countries(tmp_path: Path) -> Path:
    """Two columns whose values fit equally well: only who knows the header can tell."""
    return write(tmp_path / "second.csv", "Herkunft", "Ziel")


def test_an_adopted_mapping_decides_where_evidence_alone_cannot(
    play: Go, one_country: Path, two_countries: Path
) -> None:
    first = play(contract(), one_country)
    assert first.status == "published"
    assert adoptions(first.told) == {
        "contract version 1.0.0": "adopted as entry 1",
        "mapping of orders": "adopted as entry 2",
    }
    second = play(contract(), two_countries)
    assert second.status == "published"
    assert "Herkunft: adopted in run r1" in mapping_of(second.told)
    assert adoptions(second.told) == {}
    assert [row[1] for row in second.rows("orders")][:2] == ["France", "Germany"]


def test_without_a_quorum_a_mapping_is_not_adopted_and_the_next_run_does_not_use_it(
    play: Go, one_country: Path, two_countries: Path
) -> None:
    first = play(contract(), one_country, context=away(1, 4))
    assert first.status == "published"  # the tables do not hang on the log
    assert adoptions(first.told)["mapping of orders"] == "not adopted"
    assert any("not adopted: mapping of orders: 3 of 5 members accept" in one for one in first.told["warnings"])
    adopting = next(one for one in first.told["decisions"] if one["subject"] == "mapping of orders")
    assert [vote["voter"] for vote in adopting["votes"] if vote["choice"] is None] == ["names", "history"]
    second = play(contract(), two_countries, context=away(1, 4))
    assert "adopted" not in mapping_of(second.told)
    assert second.status == "not_met"
    assert read_log(second.home, "orders-of-the-shop").entries == ()


def test_a_log_that_does_not_hold_is_named_and_not_used(play: Go, one_country: Path, two_countries: Path) -> None:
    first = play(contract(), one_country)
    for path in log_folder(first.home, "orders-of-the-shop").glob("*.jsonl"):
        path.write_bytes(path.read_bytes().replace(b"Herkunft", b"Ziel"))
    second = play(contract(), two_countries)
    assert second.status == "not_met"
    assert any("decision log" in one and "nothing of it is used" in one for one in second.told["warnings"])


def test_with_the_pattern_off_nothing_is_proposed_and_nothing_is_read(
    play: Go, one_country: Path, two_countries: Path
) -> None:
    off = {"patterns": {"decision_log": "off"}}
    first = play(contract(), one_country, context=off)
    assert adoptions(first.told) == {}
    assert not (first.home / "decisions").exists()
    play(contract(), one_country)
    assert play(contract(), two_countries, context=off).status == "not_met"


def test_an_adopted_mapping_never_overrides_the_contract(play: Go, one_country: Path, two_countries: Path) -> None:
    play(contract(), one_country)
    known = "customProperties: [{property: millwright.aliases, value: [Herkunft]}]"
    more = f"      - {{name: origin, logicalType: string, {known}}}"
    second = play(contract("1.1.0", more), two_countries)
    assert second.status == "published"
    (reason,) = {mapping_of(second.told)}
    assert "adopted" not in reason
    # The contract says that Herkunft is the origin; what is left for the country is the other column.
    assert [(row[1], row[3]) for row in second.rows("orders")][:2] == [("Germany", "France"), ("Italy", "Germany")]


def test_the_name_of_the_contract_comes_before_an_adopted_one(play: Go, one_country: Path, tmp_path: Path) -> None:
    play(contract(), one_country)
    both = write(tmp_path / "both.csv", "Herkunft", "country")
    second = play(contract(), both)
    assert second.status == "published"
    assert [row[1] for row in second.rows("orders")][:2] == ["Germany", "Italy"]


def test_a_changed_contract_is_adopted_with_what_changed(play: Go, one_country: Path) -> None:
    first = play(contract(), one_country)
    play(contract(), one_country)
    more = "      - {name: note, logicalType: string}"
    third = play(contract("1.1.0", more), one_country)
    assert adoptions(third.told) == {"contract version 1.1.0": "adopted as entry 3"}
    reading = read_log(first.home, "orders-of-the-shop")
    versions = [entry.proposal.version for entry in reading.entries if entry.proposal.version]
    assert [(version.version, version.changes) for version in versions] == [
        ("1.0.0", ("first seen",)),
        ("1.1.0", ("column orders.note added, string",)),
    ]


def test_other_columns_under_the_same_number_find_a_dissenter(play: Go, one_country: Path) -> None:
    play(contract(), one_country)
    second = play(contract("1.0.0", "      - {name: note, logicalType: string}"), one_country)
    adopting = next(one for one in second.told["decisions"] if one["kind"] == "adoption")
    assert {vote["voter"]: vote["choice"] for vote in adopting["votes"]}["history"] == "refuse"
    assert adopting["answer"] == "adopted as entry 3"  # four of five are two thirds


def test_too_few_rows_prove_nothing(play: Go, tmp_path: Path) -> None:
    few = write(tmp_path / "few.csv", "Herkunft", rows=12)
    first = play(contract(), few)
    adopting = next(one for one in first.told["decisions"] if one["subject"] == "mapping of orders")
    assert {vote["voter"]: vote["choice"] for vote in adopting["votes"]}["values"] == "refuse"


def test_the_same_files_again_are_the_same_publication(play: Go, one_country: Path) -> None:
    first = play(contract(), one_country)
    again = play(contract(), one_country, out=first.out)
    content = (first.out / "orders.parquet").read_bytes()
    assert again.status == "published"
    assert (again.out / "orders.parquet").read_bytes() == content


def test_a_resumed_run_tells_what_it_adopted_before(
    play: Go, one_country: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(adopt, "record_decisions", killed)
    with pytest.raises(KeyboardInterrupt):
        play(contract(), one_country, run_id="stopped")
    monkeypatch.undo()
    home = one_country.parent / "home"
    output = resume(home, "stopped")
    assert output["status"] == "published"
    reading = read_log(home, "orders-of-the-shop")
    assert len(reading.entries) == 2
    assert standing(reading).of("orders")["country"] == {"Herkunft": "stopped"}
