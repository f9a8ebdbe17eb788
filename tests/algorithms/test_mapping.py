import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.mapping import match_columns, match_tables_instances
from algorithms.mapping_aspects import aspects
from algorithms.mapping_council import SEATS, ask, judge
from algorithms.mapping_tally import WEIGHTS, combine
from state.contract import LogicalType
from state.mapping import ColumnMapping, MappingEvidence, SourceColumn, TargetColumn

STATUS = ("placed", "shipped", "delivered", "returned", "cancelled")
COUNTRIES = ("Austria", "Germany", "Spain", "France", "Italy", "Portugal")
WORDS = ("cust", "order", "amount", "date", "ship", "bill", "region", "price", "sensor", "valve", "phase", "rate")


def source(name: str, samples: Sequence[str] = (), **fields: Any) -> SourceColumn:
    rows = fields.pop("rows", max(100, len(samples)))
    filled = fields.pop("filled", rows)
    distinct = fields.pop("distinct", len(samples) or filled)
    return SourceColumn(name=name, rows=rows, filled=filled, distinct=distinct, samples=tuple(samples), **fields)


def target(name: str, *names: str, kind: LogicalType = LogicalType.STRING, **fields: Any) -> TargetColumn:
    return TargetColumn(name=name, names=names, logical_type=kind, **fields)


def mapped(sources: Sequence[SourceColumn], targets: Sequence[TargetColumn]) -> ColumnMapping:
    return match_columns(
        MappingEvidence(table="orders", variant_id="v001", sources=tuple(sources), targets=tuple(targets))
    )


def pairs(mapping: ColumnMapping) -> dict[str, str]:
    return {match.target: match.source for match in mapping.matches}


ORDER = (
    target("order_id", kind=LogicalType.INTEGER, unique=True),
    target("customer_id", pattern="^C[0-9]{4}$"),
    target("order_date", "purchased on", kind=LogicalType.DATE),
    target("status", valid_values=STATUS),
    target("quantity", kind=LogicalType.INTEGER, minimum=1),
    target("country", valid_values=COUNTRIES),
)


def order_columns(*names: str) -> tuple[SourceColumn, ...]:
    """Return columns of an order under the given names."""
    columns = (
        source("", [str(number) for number in range(1000, 1050)], distinct=100, type_share={"string": 1, "integer": 1}),
        source("", [f"C{number:04d}" for number in range(50)], type_share={"string": 1.0}),
        source("", [f"2024-01-{day:02d}" for day in range(1, 29)], type_share={"string": 1, "date": 1, "timestamp": 1}),
        source("", STATUS, type_share={"string": 1.0}),
        source("", [str(number) for number in range(1, 9)], type_share={"string": 1, "integer": 1}),
        source("", COUNTRIES[:5], type_share={"string": 1.0}),
    )
    return tuple(column.model_copy(update={"name": name}) for column, name in zip(columns, names, strict=True))


@pytest.mark.parametrize(
    "names",
    [
        ("order_id", "customer_id", "order_date", "status", "quantity", "country"),
        ("OrderID", "CustomerId", "OrderDate", "Status", "Quantity", "Country"),
        ("Order No.", "cust", "order dt", "order_stat", "qty", "ctry"),
        ("ord_no", "Customer", "purchased_on", "Order Status", "quant", "Country Name"),
        ("src_order_id", "src_customer_id", "src_order_date", "src_status", "src_quantity", "src_country"),
        ("OrderNumber", "CUST_ID", "date", "state", "Qty.", "nation"),
    ],
)
def test_headers_of_one_shop(names: tuple[str, ...]) -> None:
    found = mapped(order_columns(*names), ORDER)
    assert pairs(found) == dict(zip((column.name for column in ORDER), names, strict=True))
    assert found.unmapped_sources == found.unmapped_targets == ()
    assert found.confidence == min(match.score for match in found.matches)


def test_an_unknown_language_is_mapped_only_where_the_values_tell() -> None:
    names = ("Auftrag", "Kunde", "Datum", "Zustand", "Menge", "Land")
    found = mapped(order_columns(*names), ORDER)
    assert pairs(found) == {"status": "Zustand", "country": "Land"}
    assert found.unmapped_sources == ("Auftrag", "Kunde", "Datum", "Menge")


def test_values_win_over_misleading_names() -> None:
    names = ("order_id", "customer_id", "order_date", "country_name", "quantity", "stat")
    assert pairs(mapped(order_columns(*names), ORDER))["status"] == "country_name"
    assert pairs(mapped(order_columns(*names), ORDER))["country"] == "stat"


def test_known_values_win_over_misleading_names() -> None:
    mails = [f"person{number}@shop.example" for number in range(40)]
    phones = [f"+49 30 {number}" for number in range(40)]
    known = (target("mail_contact", samples=mails), target("phone_contact", samples=phones))
    found = mapped((source("phone_1", mails), source("mail_1", phones)), known)
    assert pairs(found) == {"mail_contact": "phone_1", "phone_contact": "mail_1"}


def test_a_name_wins_over_values() -> None:
    found = mapped((source("status", COUNTRIES), source("x", STATUS)), (target("status", valid_values=STATUS),))
    assert pairs(found) == {"status": "status"}
    assert (found.matches[0].reason, found.matches[0].score) == ("name", 1.0)
    assert found.unmapped_sources == ("x",)


def test_an_alias_wins_over_a_similar_name() -> None:
    found = mapped((source("signup dt"), source("registered")), (target("signup_date", "registered"),))
    assert pairs(found) == {"signup_date": "registered"}
    assert found.matches[0].reason == "alias"


def test_of_two_columns_with_one_name_the_exact_one_wins_and_the_other_is_drift() -> None:
    targets = (target("Name"), target("full_name"))
    found = mapped((source("name"), source("Name"), source("NAME ")), targets)
    assert pairs(found) == {"Name": "Name"}
    assert found.unmapped_sources == ("name", "NAME ")
    assert found.matches[0].runner_up in {"name", "NAME "}
    found = mapped((source("amount"), source("amt_eur")), (target("amount", "amt_eur"), target("amt")))
    assert pairs(found) == {"amount": "amount"}
    assert found.unmapped_sources == ("amt_eur",)


def test_two_carriers_of_one_alias_are_told_apart_by_the_evidence() -> None:
    found = mapped(
        (source("state", COUNTRIES), source("condition", STATUS)),
        (target("status", "state", "condition", valid_values=STATUS),),
    )
    assert pairs(found) == {"status": "condition"}
    assert found.matches[0].runner_up == "state"


def test_a_name_two_contract_columns_could_take_goes_where_it_is_the_name() -> None:
    found = mapped((source("id"), source("customer")), (target("customer_id", "id", "customer"), target("id")))
    assert pairs(found) == {"id": "id", "customer_id": "customer"}


def test_duplicate_headers_are_drift() -> None:
    found = mapped((source("id", filled=5), source("id", filled=90), source("id_1")), (target("id"),))
    assert pairs(found) == {"id": "id"}
    assert sorted(found.unmapped_sources) == ["id", "id_1"]


def test_two_equal_candidates_leave_the_column_without_source() -> None:
    found = mapped((source("bill_country", COUNTRIES), source("ship_country", COUNTRIES)), ORDER[-1:])
    assert found.matches == ()
    assert found.confidence == 0.0
    assert found.unmapped_targets == ("country",)
    assert pairs(mapped((source("ship_country", COUNTRIES), source("ship_city", STATUS)), ORDER[-1:])) == {
        "country": "ship_country"
    }


def test_one_source_that_fits_two_columns_equally_is_left() -> None:
    assert mapped((source("id"),), (target("order_id"), target("client_id"))).matches == ()


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (source("count", type_share={"string": 1, "integer": 1}), target("country")),
        (source("county"), target("country")),
        (source("altitude"), target("latitude")),
        (source("address_1", ["empty"]), target("address_2")),
        (source("lat", type_share={"string": 1, "number": 1}), target("last_update", kind=LogicalType.TIMESTAMP)),
        (source("date", type_share={"string": 1.0}), target("order_date", kind=LogicalType.DATE)),
        (source("active", ["yes", "no"]), target("newsletter", valid_values=("yes", "no"))),
        (source("start_date", type_share={"date": 1.0}), target("end_date", kind=LogicalType.DATE)),
        (source("", ["1"]), target("order_id")),
    ],
)
def test_what_only_looks_alike_is_not_mapped(name: SourceColumn, wanted: TargetColumn) -> None:
    found = mapped((name,), (wanted,))
    assert found.matches == ()
    assert found.unmapped_sources == (name.name,)


def test_the_reason_names_the_evidence() -> None:
    match = mapped(order_columns("a", "b", "c", "stat", "d", "e"), ORDER[3:4]).matches[0]
    assert match.reason == "name 0.80, values 1.00"
    assert match.runner_up in {"a", "b", "c", "d", "e"}
    assert 0.9 * match.score < match.margin < match.score


def test_bounds_of_the_contract_tell_numbers_apart() -> None:
    number = {"string": 1.0, "number": 1.0}
    sources = (
        source("coord a", type_share=number, quantiles=(-170.0, -120.0, -90.0, 100.0, 170.0)),
        source("coord b", type_share=number, quantiles=(-60.0, 10.0, 30.0, 40.0, 70.0)),
    )
    found = mapped(sources, (target("coord", kind=LogicalType.NUMBER, minimum=-90, maximum=90),))
    assert pairs(found) == {"coord": "coord b"}


def test_pattern_that_cannot_be_used_says_nothing() -> None:
    column = source("cust", ["a" * 40] * 3)
    for unusable in ("(", "(a+)+$", r"(a)\1", "((a*)b?)*c"):
        evidence = MappingEvidence(
            table="t", variant_id="v", sources=(column,), targets=(target("x", pattern=unusable),)
        )
        assert "pattern" not in judge("shape", ask(evidence)).get((0, 0), {})


def test_every_kind_of_evidence_has_a_weight_and_agreement_is_never_against() -> None:
    judged = {aspect for seat in SEATS.values() for aspect in seat}
    assert set(WEIGHTS) == {"name", *judged} - ({*SEATS["names"]} - {"name"})
    assert set(aspects()) <= judged
    for kind in WEIGHTS:
        assert combine({kind: 1.0}) >= combine({}) >= combine({kind: 0.0})


def test_empty_sides() -> None:
    assert mapped((), (target("a"),)).unmapped_targets == ("a",)
    assert mapped((source("a"),), ()).unmapped_sources == ("a",)


def test_a_column_without_values_is_mapped_by_its_name_alone() -> None:
    empty = SourceColumn(name="cust_id", rows=0, filled=0, distinct=0, samples=())
    assert pairs(mapped((empty,), (target("customer_id", kind=LogicalType.INTEGER, unique=True),))) == {
        "customer_id": "cust_id"
    }


def test_tables_known_by_values_need_no_names() -> None:
    def cities(name: str, first: int) -> SourceColumn:
        values = [f"city {number}" for number in range(first, first + 50)]
        return source(name, values, rows=500, distinct=80, shapes=("a 9",), type_share={"string": 1.0})

    people = source("owner", [f"Ann{n} Lee" for n in range(50)], rows=500, shapes=("a9 a",), type_share={"string": 1.0})
    found = match_tables_instances(
        (cities("place", 0), people), (people.model_copy(update={"name": "x2"}), cities("x1", 5))
    )
    assert pairs(found) == {"x1": "place", "x2": "owner"}


def test_dense_integers_are_not_mapped_by_common_values() -> None:
    def counter(name: str, last: float) -> SourceColumn:
        return source(
            name,
            [str(number) for number in range(1, 51)],
            rows=1500,
            distinct=1500,
            shapes=("9",),
            type_share={"string": 1.0, "integer": 1.0},
            quantiles=(1.0, last / 4, last / 2, last * 3 / 4, last),
        )

    assert match_tables_instances((counter("id", 2400),), (counter("pos", 2700),)).matches == ()
    assert pairs(match_tables_instances((counter("index", 2400),), (counter("indx", 2400),))) == {"indx": "index"}


COLUMN = st.builds(
    source,
    st.sampled_from(
        ("order_id", "Order No", "ord", "cust", "customer", "date", "state", "stat", "qty", "total", "x y")
    ),
    st.lists(st.sampled_from((*STATUS, *COUNTRIES, "1", "2")), max_size=6, unique=True),
    filled=st.integers(0, 50),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(COLUMN, max_size=6), st.permutations(ORDER), st.randoms(use_true_random=False))
def test_the_order_of_columns_does_not_matter(
    sources: list[SourceColumn], targets: list[TargetColumn], shuffler: random.Random
) -> None:
    first = mapped(sources, ORDER)
    shuffled = shuffler.sample(sources, len(sources))
    second = mapped(shuffled, targets)
    assert sorted(first.matches, key=repr) == sorted(second.matches, key=repr)
    assert sorted(first.unmapped_sources) == sorted(second.unmapped_sources)
    assert mapped(sources, ORDER) == first


@settings(deadline=None, max_examples=60)
@given(st.lists(COLUMN, max_size=8))
def test_every_column_is_mapped_once_or_reported(sources: list[SourceColumn]) -> None:
    found = mapped(sources, ORDER)
    used = [match.source for match in found.matches]
    assert len(set(used)) == len(used)
    assert sorted([*used, *found.unmapped_sources]) == sorted(column.name for column in sources)
    assert sorted([*pairs(found), *found.unmapped_targets]) == sorted(column.name for column in ORDER)
    assert all(match.score > 0.5 for match in found.matches)


def wide_names(count: int) -> list[str]:
    return [f"{WORDS[number * 7 % 12]}_{WORDS[number // 12 % 12]}_{number}" for number in range(count)]


def first_letters(name: str) -> str:
    return "_".join(word[:3] if word.isalpha() else word for word in name.split("_"))


@pytest.mark.parametrize("spelled", [str.upper, first_letters])
def test_five_thousand_columns_are_mapped_in_seconds(spelled: Callable[[str], str]) -> None:
    wanted = {spelled(name): name for name in wide_names(5000)}
    columns, targets = [source(name, [name]) for name in wanted.values()], [target(name) for name in wanted]
    started = time.process_time()
    found = mapped(columns, targets)
    spent = time.process_time() - started
    assert pairs(found) == wanted
    assert spent < 6  # two to three seconds on an idle core
