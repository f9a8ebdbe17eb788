"""Decision: how the text of a column is read as its type (day and month order, decimal sign, unit, percent)."""

from algorithms.formats import decide_format
from nodes.decide import Account, DecisionPoint
from state.formats import DateOrder, FormatEvidence, ValueFormat


def check(evidence: FormatEvidence, answer: ValueFormat) -> str | None:
    """Return what is wrong: another column's answer, equal signs, or an order the values contradict."""
    if (answer.table, answer.column, answer.logical_type) != (evidence.table, evidence.column, evidence.logical_type):
        return "the answer is for another column"
    if answer.thousands is not None and answer.thousands == answer.decimal:
        return "decimal and thousands sign are the same"
    for group in answer.groups:
        for file_id in group.file_ids:
            if group.date_order is DateOrder.DAY_FIRST and _contradicts(
                evidence.month_first_only, evidence.day_first_only, file_id
            ):
                return f"file {file_id} holds dates that only read with the month first"
            if group.date_order is DateOrder.MONTH_FIRST and _contradicts(
                evidence.day_first_only, evidence.month_first_only, file_id
            ):
                return f"file {file_id} holds dates that only read with the day first"
    return None


def _contradicts(other: dict[int, int], own: dict[int, int], file_id: int) -> bool:
    return other.get(file_id, 0) > 0 and own.get(file_id, 0) == 0


def accounts(evidence: FormatEvidence, answer: ValueFormat) -> tuple[Account, ...]:
    """Tell how the column is read."""
    parts = [f"as {answer.logical_type.value}"]
    orders = sorted({group.date_order.value for group in answer.groups if group.date_order is not None})
    if orders:
        parts.append("dates " + " and ".join(order.replace("_", " ") for order in orders))
    if answer.decimal != "." or answer.thousands:
        parts.append(f"decimal sign {answer.decimal!r}, thousands sign {answer.thousands!r}")
    if answer.percent_factor != 1.0:
        parts.append(f"percent times {answer.percent_factor:g}")
    if answer.unit:
        parts.append(f"unit {answer.unit!r} left out")
    words = [answer.evidence, *(group.evidence for group in answer.groups)]
    return (
        Account(
            subject=f"{evidence.table}.{evidence.column}",
            answer=", ".join(parts),
            confidence=answer.confidence,
            reason="; ".join(word for word in words if word),
            evidence=f"{evidence.filled} of {evidence.rows} rows hold a value",
        ),
    )


VALUE_FORMAT: DecisionPoint[FormatEvidence, ValueFormat] = DecisionPoint(
    kind="value_format", version="1", expert=decide_format, check=check, accounts=accounts
)
