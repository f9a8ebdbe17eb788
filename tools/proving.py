"""Proving what landed text holds, before a plan is made: one look at all of it instead of a step for each question.

Asked is whether every text of a column is canonical (what the engine writes for the value), whether all values are in
the list of their column, whether the key is filled and distinct, and whether any row breaks a rule for which rows are
set aside. A few rows are asked first: what they refute is not asked of all. What is read where it lies costs more to
read than all steps would take that a proof of a part saves, so there it is everything or nothing.
"""

from collections.abc import Collection, Mapping, Sequence

import duckdb

from algorithms.formats import decide_format
from algorithms.units import stated_unit
from state.checks import CheckResult, Verdict
from state.contract import Column, Contract, Drift, Table
from state.formats import FormatEvidence
from state.plans import Proof
from state.values import Value
from tools.checks.compile import compile_rules
from tools.checks.keys import keyless
from tools.checks.rule import Relation
from tools.checks.run import run_rules
from tools.checks.types import expected_type
from tools.conform.clean import clean_text_sql
from tools.conform.dedupe import COUNT_BY_HASH, count_by_place
from tools.conform.landed import relation_sql, rows_of_files
from tools.conform.plain import canonical_sql, is_plain
from tools.conform.witness_rows import LandedTable
from tools.sql.quote import ident, literal
from tools.workspace import operator_name, raw_name

_SOME_ROWS = 1_000
_MOST_NAMED = 5
_VIEWS = Relation(schema_name="temp")


class Subject(Value):
    """A table whose mapping is known, to be looked at."""

    table: Table
    sources: tuple[LandedTable, ...]
    headers: dict[str, tuple[str, ...]]  # contract column -> what the sources call it
    lists: dict[str, tuple[str, ...] | None]  # columns that may be repaired, with their list; None: another table's
    drifts: bool = False  # its files have columns that the contract does not know

    @property
    def in_place(self) -> bool:
        """Whether its text is read where it lies."""
        return any(source.only_file is not None for source in self.sources)


class _Seen(Value):
    """What the rows of a table hold, by column: texts, texts that are not canonical, values outside the list."""

    rows: int
    filled: dict[str, int]
    odd: dict[str, int]
    outside: dict[str, int]


def prove(connection: duckdb.DuckDBPyConnection, contract: Contract, subjects: Sequence[Subject]) -> dict[str, Proof]:
    """Return what is proved of each table by its name. Nothing is written; what it makes on the connection goes."""
    seen = {subject.table.name: _look(connection, subject) for subject in subjects}
    whole = [subject for subject in subjects if not _open(subject, seen[subject.table.name])]
    proofs = {
        subject.table.name: _columns_proved(connection, subject, seen[subject.table.name]) for subject in subjects
    }
    try:
        for subject in whole:
            connection.execute(_view(subject))
        broken = {subject.table.name: _broken(connection, contract, subject) for subject in whole}
    finally:
        for subject in whole:
            connection.execute(f"drop view if exists {_VIEWS.name(subject.table.name)}")
    sound = _sound(whole, proofs, broken)
    return {subject.table.name: _with_rules(subject, proofs[subject.table.name], sound, broken) for subject in subjects}


def canonical_evidence(table: str, column: Column, *, rows: int, filled: int) -> FormatEvidence:
    """Return the evidence on a column of which every text was proved canonical: there is nothing else to count."""
    return FormatEvidence(
        table=table,
        column=column.name,
        logical_type=column.logical_type,
        rows=rows,
        filled=filled,
        odd=0,
        pattern=column.options.format,
        expected_unit=stated_unit((column.name, column.business_name or ""), column.description or ""),
    )


def _askable(subject: Subject) -> list[Column]:
    """Return the columns with a source whose format leaves nothing to decide once every text is canonical.

    A unit in a header may mean that a file is not read at all, so it is left to the counts.
    """
    found = []
    for column in subject.table.columns:
        headers = subject.headers.get(column.name, ())
        known = decide_format(canonical_evidence(subject.table.name, column, rows=1, filled=1))
        if headers and is_plain(known) and not any(stated_unit((header,)) for header in headers):
            found.append(column)
    return found


def _look(connection: duckdb.DuckDBPyConnection, subject: Subject) -> _Seen | None:
    """Return what all rows hold; None where a few rows refute so much that all are not worth reading."""
    some = _count(connection, subject, _askable(subject), some=True)
    left = [column for column in _askable(subject) if not some.odd[column.name]]
    if subject.in_place and len(left) < len(subject.headers):
        return None
    found = _count(connection, subject, left, some=False)
    return found.model_copy(update={"odd": some.odd | found.odd})


def _count(connection: duckdb.DuckDBPyConnection, subject: Subject, columns: Sequence[Column], *, some: bool) -> _Seen:
    listed = {name: values for name, values in subject.lists.items() if values is not None and name in subject.headers}
    asked = [column.name for column in columns]
    wanted = list(dict.fromkeys([*asked, *listed]))
    fields = ["count(*)", *(f"count({ident(name)})" for name in wanted)]
    for column in columns:
        text = ident(column.name)
        canonical = (canonical_sql(column) or "false").replace("{v}", text)
        fields.append(f"count(case when {text} is not null and ({canonical}) is not true then 1 end)")
    fields += [f"count(case when {_outside(ident(name), values)} then 1 end)" for name, values in listed.items()]
    texts = " union all ".join(_texts(source, wanted, some=some) for source in subject.sources)
    rows, *counts = connection.execute(f"select {', '.join(fields)} from ({texts})").fetchall()[0]
    figures = iter(counts)
    return _Seen(
        rows=rows,
        filled={name: next(figures) for name in wanted},
        odd={name: next(figures) for name in asked},
        outside={name: next(figures) for name in listed},
    )


def _texts(source: LandedTable, columns: Collection[str], *, some: bool) -> str:
    """Return SQL for the texts of the columns in one relation: those of all rows, or of the first few."""
    fields = ", ".join(f"{_field(source, name)} as {ident(name)}" for name in columns) or "1 as nothing"
    relation = relation_sql(source.sample if some and source.sample else source.relation)
    limit = f" limit {_SOME_ROWS}" if some else ""
    return f"(select {fields} from {relation} where {rows_of_files(source.file_ids)}{limit})"


def _field(source: LandedTable, column: str) -> str:
    return f"c{source.fields[column]}" if column in source.fields else "null::varchar"


def _outside(text: str, values: Sequence[str]) -> str:
    """Return a predicate for texts outside the list, as resolving sees them: cleaned, and never a blank one."""
    listed = ", ".join(map(literal, values)) or "null"
    cleaned = clean_text_sql(text)
    return (
        f"{text} is not null and case when {text} in ({listed}) then false "
        f"else {cleaned} <> '' and ({cleaned} in ({listed})) is not true end"
    )


def _open(subject: Subject, seen: _Seen | None) -> list[str]:
    """Return the columns with a source that are not proved canonical."""
    if seen is None:
        return list(subject.headers)
    return [name for name in subject.headers if seen.odd.get(name, 1)]


def _columns_proved(connection: duckdb.DuckDBPyConnection, subject: Subject, seen: _Seen | None) -> Proof:
    if seen is None:
        told = "the first rows hold texts that are not canonical, and reading all of the file again costs more"
        return Proof(looked=True, against=dict.fromkeys(("canonical", "listed", "distinct", "sound"), told))
    unread = _open(subject, seen)
    against = {}
    if unread:
        against["canonical"] = f"{_named(unread)} {'holds' if len(unread) == 1 else 'hold'} other texts"
        against["sound"] = "asked only where all texts are canonical"
    outside = {name: count for name, count in seen.outside.items() if count}
    if outside:
        against["listed"] = "; ".join(f"{name}: {count} rows outside" for name, count in sorted(outside.items()))
    clash = _key_fault(connection, subject, seen)
    if clash:
        against["distinct"] = clash
    return Proof(
        looked=True,
        rows=seen.rows,
        canonical={name: seen.filled[name] for name in subject.headers if name not in unread},
        listed=not outside,
        distinct=bool(subject.table.key) and not clash,
        against=against,
    )


def _key_fault(connection: duckdb.DuckDBPyConnection, subject: Subject, seen: _Seen) -> str:
    """Return why the key is not proved distinct; empty where it is, or where there is none."""
    key = subject.table.key
    unproved = [name for name in key if name in _open(subject, seen) or name not in subject.headers]
    if unproved:
        return f"{_named(unproved)} of the key {'is' if len(unproved) == 1 else 'are'} not canonical"
    blank = max((seen.rows - seen.filled[name] for name in key), default=0)
    if blank or not key:
        return f"{blank} rows have no key" if blank else ""
    values = ", ".join(f"cast({ident(name)} as {expected_type(subject.table.column(name))})" for name in key)
    texts = " union all ".join(_texts(source, key, some=False) for source in subject.sources)
    connection.execute(count_by_place(seen.rows))
    repeated = f"select count(*) from (select 1 from ({texts}) group by {values} having count(*) > 1)"
    found = int(connection.execute(repeated).fetchall()[0][0])
    connection.execute(COUNT_BY_HASH)
    return f"{found} {'keys are' if found > 1 else 'key is'} there more than once" if found else ""


def _view(subject: Subject) -> str:
    """Return the statement that makes a view of the table as it will be conformed, for rules to be run on."""
    selects = []
    for source in subject.sources:
        fields = ["_row"]
        for column in subject.table.columns:
            name, type_name = ident(column.name), expected_type(column)
            fields.append(f"cast({_field(source, column.name)} as {type_name}) as {name}")
            fields += [f"null::varchar as {ident(of(column.name))}" for of in (raw_name, operator_name)]
        selects.append(
            f"select {', '.join(fields)} from {relation_sql(source.relation)} where {rows_of_files(source.file_ids)}"
        )
    return f"create or replace temp view {ident(subject.table.name)} as {' union all '.join(selects)}"


def _broken(connection: duckdb.DuckDBPyConnection, contract: Contract, subject: Subject) -> str:
    """Return which rules that set rows aside do not hold, or cannot be asked; empty where all hold.

    That no key is there twice is not asked: of duplicates rows are merged, and a step of its own sees to it.
    """
    if subject.drifts and subject.table.drift is Drift.DISCARD_ROW:
        return "rows with a value in a column the contract does not know are set aside"
    known = [rule for rule in compile_rules(contract, subject.table, _VIEWS) if not rule.untrusted]
    asked = [rule for rule in known if rule.quarantines]
    rules = [keyless(rule) if rule.kind == "primaryKey" else rule for rule in asked]
    results = run_rules(connection, rules, contract=contract, locate=False)
    broken = [_told(result) for result in results if result.count or result.result is Verdict.ERROR]
    # A rule that allows some rows and does not hold may set rows aside later, when the table is mended.
    lenient = [rule for rule in known if rule.violation is not None and not rule.quarantines]
    over = run_rules(connection, lenient, contract=contract, locate=False)
    broken += [_told(result) for result in over if result.result in (Verdict.FAILED, Verdict.ERROR)]
    return "; ".join(broken)


def _told(result: CheckResult) -> str:
    return f"{result.rule}: {result.count} rows" if result.count else f"{result.rule} could not be asked"


def _sound(whole: Sequence[Subject], proofs: Mapping[str, Proof], broken: Mapping[str, str]) -> set[str]:
    """Return the tables of which no row is set aside: their own rules hold, and what they refer to stays whole."""
    sound = {subject.table.name for subject in whole if not broken[subject.table.name]}
    kept = {subject.table.name for subject in whole if proofs[subject.table.name].distinct or not subject.table.key}
    refers = {
        subject.table.name: {relationship.to_table for relationship in subject.table.relationships} for subject in whole
    }
    while lost := {name for name in sound if not refers[name] <= sound & kept}:
        sound -= lost
    return sound


def _with_rules(subject: Subject, proof: Proof, sound: Collection[str], broken: Mapping[str, str]) -> Proof:
    name, against = subject.table.name, dict(proof.against)
    if name not in sound:
        against.setdefault("sound", broken.get(name) or "rows of a table it refers to may be set aside")
    borrowed = [column for column, values in subject.lists.items() if values is None and column in subject.headers]
    if borrowed and name not in sound:
        against.setdefault("listed", f"{_named(borrowed)}: what the other table will hold is not known yet")
    return proof.model_copy(
        update={
            "sound": name in sound,
            "listed": proof.listed and (not borrowed or name in sound),
            "against": against,
        }
    )


def _named(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - _MOST_NAMED} more" if len(columns) > _MOST_NAMED else ""
    return ", ".join(columns[:_MOST_NAMED]) + more
