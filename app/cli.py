"""The command line of Millwright.

Exit codes: 0 published; 1 the contract is not met, or a step failed, and nothing is published; 2 wrong use or setup;
3 waiting for a person; 4 budget spent; 70 internal error (EX_SOFTWARE of sysexits.h); 130 stopped by the keyboard;
143 by SIGTERM.
What a command needs is imported when it runs, so that `--help` answers at once.
"""

import gc
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from app.termination import Termination
from state.errors import MillwrightError, SetupError

app = typer.Typer(
    name="millwright",
    help="Turn raw files into tables that satisfy a data contract.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_INTERNAL = 70
_INTERRUPTED = 130
_TERMINATED = 143
_NEW_OBJECTS = 200_000
"""How many objects are made before garbage is looked for: what imports make stays, and looking took a fifth of them."""

ContractArgument = Annotated[Path, typer.Argument(metavar="CONTRACT", help="An Open Data Contract Standard file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@app.command()
def run(  # noqa: PLR0913  one parameter an option of the command
    contract: ContractArgument,
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files, folders or quoted globs.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the published tables.")],
    *,
    run_id: Annotated[str, typer.Option("--run-id", metavar="ID", help="Name of the run; made up when left out.")] = "",
    engine: Annotated[str, typer.Option("--engine", help="The data engine.")] = "duckdb",
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="A chat model to ask.")] = "",
    goal: Annotated[str, typer.Option("--goal", metavar="TEXT", help="In plain language; a model drafts SQL.")] = "",
    approve: Annotated[
        str, typer.Option("--approve", metavar="auto|plan|changes", help="What to ask first; plan,changes for both.")
    ] = "auto",
    partial: Annotated[bool, typer.Option("--partial", help="Publish the tables that pass when some do not.")] = False,
    budget_tokens: Annotated[int | None, typer.Option("--budget-tokens", min=1, help="Most tokens to spend.")] = None,
    budget_seconds: Annotated[
        float | None, typer.Option("--budget-seconds", min=0.001, help="Most seconds to work.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Turn files into the tables of a contract and publish them."""
    from app.run_commands import RunOptions, start_run

    options = RunOptions(
        contract=contract,
        sources=tuple(sources),
        out=out,
        run_id=run_id,
        engine=engine,
        model=model,
        goal=goal,
        approve=approve,
        partial=partial,
        budget_tokens=budget_tokens,
        budget_seconds=budget_seconds,
    )
    raise typer.Exit(start_run(options, as_json=as_json))


@app.command()
def submit(  # noqa: PLR0913  one parameter an option of the command
    contract: ContractArgument,
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files, folders or quoted globs.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the published tables.")],
    *,
    run_id: Annotated[str, typer.Option("--run-id", metavar="ID", help="Name of the run; made up when left out.")] = "",
    key: Annotated[str, typer.Option("--key", metavar="TEXT", help="With the same key again, nothing is added.")] = "",
    priority: Annotated[int, typer.Option("--priority", metavar="N", help="The higher the sooner.")] = 0,
    tenant: Annotated[str, typer.Option("--tenant", metavar="NAME", help="Whose it is; tenants take turns.")] = "",
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="A chat model to ask.")] = "",
    goal: Annotated[str, typer.Option("--goal", metavar="TEXT", help="In plain language; a model drafts SQL.")] = "",
    approve: Annotated[
        str, typer.Option("--approve", metavar="auto|plan|changes", help="What to ask first; plan,changes for both.")
    ] = "auto",
    partial: Annotated[bool, typer.Option("--partial", help="Publish the tables that pass when some do not.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Put a run into the queue, for a worker (`millwright work`) of this or another machine."""
    from app.run_commands import RunOptions
    from app.submit_command import QueueOptions, submit_run

    options = RunOptions(
        contract=contract,
        sources=tuple(sources),
        out=out,
        run_id=run_id,
        model=model,
        goal=goal,
        approve=approve,
        partial=partial,
    )
    queue = QueueOptions(key=key, priority=priority, tenant=tenant)
    raise typer.Exit(submit_run(options, queue, as_json=as_json))


@app.command()
def requeue(
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="A run that was set aside, or ended.")],
) -> None:
    """Put a run back into the queue that was set aside."""
    from app.submit_command import requeue_run

    raise typer.Exit(requeue_run(run_id))


@app.command()
def work(
    *,
    processes: Annotated[int, typer.Option("--processes", metavar="N", min=1, max=64, help="Worker processes.")] = 1,
    once: Annotated[bool, typer.Option("--once", help="End when the queue is empty.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line for what happens.")] = False,
) -> None:
    """Take runs from the queue and work on them; SIGTERM drains, a second one stops at once."""
    from app.work_command import work as keep_working

    raise typer.Exit(keep_working(processes=processes, once=once, as_json=as_json))


@app.command()
def plan(
    contract: ContractArgument,
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files, folders or quoted globs.")],
    *,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE.svg", help="Draw the plan into this file.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="text|ipc", help="ipc: as the planning competition writes plans.")
    ] = "text",
    as_json: JsonOption = False,
) -> None:
    """Show the plan of a run: network, schedule, risks, contingencies; writes nothing but the picture asked for."""
    from app.plan_command import PlanOptions, show_plan

    options = PlanOptions(picture=picture, form=form, as_json=as_json)
    raise typer.Exit(show_plan(contract, tuple(sources), options))


@app.command()
def resume(
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="A run listed by `millwright runs`.")],
    answer: Annotated[
        str, typer.Option("--answer", metavar="JSON", help="The answer a waiting run asks for; @FILE, or - for stdin.")
    ] = "",
    *,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who answers.", envvar="USER")] = "",
    as_json: JsonOption = False,
) -> None:
    """Continue a stopped, killed or waiting run."""
    from app.run_commands import resume_run

    raise typer.Exit(resume_run(run_id, answer=answer, by=by, as_json=as_json))


@app.command()
def check(
    contract: ContractArgument,
    data: Annotated[list[str] | None, typer.Argument(metavar="[DATA...]", help="Data to hold against it.")] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Check a contract alone, or data against it; writes nothing."""
    from app.check_command import check_contract, check_data

    code = check_data(contract, tuple(data), as_json=as_json) if data else check_contract(contract, as_json=as_json)
    raise typer.Exit(code)


@app.command()
def explain(  # noqa: PLR0913  one parameter an option of the command
    run: Annotated[
        str, typer.Argument(metavar="RUN_ID", help="A run listed by `millwright runs`, or DIR/_runs/RUN_ID.")
    ] = "",
    table: Annotated[str, typer.Option("--table", metavar="T", help="One table.")] = "",
    row: Annotated[int | None, typer.Option("--row", metavar="N", help="Row of the published table, from 1.")] = None,
    key: Annotated[str, typer.Option("--key", metavar="COLUMN=VALUE", help="The row with that key.")] = "",
    column: Annotated[str, typer.Option("--column", metavar="C", help="One column, or one cell of the row.")] = "",
    file: Annotated[str, typer.Option("--file", metavar="F", help="An input file; with --line.")] = "",
    line: Annotated[int | None, typer.Option("--line", metavar="L", help="A line of that file, from 1.")] = None,
    *,
    quarantined: Annotated[
        int | None, typer.Option("--quarantined", metavar="N", help="Row of the table's quarantine, from 1.")
    ] = None,
    messages: Annotated[
        bool, typer.Option("--messages", help="What the agents of the run said to each other.")
    ] = False,
    decisions: Annotated[
        str, typer.Option("--decisions", metavar="CONTRACT", help="Instead of a run: the decision log of a contract.")
    ] = "",
    as_html: Annotated[bool, typer.Option("--html", help="Write a page and print where it lies.")] = False,
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="With --html: write it there.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell the story of a run, or of one table, column, row, cell or line of it; or verify a decision log."""
    if bool(run) == bool(decisions):
        raise SetupError("give a run, or --decisions with a contract", hint="millwright explain --help")
    if to is not None and not as_html:
        raise SetupError("--to says where a page is written", where="--to", hint="add --html")
    if decisions:
        from app.decisions_command import explain_decisions

        raise typer.Exit(explain_decisions(decisions, as_html=as_html, as_json=as_json))
    from app.explain_command import explain_subject
    from tools.explain.subject import Subject

    named = {"table": table, "row": row, "key": key, "column": column, "file": file, "line": line}
    subject = Subject.model_validate({**named, "quarantined": quarantined, "messages": messages})
    raise typer.Exit(explain_subject(run, subject, page=(to or Path()) if as_html else None, as_json=as_json))


@app.command()
def revoke(
    contract: Annotated[str, typer.Argument(metavar="CONTRACT", help="A contract's file, or its id.")],
    entry: Annotated[int, typer.Argument(metavar="ENTRY", min=1, help="Number of the entry in its decision log.")],
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept in the log.")],
) -> None:
    """Put an entry of a decision log out of force, if the council agrees."""
    from app.decisions_command import revoke as revoke_entry

    raise typer.Exit(revoke_entry(contract, entry, reason))


@app.command()
def draft(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files, folders or quoted globs.")],
    *,
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="Name of the contract.")] = "",
    contract_id: Annotated[
        str, typer.Option("--id", metavar="ID", help="Id of the contract; its name if left out.")
    ] = "",
    version: Annotated[str, typer.Option("--version", metavar="X.Y.Z", help="Version of the contract.")] = "0.1.0",
    as_json: JsonOption = False,
) -> None:
    """Print a first contract inferred from files, with what was seen in them as comments."""
    from app.draft_command import draft_contract
    from nodes.draft_data import DraftOptions

    options = DraftOptions(name=name, contract_id=contract_id, version=version)
    raise typer.Exit(draft_contract(sources, options, as_json=as_json))


@app.command()
def runs(*, as_json: JsonOption = False) -> None:
    """List the runs of this home folder and their status."""
    from app.run_commands import list_runs

    raise typer.Exit(list_runs(as_json=as_json))


@app.command()
def auctions(
    *,
    most: Annotated[int, typer.Option("--last", metavar="N", min=0, help="Show the last N contracts, too.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Tell how workers and engines kept their contracts over all runs of this home folder."""
    from app.auctions_command import show_auctions

    raise typer.Exit(show_auctions(most=most, as_json=as_json))


@app.command()
def lessons(
    *,
    explain: Annotated[str, typer.Option("--explain", metavar="ID", help="Which runs and figures it stands on.")] = "",
    pin: Annotated[str, typer.Option("--pin", metavar="ID", help="Keep it in force whatever later runs show.")] = "",
    unpin: Annotated[str, typer.Option("--unpin", metavar="ID", help="Leave it to the runs again.")] = "",
    forget: Annotated[str, typer.Option("--forget", metavar="ID", help="Past runs teach it never again.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Candidates, retired and forgotten ones, too.")] = False,
    reflect: Annotated[bool, typer.Option("--reflect", help="First reflect on runs that nobody reflected on.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List what past runs taught, explain a lesson, pin or forget it."""
    from app.lessons_command import LessonOptions, show_lessons

    options = LessonOptions(
        explain=explain, pin=pin, unpin=unpin, forget=forget, every=every, reflect=reflect, as_json=as_json
    )
    raise typer.Exit(show_lessons(options))


@app.command()
def export(
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="A run listed by `millwright runs`.")],
    table: Annotated[str, typer.Option("--table", metavar="T", help="A table of the contract.")],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The file to write: .csv or .xlsx.")],
    what: Annotated[str, typer.Option("--what", metavar="quarantine|changes|published", help="What of it.")] = (
        "quarantine"
    ),
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE when it exists.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write rows of a run to a CSV or Excel file in which no text is a formula."""
    from app.export_command import export as write_export

    raise typer.Exit(write_export(run_id, table, what=what, to=to, force=force, as_json=as_json))


@app.command()
def doctor(
    *,
    example: Annotated[bool, typer.Option("--example", help="Print a settings file with all defaults.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what is installed, reachable and configured."""
    from app.doctor import examine, print_example

    raise typer.Exit(print_example() if example else examine(as_json=as_json))


@app.command()
def status(
    since: Annotated[str, typer.Option("--since", metavar="24h", help="How far back: 90s, 15m, 24h, 7d.")] = "24h",
    *,
    as_json: JsonOption = False,
) -> None:
    """Tell how the operation does: health, performance, coordination, resources, errors, what to do."""
    from app.status_command import show_status

    raise typer.Exit(show_status(since=since, as_json=as_json))


@app.command()
def metrics(
    port: Annotated[
        int | None, typer.Option("--serve", metavar="PORT", min=0, max=65_535, help="Serve them on loopback.")
    ] = None,
) -> None:
    """Print the metrics as Prometheus reads them."""
    from app.metrics_command import show_metrics

    raise typer.Exit(show_metrics(port=port))


@app.command()
def alerts(  # noqa: PLR0913  one for each option
    *,
    ack: Annotated[str, typer.Option("--ack", metavar="ID", help="Take care of an alert.")] = "",
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it.", envvar="USER")] = "",
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Why.")] = "",
    silence: Annotated[str, typer.Option("--silence", metavar="RULE", help="Tell nobody of a rule; * for all.")] = "",
    silence_for: Annotated[str, typer.Option("--for", metavar="1h", help="How long: 15m, 2h, 7d.")] = "1h",
    end_silence: Annotated[str, typer.Option("--end-silence", metavar="ID", help="End a silence.")] = "",
    history: Annotated[bool, typer.Option("--history", help="What happened in 30 days.")] = False,
    figures: Annotated[bool, typer.Option("--figures", help="List the figures that rules can watch.")] = False,
    test: Annotated[bool, typer.Option("--test", help="Tell every channel that this is a test.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List open alerts, silences and trends; acknowledge, silence, test."""
    from app.alerts_command import AlertOptions
    from app.alerts_command import alerts as work_on

    options = AlertOptions(
        ack=ack,
        by=by,
        note=note,
        silence=silence,
        silence_for=silence_for,
        end_silence=end_silence,
        history=history,
        figures=figures,
        test=test,
        as_json=as_json,
    )
    raise typer.Exit(work_on(options))


@app.command()
def agents(
    *,
    deploy: Annotated[str, typer.Option("--deploy", metavar="CARD.json", help="Register, probe, put in service.")] = "",
    drain: Annotated[str, typer.Option("--drain", metavar="ID", help="Let it finish, and give it nothing new.")] = "",
    retire: Annotated[str, typer.Option("--retire", metavar="ID", help="Take it out for good.")] = "",
    history: Annotated[str, typer.Option("--history", metavar="ID", help="The changes of its status.")] = "",
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it.", envvar="USER")] = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List the agents with their health; deploy, drain or retire one."""
    from app.agents_command import AgentOptions
    from app.agents_command import agents as work_on

    options = AgentOptions(
        deploy=deploy, drain=drain, retire=retire, history=history, by=by, reason=reason, as_json=as_json
    )
    raise typer.Exit(work_on(options))


@app.command()
def rollouts(*, as_json: JsonOption = False) -> None:
    """List the versions of experts and models that are or were on trial, and how they did."""
    from app.agents_command import rollouts as show

    raise typer.Exit(show(as_json=as_json))


@app.command()
def watch(*, once: Annotated[bool, typer.Option("--once", help="Perform every duty once and end.")] = False) -> None:
    """Check agents, end trials of versions, evaluate alerts and prune, until stopped."""
    from app.watch_command import watch as keep_watch

    raise typer.Exit(keep_watch(once=once))


@app.command(name="eval")
def evaluate(  # noqa: PLR0913  one for each option
    suite: Annotated[
        str, typer.Argument(metavar="SUITE|compare|list", help="A suite; compare with two runs of one; list of all.")
    ],
    runs_of_it: Annotated[
        list[Path] | None, typer.Argument(metavar="[A B]", help="For compare: the --out folders of two runs.")
    ] = None,
    *,
    data: Annotated[Path | None, typer.Option("--data", metavar="DIR", help="The suite's data.")] = None,
    contract: Annotated[Path | None, typer.Option("--contract", metavar="FILE", help="Another contract.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where answers and scores go.")] = None,
    seconds: Annotated[
        float | None, typer.Option("--seconds", help="Time for each task, where a suite limits it.")
    ] = None,
    rows: Annotated[int | None, typer.Option("--rows", min=1000, help="Rows of suite speed.")] = None,
    seeds: Annotated[int | None, typer.Option("--seeds", min=1, help="Seeds of the suites of reasoning.")] = None,
    workers: Annotated[int, typer.Option("--workers", metavar="N", min=1, max=64, help="Tasks at once.")] = 1,
    fresh: Annotated[bool, typer.Option("--fresh", help="Solve also what an earlier run has solved.")] = False,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="DIR", help="An earlier run to compare with.")
    ] = None,
    gate: Annotated[bool, typer.Option("--gate", help="Then have what was published judged by the gate.")] = False,
    of: Annotated[
        Path | None, typer.Option("--of", metavar="DIR", help="For gate: judge what is published there.")
    ] = None,
    langsmith: Annotated[
        bool, typer.Option("--langsmith", help="Record it as an experiment; uploaded when LANGSMITH_API_KEY is set.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run an evaluation suite, compare two runs of one, or list the suites."""
    from app.eval_command import EvalOptions, evaluate_suite

    options = EvalOptions(
        data=data,
        contract=contract,
        out=out,
        seconds=seconds,
        rows=rows,
        seeds=seeds,
        workers=workers,
        fresh=fresh,
        gate=gate,
        of=of,
        against=against,
        langsmith=langsmith,
        as_json=as_json,
    )
    raise typer.Exit(evaluate_suite(suite, tuple(runs_of_it or ()), options))


def main() -> None:
    """Run the command line; every error ends as one line and an exit code."""
    gc.set_threshold(_NEW_OBJECTS)
    _show_every_character()
    termination = Termination()
    try:
        code = app(standalone_mode=False, prog_name="millwright")
    except TyperException as error:
        _complain(_misuse(error))
        sys.exit(error.exit_code)
    except MillwrightError as error:
        _complain(f"millwright: {error.line()}")
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except Exception as error:  # noqa: BLE001  the command-line boundary: a person gets one line, the rest is kept
        sys.exit(_unexpected(error))
    if code == _INTERRUPTED:  # what typer makes of an interrupt within a command
        _complain("millwright: stopped (millwright runs lists the run; millwright resume continues it)")
        code = _TERMINATED if termination.asked else _INTERRUPTED
    sys.exit(code)


def _show_every_character() -> None:
    """Let output in another encoding than UTF-8 show as an escape what the encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _unexpected(error: Exception) -> int:
    """Tell of an error that no command expected and return the exit code."""
    from app.crash import keep_traceback, told_of_machine

    if told := told_of_machine(error):
        _complain(f"millwright: {told}")
        return 2
    _complain(f"millwright: internal error: {error!r:.300} (details in {keep_traceback(error)})")
    return _INTERNAL


def _complain(message: str) -> None:
    """Write a message to standard error; text of arguments or of data in it cannot drive the terminal."""
    from app.progress import printable

    sys.stderr.write("".join(f"{printable(line)}\n" for line in message.splitlines()))


def _misuse(error: TyperException) -> str:
    """Return wrong use as one line that names the help; without a command the message is the help itself."""
    if len(sys.argv) == 1:
        return error.format_message()
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "millwright"
    return f"{command}: {' '.join(error.format_message().split()).rstrip('.')} ({command} --help)"
