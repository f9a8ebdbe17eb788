"""ETL planning as a call of its own: sources, a target schema and transformations in, a plan that can be executed out.

    from graphs.etl import plan_etl, run_etl

    plan = plan_etl(
        sources={"orders": "in/orders*.csv"},
        target_schema={
            "orders": {"columns": {"id": "integer", "amount": "decimal(10,2)", "day": "date"}, "key": ["id"]},
            "sales": {"columns": {"day": "date", "amount": "decimal(18,2)"}, "key": ["day"]},
        },
        transformations={"sales": "select day, sum(amount) as amount from orders group by day"},
    )
    run_etl(plan, "out")

What is executed is a run like any other: every line is accounted for, and nothing is published that does not meet the
target schema.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphs.preview import preview
from graphs.session import SessionOutput, run
from state.errors import SetupError
from state.etl import EtlPlan, Resources, TableSpec
from state.run import RunContext
from state.values import digest
from tools.etl import describe_tables, feed, find_sources
from tools.files import write_durably


def plan_etl(
    sources: Mapping[str, str | Sequence[str]] | Sequence[str],
    target_schema: Mapping[str, TableSpec | Mapping[str, Any]] | str | Path,
    transformations: Mapping[str, str] | None = None,
    *,
    context: RunContext | None = None,
) -> EtlPlan:
    """Return the plan by which the sources become the target tables; nothing is left behind.

    `sources`: files, folders or patterns by table; a list leaves it to their names and the contract. `target_schema`:
    tables in Python (see `state.etl`) or the path of a contract. `transformations`: SQL by table or "table.column".
    SetupError, one line, for what is missing, unknown or circular, and where there is no plan.
    """
    context = context or RunContext()
    document = describe_tables(target_schema, transformations or {})
    if isinstance(sources, Mapping):
        files = find_sources(sources)
        feed(document, files)
        given = tuple(str(path) for paths in files.values() for path in paths)
    else:
        given = tuple(str(Path(source).absolute()) for source in sources)
    content = json.dumps(document, default=str)
    with tempfile.TemporaryDirectory(prefix="millwright-etl-") as folder:
        contract = Path(folder) / "contract.json"
        contract.write_text(content)
        found = preview(contract, given, context)
    if found.plan is None:
        reason = found.no_plan.reason if found.no_plan else "the sources could not be planned"
        raise SetupError(f"there is no plan: {reason}", where="target_schema", hint="see what is missing")
    steps = found.plan.steps
    return EtlPlan(
        contract=content,
        sources=given,
        order=tuple(step.step_id for step in steps),
        dependencies={step.step_id: step.after for step in steps},
        resources=Resources(
            threads=context.threads,
            memory=context.memory,
            source_bytes=found.source_bytes,
            seconds=sum(step.seconds for step in steps),
            critical_seconds=found.plan.seconds,
        ),
        probability=found.plan.probability,
        warnings=found.warnings,
        plan=found.plan,
    )


def run_etl(plan: EtlPlan, out: str | Path, *, run_id: str = "", context: RunContext | None = None) -> SessionOutput:
    """Execute a plan: deliver its tables into `out` and return how that ended.

    The files are read as they are now; where they changed, the run plans anew from what they hold.
    """
    context = context or RunContext()
    contract = Path(context.home).absolute() / "etl" / f"{digest(plan.contract)[:16]}.json"
    write_durably(contract, plan.contract.encode())
    return run(contract, list(plan.sources), out, run_id=run_id, context=context)
