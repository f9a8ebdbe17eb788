"""The command line: `millwright run`, `resume`, `check`, `runs`, `doctor`, `eval`.

Exit codes: 0 published; 1 the contract is not met, or a step failed, and nothing is published; 2 wrong use or setup;
3 waiting for a person; 4 budget spent; 70 internal error (EX_SOFTWARE of sysexits.h); 130 stopped by the keyboard.
What a command needs is imported when it runs, so that `--help` answers at once.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from state.errors import MillwrightError

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
    goal: Annotated[
        str, typer.Option("--goal", metavar="TEXT", help="The goal in plain language; needs a model.")
    ] = "",
    approve: Annotated[str, typer.Option("--approve", metavar="auto|plan|changes", help="What to ask first.")] = "auto",
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
def resume(
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="A run listed by `millwright runs`.")],
    answer: Annotated[str, typer.Option("--answer", metavar="JSON", help="The answer a waiting run asks for.")] = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Continue a stopped, killed or waiting run."""
    from app.run_commands import resume_run

    raise typer.Exit(resume_run(run_id, answer=answer, as_json=as_json))


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
def runs(*, as_json: JsonOption = False) -> None:
    """List the runs of this home folder and their status."""
    from app.run_commands import list_runs

    raise typer.Exit(list_runs(as_json=as_json))


@app.command()
def doctor(*, as_json: JsonOption = False) -> None:
    """Show what is installed, reachable and configured."""
    from app.doctor import examine

    raise typer.Exit(examine(as_json=as_json))


@app.command(name="eval")
def evaluate(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="Name of an evaluation suite, e.g. covid19.")],
    data: Annotated[Path | None, typer.Option("--data", metavar="DIR", help="The suite's data.")] = None,
    contract: Annotated[Path | None, typer.Option("--contract", metavar="FILE", help="Another contract.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where answers and scores go.")] = None,
    rows: Annotated[int | None, typer.Option("--rows", min=1000, help="Rows of suite speed.")] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Run an evaluation suite."""
    from app.eval_command import run_evaluation

    raise typer.Exit(run_evaluation(suite, data=data, contract=contract, out=out, rows=rows, as_json=as_json))


def main() -> None:
    """Run the command line; every error ends as one line and an exit code."""
    try:
        code = app(standalone_mode=False)
    except TyperException as error:
        sys.stderr.write(_misuse(error))
        sys.exit(error.exit_code)
    except MillwrightError as error:
        sys.stderr.write(f"millwright: {error.line()}\n")
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except Exception as error:  # noqa: BLE001  the command-line boundary: a person gets one line, the rest is kept
        from app.crash import keep_traceback

        sys.stderr.write(f"millwright: internal error: {error!r:.300} (details in {keep_traceback(error)})\n")
        sys.exit(_INTERNAL)
    if code == _INTERRUPTED:  # what typer makes of an interrupt within a command
        sys.stderr.write("millwright: stopped (millwright runs lists the run; millwright resume continues it)\n")
    sys.exit(code)


def _misuse(error: TyperException) -> str:
    """Return wrong use as one line that names the help; without a command the message is the help itself."""
    if len(sys.argv) == 1:
        return f"{error.format_message()}\n"
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "millwright"
    return f"{command}: {' '.join(error.format_message().split()).rstrip('.')} ({command} --help)\n"
