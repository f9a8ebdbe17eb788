"""Column lineage of the tables of a run: from landed fields to staged, to live rows, and all the way back to files.

Relations are named as in the workspace ("land.v001", "stage.orders", "live.orders"); files by their dataset's name with
the prefix "file:". `_file` and `_line` are what the workspace knows of a row's origin; no file has such a column.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from state.contract import Contract, KeepPolicy, Table
from state.lineage import Ref, Relation, Use, Uses, merged, through
from tools.checks.compile import compile_rules
from tools.lineage.facts import Facts
from tools.lineage.sql import UnresolvedSql, query_lineage

ORIGIN = ("_file", "_line")
"""Where a row comes from: fields every landed relation and file has, without being a column of it."""

_IDENTITY = frozenset({Use.IDENTITY})
_NEW = "_made"


@dataclass(frozen=True, slots=True)
class TableLineage:
    """One table: what its staged columns are made of, which staged rows live, and what could not be told."""

    staged: Relation
    live: Relation
    unresolved: tuple[str, ...] = ()  # why SQL of the table, or of its columns, could not be read


def lineage_of_tables(facts: Facts) -> dict[str, TableLineage]:
    """Return the lineage of every staged table of a run."""
    contract = facts.contract
    if contract is None:
        return {}
    found = {}
    for table in contract.tables:
        if table.name in facts.ledger.staged:
            staged, unresolved = _derived(contract, table) if table.derived else _conformed(facts, table)
            found[table.name] = TableLineage(staged=staged, live=_live(facts, contract, table), unresolved=unresolved)
    return found


def _derived(contract: Contract, table: Table) -> tuple[Relation, tuple[str, ...]]:
    others = [other for other in contract.tables if other.name != table.name]
    known = {other.name: [column.name for column in other.columns] for other in others}
    known = {other.name: [*known[other.name], *(() if other.derived else ORIGIN)] for other in others}
    try:
        made = query_lineage(table.transform_logic or "", known)
    except UnresolvedSql as error:
        return Relation(columns={}), (f"{table.name}.transformLogic: {error}",)
    wanted = {column.name: made.columns.get(column.name.lower()) for column in table.columns}
    columns = {name: _given(uses, others) for name, uses in wanted.items() if uses is not None}
    return Relation(columns=columns, rows=_given(made.rows, others)), ()


def _given(uses: Uses, tables: Iterable[Table]) -> Uses:
    """Return uses of lower-case names as uses of live rows, spelled as in the contract."""
    names = {table.name.lower(): table for table in tables}
    found: Uses = {}
    for (name, column), how in uses.items():
        table = names[name]
        spelled = next((other.name for other in table.columns if other.name.lower() == column), column)
        found[(f"live.{table.name}", spelled)] = how
    return found


def _conformed(facts: Facts, table: Table) -> tuple[Relation, tuple[str, ...]]:
    """Return what the columns of a table fed by files are made of; the SQL of derived columns is read like a query."""
    fed = {column.name: _fed(facts, table, column.name) for column in table.columns}
    extra = {name: _extra(facts, table, name) for name, _ in facts.ledger.staged[table.name] if name not in fed}
    names = [column.name for column in table.columns]
    parsed: dict[str, Relation] = {}
    problems: dict[str, str] = {}
    for column in table.columns:
        if column.transform_logic:
            text = f"select ({column.transform_logic}) as {_NEW} from t"
            try:
                parsed[column.name] = query_lineage(text, {"t": [*names, *ORIGIN]})
            except UnresolvedSql as error:
                problems[column.name] = f"{table.name}.{column.name}.transformLogic: {error}"
    spelled = {name.lower(): name for name in names}
    origin = {name: _origin(facts, table, name) for name in ORIGIN}
    made = {name: _computed(name, parsed, fed, spelled, origin) for name in names if name not in problems}
    return Relation(columns={**made, **extra}), tuple(problems.values())


def _computed(
    name: str,
    parsed: Mapping[str, Relation],
    fed: Mapping[str, Uses],
    spelled: Mapping[str, str],
    origin: Mapping[str, Uses],
) -> Uses:
    """Return what a column is made of; a name in its SQL means a derived value, its own name what the source gave."""
    if name not in parsed:
        return fed[name]
    parts = []
    for (_, lower), uses in parsed[name].columns[_NEW].items():
        other = spelled.get(lower, lower)
        if other in origin:
            inner = origin[other]
        elif other == name or other not in parsed:
            inner = fed[other]
        else:
            inner = _computed(other, parsed, fed, spelled, origin)
        parts += [through(use, inner) for use in uses]
    return merged(parts)


def _fed(facts: Facts, table: Table, column: str) -> Uses:
    """Return the landed fields that feed a column, and what its values were resolved by."""
    parts: list[Uses] = []
    answered = facts.ledger.resolved.get(table.name, {})
    changed = column in answered or column in facts.ledger.formats.get(table.name, {})
    text = table.column(column).logical_type.value == "string" and column not in answered
    use = Use.IDENTITY if text or not changed else Use.TRANSFORMATION
    for mapping in facts.ledger.mappings.get(table.name, ()):
        relation = f"land.{mapping.variant_id}"
        for match in mapping.matches:
            if match.target == column:
                parts.append({(relation, match.source): frozenset({use})})
            elif answered.get(column):
                parts.append({(relation, match.source): frozenset({Use.CONDITIONAL})})
    if column in answered and parts:
        parts += [{ref: frozenset({Use.CONDITIONAL})} for ref in _looked_up(table, column)]
    return merged(parts)


def _looked_up(table: Table, column: str) -> list[Ref]:
    """Return the columns of other tables that hold the values a column may have."""
    if table.column(column).valid_values:
        return []
    return [
        (f"live.{each.to_table}", each.to_columns[0])
        for each in table.relationships
        if each.columns == (column,) and each.to_table != table.name
    ]


def _extra(facts: Facts, table: Table, name: str) -> Uses:
    """Return the source columns of a column that `drift: evolve` kept; a number may have been added to its name."""
    found: Uses = {}
    for mapping in facts.ledger.mappings.get(table.name, ()):
        for source in mapping.unmapped_sources:
            if name == source or name.rpartition("_")[0] == source:
                found[(f"land.{mapping.variant_id}", source)] = _IDENTITY
    return found


def _origin(facts: Facts, table: Table, name: str) -> Uses:
    return {(f"land.{mapping.variant_id}", name): _IDENTITY for mapping in facts.ledger.mappings.get(table.name, ())}


def _live(facts: Facts, contract: Contract, table: Table) -> Relation:
    """Return live rows as staged ones: all columns as they are, rows by key, order and the rules that set aside."""
    stage = f"stage.{table.name}"
    rows: list[Uses] = [{(stage, name): frozenset({Use.GROUP_BY})} for name in table.key]
    if table.key and table.keep and table.keep.policy is KeepPolicy.LATEST and table.keep.column:
        rows.append({(stage, table.keep.column): frozenset({Use.SORT})})
    clashed = facts.ledger.aside.get(("merged", table.name), 0) + facts.ledger.aside.get(("quarantine", table.name), 0)
    if table.key and clashed:  # rows of one key are compared in all columns
        rows += [{(stage, column.name): frozenset({Use.FILTER})} for column in table.columns]
    known = {column.name for column in table.columns}
    for rule in compile_rules(contract, table):
        if rule.quarantines and not rule.unsupported:
            rows += [{(stage, name): frozenset({Use.FILTER})} for name in rule.columns if name in known]
    tables = {other.name for other in contract.tables}
    for each in table.relationships:
        if each.to_table in tables and each.to_table != table.name:
            rows += [{(f"live.{each.to_table}", name): frozenset({Use.JOIN})} for name in each.to_columns]
    columns = {name: {(stage, name): _IDENTITY} for name, _ in facts.ledger.staged[table.name]}
    return Relation(columns=columns, rows=merged(rows))


@dataclass(slots=True)
class Origins:
    """Follows columns of live rows back to the fields of files."""

    tables: Mapping[str, TableLineage]
    files: Mapping[str, tuple[str, ...]]  # landed relation -> datasets of its files
    _columns: dict[Ref, Uses] = field(default_factory=dict)

    def table(self, name: str) -> Relation:
        """Return the live table in terms of files; what could not be resolved on the way is not in it."""
        columns = {column: self._column((f"live.{name}", column)) for column in self.tables[name].live.columns}
        return Relation(columns=columns, rows=self._rows(name))

    def unresolved(self, name: str) -> tuple[str, ...]:
        """Return why the lineage of a table is not whole: what could not be read in it, or on the way to it."""
        return tuple(line for each in self._reached(name) for line in self.tables[each].unresolved)

    def _column(self, ref: Ref) -> Uses:
        """Return the fields of files that a field is made of, in any number of stages; circles are no obstacle."""
        if ref not in self._columns:
            found: dict[Ref, set[Use]] = {}
            seen, waiting = {(ref, Use.IDENTITY)}, [(ref, Use.IDENTITY)]
            while waiting:
                (relation, column), use = waiting.pop()
                for dataset in self.files.get(relation, ()):
                    found.setdefault((dataset, column), set()).add(use)
                for inner, uses in self._made_of(relation, column).items():
                    steps = {(inner, use.after(each)) for each in uses} - seen
                    seen |= steps
                    waiting.extend(sorted(steps))
            self._columns[ref] = {each: frozenset(uses) for each, uses in found.items()}
        return self._columns[ref]

    def _made_of(self, relation: str, column: str) -> Uses:
        schema, _, name = relation.partition(".")
        if schema == "land" or name not in self.tables:
            return {}
        lineage = self.tables[name]
        if column in ORIGIN and column not in lineage.live.columns:
            return {(landed, column): _IDENTITY for landed in _landed(lineage)}
        return (lineage.live if schema == "live" else lineage.staged).columns.get(column, {})

    def _reached(self, name: str) -> list[str]:
        """Return a table and every table that its columns or rows hang on."""
        reached = [name]
        for each in reached:
            lineage = self.tables[each]
            parts = (lineage.staged.rows, lineage.live.rows, *lineage.staged.columns.values())
            near = {relation.removeprefix("live.") for uses in parts for relation, _ in uses if relation[:5] == "live."}
            reached += sorted(near & self.tables.keys() - set(reached))
        return reached

    def _rows(self, name: str) -> Uses:
        """Return what decides about the rows of a table, by its own rules and those of every table it hangs on."""
        return merged(
            through(use, self._column(ref))
            for each in self._reached(name)
            for side in (self.tables[each].staged, self.tables[each].live)
            for ref, uses in side.rows.items()
            for use in uses
        )


def _landed(lineage: TableLineage) -> list[str]:
    return sorted(
        {relation for uses in lineage.staged.columns.values() for relation, _ in uses if relation[:5] == "land."}
    )
