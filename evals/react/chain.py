"""The work that loops are compared on: ten additions, one after the other, then the sum as the final result.

The simulated model reads how far the work is from the answers it is shown, so that it does the same for any loop that
keeps the last answers in its prompt, whatever else the prompt holds.
"""

import re

from evals.model_server import ChatRequest, Say, calls

STEPS = 10
GOAL = f"Count from 0 to {STEPS} by adding 1 with the tool calculate, then give the number reached."

_VALUE = re.compile(r'\\?"value\\?": ?(\d+)')


def next_act(request: ChatRequest, /) -> Say:
    """Return the next addition, or the final result when the chain is done."""
    reached = reached_in(request.text)
    if reached >= STEPS:
        return calls(("final_result", {"answer": str(reached), "confidence": 1.0}))
    return calls(("calculate", {"expression": f"{reached} + 1"}))


def reached_in(text: str) -> int:
    """Return the largest value that a text tells of."""
    return max((int(value) for value in _VALUE.findall(text)), default=0)
