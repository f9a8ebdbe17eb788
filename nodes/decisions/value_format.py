"""Decision: how the text of a column is read as its type (day and month order, decimal sign, unit, percent)."""

from algorithms.formats import decide_format
from nodes.decide import Account, DecisionPoint
from state.formats import DateOrder, FormatEvidence, ValueFormat


def check(evidence: FormatEvidence, answer: ValueFormat) -> str | None:
    """Return what is wrong: another column's answer, equal signs, or a sign or order the values contradict."""
    if (answer.table, answer.column, answer.logical_type) != (evidence.table, evidence.column, evidence.logical_type):
        return "the answer is for another column"
    if answer.thousands is not None and answer.thousands == answer.decimal:
        return "decimal and thousands sign are the same"
    if answer.decimal == "," and evidence.decimal_point and not evidence.decimal_comma:
        return "the values only read with a decimal point"
    if answer.decimal == "." and evidence.decimal_comma and not evidence.decimal_point:
        return "the values only read with a decimal comma"
    if answer.unit and evidence.expected_unit not in (None, answer.unit):
        return f"the contract states the unit {evidence.expected_unit!r}"
    return _contradicted_order(evidence, answer)


def _contradicted_order(evidence: FormatEvidence, answer: ValueFormat) -> str | None:
    """Return the first file whose dates do not read in the order that is given for it."""
    day, month = evidence.dotted_day_first_only, evidence.dotted_month_first_only
    against = {DateOrder.DAY_FIRST: month and not day, DateOrder.MONTH_FIRST: day and not month}
    if against.get(answer.dotted_order):
        return "the dates with points read only in the other order"
    grouped = [file_id for group in answer.groups for file_id in group.file_ids]
    if len(set(grouped)) < len(grouped):
        return "a file is in two groups"
    orders = {file_id: group.date_order for group in answer.groups for file_id in group.file_ids}
    unnamed = answer.groups[0].date_order if answer.groups else None  # files not named use the first group
    for file_id in sorted({*evidence.day_first_only, *evidence.month_first_only}):
        day, month = evidence.day_first_only.get(file_id, 0), evidence.month_first_only.get(file_id, 0)
        order = orders.get(file_id, unnamed)
        if order is DateOrder.DAY_FIRST and month and not day:
            return f"file {file_id} holds dates that only read with the month first"
        if order is DateOrder.MONTH_FIRST and day and not month:
            return f"file {file_id} holds dates that only read with the day first"
    return None


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
    if not answer.percent_read:
        parts.append("values with a percent sign are not read")
    if answer.unread_files:
        parts.append(f"{len(answer.unread_files)} files are not read")
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
