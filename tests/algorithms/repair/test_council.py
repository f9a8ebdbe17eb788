"""The council as a whole: what it leaves alone, what it finds, and what does not matter to it."""

import random
from collections.abc import Mapping, Sequence

import pytest

from algorithms.repair.council import find_repairs
from algorithms.repair.settings import CouncilSettings
from evals.cleaning.generated_errors import ALL_KINDS, Damaged, generated
from evals.cleaning.generated_tables import DOMAINS
from state.contract import Column, LogicalType, RepairScope, Table, TypeOptions
from state.repair import CellFault, CellFinding, DirtyTable, RepairVerdict

SETTINGS = CouncilSettings()


def repairs(
    columns: Mapping[str, Sequence[str | None]], contract: Table | None = None, keys: tuple[str, ...] = ()
) -> tuple[CellFinding, ...]:
    found = find_repairs(DirtyTable(columns, contract, keys), SETTINGS).cells
    return tuple(one for one in found if one.verdict is RepairVerdict.REPAIR)


def clinics(rate: float = 0.05, seed: int = 3) -> Damaged:
    return generated("clinics", 400, rate, ALL_KINDS, seed)


@pytest.mark.parametrize("domain", sorted(DOMAINS))
def test_a_table_without_errors_is_left_alone(domain: str) -> None:
    assert repairs(DOMAINS[domain](random.Random(5), 500)) == ()  # noqa: S311


def test_most_of_what_is_repaired_in_a_redundant_table_is_right() -> None:
    made = clinics()
    found = repairs(made.dirty)
    wrong = [one for one in found if made.clean[one.column][one.row] != " ".join((one.after or "").split())]
    assert len(found) > 0.5 * len(made.kinds)
    assert len(wrong) < 0.03 * len(found)


def test_hardly_anything_is_repaired_where_nothing_is_redundant() -> None:
    made = generated("orders", 500, 0.05, ("swap", "missing", "typo", "outlier"), 2)
    found = [one for one in repairs(made.dirty) if made.clean[one.column][one.row] != one.after]
    assert len(found) <= 0.01 * len(made.kinds) + 1


def test_the_order_of_rows_does_not_matter() -> None:
    made = clinics()
    order = list(range(400))
    random.Random(1).shuffle(order)  # noqa: S311
    shuffled = {name: [cells[row] for row in order] for name, cells in made.dirty.items()}
    plain = {(one.row, one.column, one.after) for one in repairs(made.dirty)}
    assert {(order[one.row], one.column, one.after) for one in repairs(shuffled)} == plain


def test_the_order_of_columns_does_not_matter() -> None:
    made = clinics()
    names = list(made.dirty)
    random.Random(1).shuffle(names)  # noqa: S311
    plain = {(one.row, one.column, one.after) for one in repairs(made.dirty)}
    other = {(one.row, one.column, one.after) for one in repairs({name: made.dirty[name] for name in names})}
    assert other == plain


@pytest.mark.parametrize("domain", ["clinics", "residents", "arrivals"])
def test_a_second_pass_changes_next_to_nothing(domain: str) -> None:
    made = generated(domain, 400, 0.05, ALL_KINDS, 3)
    first = repairs(made.dirty)
    after = {name: list(cells) for name, cells in made.dirty.items()}
    for one in first:
        after[one.column][one.row] = one.after or ""
    assert len(repairs(after)) <= 0.15 * len(first)
    again = {(one.row, one.column) for one in repairs(after)}
    assert len(again & {(one.row, one.column) for one in first}) <= 0.02 * len(first)


def test_keys_are_never_changed() -> None:
    found = find_repairs(DirtyTable(clinics(0.2).dirty, None, ("clinic_id", "code")), SETTINGS).cells
    assert {"clinic_id", "code"}.isdisjoint(one.column for one in found)


def test_every_finding_has_evidence_votes_and_a_confidence() -> None:
    found = find_repairs(DirtyTable(clinics(0.1).dirty), SETTINGS)
    assert found.cells
    for one in found.cells:
        assert one.evidence
        assert one.votes
        assert 0.0 <= one.confidence <= 1.0
        assert len(one.evidence) <= 500
        assert one.operator
    assert set(found.reliability) >= {"cell", "dependency"}


def test_what_is_repaired_differs_from_what_stands_there() -> None:
    assert all(one.after is not None and one.after != (one.before or "") for one in repairs(clinics(0.1).dirty))


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="different lengths"):
        find_repairs(DirtyTable({"a": ["1"], "b": ["1", "2"]}), SETTINGS)


@pytest.mark.parametrize("columns", [{}, {"a": []}, {"a": [None, None]}, {"a": ["x"]}, {"a": [""] * 60}])
def test_small_and_empty_tables_have_no_findings(columns: dict[str, list[str | None]]) -> None:
    assert find_repairs(DirtyTable(columns), SETTINGS).cells == ()


def test_a_blank_column_changes_nothing() -> None:
    made = clinics()
    plain = {(one.row, one.column, one.after) for one in repairs(made.dirty)}
    more = {(one.row, one.column, one.after) for one in repairs({**made.dirty, "remark": [""] * 400})}
    assert more == plain


def contract(scope: RepairScope) -> Table:
    names = list(clinics().dirty)
    return Table(name="clinics", columns=tuple(Column(name=name, repair=scope) for name in names))


def test_a_contract_that_says_never_turns_repairs_into_proposals() -> None:
    made = clinics()
    assert repairs(made.dirty, contract(RepairScope.NEVER)) == ()
    found = find_repairs(DirtyTable(made.dirty, contract(RepairScope.NEVER)), SETTINGS).cells
    assert any(one.verdict is RepairVerdict.PROPOSE for one in found)


def test_with_violations_only_cells_that_break_a_rule_are_changed() -> None:
    columns = {"zip": ["10115"] * 40 + ["20095"] * 40, "city": ["Berlin"] * 40 + ["Hamburg"] * 40}
    columns["city"][3], columns["city"][50] = "Hamburg", "Hxmburg"
    spec = Column(name="city", valid_values=("Berlin", "Hamburg"), repair=RepairScope.VIOLATIONS)
    table = Table(name="places", columns=(Column(name="zip"), spec))
    found = find_repairs(DirtyTable(columns, table), SETTINGS).cells
    verdicts = {one.row: one.verdict for one in found if one.column == "city"}
    assert verdicts[50] is RepairVerdict.REPAIR
    assert verdicts.get(3) is not RepairVerdict.REPAIR
    assert {one.fault for one in found if one.row == 50} == {CellFault.RULE}


def test_a_number_stands_alone_where_the_contract_says_number() -> None:
    columns = {"size": ["12.0 oz", "16 oz.", "8.4 ounces", "12"] * 10, "bitter": ["N/A", "40", "7", "55"] * 10}
    specs = (
        Column(name="size", logical_type=LogicalType.NUMBER, options=TypeOptions(minimum=0)),
        Column(name="bitter", logical_type=LogicalType.NUMBER),
    )
    found = {(one.row, one.column): one.after for one in repairs(columns, Table(name="beers", columns=specs))}
    assert {found[row, "size"] for row in range(3)} == {"12", "16", "8.4"}
    assert found[0, "bitter"] == ""
    assert (3, "size") not in found
