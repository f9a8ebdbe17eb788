"""The commands that start, continue and list runs."""

import json
import sys
from pathlib import Path

from app.asked import print_asked, read_answer
from app.logs import log_as
from app.progress import Progress, printable
from app.render import print_json, print_summary
from app.settings import Settings, load_lineage_target, load_settings
from state.errors import SetupError
from state.goal import MOST_GOAL
from state.operation import OperationSettings
from state.run import Approve, RunContext, RunRequest, RunStatus
from state.values import Value
from tools.admission import admit
from tools.lineage.target import LineageTarget
from tools.queue.registry import home_of
from tools.queue.standing import standings
from tools.records import RunRecord, read_record

EXIT_CODES = {
    RunStatus.PUBLISHED: 0,
    RunStatus.NOT_MET: 1,
    RunStatus.REJECTED: 1,
    RunStatus.FAILED: 1,
    RunStatus.WAITING: 3,
    RunStatus.BUDGET_SPENT: 4,
}


class RunOptions(Value):
    """The options of `millwright run`."""

    contract: Path
    sources: tuple[str, ...]
    out: Path
    run_id: str
    engine: str = "duckdb"
    model: str
    goal: str
    approve: str
    partial: bool
    budget_tokens: int | None = None
    budget_seconds: float | None = None


def start_run(options: RunOptions, *, as_json: bool) -> int:
    """Record and work on a new run; return the exit code."""
    settings, lineage = load_settings(), load_lineage_target()
    record = admit(*request_and_context(options, settings))
    sys.stderr.write(f"run {record.run_id}\n")
    return _work(record, lineage, settings.operation, as_json=as_json)


def request_and_context(options: RunOptions, settings: Settings) -> tuple[RunRequest, RunContext]:
    """Return what is to be recorded of a new run; SetupError for an option that cannot be."""
    _refuse_unbuilt(options)
    request = RunRequest(
        contract=str(options.contract),
        sources=options.sources,
        out=str(options.out),
        run_id=options.run_id,
        partial=options.partial,
        approve=Approve(",".join(_modes(options.approve))),
        goal=options.goal.strip(),
    )
    context = settings.context(
        model=options.model, budget_tokens=options.budget_tokens, budget_seconds=options.budget_seconds
    )
    return request, context


def resume_run(run_id: str, *, answer: str, by: str, as_json: bool) -> int:
    """Continue a run, with the answer it waits for when there is one; return the exit code."""
    settings, lineage = load_settings(), load_lineage_target()
    record = read_record(home_of(_home(settings), run_id), run_id)
    given = read_answer(answer) if answer else None
    return _work(record, lineage, settings.operation, answer=given, by=by, as_json=as_json)


def list_runs(*, as_json: bool) -> int:
    """Print the runs of all who share the database, oldest first."""
    home = _home(load_settings())
    rows = []
    for run, status, problem in standings(home):
        rows.append(
            {
                "run_id": run.run_id,
                "status": status,
                "created_at": run.created_at.isoformat(timespec="seconds"),
                "contract": run.contract,
                "out": run.out,
                "problem": problem,
            }
        )
    if as_json:
        print_json({"runs": rows})
    elif not rows:
        sys.stdout.write(f"{printable(f'no runs in {home}')}\n")
    for row in [] if as_json else rows:
        line = "{run_id}  {status:<12} {created_at}  {contract}  {problem}".format(**row)
        sys.stdout.write(f"{printable(line)}\n")
    return 0


def _work(
    record: RunRecord,
    lineage: LineageTarget,
    operation: OperationSettings,
    *,
    answer: object = None,
    by: str = "",
    as_json: bool,
) -> int:
    from graphs.session import proceed

    log_as(operation)
    with Progress(sys.stderr) as progress:
        output = proceed(record, answer=answer, by=by, listener=progress.hear, lineage=lineage, operation=operation)
    if output["status"] is RunStatus.WAITING:
        print_asked(record.run_id, output["asked"], as_json=as_json)
        return EXIT_CODES[RunStatus.WAITING]
    content = json.loads((Path(record.request.out) / "_runs" / record.run_id / "run.json").read_text())
    if as_json:
        print_json(content)
    else:
        print_summary(content)
    return EXIT_CODES[output["status"]]


def _refuse_unbuilt(options: RunOptions) -> None:
    if options.engine != "duckdb":
        raise SetupError(f"engine {options.engine!r} is not built", where="--engine", hint="use duckdb")
    if ",".join(_modes(options.approve)) not in {mode.value for mode in Approve}:
        hint = "use auto, plan, changes or plan,changes"
        raise SetupError(f"unknown mode {options.approve!r}", where="--approve", hint=hint)
    if len(options.goal.strip()) > MOST_GOAL:
        raise SetupError(f"it is longer than {MOST_GOAL:,} characters", where="--goal", hint="shorten it")


def _modes(approve: str) -> list[str]:
    """Return the modes in the one order that `Approve` knows them in."""
    return sorted({mode.strip() for mode in approve.split(",")}, reverse=True)


def _home(settings: Settings) -> Path:
    return Path(settings.home).absolute()
