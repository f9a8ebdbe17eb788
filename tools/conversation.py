"""The conversation of a run: the messages between its agents as a file beside its outputs, and what is told of them."""

import re
from collections.abc import Sequence
from pathlib import Path

from state.messages import ReceiptStatus
from state.orders import ConversationRef, Heard
from state.values import digest
from tools.files import write_durably

FILE = "messages.jsonl"
"""Name of the file: one message with its receipt a line, in their order."""

_PLACED = re.compile(r"(.*)~(\d+)")
_DELIVERED = frozenset({ReceiptStatus.DELIVERED, ReceiptStatus.ACKNOWLEDGED})


def conversation_ref(run_id: str, heard: Sequence[Heard], kept_by: str = "", fault: str = "") -> ConversationRef:
    """Return the counts of a conversation, and its digest."""
    statuses = [each.receipt.status for each in heard]
    return ConversationRef(
        conversation=run_id,
        sent=len(heard),
        delivered=sum(status in _DELIVERED for status in statuses),
        reordered=sum(_is_again(each.message.message_id) for each in heard),
        refused=statuses.count(ReceiptStatus.REFUSED),
        dead=statuses.count(ReceiptStatus.DEAD) + statuses.count(ReceiptStatus.EXPIRED),
        sha256=digest([each.message for each in heard]),
        kept_by=kept_by,
        fault=fault,
    )


def placed_before(heard: Sequence[Heard]) -> dict[str, int]:
    """Return how often each attempt of a step was ordered, by the id of the order without that number."""
    found = [_PLACED.fullmatch(each.message.message_id) for each in heard]
    return {match[1]: int(match[2]) for match in found if match}


def write_conversation(folder: Path, heard: Sequence[Heard]) -> Path | None:
    """Write the conversation durably and return where; None where nobody said anything."""
    if not heard:
        return None
    path = folder / FILE
    write_durably(path, "".join(f"{each.model_dump_json()}\n" for each in heard).encode(errors="backslashreplace"))
    return path


def read_conversation(folder: Path) -> tuple[Heard, ...]:
    """Return the conversation of a run from the folder of its outputs; nothing where there was none."""
    path = folder / FILE
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return tuple(Heard.model_validate_json(line) for line in lines)


def _is_again(message_id: str) -> bool:
    """Return whether it is an order that was placed before."""
    found = _PLACED.fullmatch(message_id)
    return found is not None and int(found[2]) > 1
