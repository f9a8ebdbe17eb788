"""A question to one agent and its reply, through a hub of their own: both are signed, and both must be in order."""

from algorithms.hub.signing import signed
from state.agents import Agent, AgentCard, Role
from state.errors import StepError
from state.hub import HubSettings
from state.messages import Message
from tools.hub.local import LocalHub
from tools.hub.serving import serve
from tools.signing import key_ring

_MOST_BYTES = 1_000_000


def ask_agent(agent: Agent, message: Message) -> Message:
    """Return what an agent replies to a message of its coordinator.

    Raises whatever the agent raises, and StepError where the hub refuses the message or the reply: a reply must be the
    agent's own, and of a kind that its role may send.
    """
    signers, verifier = key_ring((message.sender, agent.card.id))
    hub = LocalHub(verifier, HubSettings(most_bytes=_MOST_BYTES))
    hub.register(AgentCard(id=message.sender, version="1", role=Role.COORDINATOR, skills=()))
    hub.register(agent.card)
    receipt = hub.send(signed(message, signers[message.sender]))
    if not receipt.kept:
        raise StepError(f"the hub takes no message: {receipt.reason}", where=message.message_id)
    serve(hub, agent, signers[agent.card.id])
    for reply in hub.receive(message.sender):
        hub.acknowledge(message.sender, reply.message_id)
        return reply
    why = "; ".join(refused.reason for refused in hub.refused()) or "it sent none"
    raise StepError(f"there is no reply: {why}", where=message.message_id)
