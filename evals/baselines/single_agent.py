"""One ReAct agent with all tools: it takes a folder in, performs every step itself, verifies, publishes or diagnoses.

It has the product's steps, with the councils on names and formats that are a part of them, and the tools of its
reasoning workers, and decides call by call. There is no plan, no repair council, no auction, no replanning, no
hierarchy and no memory of other runs.
"""

import asyncio
import json
import shutil
from pathlib import Path

from evals.baselines.deciding import MOST_STEPS, Decider, Modelled, Reactive, thought_of
from evals.baselines.workbench import Workbench
from evals.crew.answer import CONTRACT, PUBLISHED, QUARANTINE, Answer, Books, fresh, write_answer
from graphs.intake import graph as intake
from nodes.react_acting import final_answer, perform
from nodes.steps.mapping import read_mappings
from state.errors import MillwrightError, StepError
from state.reasoning import ReasoningStep
from state.run import Patterns, RunContext, RunRequest, TableAccount
from tools.intake import read_contract, read_intake
from tools.workspace import open_workspace

SOLVER = "single-agent"

_RUN = "agent"
_ALONE = Patterns(
    decision_log="off", hub="off", auction="off", conflict="off", hierarchy="off", replanning="off", react="off"
)
"""What one agent has nobody for."""


def deliver(contract_path: Path, sources: Path, out: Path, context: RunContext) -> Answer:
    """Let the agent deliver a folder into `out` and return its account."""
    context = context.model_copy(update={"patterns": _ALONE})
    with fresh(out) as clock:
        if contract_path != out / CONTRACT:
            shutil.copyfile(contract_path, out / CONTRACT)
        request = RunRequest(
            contract=str(out / CONTRACT), sources=(str(sources),), out=str(out / PUBLISHED), run_id=_RUN
        )
        problem, steps = "", list[ReasoningStep]()
        bench = None
        try:
            bench = _taken_in(request, context, out)
            _work(bench, steps)
            problem = "" if bench.published else "; ".join(bench.reasons or ("it gave up before verifying",))
        except MillwrightError as error:
            problem = error.line()
        if bench is None:
            return write_answer(Answer(solver=SOLVER, status="failed", problem=problem), clock, out)
        bench.write_quarantine(out / QUARANTINE)
        return write_answer(_account(bench, steps, problem), clock, out)


def _taken_in(request: RunRequest, context: RunContext, out: Path) -> Workbench:
    """Land the files; StepError where the contract cannot be used."""
    ended = asyncio.run(intake.ainvoke({"request": request}, context=context))
    if ended.get("problem"):
        raise StepError(str(ended["problem"]))
    folder = context.run_folder(_RUN)
    return Workbench(read_contract(folder), read_intake(folder), folder, context, out / PUBLISHED)


def _work(bench: Workbench, steps: list[ReasoningStep]) -> None:
    """Take steps until a final result is accepted, nothing is called any more, or there are too many; `steps` grow."""
    tools = bench.tools()
    model = bench.context.model
    decider: Decider = Modelled(model, bench.contract, tools) if model.configured else Reactive(bench)
    while len(steps) < MOST_STEPS:
        calls, tokens = decider.next(steps)
        if not calls:
            return
        seen = tuple(perform(call, tools) for call in calls)
        steps.append(
            ReasoningStep(
                number=len(steps) + 1, thought=thought_of(calls), actions=calls, observations=seen, tokens=tokens
            )
        )
        if final_answer(steps[-1]) is not None:
            return


def _account(bench: Workbench, steps: list[ReasoningStep], problem: str) -> Answer:
    told = json.loads(final_answer(steps[-1]) or "{}") if steps else {}
    failing = [reason.partition(".")[0] for reason in bench.reasons or ()]
    return Answer(
        solver=SOLVER,
        status="published" if bench.published else "not_met",
        problem=problem[:500],
        books={name: _books(account, published=bench.published) for name, account in bench.accounts.items()},
        mapping=_mapping(bench),
        causes=dict.fromkeys(failing, str(told.get("cause", "unknown"))) if not bench.published else {},
        steps=len(steps),
        tokens=sum(step.tokens for step in steps),
    )


def _books(account: TableAccount, *, published: bool) -> Books:
    rows = account.rows_published
    return Books(
        read=account.rows_read,
        published=rows if published else 0,
        withheld=0 if published else rows,
        quarantined=account.rows_quarantined,
        merged=account.rows_merged,
        derived=account.derived,
    )


def _mapping(bench: Workbench) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    names = {file.file_id: Path(file.name).name for file in bench.intake.inventory.files}
    with open_workspace(bench.folder, threads=1) as connection:
        for table in bench.contract.tables:
            files = dict(bench.intake.variants_of(table.name))
            for mapping in read_mappings(connection, table.name):
                pairs = {match.source: match.target for match in mapping.matches if match.source}
                for file_id in files.get(mapping.variant_id, ()):
                    found.setdefault(names[file_id], {}).update(pairs)
    return found
