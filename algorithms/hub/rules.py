"""Who may say what to whom: a message whose sender or role cannot be verified is refused, with the reason."""

from collections.abc import Mapping

from algorithms.hub.signing import is_genuine
from state.agents import Role
from state.messages import Message, MessageKind
from state.signing import Verifier

Rules = Mapping[MessageKind, tuple[frozenset[Role], frozenset[Role]]]
"""By kind: the roles that may send it, and those that may be sent it."""

_ALL = frozenset(Role)
_DECIDE = frozenset({Role.SUPERVISOR, Role.PLANNER, Role.COORDINATOR})
_WATCH = frozenset({Role.SUPERVISOR, Role.COORDINATOR, Role.MONITOR})
_LEAD = frozenset({Role.SUPERVISOR, Role.COORDINATOR})
_KNOW = frozenset({Role.PLANNER, Role.COORDINATOR, Role.SPECIALIST, Role.WORKER})

RULES: Rules = {
    MessageKind.REQUEST: (_ALL, _ALL),
    MessageKind.RESPONSE: (_ALL, _ALL),  # to the one that asked, see `false_reply`
    MessageKind.PROPOSAL: (_ALL, _DECIDE),
    MessageKind.VOTE: (_KNOW | {Role.MONITOR}, _DECIDE),
    MessageKind.CONSENSUS: (_DECIDE, _ALL),
    MessageKind.DELEGATION: (_LEAD, frozenset({Role.COORDINATOR, Role.WORKER, Role.SPECIALIST})),
    MessageKind.STATUS: (_ALL, _WATCH),
    MessageKind.EMERGENCY: (_ALL, _WATCH),
    MessageKind.SCHEMA_PROPOSAL: (_KNOW, _DECIDE | {Role.SPECIALIST}),
    MessageKind.VALIDATION_VOTE: (frozenset({Role.SPECIALIST, Role.MONITOR}), _ALL),
    MessageKind.PIPELINE_STATUS: (_LEAD | {Role.WORKER, Role.MONITOR}, _WATCH | {Role.PLANNER}),
}


def refusal(message: Message, roles: Mapping[str, Role], verifier: Verifier, rules: Rules = RULES) -> str:
    """Return why a message is refused; empty where sender, role and recipient are in order."""
    sender, recipient = roles.get(message.sender), roles.get(message.recipient)
    if sender is None:
        return f"the sender {message.sender!r} is not registered"
    if recipient is None:
        return f"the recipient {message.recipient!r} is not registered"
    if not is_genuine(message, verifier):
        return f"the signature is not that of {message.sender!r}"
    may_send, may_get = rules[message.kind]
    if sender not in may_send:
        return f"a {sender.value} sends no {message.kind.value}"
    if recipient not in may_get:
        return f"no {message.kind.value} is sent to a {recipient.value}"
    return ""


def false_reply(message: Message, answered: Message | None) -> str:
    """Return why a response answers nothing that it may answer; empty where it does, or is no response."""
    if message.kind is not MessageKind.RESPONSE:
        return ""
    if answered is None:
        return f"it answers {message.in_reply_to!r}, which the hub does not know"
    if (message.sender, message.recipient) != (answered.recipient, answered.sender):
        return f"it answers {message.in_reply_to!r}, which was not between these two"
    return ""


def verdict(vote: Message, about: Message) -> bool | None:
    """Return whether a validation vote finds the data of a message valid; None where it has no say.

    Neither the sender nor the recipient of the message may judge it.
    """
    if vote.kind is not MessageKind.VALIDATION_VOTE or vote.sender in {about.sender, about.recipient}:
        return None
    said = vote.content.get("valid")
    return None if said not in {"true", "false"} else said == "true"
