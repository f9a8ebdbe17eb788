"""Normal forms: what is written otherwise, and what is left as it stands."""

import pytest

from algorithms.repair.clock_forms import find_clock
from algorithms.repair.contract_forms import contract_forms
from algorithms.repair.damaged_text import damaged_text
from algorithms.repair.date_forms import read_date
from algorithms.repair.factors import factorise
from algorithms.repair.normal_forms import normal_form
from algorithms.repair.number_forms import read_number, unit_of
from state.contract import Column, LogicalType


def formed(cells: list[str]) -> list[str]:
    (factor,) = factorise({"a": list(cells)})
    codes = normal_form(factor, []).codes
    return [factor.text(int(code)) or "" for code in codes]


def changed(usual: list[str], odd: str) -> str:
    return formed([*usual * 10, odd])[-1]


CLOCKS = ["7:10 a.m.", "12:30 p.m.", "11:59 p.m."]
DATES = ["2021-03-14", "2020-12-01", "2019-07-30"]
SIZES = ["12 oz", "16 oz", "20 oz"]


@pytest.mark.parametrize(
    ("usual", "odd", "expected"),
    [
        (CLOCKS, "12/2/11 6:55 a.m.", "6:55 a.m."),
        (CLOCKS, "6:55 p.m. (Estimated)", "6:55 p.m."),
        (CLOCKS, "6:55aDec 1", "6:55 a.m."),
        (CLOCKS, "18:55", "6:55 p.m."),
        (CLOCKS, "6:55", "6:55"),  # which half of the day is not known
        (CLOCKS, "6:55 a.m. or 7:55 a.m.", "6:55 a.m. or 7:55 a.m."),
        (DATES, "14.03.2021", "2021-03-14"),
        (DATES, "March 14, 2021", "2021-03-14"),
        (DATES, "14 March 2021", "2021-03-14"),
        (DATES, "03/04/2021", "03/04/2021"),  # nothing tells the order
        (DATES, "2021-02-30", "2021-02-30"),
        (SIZES, "12 ounces", "12 oz"),
        (SIZES, "12oz", "12 oz"),
        (["10", "250", "37"], "1,250", "1250"),
        (["10", "250", "37"], "12.0", "12"),
        (["0.5", "0.25", "0.1"], "0.30000000000000004", "0.3"),
        (["red", "green", "blue"], "RED", "red"),
        (["red", "green", "blue"], " red ", "red"),
        (["Porto", "Lyon"], "Hamburg", "Hamburg"),
        (["<=50", "50"], ">50", ">50"),
        (["555-1234", "555-9876"], "5554321", "555-4321"),
    ],
)
def test_a_text_is_brought_to_the_form_of_its_column_or_left(usual: list[str], odd: str, expected: str) -> None:
    assert changed(usual, odd) == expected


@pytest.mark.parametrize("usual", [CLOCKS, DATES, SIZES, ["red", "green"], ["1.5", "2"], ["Ann Lee", "Bo Mae"]])
def test_what_has_the_form_stays(usual: list[str]) -> None:
    assert formed(usual * 10) == usual * 10


def test_texts_for_no_value_are_blank_in_the_normal_form() -> None:
    assert changed(["1", "2", "3"], "N/A") == ""


@pytest.mark.parametrize(("text", "right"), [("CafÃ©", "Café"), ("Ã\x81vila", "Ávila"), ("a &amp; b", "a & b")])
def test_damaged_characters_are_read_again(text: str, right: str) -> None:
    (found,) = damaged_text([(0, text, 1)])
    assert found.texts == {0: right}


@pytest.mark.parametrize("text", ["Café", "Ångström", "naïve", "a & b", "Ã"])
def test_sound_characters_stay(text: str) -> None:
    assert damaged_text([(0, text, 1)]) == []


def test_a_percent_sign_is_dropped_or_divided_by_the_size_of_the_numbers_without() -> None:
    spec = Column(name="a", logical_type=LogicalType.NUMBER)
    (slip,) = factorise({"a": ["0.05", "0.06", "0.04", "0.05%"]})
    (percent,) = factorise({"a": ["0.05", "0.06", "0.04", "5%"]})
    assert set(contract_forms(spec, slip)[0].texts.values()) == {"0.05"}
    assert set(contract_forms(spec, percent)[0].texts.values()) == {"0.05"}


def test_a_comma_is_no_thousands_sign_where_others_of_the_column_are_decimal() -> None:
    spec = Column(name="a", logical_type=LogicalType.NUMBER)
    (grouped,) = factorise({"a": ["1.5"] * 20 + ["1,234"]})
    (mixed,) = factorise({"a": ["1.5"] * 20 + ["2,5"] * 20 + ["1,234", "1,234.5", "1,234,567"]})
    (found,) = contract_forms(spec, grouped)
    assert set(found.texts.values()) == {"1234"}
    (found,) = contract_forms(spec, mixed)
    assert set(found.texts.values()) == {"1234.5", "1234567"}


def test_units_of_two_kinds_are_not_stripped() -> None:
    (factor,) = factorise({"a": ["5 kg", "7 lb", "6 kg"]})
    assert contract_forms(Column(name="a", logical_type=LogicalType.NUMBER), factor) == []


def test_readers_refuse_what_is_none() -> None:
    assert find_clock("25:10") is None
    assert read_date("hello") is None
    assert read_number("5 million") is None
    assert read_number("#5") is None
    written = read_number("12.0 oz. can")
    assert written
    assert unit_of(written) == "oz"
    assert written.shortest == "12"
