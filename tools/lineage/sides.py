"""Column lineage of the side tables of a run: quarantine, merged rows, changes and proposals."""

from collections.abc import Iterable

from state.contract import Table
from state.lineage import Relation, Use, Uses, merged
from tools.lineage.columns import ORIGIN, TableLineage
from tools.lineage.facts import Facts

SIDES = ("quarantine", "merged", "changes", "proposals")

NAMING = {"quarantine": "quarantine", "merged": "merged", "proposals": "repairs"}
"""The relation of the workspace that names the rows of a side table; changes are told by the staged table itself."""

_SAME = frozenset({Use.IDENTITY})
_MADE = frozenset({Use.TRANSFORMATION})


def side_lineage(facts: Facts, table: Table, lineage: TableLineage, side: str, columns: Iterable[str]) -> Relation:
    """Return what the columns of a side table are made of; reasons and the like are the run's own."""
    made = {"quarantine": _quarantined, "merged": _merged, "changes": _changed, "proposals": _changed}[side](
        facts, table
    )
    return Relation(columns={name: made.get(name, {}) for name in columns}, rows=lineage.live.rows)


def _quarantined(facts: Facts, table: Table) -> dict[str, Uses]:
    """Return the text as the source gave it; of a derived table the values as they were staged."""
    if table.derived:
        return {column.name: {(f"stage.{table.name}", column.name): _SAME} for column in table.columns}
    parts: dict[str, list[Uses]] = {}
    for mapping in facts.ledger.mappings.get(table.name, ()):
        relation = f"land.{mapping.variant_id}"
        for match in mapping.matches:
            parts.setdefault(match.target, []).append({(relation, match.source): _SAME})
        parts.setdefault("_extra", []).append({(relation, source): _MADE for source in mapping.unmapped_sources})
        for name in ORIGIN:
            parts.setdefault(name, []).append({(relation, name): _SAME})
    return {name: merged(uses) for name, uses in parts.items()}


def _merged(facts: Facts, table: Table) -> dict[str, Uses]:
    origins = _origins(facts, table)
    return {"row_id": _key(table), **origins, **{f"kept_{name}": uses for name, uses in origins.items()}}


def _changed(facts: Facts, table: Table) -> dict[str, Uses]:
    values: Uses = {(f"stage.{table.name}", column.name): _MADE for column in table.columns}
    return {"row_id": _key(table), "before": values, "after": values, **_origins(facts, table)}


def _key(table: Table) -> Uses:
    return {(f"stage.{table.name}", name): _MADE for name in table.key}


def _origins(facts: Facts, table: Table) -> dict[str, Uses]:
    relations = [f"land.{mapping.variant_id}" for mapping in facts.ledger.mappings.get(table.name, ())]
    return {name.lstrip("_"): {(relation, name): _SAME for relation in relations} for name in ORIGIN}
