"""Actions that look things up: the contract, what was landed, marks, past runs, and a table's way through the plan."""

import re
from collections.abc import Iterator

from state.contract import Contract, Table
from state.plans import Plan, Step
from tools.actions.bench import Bench, Found
from tools.intake import Intake
from tools.ledger import read_reports
from tools.marks import read_marks
from tools.plans import last_plan
from tools.queue.registry import read_status
from tools.records import list_records

_MOST_HITS = 8
_MOST_TEXT = 300
_MOST_RUNS = 50
_MOST_STEPS = 40
_WORD = re.compile(r"[^\W_]+")


def search(bench: Bench, query: str) -> Found:
    """Return the entries that share most words with the query, best first."""
    wanted = set(_words(query))
    ranked = []
    for place, (where, what, text) in enumerate(_entries(bench)):
        named, told = set(_words(what)), set(_words(text))
        score = 2 * len(wanted & named) + len(wanted & told - named)
        if score:
            ranked.append((-score, place, {"where": where, "what": what, "text": text[:_MOST_TEXT]}))
    hits = [entry for _, _, entry in sorted(ranked, key=lambda rank: rank[:2])[:_MOST_HITS]]
    return Found(content={"hits": hits, "of": len(ranked)}, quality=0.4 if hits else 0.1)


def route(bench: Bench, subject: str) -> Found:
    """Return the steps of the plan that concern a table, or a step with those before it, and how each ended."""
    plan = last_plan(bench.folder)
    with bench.engine() as connection:
        reports = read_reports(connection)
    steps: list[dict[str, object]] = [
        {
            "step": step.step_id,
            "after": list(step.after),
            "status": reports[step.step_id].status.value if step.step_id in reports else "open",
            "detail": (reports[step.step_id].detail or reports[step.step_id].error) if step.step_id in reports else "",
        }
        for step in _concerned(plan, subject)
    ]
    content: dict[str, object] = {"subject": subject, "steps": steps[:_MOST_STEPS], "in_all": len(steps)}
    return Found(content=content, quality=0.3 if steps else 0.1)


def _concerned(plan: Plan, subject: str) -> list[Step]:
    wanted = {subject, *(before for step in plan.steps if step.step_id == subject for before in step.after)}
    return [step for step in plan.steps if step.step_id in wanted or step.table == subject]


def _entries(bench: Bench) -> Iterator[tuple[str, str, str]]:
    contract, intake = bench.contract, bench.intake
    for table in contract.tables:
        yield from _of_table(table)
    yield from _of_files(contract, intake)
    yield from _of_marks(bench)
    for record in reversed(list_records(bench.home)[-_MOST_RUNS:]):
        status = read_status(bench.home, record.run_id)
        told = f"{status.status.value} {status.problem}".strip() if status else "no status"
        yield "past runs", record.run_id, f"{record.request.contract}: {told}"


def _of_table(table: Table) -> Iterator[tuple[str, str, str]]:
    yield "contract", table.name, f"table {table.description or ''} key {', '.join(table.key)}"
    for column in table.columns:
        allowed = f"valid values {', '.join(map(str, column.valid_values))}" if column.valid_values else ""
        described = " ".join(
            filter(None, (column.logical_type.value, column.business_name, column.description, allowed))
        )
        yield "contract", f"{table.name}.{column.name}", f"{'required ' * column.required}{described}"
    for rule in table.rules:
        yield "contract", rule.id, f"{rule.metric or rule.type} {rule.description or rule.query or ''}"


def _of_files(contract: Contract, intake: Intake) -> Iterator[tuple[str, str, str]]:
    fed = {file_id: table.name for table in contract.tables for file_id in intake.table_files.get(table.name, ())}
    for variant in intake.inventory.variants:
        names = ", ".join(intake.inventory.files[file_id].name for file_id in variant.file_ids[:20])
        tables = ", ".join(sorted({fed[file_id] for file_id in variant.file_ids if file_id in fed}))
        yield "catalogue", f"{variant.variant_id} {tables}", f"columns {', '.join(variant.columns)} of files {names}"


def _of_marks(bench: Bench) -> Iterator[tuple[str, str, str]]:
    with bench.engine() as connection:
        found = [mark for table in bench.contract.tables for mark in read_marks(connection, table.name)]
    for mark in found:
        subject = f"{mark.table}.{mark.column}" if mark.column else mark.table
        yield "marks", subject, f"{mark.agent} {mark.kind.value}: {mark.note} {mark.evidence}".strip()


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
