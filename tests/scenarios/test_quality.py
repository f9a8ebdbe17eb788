"""Quality failures of whole runs: what evidence speaks for is made otherwise, the rest stops with its reasons."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import nodes.quality
import nodes.recovering
from graphs.session import resume
from state.diagnosis import RemedyKind
from state.recovery import Amendment, RecoveryStatus
from state.run import RunStatus
from tools.recovery import read_recoveries
from tools.workspace import open_workspace

SMALL = {"maxQuarantine": 0.05}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "input"
    made.mkdir()
    return made


def rulings(played: Any) -> list[tuple[str, str]]:
    return [(each["action"], each["reason"]) for each in played.told["replanning"]]


def actions(played: Any) -> list[str]:
    return [action for action, _ in rulings(played)]


def days(schema: Any) -> str:
    return schema.contract(
        schema.table(
            "orders",
            schema.column("order_id", "integer", primaryKey=True, required=True),
            schema.column("ordered", "date", required=True),
            schema.column("shipped", "date"),
            settings=SMALL,
        )
    )


def write_days(folder: Path, *, agree: bool = True) -> None:
    """Three files; in the second only `shipped` tells, with the day first.

    Where the other files `agree` on the month first in `ordered`, that speaks against it and `ordered` is not read.
    """
    first = [f"{n},0{n % 9 + 1}/{n % 15 + 13}/2024,0{n % 9 + 1}/{n % 15 + 13}/2024" for n in range(40)]
    second = [f"{n},0{n % 7 + 3}/0{n % 5 + 2}/2024,{n % 15 + 13}/0{n % 9 + 1}/2024" for n in range(100, 130)]
    third = [f"{n},{n % 15 + 13}/0{n % 9 + 1}/2024,{n % 15 + 13}/0{n % 9 + 1}/2024" for n in range(200, 230)]
    if agree:
        third = [f"{n},0{n % 9 + 1}/{n % 15 + 13}/2024,0{n % 9 + 1}/{n % 15 + 13}/2024" for n in range(200, 230)]
    for name, rows in (("a", first), ("b", second), ("c", third)):
        (folder / f"orders_{name}.csv").write_text("\n".join(["order_id,ordered,shipped", *rows]) + "\n")


def test_dates_of_a_file_are_read_as_another_column_of_it_tells(play: Any, schema: Any, folder: Path) -> None:
    write_days(folder)
    played = play(days(schema), folder)
    assert played.status == "published", played.problem
    assert actions(played) == ["recover"]
    assert "ordered, file 1 (order day_first)" in rulings(played)[0][1]
    assert "dates in shipped of the same file tell day_first" in rulings(played)[0][1]
    assert played.tables["orders"]["rows_published"] == 100
    assert (100, "2024-02-05") in [(row[0], str(row[1])) for row in played.rows("orders", "order_id, ordered")]
    played.assert_balanced()


def test_where_nothing_speaks_against_it_what_stands_beside_is_believed_at_once(
    play: Any, schema: Any, folder: Path
) -> None:
    write_days(folder, agree=False)
    played = play(days(schema), folder)
    assert played.status == "published", played.problem
    assert actions(played) == []
    assert played.tables["orders"]["rows_published"] == 100
    assert (100, "2024-02-05") in [(row[0], str(row[1])) for row in played.rows("orders", "order_id, ordered")]
    (told,) = [one for one in played.told["decisions"] if one["subject"] == "orders.ordered"]
    said = [(vote["voter"], vote["choice"]) for vote in told["votes"]]
    assert ("context", "day_first") in said
    assert "30 dates beside it in the same file agree" in told["reason"]


def test_switched_off_the_run_ends_with_what_failed(play: Any, schema: Any, folder: Path) -> None:
    write_days(folder)
    played = play(days(schema), folder, context={"patterns": {"quality_planning": "off"}})
    assert played.status == "not_met"
    assert actions(played) == []
    assert played.published() == []


def test_units_of_a_header_are_converted_where_they_differ_by_a_power_of_ten(
    play: Any, schema: Any, folder: Path
) -> None:
    contract = schema.contract(
        schema.table(
            "parcels",
            schema.column("id", "integer", primaryKey=True, required=True),
            schema.column(
                "weight_kg", "number", {"aliases": ["weight_g"]}, required=True, physicalType="DECIMAL(10,3)"
            ),
            settings=SMALL,
        )
    )
    (folder / "parcels_a.csv").write_text("id,weight_kg\n" + "".join(f"{n},{n}.5\n" for n in range(30)))
    (folder / "parcels_b.csv").write_text("id,weight_g\n" + "".join(f"{n},{n}\n" for n in range(100, 130)))
    played = play(contract, folder)
    assert played.status == "published", played.problem
    assert actions(played) == ["recover"]
    rows = dict(played.rows("parcels"))
    assert (str(rows[1]), str(rows[110])) == ("1.500", "0.110")
    changes = played.side("changes", "parcels", '"column", before, after, operator')
    assert ("weight_kg", "110", "0.110", "number") in changes
    played.assert_balanced()


def test_the_decimal_sign_of_one_file_is_taken_from_its_own_numbers(play: Any, schema: Any, folder: Path) -> None:
    contract = schema.contract(
        schema.table("prices", schema.column("id", "integer", primaryKey=True, required=True),
                     schema.column("price", "number", required=True), settings=SMALL)
    )  # fmt: skip
    (folder / "prices_a.csv").write_text("id;price\n" + "".join(f"{n};{n},5\n" for n in range(20)) + "99;1.234\n" * 1)
    (folder / "prices_b.csv").write_text("id;price\n" + "".join(f"{n};{n}.5\n" for n in range(100, 120))
                                         + "".join(f"{n};1,234\n" for n in range(200, 210)))  # fmt: skip
    played = play(contract, folder)
    assert played.status == "published", played.problem
    rows = dict(played.rows("prices"))
    assert (rows[99], rows[200], rows[3], rows[103]) == (1234, 1234, 3.5, 103.5)


def allowed_shares(schema: Any, **settings: Any) -> str:
    rule = {"metric": "nullValues", "mustBeLessThan": 2, "unit": "percent", "name": "few nulls"}
    return schema.contract(
        schema.table(
            "items",
            schema.column("id", "integer", primaryKey=True, required=True),
            schema.column("name", "string", quality=[rule]),
            settings={**SMALL, **settings},
        )
    )


def write_items(folder: Path, nulls: int) -> None:
    rows = [f"{n},{'' if n < nulls else 'x'}" for n in range(100)]
    (folder / "items.csv").write_text("\n".join(["id,name", *rows]) + "\n")


def test_rows_that_break_a_rule_on_the_whole_are_set_aside_within_the_bound(
    play: Any, schema: Any, folder: Path
) -> None:
    write_items(folder, nulls=4)
    played = play(allowed_shares(schema), folder)
    assert played.status == "published", played.problem
    assert actions(played) == ["recover"]
    assert played.tables["items"]["rows_quarantined"] == 4
    assert {rule for _, _, rule in played.quarantine("items")} == {"items.name.quality[0]"}
    played.assert_balanced()


@pytest.mark.parametrize(("nulls", "settings"), [(6, {}), (4, {"onViolation": "fail"})])
def test_rows_are_not_set_aside_beyond_what_the_contract_allows(
    play: Any, schema: Any, folder: Path, nulls: int, settings: Any
) -> None:
    write_items(folder, nulls)
    played = play(allowed_shares(schema, **settings), folder)
    assert played.status == "not_met"
    assert actions(played) == ["stop"]
    assert played.published() == []
    played.assert_balanced()


def test_a_bound_is_raised_only_where_the_contract_says_so(play: Any, schema: Any, folder: Path) -> None:
    write_items(folder, nulls=6)
    played = play(allowed_shares(schema, relaxedQuarantine=0.1), folder)
    assert played.status == "published", played.problem
    assert "millwright.relaxedQuarantine allows" in rulings(played)[0][1]
    assert "raised from 5% as millwright.relaxedQuarantine allows" in played.check("items.maxQuarantine")["expected"]
    write_items(folder, nulls=11)
    assert play(allowed_shares(schema, relaxedQuarantine=0.1), folder).status == "not_met"


def test_a_file_loaded_twice_is_merged_where_nothing_may_be_there_twice(play: Any, schema: Any, folder: Path) -> None:
    contract = schema.contract(
        schema.table("events", schema.column("ref", "string", unique=True), schema.column("value", "integer"),
                     settings=SMALL)
    )  # fmt: skip
    rows = "".join(f"r{n},{n}\n" for n in range(40))
    (folder / "events_1.csv").write_text(f"ref,value\n{rows}")
    (folder / "events_2.csv").write_text("ref,value\n" + "".join(f"s{n},{n}\n" for n in range(40)))
    (folder / "events_1_copy.csv").write_text(f"ref,value\n{rows}")
    played = play(contract, folder)
    assert played.status == "published", played.problem
    books = played.tables["events"]
    assert (books["rows_read"], books["rows_published"], books["rows_merged"]) == (120, 80, 40)
    played.assert_balanced()


def test_columns_that_changed_their_place_are_mapped_by_what_they_hold(play: Any, schema: Any, folder: Path) -> None:
    contract = schema.contract(
        schema.table("sales", schema.column("id", "integer", primaryKey=True, required=True),
                     schema.column("day", "date", required=True), schema.column("amount", "number", required=True),
                     settings=SMALL)
    )  # fmt: skip
    (folder / "sales_1.csv").write_text("id,day,amount\n" + "".join(f"{n},2024-01-{n + 10},{n}.5\n" for n in range(20)))
    (folder / "sales_2.csv").write_text(
        "id,amount,day,x\n" + "".join(f"{n},2024-02-{n - 90},{n}.25,\n" for n in range(100, 119))
    )
    played = play(contract, folder)
    assert played.status == "published", played.problem
    assert "remap" in rulings(played)[0][1]
    assert (100, "2024-02-10", 100.25) in [(i, str(d), a) for i, d, a in played.rows("sales")]
    played.assert_balanced()


def test_a_number_that_stands_for_nothing_becomes_null(play: Any, schema: Any, folder: Path) -> None:
    contract = schema.contract(
        schema.table("readings", schema.column("id", "integer", primaryKey=True, required=True),
                     schema.column("level", "number", logicalTypeOptions={"minimum": 0}), settings=SMALL)
    )  # fmt: skip
    rows = [f"{n},{'-999' if n % 5 == 0 else n}" for n in range(100)]
    (folder / "readings.csv").write_text("\n".join(["id,level", *rows]) + "\n")
    played = play(contract, folder)
    assert played.status == "published", played.problem
    assert dict(played.rows("readings"))[5] is None
    changes = played.side("changes", "readings", '"column", before, after, operator')
    assert changes[0] == ("level", "-999", None, "null_token")


def test_a_rule_that_nothing_can_meet_stops_at_once(play: Any, schema: Any, folder: Path) -> None:
    contract = schema.contract(
        schema.table("items", schema.column("id", "integer", primaryKey=True, required=True),
                     quality=[{"metric": "rowCount", "mustBeGreaterThan": 1000}], settings=SMALL)
    )  # fmt: skip
    (folder / "items.csv").write_text("id\n" + "".join(f"{n}\n" for n in range(100)))
    played = play(contract, folder)
    assert played.status == "not_met"
    assert actions(played) == ["stop"]
    assert "the contract must be changed" in rulings(played)[0][1]


def test_what_is_decided_stands_among_decisions_and_in_the_report(play: Any, schema: Any, folder: Path) -> None:
    write_days(folder)
    played = play(days(schema), folder)
    (decision,) = [each for each in played.told["decisions"] if each["kind"] == "quality_recovery"]
    assert decision["subject"] == "orders, recovery 1"
    assert "one_file" in decision["evidence"] or "reformat" in decision["answer"]
    report = (played.out / "_runs" / played.run_id / "report.html").read_text()
    assert "of the same file tell day_first" in report
    assert json.dumps(played.told)


WRONG = Amendment(
    kind=RemedyKind.REMAP,
    table="orders",
    columns=("ordered",),
    files=(0, 1, 2),
    parameters={"source of ordered": "order_id"},
    gain=30,
    certainty=1.0,
    evidence="a guess",
)
CONTRADICTED = WRONG.model_copy(
    update={"kind": RemedyKind.REFORMAT, "files": (0,), "parameters": {"order": "day_first"}}
)


@pytest.mark.parametrize("wrong", [WRONG, CONTRADICTED])
def test_a_recovery_that_does_not_help_is_taken_back(
    play: Any, schema: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, wrong: Amendment
) -> None:
    write_days(folder)
    before = play(days(schema), folder, context={"patterns": {"quality_planning": "off"}})
    monkeypatch.setattr(nodes.quality, "measure_amendments", lambda *_, **__: (wrong,))
    played = play(days(schema), folder)
    assert played.status == "not_met"
    assert [action for action in actions(played) if action != "retry"][-3:] in (
        ["recover", "take_back", "stop"],
        ["stop", "take_back", "stop"],
    )
    assert played.tables == before.tables
    assert played.told["problem"] == before.told["problem"]
    assert played.quarantine("orders") == before.quarantine("orders")
    played.assert_balanced()


class Killed(BaseException):
    """Stands for a kill of the process."""


@pytest.mark.parametrize("place", ["_told_begun", "_reference", "_ruling", "write_recovery", "standing_of"])
@pytest.mark.parametrize("at", [1, 2])
def test_killed_while_it_recovers_a_run_goes_on(
    play: Any, schema: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, at: int
) -> None:
    write_days(folder)
    owner = nodes.recovering if place == "write_recovery" else nodes.quality
    real, calls = getattr(owner, place), []

    def killed(*arguments: Any) -> Any:
        calls.append(place)
        if len(calls) == at:
            raise Killed
        return real(*arguments)

    monkeypatch.setattr(owner, place, killed)
    with suppress(Killed):
        play(days(schema), folder, run_id="r1")
    output = resume(tmp_path / "home", "r1")
    assert output["status"] is RunStatus.PUBLISHED
    told = json.loads((tmp_path / "out" / "_runs" / "r1" / "run.json").read_text())
    assert [each["action"] for each in told["replanning"]] == ["recover"]
    assert told["tables"]["orders"]["rows_published"] == 100
    with open_workspace(tmp_path / "home" / "runs" / "r1") as connection:
        (recovery,) = read_recoveries(connection)
    assert recovery.status is RecoveryStatus.KEPT
