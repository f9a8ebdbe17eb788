"""Steps `conform` and `derive`: one pass to typed columns, and tables made from other tables by SQL.

SQL of the contract runs in a process of its own; a step without such SQL runs in this one. Steps that were fused share
the process, and one transaction.
"""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import lru_cache, partial
from itertools import islice

import duckdb

from nodes.steps.formatting import read_formats
from nodes.steps.mapping import landed_tables, read_mappings
from nodes.steps.work import Outcome, Work
from state.contract import Contract, Drift, Table
from state.diagnosis import RemedyKind
from state.plans import StepKind
from state.recovery import Amendment
from tools.conform.beside import copy_inputs, forget, own_folder, take_over
from tools.conform.dedupe import merge_repeated_load
from tools.conform.landed import rows_of_files
from tools.conform.resolved import read_answers
from tools.conform.statement import VariantInput, conform_in_place, conform_statements, derive_statement
from tools.ledger import find_receipt, receipt_statement
from tools.recovery import amendments_of
from tools.sources.in_place import check_unchanged, row_id_sql
from tools.sql.guard import GuardedQuery, guard_expression, guard_query
from tools.sql.quote import ident, literal
from tools.sql.sandbox import SandboxLimits, Statement, run_statements, run_timed
from tools.workspace import create_views, open_workspace, view_statements

RUN_BY_RUN = "run_by_run"
"""The way to conform that takes the files in their order instead of sorting rows afterwards."""


def conform_table(work: Work) -> Outcome:
    """Stage a source-fed table."""
    statements = _statements(work)
    if statements and any(column.transform_logic for column in work.table.columns):
        run_statements(work.folder, statements, limits=sandbox_limits(work))
        statements = []
    with _workspace(work) as connection:
        connection.begin()
        for statement in statements:
            connection.execute(statement.sql)
        connection.commit()
        return _staged(connection, work)


def derive_table(work: Work) -> Outcome:
    """Stage a derived table."""
    statements = _statements(work)
    if statements:
        run_statements(work.folder, statements, limits=sandbox_limits(work))
    with _workspace(work) as connection:
        return _staged(connection, work)


def stage_together(works: Sequence[Work]) -> tuple[tuple[Outcome, float], ...]:
    """Stage tables whose steps are fused by one process; return for each the outcome and its seconds.

    What `conform_table` and `derive_table` raise is raised; nothing of any of them was done then.
    """
    batches = [[*_statements(work), *_views(work)] for work in works]
    limits = sandbox_limits(works[0])
    limits = limits.model_copy(update={"seconds": limits.seconds * len(works)})
    began = time.monotonic()
    seconds = iter(run_timed(works[0].folder, [each for batch in batches for each in batch], limits=limits).seconds)
    took = [sum(islice(seconds, len(batch))) for batch in batches]
    took[0] += time.monotonic() - began - sum(took)  # to start the process, and to commit
    with _workspace(works[0]) as connection:
        return tuple((_staged(connection, work), each) for work, each in zip(works, took, strict=True))


def derive_beside(works: Sequence[Work]) -> tuple[tuple[Outcome, float], ...]:
    """Make derived tables in a process with a database of its own; return for each the outcome and its seconds.

    Others may use the workspace meanwhile. What `derive_table` raises is raised; nothing of any of them was done then.
    """
    began, place = time.monotonic(), own_folder(works[0].folder, works[0].step.step_id)
    batches = [[*_derive_statements(work), *_views(work)] for work in works]
    names = {work.table.name for work in works}
    queries = [_guarded(work) for work in works]
    inputs = sorted({table for query in queries for table in query.tables} - names)
    try:
        with _workspace(works[0]) as connection:
            copy_inputs(connection, place, [query.sql for query in queries], inputs)
        statements, limits = [each for batch in batches for each in batch], sandbox_limits(works[0])
        seconds = iter(run_timed(place, statements, limits=limits).seconds)
        took = [sum(islice(seconds, len(batch))) for batch in batches]
        with _workspace(works[0]) as connection:
            take_over(connection, place, {work.step.step_id: work.table.name for work in works})
            outcomes = [_staged(connection, work) for work in works]
    finally:
        forget(place)
    took[0] += time.monotonic() - began - sum(took)  # to copy, and to start the process
    return tuple(zip(outcomes, took, strict=True))


def sandbox_limits(work: Work) -> SandboxLimits:
    """Return the limits for SQL of the contract.

    A derived table is made by one thread: sums of floats, and results that hang on the order of rows, would differ
    from run to run with more, and the published bytes with them.
    """
    threads = 1 if work.table.derived else work.context.threads
    return SandboxLimits(seconds=work.context.sql_seconds, memory=work.context.memory, threads=threads)


def _conform_sql(connection: duckdb.DuckDBPyConnection, work: Work) -> tuple[str, ...]:
    table, mapped = work.table, landed_tables(connection, work.table.name, work.intake)
    mappings = {f"land.{mapping.variant_id}": mapping for mapping in read_mappings(connection, table.name)}
    variants = []
    for landed in mapped:
        mapping = mappings[landed.relation]
        columns = work.intake.inventory.variant(mapping.variant_id).columns
        extra = {source: columns.index(source) for source in mapping.unmapped_sources}
        variants.append(
            VariantInput(
                relation=landed.relation,
                file_ids=landed.file_ids,
                mapping=landed.fields,
                extra=extra if table.drift is Drift.EVOLVE else {},
                only_file=landed.only_file,
            )
        )
    derived = {
        column.name: guard_expression(
            column.transform_logic,
            columns=[*(other.name for other in table.columns), "_file", "_line"],
            where=f"{table.name}.{column.name}.transformLogic",
        ).sql
        for column in table.columns
        if column.transform_logic
    }
    formats, answers = read_formats(connection, table.name), read_answers(connection, table.name)
    if len(variants) == 1 and variants[0].only_file is not None and not derived:
        file = work.intake.inventory.files[variants[0].only_file]
        check_unchanged(file)
        return conform_in_place(table, variants[0], formats, answers, partial(row_id_sql, connection, file))
    return conform_statements(table, variants, formats, derived, answers, by_run=work.step.how == RUN_BY_RUN)


def _misfits(connection: duckdb.DuckDBPyConnection, work: Work) -> list[str]:
    """Return the SQL that sets aside rows that are not of this table.

    These are the rows of a header variant no column of which is the contract's (publishing them would publish rows of
    nothing), and with `drift: discard_row` rows with a value in a column the contract does not know.
    """
    table, files, statements = work.table, dict(work.intake.variants_of(work.table.name)), []
    for mapping in read_mappings(connection, table.name):
        rows = rows_of_files(files[mapping.variant_id])
        columns = work.intake.inventory.variant(mapping.variant_id).columns
        if not mapping.matches and any(not column.transform_logic for column in table.columns):
            reason = f"no column of its file is a column of {table.name}"
            statements.append(_aside(table, "mapping", reason, f"land.{mapping.variant_id} where {rows}"))
        elif table.drift is Drift.DISCARD_ROW and mapping.unmapped_sources:
            drifted = " or ".join(f"c{columns.index(source)} is not null" for source in mapping.unmapped_sources)
            reason = "a value in a column the contract does not know"
            statements.append(_aside(table, "drift", reason, f"land.{mapping.variant_id} where {rows} and ({drifted})"))
    return statements


def _amended(table: Table, amendment: Amendment) -> str:
    """Return the SQL that merges the rows of a file that was loaded twice, or sets rows aside; empty for the rest."""
    if amendment.kind is RemedyKind.MERGE:
        return merge_repeated_load(table, copy=amendment.files[0], original=int(amendment.parameters["original"]))
    if not amendment.rows:
        return ""
    ranges = ", ".join(f"({first}, {last})" for first, last in amendment.rows)
    source = f"stage.{ident(table.name)} where _row in (select unnest(range(a, b + 1)) from (values {ranges}) r(a, b))"
    return _aside(table, amendment.parameters["cause"], amendment.evidence, source)


def _aside(table: Table, rule: str, reason: str, source: str) -> str:
    return (
        f"insert into ops.quarantine select {literal(table.name)}, _row, {literal(f'{table.name}.{rule}')}, "
        f"{literal(reason)} from {source}"
    )


def _statements(work: Work) -> list[Statement]:
    """Return what stages the table, with its receipt, in one transaction; nothing where that was done before."""
    with _workspace(work) as connection:
        if find_receipt(connection, work.step.step_id) is not None:
            return []
        sql = _derive_sql(work) if work.step.kind is StepKind.DERIVE else _conform_batch(connection, work)
    receipt = receipt_statement(work.step.step_id, {"table": work.table.name})
    where = f"{work.table.name}.transformLogic"
    return [Statement(sql=each, where=where) for each in (*sql, receipt)]


def _views(work: Work) -> list[Statement]:
    """Return what makes the views of the table, which another step of the same process may read."""
    return [Statement(sql=sql, where=work.table.name) for sql in view_statements(work.table)]


def _derive_sql(work: Work) -> list[str]:
    return [derive_statement(work.table, _guarded(work).sql)]


def _derive_statements(work: Work) -> list[Statement]:
    return [Statement(sql=sql, where=f"{work.table.name}.transformLogic") for sql in _derive_sql(work)]


def _guarded(work: Work) -> GuardedQuery:
    return guarded_logic(work.contract, work.table)


def guarded_logic(contract: Contract, table: Table) -> GuardedQuery:
    """Return the SQL of a derived table as it may run; UntrustedSqlError where it may not."""
    others = tuple(other.name for other in contract.tables if other.name != table.name)
    return _read_logic(table.transform_logic or "", others, f"{table.name}.transformLogic")


@lru_cache(maxsize=256)  # two parsers read it: what is read more than once would cost as much each time
def _read_logic(sql: str, others: tuple[str, ...], where: str) -> GuardedQuery:
    return guard_query(sql, tables=others, where=where)


def _conform_batch(connection: duckdb.DuckDBPyConnection, work: Work) -> list[str]:
    amended = [_amended(work.table, each) for each in amendments_of(connection, work.table.name)]
    return [*_conform_sql(connection, work), *_misfits(connection, work), *filter(None, amended)]


def _workspace(work: Work) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    return open_workspace(work.folder, threads=work.context.threads, memory=work.context.memory)


def _staged(connection: duckdb.DuckDBPyConnection, work: Work) -> Outcome:
    create_views(connection, work.table)
    row = connection.execute(f"select count(*) from stage.{ident(work.table.name)}").fetchone()
    rows = int(row[0]) if row else 0
    return Outcome(rows=rows, detail=f"{rows} rows staged")
