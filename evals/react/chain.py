"""The work that loops are compared on: additions one after the other, then the sum as the final result.

The simulated model reads how far the work is from the answers it is shown, so that it does the same for any loop that
keeps the last answers in its prompt, whatever else the prompt holds.
"""

import re

from evals.model_server import ChatRequest, Say, calls
from state.reasoning import ReasoningTask

STEPS = 10

_VALUE = re.compile(r'\\?"value\\?": ?(\d+)')
_WANTED = re.compile(r"Count from 0 to (\d+)")


def chain_task(steps: int = STEPS, worker: int = 0) -> ReasoningTask:
    """Return the task of a worker."""
    goal = f"Count from 0 to {steps} by adding 1 with the tool calculate, then give the number reached."
    return ReasoningTask(kind="question", goal=goal, subject=f"numbers of worker {worker}", max_steps=3 * steps)


def next_act(request: ChatRequest, /) -> Say:
    """Return the next addition, or the final result when the chain is done."""
    return step_of(request.text)


def step_of(text: str) -> Say:
    """Return what comes next after all that a conversation says."""
    wanted = _WANTED.search(text)
    reached = max((int(value) for value in _VALUE.findall(text)), default=0)
    if wanted is None or reached >= int(wanted.group(1)):
        return calls(("final_result", {"answer": str(reached), "confidence": 1.0}))
    return calls(("calculate", {"expression": f"{reached} + 1"}))
