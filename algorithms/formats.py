"""The expert on formats: how the text of a column is read as its type, from counted evidence."""

from algorithms.dates import decide_dotted, decide_orders, strptime_pattern
from algorithms.numbers import decide_percent, decide_separators, decide_unit
from state.contract import LogicalType
from state.formats import DateOrder, FormatEvidence, ValueFormat

NULL_TOKENS = ("n/a", "na", "null", "none", "nan", "nil", "-", "--", "?", "unknown", "tbd", "missing")
"""Texts that mean no value in a column that is not text, in lower case."""

_DATED = (LogicalType.DATE, LogicalType.TIMESTAMP)
_NUMERIC = (LogicalType.NUMBER, LogicalType.INTEGER)


def decide_format(evidence: FormatEvidence) -> ValueFormat:
    """Return how the column is read; what stays undecided becomes unreadable, never guessed."""
    plain = plain_format(evidence.table, evidence.column, evidence.logical_type)
    plain = plain.model_copy(update={"plain": evidence.odd == 0})
    if evidence.logical_type in _DATED:
        return _dated(evidence, plain)
    if evidence.logical_type in _NUMERIC:
        return _numeric(evidence, plain)
    if evidence.logical_type is LogicalType.TIME and evidence.pattern:
        return plain.model_copy(update={"pattern": strptime_pattern(evidence.pattern)})
    return plain


def plain_format(table: str, column: str, logical_type: LogicalType) -> ValueFormat:
    """Return the format that is used where there is no evidence."""
    tokens = () if logical_type is LogicalType.STRING else NULL_TOKENS
    return ValueFormat(table=table, column=column, logical_type=logical_type, null_tokens=tokens)


def _dated(evidence: FormatEvidence, plain: ValueFormat) -> ValueFormat:
    pattern = strptime_pattern(evidence.pattern) if evidence.pattern else None
    groups, confidence = decide_orders(evidence, pattern)
    dotted_order, of_dotted, dotted = decide_dotted(evidence, pattern)
    told = [text for text in (dotted, _offsets(evidence)) if text]
    if evidence.pattern:
        told.append(f"the contract's format {evidence.pattern!r}" + ("" if pattern else " is not understood"))
    unread = sum(
        evidence.ambiguous.get(file_id, 0)
        for group in groups
        if group.date_order is DateOrder.UNKNOWN
        for file_id in group.file_ids
    )
    if unread:
        told.append(f"{unread} values read both ways and nothing decides: not read")
    update = {
        "groups": groups,
        "dotted_order": dotted_order,
        "pattern": pattern,
        "confidence": min(confidence, of_dotted),
        "evidence": "; ".join(told),
    }
    return plain.model_copy(update=update)


def _offsets(evidence: FormatEvidence) -> str:
    """Say how timestamps without an offset are read where others have one."""
    if not (evidence.with_offset and evidence.without_offset):
        return ""
    return (
        f"{evidence.with_offset} values have an offset, {evidence.without_offset} have none "
        f"and are read as {evidence.default_timezone or 'UTC'}"
    )


def _numeric(evidence: FormatEvidence, plain: ValueFormat) -> ValueFormat:
    separators = decide_separators(evidence)
    unit = decide_unit(evidence)
    percent = decide_percent(evidence)
    told = (separators.evidence, unit.evidence, percent.evidence)
    update = {
        "decimal": separators.decimal,
        "thousands": separators.thousands,
        "unit": unit.unit,
        "unread_files": unit.unread_files,
        "percent_factor": percent.factor,
        "percent_read": percent.read,
        "confidence": min(separators.confidence, unit.confidence, 1.0 if percent.read else 0.5),
        "evidence": "; ".join(text for text in told if text),
    }
    return plain.model_copy(update=update)
