"""What the agents of a run said to each other, in counts and as the whole conversation."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from state.explanation import Explanation, Fact, Grid, Mark, Section
from state.messages import MessageKind, ReceiptStatus
from state.orders import Heard
from tools.conversation import FILE, read_conversation
from tools.explain.material import Material

_MOST_LINES = 400
_HEAD = ("at", "kind", "from", "to", "about", "became", "says")


def messages_section(material: Material) -> Section:
    """Tell how many messages there were, and whether any was lost."""
    told = material.run.get("messages")
    if not told:
        return Section(key="messages", title="Messages between agents")
    facts = [
        Fact(label="sent", value=f"{told['sent']:,}", note=f"{told['delivered']:,} delivered, {told['kept_by']}"),
        Fact(label="placed again", value=f"{told['reordered']:,}", note="orders that had been lost"),
        Fact(label="refused", value=f"{told['refused']:,}"),
        Fact(label="given up", value=f"{told['dead']:,}"),
    ]
    shown = tuple(facts[:1] + [fact for fact in facts[1:] if fact.value != "0"])
    lead = (f"The whole conversation: millwright explain {material.run_id} --messages",)
    return Section(key="messages", title="Messages between agents", lead=lead, facts=shown)


def explain_messages(material: Material) -> Explanation:
    """Return the conversation of a run, message by message."""
    heard = read_conversation(material.folder)
    lost = [each for each in heard if each.receipt.status is ReceiptStatus.ACCEPTED]
    verdict = f"{len(heard):,} messages, {len(lost):,} of them lost." if heard else "There were no messages."
    section = messages_section(material).model_copy(update={"grids": (_grid(heard),) if heard else ()})
    return Explanation(
        run_id=material.run_id,
        kind="messages",
        title=f"Messages of run {material.run_id}",
        verdict=verdict,
        mark=Mark.WARN if lost else Mark.NONE,
        sections=() if section.empty else (section,),
    )


def _grid(heard: Sequence[Heard]) -> Grid:
    shown = heard[:_MOST_LINES]
    left = len(heard) - len(shown)
    return Grid(
        caption="In the order of their answers",
        head=_HEAD,
        rows=tuple(_row(each) for each in shown),
        raw=(6,),
        more=f"and {left:,} more: see {FILE}" if left > 0 else "",
    )


def _row(heard: Heard) -> tuple[str, ...]:
    message, receipt = heard.message, heard.receipt
    when = datetime.fromtimestamp(message.sent_at, UTC).strftime("%H:%M:%S.%f")[:-3]
    about = ", ".join(each.step_id for each in message.lineage if each.step_id) or message.subject
    became = "lost" if receipt.status is ReceiptStatus.ACCEPTED else receipt.status.value
    return (when, message.kind.value, message.sender, message.recipient, about, became, _says(heard))


def _says(heard: Heard) -> str:
    """Return what a report says of its steps; an order says nothing that its steps do not."""
    if heard.message.kind is not MessageKind.RESPONSE:
        return ""
    reports = [attempt[0] for attempt in json.loads(heard.message.content.get("attempts", "[]"))]
    return "; ".join(report["detail"] or report["error"] or report["status"] for report in reports)[:120]
