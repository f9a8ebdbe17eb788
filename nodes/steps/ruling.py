"""What is done about the rows a step just set aside, where the contract leaves it open and there is another remedy.

All of it happens in the transaction of the step: killed, nothing is done, and the next life measures and rules anew.
"""

from collections.abc import Sequence

import duckdb

from algorithms.conflicts.remedies import conflict_of, ruled
from nodes.conflict import settle
from nodes.steps.work import Work
from state.conflicts import Conflict, ConflictRuling, Remedy
from state.remedies import BadRows
from tools.checks.compile import compile_rules
from tools.checks.rule import CompiledRule
from tools.conform.remedies import Subject, forget_bad_rows, measure_bad_rows, put_ruling, warning_rules
from tools.ledger import Receipt, record_decisions

RULING = "conflict"
"""The key of a receipt under which the ruling stands, with the figures it was made on."""


def is_open(work: Work) -> bool:
    """Return whether a conflict can arise: the contract names no remedy, and conflicts are settled in this run."""
    table = work.table
    return (
        table.remedy_open
        and not table.derived
        and work.composed.conflict is not None
        and work.context.patterns.conflict != "off"
    )


def warnings_at_stake(work: Work) -> list[CompiledRule]:
    """Return the rules that are only warnings, where the contract says how much the aims count.

    Without that nothing speaks against leaving what a warning is about.
    """
    table = work.table
    return warning_rules(compile_rules(work.contract, table)) if table.stakes and is_open(work) else []


def settle_remedies(
    connection: duckdb.DuckDBPyConnection, work: Work, rules: Sequence[CompiledRule], warned: Sequence[CompiledRule]
) -> Receipt:
    """Rule on the rows that `rules` set aside and put the ruling in place; return what belongs into the receipt.

    `warned` are the warnings at stake.
    """
    if not is_open(work):
        return {}
    every = compile_rules(work.contract, work.table)
    subject = Subject(work.contract, work.table, rules, every, warned, _rejects(connection, work))
    try:
        bad = measure_bad_rows(connection, subject)
        conflict = _conflict(bad, work)
        if bad is None or conflict is None or work.composed.conflict is None:
            return {}
        ruling, decision = settle(work.composed.conflict, conflict, work.context)
        record_decisions(connection, [decision], step_id=work.step.step_id)
        return _put_in_place(connection, subject, bad, ruling, decision.decision_id)
    finally:
        forget_bad_rows(connection)


def _put_in_place(
    connection: duckdb.DuckDBPyConnection, subject: Subject, bad: BadRows, ruling: ConflictRuling, decision: str
) -> Receipt:
    package = ruled(bad, ruling.option)
    cells = put_ruling(connection, subject, bad.items, package.remedies) if package else 0
    chosen = package.remedies if package else {}
    column = {item.name: item.column for item in bad.items}
    withheld = sorted({column[name] for name, remedy in chosen.items() if remedy is Remedy.DISCARD_VALUE})
    told = {
        "ruling": ruling.model_dump(mode="json"),
        "bad": bad.model_dump(mode="json"),
        "decision": decision,
        "columns": withheld,
    }
    return {RULING: told, "withheld": cells}


def _conflict(bad: BadRows | None, work: Work) -> Conflict | None:
    if bad is None:
        return None
    return conflict_of(bad, strategy=work.context.patterns.conflict, run_id=work.folder.name)


def _rejects(connection: duckdb.DuckDBPyConnection, work: Work) -> int:
    files = list(work.intake.table_files.get(work.table.name, ()))
    row = connection.execute("select count(*) from land.rejects where list_contains(?::integer[], file_id)", [files])
    return int(row.fetchall()[0][0])
