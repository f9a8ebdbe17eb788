"""Acting on an agent of this process: restart it, give its orders to others."""

from collections.abc import Callable, Mapping

from state.operation_agents import RecoveryAction
from tools.agents.live import Handlers, Live, live

_FOUND: Mapping[RecoveryAction, Callable[[Handlers], Callable[[], str] | None]] = {
    RecoveryAction.RESTART: lambda handlers: handlers.restart,
    RecoveryAction.REDELEGATE: lambda handlers: handlers.redelegate,
}
"""Actions that need a handler; the others are done by changing the agent's status, which everybody reads."""


def act(action: RecoveryAction, agent_id: str, board: Live | None = None) -> str:
    """Do something about an agent; return what went wrong, or nothing. What does not work here needs no act."""
    known = board or live()
    find = _FOUND.get(action)
    handler = find(known.handlers(agent_id)) if find else None
    problem = ""
    if handler is not None:
        try:
            problem = handler()
        except Exception as error:  # noqa: BLE001  whatever a handler raises, the other actions are done
            problem = f"{type(error).__name__}: {error}"[:300]
    if action is RecoveryAction.RESTART and not problem:
        known.forget(agent_id)
    return problem
