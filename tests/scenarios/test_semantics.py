"""Every setting of the contract that is Millwright's own, and what it does to the rows of a small table."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

Fields = dict[str, Any]

DUPLICATES = "id,v,at\n1,a,2024-01-02\n1,b,2024-01-03\n1,c,2024-01-01\n2,x,2024-01-01\n"
COUNTRIES = "id,country\n1,Germny\n2,France\n3,Atlantis\n"
EXTRA = "id,v,colour\n1,a,red\n2,b,\n"


@dataclass(frozen=True)
class Case:
    """A contract of one table `t`, its file, and how the run must end."""

    name: str
    make: Callable[[Any], str]
    text: str
    status: str = "published"
    rows: list[tuple[Any, ...]] | None = None  # None: nothing is published
    columns: str = "*"
    quarantined: tuple[int, ...] = ()  # lines
    merged: tuple[int, ...] = ()  # lines
    verdicts: dict[str, str] = field(default_factory=dict)


def keyed(**settings: Any) -> Callable[[Any], str]:
    """Return a table with a key, a text and a day."""
    return lambda s: s.contract(
        s.table(
            "t", s.column("id", "integer", primaryKey=True), s.column("v"), s.column("at", "date"), settings=settings
        )
    )


def listed(column: Fields | None = None, **settings: Any) -> Callable[[Any], str]:
    """Return a table with a key and a country from a list."""
    return lambda s: s.contract(
        s.table(
            "t",
            s.column("id", "integer", primaryKey=True),
            s.column("country", settings=column, **s.listed("Germany", "France", "Spain")),
            settings=settings,
        )
    )


def simple(table: Fields | None = None, settings: Fields | None = None, **column: Any) -> Callable[[Any], str]:
    """Return a table with a key and a text; `column` are fields of the text, `table` of the table."""
    return lambda s: s.contract(
        s.table(
            "t", s.column("id", "integer", primaryKey=True), s.column("v", **column), settings=settings, **table or {}
        )
    )


def inherited(**settings: Any) -> Callable[[Any], str]:
    """Return the same with settings of the whole contract."""
    return lambda s: s.contract(
        s.table("t", s.column("id", "integer", primaryKey=True), s.column("v")), settings=settings
    )


def rule(**fields: Any) -> list[Fields]:
    return [fields]


NO_ZERO = {"metric": "invalidValues", "mustBe": 0, "arguments": {"pattern": "^(?!0)[0-9]+$"}}
"""A pattern that the engine cannot search itself."""

HALF = "id,v\n1,a\n2,\n3,\n4,b\n"
WORDS = {"type": "text", "description": "looks nice"}
NULLS = {"metric": "nullValues", "unit": "percent"}
ROWS_UP_TO_ONE = {"quality": [{"metric": "rowCount", "mustBeLessThan": 1}]}

CASES = [
    Case("keep first", keyed(keep="first"), DUPLICATES, rows=[(1, "a"), (2, "x")], columns="id, v", merged=(3, 4)),
    Case("keep last", keyed(keep="last"), DUPLICATES, rows=[(1, "c"), (2, "x")], columns="id, v", merged=(2, 3)),
    Case("keep latest", keyed(keep="latest:at"), DUPLICATES, rows=[(1, "b"), (2, "x")], columns="id, v", merged=(2, 4)),
    Case("keep reject", keyed(keep="reject"), DUPLICATES, rows=[(2, "x")], columns="id, v", quarantined=(2, 3, 4)),
    Case("no keep, rows clash", keyed(), DUPLICATES, rows=[(2, "x")], columns="id, v", quarantined=(2, 3, 4)),
    Case("no keep, rows alike", simple(), "id,v\n1,a\n1, a \n2,b\n", rows=[(1, "a"), (2, "b")], merged=(3,)),
    Case("a key without value", simple(), "id,v\n,a\n2,b\n", rows=[(2, "b")], quarantined=(2,)),
    Case("repair", listed(onViolation="repair"), COUNTRIES, rows=[(1, "Germany"), (2, "France")], quarantined=(4,)),
    Case("quarantine", listed(onViolation="quarantine"), COUNTRIES, rows=[(2, "France")], quarantined=(2, 4)),
    Case("fail", listed(onViolation="fail"), COUNTRIES, status="not_met"),
    Case("fail, none violates", listed(onViolation="fail"), "id,country\n2,France\n", rows=[(2, "France")]),
    Case("repair never", listed({"repair": "never"}), COUNTRIES, rows=[(2, "France")], quarantined=(2, 4)),
    Case("repair never of a table", listed(repair="never"), COUNTRIES, rows=[(2, "France")], quarantined=(2, 4)),
    Case(
        "a column may again",
        listed({"repair": "violations"}, repair="never"),
        COUNTRIES,
        rows=[(1, "Germany"), (2, "France")],
        quarantined=(4,),
    ),
    Case("evolve", simple(settings={"drift": "evolve"}), EXTRA, rows=[(1, "a", "red"), (2, "b", None)]),
    Case("freeze", simple(settings={"drift": "freeze"}), EXTRA, status="not_met", verdicts={"t.drift": "failed"}),
    Case("freeze, no drift", simple(settings={"drift": "freeze"}), "id,v\n1,a\n", rows=[(1, "a")]),
    Case("discard_row", simple(settings={"drift": "discard_row"}), EXTRA, rows=[(2, "b")], quarantined=(2,)),
    Case("discard_value", simple(settings={"drift": "discard_value"}), EXTRA, rows=[(1, "a"), (2, "b")]),
    Case("drift unsaid", simple(), EXTRA, rows=[(1, "a"), (2, "b")], verdicts={"t.drift": "warning"}),
    Case("drift of the contract", inherited(drift="freeze"), EXTRA, status="not_met"),
    Case("just enough", listed(maxQuarantine=0.34), COUNTRIES, rows=[(1, "Germany"), (2, "France")], quarantined=(4,)),
    Case("too much", listed(maxQuarantine=0.33), COUNTRIES, "not_met", verdicts={"t.maxQuarantine": "failed"}),
    Case("all in quarantine", listed(), "id,country\n3,Atlantis\n", status="not_met", quarantined=(2,)),
    Case("all in quarantine may be", listed(mayBeEmpty=True), "id,country\n3,Atlantis\n", rows=[], quarantined=(2,)),
    Case("may be empty", simple(settings={"mayBeEmpty": True}), "id,v\n", rows=[]),
    Case("may be empty by a rule", simple(table=ROWS_UP_TO_ONE), "id,v\n", rows=[]),
    Case("may not be empty", simple(), "id,v\n", status="not_met"),
    Case("words are a warning", simple(quality=rule(**WORDS)), HALF, rows=[(1, "a"), (2, None), (3, None), (4, "b")],
         verdicts={"t.v.quality[0]": "warning"}),
    Case("half may be null", simple(quality=rule(**NULLS, mustBeLessOrEqualTo=50)), HALF,
         rows=[(1, "a"), (2, None), (3, None), (4, "b")], verdicts={"t.v.quality[0]": "passed"}),
    Case("less than half may be null",
         simple(settings={"onViolation": "fail"}, quality=rule(**NULLS, mustBeLessThan=50)), HALF, status="not_met",
         verdicts={"t.v.quality[0]": "failed"}),
    Case("a warning", simple(quality=rule(**NULLS, mustBeLessThan=50, severity="warning")), HALF,
         rows=[(1, "a"), (2, None), (3, None), (4, "b")], verdicts={"t.v.quality[0]": "warning"}),
    Case("a strict warning", simple(quality=rule(metric="nullValues", mustBe=0, severity="warning")), HALF,
         rows=[(1, "a"), (2, None), (3, None), (4, "b")], verdicts={"t.v.quality[0]": "warning"}),
    Case("a strict rule", simple(quality=rule(metric="nullValues", mustBe=0)), HALF, rows=[(1, "a"), (4, "b")],
         quarantined=(3, 4), verdicts={"t.v.quality[0]": "passed"}),
    Case("a pattern that looks ahead", simple(quality=rule(**NO_ZERO)), "id,v\n1,5\n2,0\n", rows=[(1, "5")],
         quarantined=(3,)),
    Case("a pattern that looks ahead, numbers", simple(quality=rule(**NO_ZERO), kind="integer"), "id,v\n1,5\n2,0\n",
         rows=[(1, 5)], quarantined=(3,)),
    Case("fail, keys clash", keyed(onViolation="fail"), DUPLICATES, status="not_met"),
    Case("fail, a row is discarded", simple(settings={"onViolation": "fail", "drift": "discard_row"}), EXTRA,
         status="not_met"),
    Case("not enough rows", simple({"quality": rule(metric="rowCount", mustBeGreaterThan=4)}), HALF, status="not_met"),
    Case("a rule nobody can check", simple(quality=rule(type="custom", engine="soda", implementation="x")), HALF,
         status="not_met", verdicts={"t.v.quality[0]": "error"}),
    Case("the same as a warning",
         simple(quality=rule(type="custom", engine="soda", implementation="x", severity="warning")),
         "id,v\n1,a\n", rows=[(1, "a")]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_settings(play: Any, schema: Any, tmp_path: Path, case: Case) -> None:
    (tmp_path / "t.csv").write_text(case.text)
    played = play(case.make(schema), tmp_path / "t.csv")
    assert played.status == case.status, played.problem
    played.assert_balanced()
    for rule_id, verdict in case.verdicts.items():
        assert played.check(rule_id)["result"] == verdict
    if case.rows is None:
        assert played.published() == []
    else:
        assert played.rows("t", case.columns) == case.rows
    if case.rows is not None or case.quarantined:
        assert tuple(line for _, line in played.places("t")["quarantined"]) == case.quarantined
        assert tuple(line for _, line in played.places("t")["merged"]) == case.merged


@pytest.mark.parametrize("more", [{}, {"u_1.csv": "colour,weight\nred,1.5\nblue,2\n"}])
def test_rows_of_which_no_column_is_known_are_not_published_as_nulls(
    play: Any, schema: Any, tmp_path: Path, more: dict[str, str]
) -> None:
    (tmp_path / "in").mkdir()
    for name, content in {"u_2.csv": "zzz,qqq\n1,a\n2,b\n", **more}.items():
        (tmp_path / "in" / name).write_text(content)
    table = schema.table("u", schema.column("colour"), schema.column("weight", "number"))
    played = play(schema.contract(table), tmp_path / "in", fails=True)
    assert played.status != "published" or (None, None) not in played.rows("u")


def test_aliases_bring_a_column_that_no_name_would(play: Any, schema: Any, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,first,second\n1,apple,pear\n2,plum,fig\n")
    for alias, rows in (("second", [(1, "pear"), (2, "fig")]), ("first", [(1, "apple"), (2, "plum")])):
        columns = schema.column("id", "integer", primaryKey=True), schema.column("zq", settings={"aliases": [alias]})
        played = play(schema.contract(schema.table("t", *columns)), tmp_path / "t.csv", out=tmp_path / alias)
        assert played.rows("t") == rows


def test_fail_and_repair_leave_other_tables_alone_with_partial(play: Any, schema: Any, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(COUNTRIES)
    (tmp_path / "u.csv").write_text("id,v\n1,a\n")
    failing = schema.table("t", schema.column("country", **schema.listed("France")), settings={"onViolation": "fail"})
    fine = schema.table("u", schema.column("id", "integer", primaryKey=True), schema.column("v"))
    whole = play(schema.contract(failing, fine), tmp_path / "t.csv", tmp_path / "u.csv", out=tmp_path / "whole")
    assert (whole.status, whole.published()) == ("not_met", [])
    part = play(schema.contract(failing, fine), tmp_path / "t.csv", tmp_path / "u.csv", partial=True)
    assert (part.status, part.published()) == ("not_met", ["u"])
    assert part.tables["t"]["rows_withheld"] + part.tables["t"]["rows_quarantined"] == 3
    part.assert_balanced()
