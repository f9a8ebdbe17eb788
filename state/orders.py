"""Orders to workers of a run, and what the ledger and the state keep of the messages between them."""

from state.budget import Spent
from state.messages import Message, Receipt
from state.values import Value


class StepOrder(Value):
    """What a worker is told to perform; the steps themselves stand in the plan."""

    order_id: str  # "run-1/conform:orders#1~1": run, step, attempt, and how often it was ordered
    steps: tuple[str, ...]  # more than one: fused, performed by one process
    worker: str  # the agent of the crew that is to perform it
    attempt: int  # from 1
    threads: int  # of the engine, while it is performed
    worked: Spent  # what the run has spent before, but for what models took
    placed: int = 1  # how often this attempt was ordered


class Heard(Value):
    """A message of a run with what became of it, as the ledger keeps it."""

    message: Message
    receipt: Receipt


class ConversationRef(Value):
    """What state holds of the messages of a run: counts, and the digest of the conversation in the run's ledger."""

    conversation: str
    sent: int
    delivered: int
    reordered: int  # orders that were placed again, as they had been lost
    refused: int
    dead: int
    sha256: str  # of the messages in their order
    kept_by: str = ""  # which hub carried them, and why not the one that was asked for
    fault: str = ""  # why not the one that was asked for
