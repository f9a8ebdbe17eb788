"""Several goods at once: the best division, payments that make the truth best, capacities, packages."""

import pytest

from algorithms.auctions.several import MOST_GOODS, divide, divide_packages
from evals.auctions.properties import packages, several
from evals.auctions.weaknesses import collusion, false_names, shill


def test_no_deviation_pays_nobody_loses_and_the_division_is_the_best() -> None:
    assert several(60).right
    assert packages(150).right


def test_each_pays_what_its_presence_takes_from_the_others() -> None:
    found = divide({"a": {"x": 10.0, "y": 8.0}, "b": {"x": 9.0, "y": 2.0}, "c": {"y": 3.0}})
    assert found.goods == {"a": ("y",), "b": ("x",)}
    assert found.welfare == 17.0
    assert found.payments == {"a": 3.0, "b": 5.0}  # without b a gets x, and c gets y: 13 instead of the 8 of a


def test_a_bidder_takes_as_many_as_it_has_room_for() -> None:
    amounts = {"a": {"x": 5.0, "y": 5.0, "z": 5.0}, "b": {"x": 1.0, "y": 1.0, "z": 2.0}}
    found = divide(amounts, capacity={"a": 2})
    assert {name: len(goods) for name, goods in found.goods.items()} == {"a": 2, "b": 1}
    assert found.goods["b"] == ("z",)


def test_nothing_is_divided_among_nobody() -> None:
    assert divide({}).goods == {}
    assert divide({"a": {}}).welfare == 0.0


def test_a_package_is_worth_more_than_its_parts() -> None:
    both = frozenset({"x", "y"})
    found = divide_packages({"whole": {both: 10.0}, "one": {frozenset({"x"}): 6.0}}, ("x", "y"))
    assert found.goods == {"whole": ("x", "y")}
    assert found.payments == {"whole": 6.0}


def test_too_many_goods_for_packages_are_refused() -> None:
    with pytest.raises(ValueError, match="more than"):
        divide_packages({}, [str(number) for number in range(MOST_GOODS + 1)])


def test_the_documented_weaknesses_show() -> None:
    assert shill(400).scores[0].low > 0
    assert false_names(50).right
    assert collusion(200).right
