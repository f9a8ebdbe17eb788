"""What lessons know of a source's columns: a vote, for one header, where the values fit, never over the contract."""

import pytest

from algorithms.learned_mappings import learned_targets, with_learned
from state.contract import Column, Contract, LogicalType, Table
from state.decision_log import SourceRule
from state.lessons import Ground, KnownFormat, KnownMapping, Lesson, LessonStatus, LessonValue
from state.mapping import SourceColumn, TargetColumn


def lesson(value: LessonValue, entry: int | None = None) -> Lesson:
    return Lesson(
        lesson_id="l", kind=value.kind, subject="s", value=value, ground=Ground.VERIFIED, runs=("r1",), trials=1,
        successes=1, bound=0.5, status=LessonStatus.IN_FORCE, entry=entry,
    )  # fmt: skip


def contract(**of_amount: object) -> Contract:
    amount = Column.model_validate({"name": "amount", "logical_type": LogicalType.NUMBER, **of_amount})
    table = Table(name="orders", columns=(amount, Column(name="city", aliases=("town",))))
    return Contract(id="c", name="c", version="1.0.0", api_version="v3.1.0", tables=(table,), path="", sha256="")


MAPPING = KnownMapping(table="orders", header="h1", matches={"x1": "amount", "town": "amount"})


def source(share: float) -> SourceColumn:
    return SourceColumn(name="x1", rows=9, filled=9, distinct=9, samples=("1",), type_share={"number": share})


def adopted(header: str, share: float, *lessons: Lesson) -> dict[str, str]:
    table = with_learned(contract(), lessons).tables[0]
    target = TargetColumn(name="amount", names=(), logical_type=LogicalType.NUMBER)
    return learned_targets([target], table, header, [source(share)])[0].adopted


def test_a_mapping_is_known_for_its_header_where_the_values_fit() -> None:
    assert adopted("h1", 1.0, lesson(MAPPING)) == {"x1": "r1"}
    assert adopted("h2", 1.0, lesson(MAPPING)) == {}
    assert adopted("h1", 0.2, lesson(MAPPING)) == {}


def test_what_the_contract_calls_by_name_itself_is_left_to_it() -> None:
    learned = with_learned(contract(), [lesson(MAPPING)]).tables[0].column("amount").learned
    assert learned == {"h1": {"x1": "r1"}}


def test_what_the_decision_log_holds_stays_the_logs() -> None:
    plain = contract()
    assert with_learned(plain, [lesson(MAPPING, entry=3)]) is plain


@pytest.mark.parametrize(("known", "order"), [({}, "day_first"), ({"date order": "month_first"}, "month_first")])
def test_on_the_same_reading_the_log_has_the_word(known: dict[str, str], order: str) -> None:
    rule = SourceRule(readings=known, runs=dict.fromkeys(known, "r0"))
    value = KnownFormat(table="orders", column="amount", source="x1", readings={"date order": "day_first"})
    taught = with_learned(contract(standing={"x1": rule} if known else {}), [lesson(value)])
    assert taught.tables[0].column("amount").standing["x1"].readings == {"date order": order}
