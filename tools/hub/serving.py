"""An agent at its mailbox: it takes what waits, handles it, sends its signed reply and then acknowledges."""

from algorithms.hub.signing import signed
from state.agents import Agent
from state.hub import Hub
from state.messages import Message, ReceiptStatus
from state.signing import Signer


def serve(hub: Hub, agent: Agent, signer: Signer, most: int = 1) -> tuple[Message, ...]:
    """Let an agent handle at most so many messages; return those that were handled and answered.

    A message is acknowledged once its reply was kept. Where the reply is refused or there is no room for it the message
    comes again, and where the agent raises it does too, and the error rises.
    """
    name, handled = agent.card.id, []
    for message in hub.receive(name, most):
        try:
            reply = agent.handle(message)
        except Exception as error:  # whatever an agent raises, its message comes again, and it rises
            hub.fail(name, message.message_id, f"{type(error).__name__}: {error}"[:300])
            raise
        receipt = hub.send(signed(reply, signer))
        if receipt.kept:
            hub.acknowledge(name, message.message_id)
            handled.append(message)
        else:
            hub.fail(name, message.message_id, f"the reply is {receipt.status.value}: {receipt.reason}"[:300])
    return tuple(handled)


def was_delivered(hub: Hub, message_id: str) -> bool:
    """Return whether a message was handed out to its recipient at least once."""
    receipt = hub.receipt(message_id)
    return receipt is not None and receipt.status in {ReceiptStatus.DELIVERED, ReceiptStatus.ACKNOWLEDGED}
