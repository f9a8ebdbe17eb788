"""Who sends and who consumes in the suite, and what a message of it is."""

from algorithms.hub.signing import signed
from state.agents import AgentCard, Role
from state.hub import Hub, HubSettings
from state.messages import Message, MessageKind, Priority
from tools.signing import Ed25519Signer, Ed25519Verifier, key_ring

SENDER, CONSUMER = "lead", "hand"
SETTINGS = HubSettings(mailbox=5_000, visibility=3.0, deliveries=1_000)
"""Consumers are killed often: no message is given up for that."""


def keys() -> tuple[Ed25519Signer, Ed25519Verifier]:
    """Return the sender's signer, and what verifies it."""
    signers, verifier = key_ring((SENDER, CONSUMER))
    return signers[SENDER], verifier


def enrol(hub: Hub) -> None:
    """Register both."""
    hub.register(AgentCard(id=SENDER, version="1", role=Role.COORDINATOR, skills=()))
    hub.register(AgentCard(id=CONSUMER, version="1", role=Role.WORKER, skills=("add",)))


def message_of(number: int, signer: Ed25519Signer) -> Message:
    """Return the message of a number, of one of all priorities."""
    message = Message(
        message_id=f"m{number}",
        kind=MessageKind.DELEGATION,
        sender=SENDER,
        recipient=CONSUMER,
        subject="add",
        content={"value": str(number)},
        conversation=f"c{number % 100}",
        priority=Priority(number % 4),
        sent_at=float(number),
    )
    return signed(message, signer)
