"""Decision: how the text of a column is read as its type (day and month order, decimal sign, unit, percent).

A model is asked about the order of dates that the counts lean to without settling it, and may only agree with the lean.
Signs of numbers are not asked about: a wrong one is a factor of a thousand that no rule may see.
"""

from collections.abc import Mapping

from algorithms.formats import decide_format
from nodes.decide import Account, Control, DecisionPoint
from state.contract import LogicalType
from state.decisions import DecidedBy
from state.doubts import STAYS, Choice, Doubt, Option
from state.formats import DateOrder, FormatEvidence, FormatGroup, ValueFormat
from state.resolution import Ballot

BY_MODEL = "model"
"""Begins the evidence of an order that a model chose, and is the seat of the model in the council."""

_LEANS = 0.6  # what the word of a model is thought to be worth where the counts lean to it


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
    return next((_NOT_LEANT for group in answer.groups if _is_model(group) and _lean(evidence, group) is None), None)


_NOT_LEANT = "a model's order of dates is not what the counts lean to"


def _is_model(group: FormatGroup) -> bool:
    return group.evidence.startswith(BY_MODEL)


def _counts(evidence: FormatEvidence, group: FormatGroup) -> tuple[int, int]:
    """Return how many ambiguous dates of a group are plausible with the day first, and with the month first."""
    day = sum(evidence.day_first_plausible.get(file_id, 0) for file_id in group.file_ids)
    return day, sum(evidence.month_first_plausible.get(file_id, 0) for file_id in group.file_ids)


def _lean(evidence: FormatEvidence, group: FormatGroup) -> DateOrder | None:
    """Return the order that the counts lean to; None where they do not, or where a group has another one."""
    day, month = _counts(evidence, group)
    if day == month:
        return None
    order = DateOrder.DAY_FIRST if day > month else DateOrder.MONTH_FIRST
    return order if group.date_order in (order, DateOrder.UNKNOWN) else None


def doubts(evidence: FormatEvidence, answer: ValueFormat) -> tuple[Doubt, ...]:
    """Return the groups of files whose dates are not read although the counts lean to an order."""
    found = []
    for place, group in enumerate(answer.groups):
        lean = _lean(evidence, group) if group.date_order is DateOrder.UNKNOWN else None
        if lean is None:
            continue
        day, month = _counts(evidence, group)
        facts = (
            f"column {evidence.column} of table {evidence.table}",
            f"{sum(evidence.ambiguous.get(file_id, 0) for file_id in group.file_ids)} dates read both ways",
            f"with the day first {day} of them fall among the other dates, with the month first {month}",
        )
        options = (
            Option(name=lean.value, text=lean.value.replace("_", " "), evidence=f"{max(day, month)} plausible dates"),
            Option(name=STAYS, text="not clear", evidence="the dates are not read"),
        )
        found.append(Doubt(subject=str(place), question="In which order are they read?", facts=facts, options=options))
    return tuple(found)


def settle(_evidence: FormatEvidence, answer: ValueFormat, choices: Mapping[str, Choice]) -> ValueFormat:
    """Return the format with the chosen orders."""
    groups, votes = list(answer.groups), list(answer.votes)
    for place, choice in choices.items():
        told = f"{BY_MODEL} {choice.by}: {choice.reason}; {groups[int(place)].evidence}"
        change = {"date_order": DateOrder(choice.option or ""), "evidence": told}
        groups[int(place)] = groups[int(place)].model_copy(update=change)
        told = f"{choice.by}: {choice.reason}"
        votes.append(Ballot(voter=BY_MODEL, choice=choice.option, confidence=_LEANS, reason=told))
    return answer.model_copy(update={"groups": tuple(groups), "votes": tuple(votes)})


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
            votes=answer.votes,
            method=_method(answer),
            decided_by=DecidedBy.COUNCIL if answer.method else DecidedBy.EXPERT,
        ),
    )


def _method(answer: ValueFormat) -> str:
    """Return how it was counted and who is suspected, in words; empty where nothing was open."""
    told = (answer.method, *(f"{one.member} is suspected: {one.reason}" for one in answer.suspects))
    return "; ".join(text for text in told if text)


def control() -> Control[FormatEvidence, ValueFormat]:
    """Return a question whose answer is known: dates that only read with the day first."""
    evidence = FormatEvidence(
        table="control", column="day", logical_type=LogicalType.DATE, rows=9, filled=9, day_first_only={0: 9}
    )
    return Control(evidence, lambda answer: {each.date_order for each in answer.groups} == {DateOrder.DAY_FIRST})


VALUE_FORMAT: DecisionPoint[FormatEvidence, ValueFormat] = DecisionPoint(
    kind="value_format",
    version="3",
    expert=decide_format,
    check=check,
    accounts=accounts,
    doubts=doubts,
    settle=settle,
    control=control,
)
