"""Signing messages: the sender's signature is over everything else that the message says."""

from state.messages import Message
from state.signing import Signer, Verifier


def signed_content(message: Message) -> bytes:
    """Return what a signature of the message is made over: its JSON text without the signature."""
    return message.model_dump_json(exclude={"signature"}).encode()


def signed(message: Message, signer: Signer) -> Message:
    """Return the message with the signature of its sender."""
    return message.model_copy(update={"signature": signer.sign(signed_content(message))})


def is_genuine(message: Message, verifier: Verifier) -> bool:
    """Return whether the signature is that of the one that the message names as its sender."""
    return verifier.verify(message.sender, signed_content(message), message.signature)
