"""Each specialist by itself: what it proposes, and when it is silent."""

import numpy as np

from algorithms.repair.composition import find_templates
from algorithms.repair.dependencies import mine_dependencies
from algorithms.repair.factors import factorise
from algorithms.repair.hearing import Hearing
from algorithms.repair.misplaced import exchanged_values, joined_values
from algorithms.repair.rules import broken_rule
from algorithms.repair.settings import CouncilSettings
from algorithms.repair.sources import copies, hear_sources
from algorithms.repair.suspicion import suspect
from algorithms.repair.typos import learned_sign, near_slips, typing_errors
from state.contract import Column, LogicalType, TypeOptions
from state.repair import CellFault

SETTINGS = CouncilSettings()


def hearing(columns: dict[str, list[str]]) -> Hearing:
    factors = factorise(columns)
    return Hearing(
        factors, [np.ones(one.codes.size) for one in factors], [suspect(one, None) for one in factors], SETTINGS
    )


def proposals(columns: dict[str, list[str]]) -> set[tuple[int, str, str]]:
    heard = hearing(columns)
    return {
        (int(row), heard.factors[one.column].name, heard.factors[one.column].text(int(choice)) or "")
        for one in typing_errors(heard)
        for row, choice in zip(one.rows, one.choices, strict=True)
    }


def test_a_rare_value_near_one_frequent_value_is_a_typo() -> None:
    cells = ["Hamburg"] * 40 + ["Leipzig"] * 40 + ["Hmaburg"]
    assert proposals({"city": cells}) == {(80, "city", "Hamburg")}


def test_another_number_is_no_typo() -> None:
    assert proposals({"code": ["pn-31"] * 40 + ["pn-32"]}) == set()


def test_a_column_without_a_vocabulary_has_no_typos() -> None:
    assert proposals({"name": [f"name{number:03d}x" for number in range(60)] + ["name000y"]}) == set()


def test_a_slip_in_a_word_of_a_longer_text() -> None:
    cells = [f"{number} patients" for number in range(60)] + ["99 patiemts"]
    assert proposals({"sample": cells}) == {(60, "sample", "99 patients")}


def test_a_sign_that_stands_for_letters_is_learned_and_undone() -> None:
    cells = ["Hamburg"] * 40 + ["Leipzig"] * 40 + ["Rostock"] * 40
    damaged = ["Ham#urg", "#eipzig", "Rostoc#", "Hambu#g", "Lei#zig", "R#stock", "#am#u#g"]
    assert proposals({"city": cells + damaged}) >= {(126, "city", "Hamburg")}


def test_no_sign_is_learned_from_slips_of_all_kinds() -> None:
    values = ["hamburg", "hamburq", "hamwurg", "xamburg", "hambuzg", "hamburg1"]
    assert learned_sign([(values, near_slips(values, np.array([50, 1, 1, 1, 1, 1])))]) == ""


def test_exchanged_values_go_back() -> None:
    columns = {"city": ["Berlin", "Lyon"] * 20, "colour": ["red", "blue"] * 20}
    columns["city"][7], columns["colour"][7] = "blue", "Lyon"
    heard = hearing(columns)
    told = {
        (heard.factors[one.column].name, heard.factors[one.column].text(int(choice)))
        for one in exchanged_values(heard)
        for choice in one.choices
    }
    assert told == {("city", "Lyon"), ("colour", "blue")}


def test_a_joined_value_is_parted_where_the_other_cell_is_blank() -> None:
    columns = {"city": ["Bend", "Gary"] * 20 + ["Portland OR"], "state": ["OR", "IN"] * 20 + [""]}
    moves = {place: move.texts for place, move in joined_values(factorise(columns))}
    assert moves == {0: {40: "Portland"}, 1: {40: "OR"}}


def test_an_ending_that_is_common_anyway_is_not_parted() -> None:
    columns = {"title": ["big red", "small blue"] * 20 + ["old red"], "colour": ["red", "blue"] * 20 + [""]}
    assert list(joined_values(factorise(columns))) == []


def test_a_composed_column_is_found() -> None:
    left = [f"s{number % 3}" for number in range(60)]
    right = [f"m{number % 7}" for number in range(60)]
    whole = [f"{one}_{other}" for one, other in zip(left, right, strict=True)]
    assert [one.sign for one in find_templates(factorise({"s": left, "m": right, "both": whole}))] == ["_"]


def test_reliable_sources_outvote_unreliable_ones() -> None:
    rows = [(f"t{thing}", f"s{source}", source) for thing in range(60) for source in range(9)]
    cells = [
        f"v{thing}" if source < 4 or (thing * 7 + source) % 5 == 0 else f"w{thing}{(thing + source) % 3}"
        for thing in range(60)
        for source in range(9)
    ]
    heard = hearing({"thing": [one[0] for one in rows], "source": [one[1] for one in rows], "value": cells})
    (told,) = hear_sources(heard, mine_dependencies(heard.factors, heard.trust, SETTINGS))
    values = heard.factors[told.column]
    names = heard.factors[told.thing].values
    right = sum(
        values.text(int(code)) == f"v{names[place][1:]}" for place, code in enumerate(told.told.decisions[: len(names)])
    )
    assert right >= 58
    assert min(told.told.accuracy[:4]) > max(told.told.accuracy[4:])


def test_tellers_that_always_agree_in_disputes_are_copies() -> None:
    chance = np.random.default_rng(4)
    one, other, third = (chance.integers(0, 3, 80) for _ in range(3))
    assert copies(np.stack([one, one, other, other, third], axis=1)) == [[0, 1], [2, 3]]


def test_rules_are_told_in_words() -> None:
    spec = Column(
        name="a",
        logical_type=LogicalType.INTEGER,
        required=True,
        options=TypeOptions(minimum=1, maximum=9, pattern="^[0-9]+$"),
    )
    told = broken_rule(spec)
    assert told("5") == ""
    assert "at least 1" in told("0")
    assert "at most 9" in told("10")
    assert "pattern" in told("x")
    assert "requires" in told(None)
    assert broken_rule(None)("anything") == ""


def test_foreign_types_and_far_numbers_are_suspect() -> None:
    cells = [str(100 + number % 50) for number in range(100)] + ["9000000", "lots"]
    (factor,) = factorise({"a": cells})
    suspicion = suspect(factor, None)
    faults = {factor.values[code]: fault for code, fault in enumerate(suspicion.faults[: factor.size]) if fault}
    assert faults == {"9000000": CellFault.OUTLIER, "lots": CellFault.FORMAT}
