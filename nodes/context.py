"""The run context of a node: what the session passed, or the defaults when a graph is driven without one."""

from pathlib import Path
from typing import TypeVar

from langgraph.runtime import Runtime
from pydantic import ValidationError

from state.errors import RunError, SetupError
from state.run import OPERATOR, RunContext, RunRequest
from state.values import Value
from tools.records import read_record

Given = TypeVar("Given", bound=Value)


def context_of(runtime: Runtime[RunContext]) -> RunContext:
    """Return the run context; a plain mapping, as a server passes it, is validated."""
    given = runtime.context
    if given is None:
        return RunContext()
    return given if isinstance(given, RunContext) else validated(RunContext, given, "context")


def validated(kind: type[Given], given: object, name: str) -> Given:
    """Return what a caller gave as a typed value; a served graph gets plain JSON that nothing has looked at before."""
    try:
        return kind.model_validate(given.model_dump() if isinstance(given, Value) else given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join((name, *(str(part) for part in first["loc"])))
        what = "it is missing" if given is None else first["msg"]
        raise SetupError(what, where=place, hint="see the input schema of the graph") from error


def run_folder(runtime: Runtime[RunContext], request: RunRequest) -> Path:
    """Return the folder of the run."""
    return context_of(runtime).run_folder(request.run_id)


def owner_of(runtime: Runtime[RunContext]) -> str | None:
    """Return the user of a server for whom the graph runs; None for who may do everything, and without a server."""
    user = runtime.server_info.user if runtime.server_info else None
    return None if user is None or OPERATOR in user.permissions else str(user.identity)


def check_own(runtime: Runtime[RunContext], run_id: str) -> None:
    """Raise RunError where a user of a server names the run of another, or with an empty id the runs of all."""
    owner, context = owner_of(runtime), context_of(runtime)
    if owner is None:
        return
    if not run_id:
        raise RunError("the runs of all users are for operators", hint="give the run_id of a run of yours")
    recorded = (context.run_folder(run_id) / "record.json").exists()
    if recorded and read_record(Path(context.home), run_id).owner != owner:
        raise RunError(f"run {run_id!r} is another's", hint="give another run_id")


def check_operator(runtime: Runtime[RunContext], what: str) -> None:
    """Raise RunError where a user of a server, who is no operator, asks for what changes the work of all."""
    if owner_of(runtime) is not None:
        raise RunError(f"{what} is for operators", hint="ask one")
