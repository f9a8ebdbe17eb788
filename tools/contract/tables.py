"""Schema objects, read as `Table`: settings, columns, rules, relationships and the SQL of derived tables."""

from collections.abc import Sequence

import sqlglot
from open_data_contract_standard.model import SchemaObject
from sqlglot import exp
from sqlglot.errors import SqlglotError

from state.conflicts import Aim
from state.contract import Drift, OnViolation, RepairScope, Table
from tools.contract.columns import read_columns
from tools.contract.document import Place
from tools.contract.extensions import Extensions, read_extensions
from tools.contract.faults import FaultLog, did_you_mean
from tools.contract.references import References
from tools.contract.rules import accepts_empty, read_rules

DEFAULT_MAX_QUARANTINE = 0.05


def read_tables(schema: Sequence[SchemaObject], outer: Extensions, faults: FaultLog) -> tuple[Table, ...]:
    """Read all tables of the `schema` section; `outer` are the settings of the contract."""
    references = References(schema, faults)
    names = [item.name or "" for item in schema]
    return tuple(_table(item, ("schema", index), names, references, outer, faults) for index, item in enumerate(schema))


def _table(
    item: SchemaObject, place: Place, names: Sequence[str], references: References, outer: Extensions, faults: FaultLog
) -> Table:
    name = item.name or ""
    settings = read_extensions(item.customProperties, place, "table", faults).or_else(outer)
    rules = read_rules(item.quality, place, name, faults)
    logic = settings.text("transformLogic")
    share = settings.share("maxQuarantine")
    on_violation = settings.choice("onViolation", OnViolation)
    return Table(
        name=name,
        physical_name=item.physicalName,
        description=item.description,
        columns=read_columns(item.properties, place, name, settings.choice("repair", RepairScope), faults),
        relationships=references.read(item, place),
        rules=rules,
        sources=settings.texts("sources"),
        keep=settings.keep(),
        on_violation=on_violation or OnViolation.REPAIR,
        remedy_open=on_violation is None,
        stakes=settings.weights("stakes", [aim.value for aim in Aim]),
        drift=settings.choice("drift", Drift) or Drift.DISCARD_VALUE,
        max_quarantine=DEFAULT_MAX_QUARANTINE if share is None else share,
        relaxed_quarantine=settings.share("relaxedQuarantine"),
        quality_bar=settings.share("qualityBar"),
        may_be_empty=settings.flag("mayBeEmpty") or accepts_empty(rules),
        transform_logic=logic,
        transform_sources=_sources(settings.texts("transformSourceObjects"), logic, names, place, faults),
    )


def _sources(
    declared: Sequence[str], logic: str | None, names: Sequence[str], place: Place, faults: FaultLog
) -> tuple[str, ...]:
    """Return the contract's tables a derived table is made from: those it declares and those its SQL reads."""
    known = {name.casefold(): name for name in names}
    found: dict[str, None] = {}
    for source in [*declared, *(_tables_read(logic, place, faults) if logic else ())]:
        name = known.get(source.casefold())
        if name is None:
            faults.error(
                place, f"the table is made from {source!r}, which is no table here{did_you_mean(source, names)}"
            )
        else:
            found[name] = None
    return tuple(found)


def _tables_read(logic: str, place: Place, faults: FaultLog) -> tuple[str, ...]:
    """Return the names of the tables that SQL reads, without its own common table expressions."""
    try:
        statement = sqlglot.parse_one(logic, read="duckdb")
    except SqlglotError as error:
        faults.error(place, f"transformLogic is no SQL that can be read: {str(error).splitlines()[0]}")
        return ()
    own = {expression.alias_or_name.casefold() for expression in statement.find_all(exp.CTE)}
    tables = (table.name for table in statement.find_all(exp.Table))
    return tuple(dict.fromkeys(name for name in tables if name and name.casefold() not in own))
