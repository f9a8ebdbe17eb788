"""The run context of a node: what the session passed, or the defaults when a graph is driven without one."""

from pathlib import Path

from langgraph.runtime import Runtime

from state.run import RunContext, RunRequest


def context_of(runtime: Runtime[RunContext]) -> RunContext:
    """Return the run context; a plain mapping, as a server passes it, is validated."""
    given = runtime.context
    if given is None:
        return RunContext()
    return given if isinstance(given, RunContext) else RunContext.model_validate(given)


def run_folder(runtime: Runtime[RunContext], request: RunRequest) -> Path:
    """Return the folder of the run."""
    return context_of(runtime).run_folder(request.run_id)
