"""The node that performs steps, in both forms: called directly, and cancellable while it waits for them."""

import asyncio
from collections.abc import Awaitable, Callable
from threading import Event
from typing import NamedTuple

from langgraph.runtime import Runtime, get_runtime

from nodes.awarding import Auction
from nodes.boundary import FAILURES, failure_line
from nodes.context import context_of, run_folder
from nodes.execution import Execution, PerformInput
from nodes.steps.work import Composed
from state.run import RunContext, RunStatus
from state.supervisor import ExecutorOutput
from tools.disk import no_room


class Performing(NamedTuple):
    """The node that performs steps, in both forms."""

    direct: Callable[[PerformInput], ExecutorOutput]
    cancellable: Callable[[PerformInput], Awaitable[ExecutorOutput]]


def performing(composed: Composed, auction: Auction) -> Performing:
    """Return the node; `composed` are the graphs that steps put questions to.

    `auction` is held where several engines could perform a step.
    """

    def perform(state: PerformInput) -> ExecutorOutput:
        """Perform all that can be done before a failure is ruled on, a person answers, or the tables are prepared."""
        return _perform(state, get_runtime(RunContext), Event(), composed, auction)

    async def perform_cancellable(state: PerformInput) -> ExecutorOutput:
        """Do the same in a thread; once cancelled no further step is begun, and those that run are finished."""
        stopped = Event()
        try:
            return await asyncio.to_thread(_perform, state, get_runtime(RunContext), stopped, composed, auction)
        except asyncio.CancelledError:
            stopped.set()
            raise

    return Performing(perform, perform_cancellable)


def _perform(
    state: PerformInput, runtime: Runtime[RunContext], stopped: Event, composed: Composed, auction: Auction
) -> ExecutorOutput:
    context, folder = context_of(runtime), run_folder(runtime, state["request"])
    try:
        execution = Execution(state, context, folder, composed, auction)
        with execution.orders:
            execution.go_on(stopped)
        execution.note_conversation()
    except FAILURES as error:  # the ledger cannot be read or written: nothing that is done now would be on record
        if no_room(error):
            raise
        return {"status": RunStatus.FAILED, "problem": f"the run's ledger cannot be used: {failure_line(error)}"}
    return execution.told()
