"""Names that lost their end: told by the whole header, never by a single name."""

from collections.abc import Sequence

import pytest

from algorithms.cut_names import cut_alike
from algorithms.mapping import match_columns
from algorithms.names import normal_name
from state.contract import LogicalType
from state.mapping import MappingEvidence, SourceColumn, TargetColumn

TEXT = {"string": 1.0}
NUMBER = {"string": 1.0, "number": 1.0, "integer": 1.0}


def cut(names: Sequence[str], targets: Sequence[str]) -> dict[str, str]:
    found = cut_alike(names, [normal_name(name) for name in names], [[normal_name(name)] for name in targets])
    return {names[source]: targets[target] for source, target in found.items()}


def column(name: str, share: dict[str, float]) -> SourceColumn:
    return SourceColumn(name=name, rows=90, filled=90, distinct=90, samples=("1", "2"), type_share=share)


def mapped(sources: Sequence[SourceColumn], targets: Sequence[TargetColumn]) -> dict[str, str]:
    evidence = MappingEvidence(table="t", variant_id="v", sources=tuple(sources), targets=tuple(targets))
    return {match.source: match.target for match in match_columns(evidence).matches}


def text(*names: str) -> list[TargetColumn]:
    return [TargetColumn(name=name, names=(), logical_type=LogicalType.STRING) for name in names]


def test_a_header_whose_names_all_lost_their_last_letter_is_read() -> None:
    targets = ["parcel", "depot", "carrier", "shipped_at"]
    names = ["parce", "depo", "carrie", "shipped_a", "batch"]
    assert cut(names, targets) == dict(zip(names, targets, strict=False))


def test_all_names_of_a_narrow_table_are_enough() -> None:
    assert cut(["depo", "plac"], ["depot", "place"]) == {"depo": "depot", "plac": "place"}
    assert cut(["depo", "plac", "other"], ["depot", "place"]) == {}


def test_a_header_with_a_whole_name_is_not_cut() -> None:
    assert cut(["plan", "form", "mode", "city"], ["plant", "forms", "model", "city"]) == {}


def test_letters_lost_in_different_numbers_are_other_words() -> None:
    assert cut(["count", "plan", "form"], ["country", "plant", "formula"]) == {}


def test_a_header_with_room_for_ten_letters_is_read() -> None:
    targets = ["customer_identity", "postal_code_region", "city", "delivery_method"]
    names = ["customer_i", "postal_cod", "city", "delivery_m"]
    expected = {"customer_i": targets[0], "postal_cod": targets[1], "delivery_m": targets[3]}
    assert cut(names, targets) == expected
    assert cut([*names, "consignee_name"], targets) == {}


def test_a_beginning_of_two_columns_says_nothing() -> None:
    targets = ["parcel", "depot", "carrier", "boxes", "boxed"]
    assert cut(["parce", "depo", "carrie", "boxe"], targets).keys() == {"parce", "depo", "carrie"}


def test_a_cut_header_is_mapped_though_the_values_tell_nothing() -> None:
    targets = text("given", "family", "street")
    sources = [column(name, TEXT) for name in ("give", "famil", "stree")]
    assert mapped(sources, targets) == {"give": "given", "famil": "family", "stree": "street"}


@pytest.mark.parametrize(
    ("name", "other"),
    [("plan", "plant"), ("mode", "model"), ("count", "county"), ("state", "status"), ("count", "country")],
)
def test_a_single_name_is_never_taken_for_a_longer_word(name: str, other: str) -> None:
    assert mapped([column(name, TEXT)], text(other)) == {}
    assert mapped([column(name, TEXT), column("city", TEXT)], text(other, "city")) == {"city": "city"}


def test_a_single_name_without_its_last_letter_is_mapped_where_the_values_fit() -> None:
    amount = TargetColumn(name="amount", names=(), logical_type=LogicalType.NUMBER)
    assert mapped([column("amoun", NUMBER), column("city", TEXT)], [amount, *text("city")])["amoun"] == "amount"
    assert "amoun" not in mapped([column("amoun", TEXT), column("city", TEXT)], [amount, *text("city")])


def test_types_of_values_speak_against_a_cut_name() -> None:
    day = TargetColumn(name="start", names=(), logical_type=LogicalType.DATE)
    found = mapped([column(name, TEXT) for name in ("star", "famil", "stree")], [day, *text("family", "street")])
    assert found == {"famil": "family", "stree": "street"}
