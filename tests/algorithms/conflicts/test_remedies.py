"""Remedies: figures are counted, rulings stay within the contract, what the contract says is at stake moves them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.conflicts.analysis import analyse
from algorithms.conflicts.remedies import conflict_of, figures_of, packages, ruled, worth_of
from algorithms.conflicts.settling import rule
from evals.conflicts.remedies import remedy_faults
from state.conflicts import Remedy, Settling
from state.remedies import BadRows, BrokenRows, ItemStake

BOTH = (Remedy.QUARANTINE, Remedy.DISCARD_VALUE)


def bad_rows(*patterns: tuple[str, int], **more: object) -> BadRows:
    """Bad rows of a table of a thousand with a tolerance of 5 %; a pattern is "a b" and its rows."""
    broken = tuple(BrokenRows(items=tuple(names.split()), rows=rows) for names, rows in patterns)
    names = sorted({name for one in broken for name in one.items})
    items = tuple(
        ItemStake(
            column=name,
            remedies=BOTH,
            rules=(f"t.{name}.type",),
            cells=sum(one.rows for one in broken if name in one.items),
        )
        for name in names
    )
    given: dict[str, object] = {
        "table": "t", "rows_read": 1_000, "rows_aside": 0, "columns": 6, "checks": 10, "max_quarantine": 0.05,
    }  # fmt: skip
    return BadRows.model_validate({**given, "items": items, "broken": broken, **more})


def remedies(bad: BadRows, way: Settling = Settling.NEGOTIATION) -> dict[str, Remedy]:
    conflict = conflict_of(bad)
    assert conflict is not None
    package = ruled(bad, rule(conflict, analyse(conflict), way, "asked").option)
    assert package is not None
    return package.remedies


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_rulings_stay_within_the_contract(seed: int) -> None:
    assert remedy_faults(seed) == []


def test_one_column_alone_is_set_aside_by_every_way() -> None:
    for way in Settling:
        assert remedies(bad_rows(("amount", 20)), way) == {"amount": Remedy.QUARANTINE}


def test_faults_that_are_scattered_over_columns_cost_fewer_values_than_rows() -> None:
    bad = bad_rows(("amount", 15), ("shipped", 15), ("items", 15))
    assert set(remedies(bad).values()) == {Remedy.DISCARD_VALUE}


def test_quarantine_is_no_option_where_it_would_exceed_what_is_allowed() -> None:
    bad = bad_rows(("amount", 30), ("shipped", 30))
    conflict = conflict_of(bad)
    assert conflict is not None
    assert conflict.default == ""
    assert Remedy.QUARANTINE not in remedies(bad).values() or figures_of(bad, remedies(bad))["rows_quarantined"] <= 50


def test_a_column_that_loses_more_than_rows_may_is_left_to_the_quality_planner() -> None:
    assert conflict_of(bad_rows(("amount", 60))) is None
    assert conflict_of(bad_rows(("amount", 10), max_quarantine=0.0)) is None


def test_what_the_contract_says_is_at_stake_moves_the_ruling() -> None:
    plain = bad_rows(("amount", 40))
    rows_count = plain.model_copy(update={"stakes": {"completeness": 5.0}})
    assert remedies(plain) == {"amount": Remedy.QUARANTINE}
    assert remedies(rows_count) == {"amount": Remedy.DISCARD_VALUE}


def test_a_value_that_only_a_warning_is_about_stays_unless_correctness_counts_more() -> None:
    item = ItemStake(
        column="note", warning=True, remedies=(Remedy.LEAVE, Remedy.QUARANTINE), rules=("t.note.pattern",), cells=40
    )
    bad = bad_rows().model_copy(update={"items": (item,), "broken": (BrokenRows(items=("note (warning)",), rows=40),)})
    assert remedies(bad) == {"note (warning)": Remedy.LEAVE}
    assert figures_of(bad, {})["checks_passed"] == 9
    strict = bad.model_copy(update={"stakes": {"correctness": 9.0}})
    assert remedies(strict) == {"note (warning)": Remedy.QUARANTINE}


def test_figures_are_counted_from_the_rows() -> None:
    bad = bad_rows(("amount shipped", 4), ("amount", 10), ("shipped", 6), rows_aside=3)
    figures = figures_of(bad, {"amount": Remedy.DISCARD_VALUE, "shipped": Remedy.QUARANTINE})
    assert (figures["rows_quarantined"], figures["cells_withheld"], figures["rows_kept"]) == (13, 10, 987)
    assert worth_of(bad, figures)["completeness"] == 1 - 13 / 50
    assert all(0 <= worth <= 1 for package in packages(bad) for worth in package.worth.values())


def test_the_same_bad_rows_are_the_same_case_in_every_run() -> None:
    one, other = (conflict_of(bad_rows(("amount", 20)), run_id=run_id) for run_id in ("a", "b"))
    assert one is not None
    assert other is not None
    assert one.case_id == other.case_id
