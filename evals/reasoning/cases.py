"""One case: a world with a fault, written as files and a contract, and taken in by the product up to its staged tables.

A case is laid out and brought in; what is wrong with it stays with whoever made it.
"""

import random
from pathlib import Path
from typing import Any

import yaml

from evals.draft_data import write_sheet
from evals.reasoning.damage import Target
from evals.reasoning.domains import DOMAINS
from evals.reasoning.faults import CAUSES, Damage, Kind
from evals.reasoning.others import CLEAN, UNKNOWN
from evals.reasoning.worlds import World
from graphs.standalone import executor
from state.checks import CheckResult, Verdict
from state.diagnosis import Cause
from state.reasoning import ReasoningTask
from state.run import RunContext, RunRequest
from state.values import Value
from tools.diagnosis.complaint import complaint_of
from tools.intake import read_contract, read_intake
from tools.sql.sandbox import SandboxLimits
from tools.verification import judge_drift, run_contract_rules
from tools.workspace import open_workspace

KINDS: dict[str, tuple[Kind, Damage]] = {**CAUSES, **UNKNOWN, **CLEAN}
"""Every kind of case."""


class CaseSpec(Value):
    """What a case is made from."""

    kind: str
    variant: str
    domain: str
    seed: int
    held_out: bool = False

    @property
    def name(self) -> str:
        """The case's name, fit for a folder."""
        plain = "".join(letter if letter.isalnum() else "_" for letter in self.variant)
        return f"{self.kind}-{plain}-{self.domain}-{self.seed}"


class Truth(Value):
    """What is wrong: the cause, and the lines by file that are concerned."""

    cause: Cause
    lines: dict[str, tuple[int, ...]]


def make_case(spec: CaseSpec, folder: Path) -> Truth | None:
    """Write the case's files and contract into `folder` and return what is wrong; None when it cannot happen there."""
    chance = random.Random(f"{spec.domain} {spec.seed}")  # noqa: S311  sizes, no secret
    rows, files = chance.choice((300, 600, 1200)), chance.choice((1, 3, 4, 6))
    kind, damage = KINDS[spec.kind]
    for number in (files, 4):  # some faults need several files
        target = Target(DOMAINS[spec.domain](spec.seed, rows, number), spec.seed)
        if damage(target, spec.variant):
            break
    else:
        return None
    source = folder / "input"
    source.mkdir(parents=True, exist_ok=True)
    for file in target.files:
        (source / file.name).write_bytes(file.content())
    for table in target.world.tables[1:]:
        for sheet in table.sheets:
            write_sheet(sheet, source)
    (folder / "contract.odcs.yaml").write_text(yaml.safe_dump(contract_of(target.world), sort_keys=False))
    return Truth(
        cause=kind.cause, lines={file.name: tuple(sorted(file.lines_hit())) for file in target.files if file.hit}
    )


def contract_of(world: World) -> dict[str, Any]:
    """Return the contract of a world as an ODCS document."""
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": world.domain,
        "name": world.domain,
        "version": "1.0.0",
        "status": "active",
        "schema": [
            {
                "name": table.name,
                "properties": list(table.properties),
                "customProperties": [{"property": "millwright.sources", "value": f"{table.name}*"}],
            }
            for table in world.tables
        ],
    }


def bring_in(folder: Path) -> Path:
    """Take the files in and stage the tables as a run does; return the run's folder.

    What stops the run on the way stays as it is: the diagnosis works on what is there.
    """
    context = RunContext(home=str(folder / "home"), threads=1)
    request = RunRequest(
        contract=str(folder / "contract.odcs.yaml"),
        sources=(str(folder / "input"),),
        out=str(folder / "out"),
        run_id="case",
    )
    executor.invoke({"request": request}, context=context)
    return context.run_folder("case")


def task_for(run: Path, table: str) -> ReasoningTask:
    """Return the task to diagnose a table: of its failing check, or to look whether anything is wrong."""
    contract, intake = read_contract(run), read_intake(run)
    limits = SandboxLimits(seconds=60, memory="1GB", threads=1)
    results: tuple[CheckResult, ...] = ()
    with open_workspace(run) as connection:
        staged = bool(connection.execute(
            "select count(*) from information_schema.tables where table_schema = 'stage' and table_name = ?", [table]
        ).fetchall()[0][0])  # fmt: skip
    if staged:
        results = run_contract_rules(run, contract, limits=limits)
    with open_workspace(run) as connection:
        results += judge_drift(connection, contract, intake)
        details = complaint_of(connection, table, [each for each in results if each.result is not Verdict.PASSED])
    return ReasoningTask(kind="diagnose", goal="find out what is wrong with the table", subject=table, details=details)
