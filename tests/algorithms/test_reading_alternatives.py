"""Other ways to read single files: offered only where the file itself, its header or a diagnosis speaks for one."""

import pytest

from algorithms.quality_recovery import LEAST_CERTAINTY
from algorithms.reading_alternatives import date_alternatives, diagnosed_parameters, unit_alternatives
from algorithms.units import power_between
from state.contract import LogicalType
from state.diagnosis import Cause, Diagnosis, Remedy, RemedyKind
from state.formats import DateOrder, FormatEvidence, FormatGroup, ValueFormat


def dates(column: str, **counts: dict[int, int]) -> FormatEvidence:
    return FormatEvidence(
        table="t", column=column, logical_type=LogicalType.DATE, rows=90, filled=90,
        day_first_only=counts.get("day", {}), month_first_only=counts.get("month", {}),
        ambiguous=counts.get("both", {}),
    )  # fmt: skip


def unknown(column: str, *files: int) -> ValueFormat:
    group = FormatGroup(file_ids=files, date_order=DateOrder.UNKNOWN)
    return ValueFormat(table="t", column=column, logical_type=LogicalType.DATE, groups=(group,))


@pytest.mark.parametrize(
    ("own", "other", "order"),
    [
        (dates("a", both={1: 30}), dates("b", day={1: 9}), "day_first"),
        (dates("a", both={1: 30}), dates("b", month={1: 9}), "month_first"),
        (dates("a", both={1: 30}), dates("b", day={1: 9}, month={1: 1}), None),
        (dates("a", both={1: 30}), dates("b", day={2: 9}), None),
        (dates("a"), dates("b", day={1: 9}), None),
        (dates("a", both={1: 30}, day={1: 59}, month={1: 1}), dates("b"), "day_first"),
        (dates("a", both={1: 30}, day={1: 9}, month={1: 1}), dates("b"), None),
        (dates("a", both={1: 30}, day={1: 30}, month={1: 29}), dates("b", day={1: 9}), None),
    ],
)
def test_the_order_of_dates_is_taken_from_the_same_file_alone(
    own: FormatEvidence, other: FormatEvidence, order: str | None
) -> None:
    found = date_alternatives({"a": own, "b": other}, {"a": unknown("a", 1)})
    assert [each.parameters["order"] for each in found] == ([order] if order else [])
    assert all(each.files == (1,) and each.gain == 30 and each.certainty >= LEAST_CERTAINTY for each in found)


def test_few_dates_that_tell_are_not_enough() -> None:
    found = date_alternatives({"a": dates("a", both={1: 30}), "b": dates("b", day={1: 1})}, {"a": unknown("a", 1)})
    assert [each.certainty < LEAST_CERTAINTY for each in found] == [True]


@pytest.mark.parametrize(
    ("unit", "wanted", "power"),
    [("g", "kg", -3), ("t", "kg", 3), ("km", "m", 3), ("kg", "kg", None), ("lb", "kg", None), ("g", "m", None)],
)
def test_units_are_converted_only_by_powers_of_ten(unit: str, wanted: str, power: int | None) -> None:
    assert power_between(unit, wanted) == power
    evidence = FormatEvidence(
        table="t", column="a", logical_type=LogicalType.NUMBER, rows=9, filled=9, expected_unit=wanted,
        header_units={unit: 9}, header_unit_files={unit: (2,)},
    )  # fmt: skip
    answer = ValueFormat(table="t", column="a", logical_type=LogicalType.NUMBER, unread_files=(2,))
    assert [each.parameters for each in unit_alternatives(evidence, answer)] == (
        [{"power": str(power)}] if power else []
    )


@pytest.mark.parametrize(
    ("factor", "parameters"),
    [("1000", {"power": "-3"}), ("1/100", {"power": "2"}), ("0.01", {"power": "2"}), ("1", {}), ("2.54", {}),
     ("0", {}), ("1/0", {}), ("", {}), ("much", {})],
)  # fmt: skip
def test_a_diagnosed_factor_is_taken_out_where_it_is_a_power_of_ten(factor: str, parameters: dict[str, str]) -> None:
    remedy = Remedy(kind=RemedyKind.REFORMAT, parameters={"factor": factor})
    assert diagnosed_parameters(Diagnosis(table="t", cause=Cause.CHANGED_UNIT, remedy=remedy), ()) == parameters


@pytest.mark.parametrize(
    ("orders", "parameters"),
    [({DateOrder.DAY_FIRST}, {"order": "month_first"}), ({DateOrder.MONTH_FIRST}, {"order": "day_first"}),
     ({DateOrder.UNKNOWN}, {}), ({None}, {}), (set(), {}), ({DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST}, {})],
)  # fmt: skip
def test_a_diagnosed_order_is_exchanged_where_all_files_have_one(
    orders: set[DateOrder | None], parameters: dict[str, str]
) -> None:
    assert diagnosed_parameters(Diagnosis(table="t", cause=Cause.CHANGED_DATE_ORDER), orders) == parameters
