"""A chat model on the loopback address, for tests and evaluations: it speaks chat completions and fails to order.

with ModelServer(Scripted(Say("yes"), Fault(FaultKind.RATE_LIMIT, retry_after=0.1), Say("no"))) as server:
    settings = ModelSettings(name="sim", base_url=server.base_url)
"""

from evals.model_server.acts import Act, Call, ChatRequest, Fault, FaultKind, Say, calls, structured
from evals.model_server.behaviours import Behaviour, Noisy, Scripted
from evals.model_server.server import ModelServer

__all__ = [
    "Act",
    "Behaviour",
    "Call",
    "ChatRequest",
    "Fault",
    "FaultKind",
    "ModelServer",
    "Noisy",
    "Say",
    "Scripted",
    "calls",
    "structured",
]
