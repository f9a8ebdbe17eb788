"""Standing repair rules: what a run may propose, what each member says to it, and what a later run contradicts.

A rule says what texts of a column of a source stand for, or how the column is written. It is evidence for later runs,
never an order: the contract, and what texts say by themselves, come before it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from algorithms.format_questions import Reading
from state.decision_log import Adopted, Findings, LogEntry, Member, RuleFindings, SourceRule, StandingRule
from state.formats import DateOrder, FormatEvidence, ValueFormat
from state.resolution import Resolutions

HIGH = 0.8
"""How sure a correction must be to be proposed."""

MOST_VALUES = 200
"""Texts of one rule."""

LEAST_ROWS = 2
"""Rows with a text below which it may be a slip."""

LEAST_FILLED = 20
"""Filled rows below which nothing is said about how a column is written."""

LEAST_KEPT = 0.95
"""Share of the rows that must have been published with the value."""

LEAST_LETTERS = 2
"""Letters of a header, or of a text, that is a name."""

BY_HISTORY = "history"
"""The specialist that says what was adopted: no evidence for adopting it again."""

Reasons = tuple[str, str]
"""Why not (empty: accepted), and why."""


def proposed_values(answer: Resolutions, known: SourceRule) -> dict[str, tuple[str, str]]:
    """Return what texts of a column stand for, with the reason, where the council was sure and it is not in force."""
    found = {}
    for value in answer.values:
        resolved = value.resolved
        if resolved is None or value.confidence < HIGH or value.operator == BY_HISTORY:
            continue
        if known.values.get(value.value) != resolved:
            found[value.value] = (resolved, value.reason[:200])
    return found


def proposed_readings(answer: ValueFormat, files: Sequence[int], known: SourceRule) -> dict[str, tuple[str, str]]:
    """Return how the files of a source write a column, where their texts told it and it is not in force.

    The point as the decimal sign is what everybody expects and needs no rule.
    """
    found: dict[str, tuple[str, str]] = {}
    orders = {group.date_order for group in answer.groups if {*group.file_ids} & {*files}}
    if len(orders) == 1 and answer.confidence >= HIGH:
        order = next(iter(orders)) or DateOrder.UNKNOWN
        if order is not DateOrder.UNKNOWN:
            found[Reading.ORDER.value] = (order.value, answer.groups[0].evidence[:200])
    if answer.decimal == "," and answer.confidence >= HIGH:
        found[Reading.DECIMAL.value] = (",", answer.evidence[:200])
    return {name: said for name, said in found.items() if known.readings.get(name) != said[0]}


def told_by_texts(evidence: FormatEvidence, files: Sequence[int]) -> dict[str, str]:
    """Return how the texts of some files say by themselves that a column is written."""
    day = sum(evidence.day_first_only.get(file_id, 0) for file_id in files)
    month = sum(evidence.month_first_only.get(file_id, 0) for file_id in files)
    found = {}
    if bool(day) != bool(month):
        found[Reading.ORDER.value] = (DateOrder.DAY_FIRST if day else DateOrder.MONTH_FIRST).value
    if evidence.decimal_comma and not evidence.decimal_point:
        found[Reading.DECIMAL.value] = ","
    return found


def contradictions(rule: SourceRule, answer: Resolutions | None, form: ValueFormat | None) -> Iterator[str]:
    """Yield where a run decided otherwise than what was adopted, in words."""
    for value in answer.values if answer else ():
        adopted = rule.values.get(value.value)
        if adopted is not None and value.resolved != adopted and value.reason != "already valid":
            now = repr(value.resolved) if value.resolved is not None else "nothing"
            run = rule.runs.get(value.value, "")
            yield f"{value.value!r} was adopted as {adopted!r} in run {run} and is {now} now: {value.reason}"
    order, sign = (rule.readings.get(reading.value) for reading in (Reading.ORDER, Reading.DECIMAL))
    other = {group.date_order for group in form.groups} - {DateOrder.UNKNOWN, order} if form and order else set()
    if other:
        run = rule.runs.get(Reading.ORDER.value, "")
        yield f"dates were adopted as {order} in run {run}, and files are {', '.join(sorted(map(str, other)))} now"
    if form and sign and form.votes and form.decimal not in ("", sign):
        run = rule.runs.get(Reading.DECIMAL.value, "")
        yield f"the decimal sign was adopted as {sign!r} in run {run} and is {form.decimal!r} now"


def rule_key(rule: StandingRule) -> str:
    """Return by what the findings on a rule are found."""
    return f"{rule.table}/{rule.column}/{rule.source}"


def rule_verdict(
    member: Member, rule: StandingRule, findings: Findings, entries: Sequence[LogEntry], adopted: Adopted
) -> Reasons:
    """Return why a member does not accept a rule (empty where it does), and why it does.

    What the log says binds every member, each by its own copy: while a rule stands no other takes its place, and what a
    person revoked is not adopted again.
    """
    shown = findings.rules.get(rule_key(rule))
    if shown is None:
        return "the run knows nothing about the column", ""
    against, reason = _history(rule, entries, adopted)
    if against or member is Member.HISTORY:
        return against, reason
    if member is Member.CONTRACT:
        return _contract(rule, shown, findings)
    return _OWN[member](rule, shown)


def _names(rule: StandingRule, shown: RuleFindings) -> Reasons:
    if shown.pair.claimed_by not in ("", rule.column):
        return f"{rule.source!r} is what the contract calls {shown.pair.claimed_by!r}", ""
    if shown.pair.letters < LEAST_LETTERS:
        return f"{rule.source!r} is no name: another file may mean anything by it", ""
    short = [text for text in rule.values if sum(letter.isalnum() for letter in text) < LEAST_LETTERS]
    if short:
        return f"{short[0]!r} is no name: it may stand for anything", ""
    return "", "the header and the texts are names"


def _values(rule: StandingRule, shown: RuleFindings) -> Reasons:
    for text, value in rule.values.items():
        found = shown.texts.get(text)
        if found is None or found.rows < LEAST_ROWS:
            return f"{text!r} is in {found.rows if found else 0} rows: too few to say", ""
        if found.kept < LEAST_KEPT * found.rows:
            return f"of {found.rows} rows with {text!r} {found.kept} were published as {value!r}", ""
    pair = shown.pair
    if rule.readings and (pair.filled < LEAST_FILLED or pair.carried < LEAST_KEPT * pair.filled):
        return f"of {pair.filled} values of {rule.source!r} {pair.carried} were published", ""
    return "", "the rows were published with it"


def _shape(rule: StandingRule, shown: RuleFindings) -> Reasons:
    for text, value in rule.values.items():
        found = shown.texts.get(text)
        if found is None or not found.agreed:
            return f"no specialist of this run says that {text!r} is {value!r}", ""
        if len(found.against) >= len(found.agreed):
            return f"{', '.join(found.against)} say that {text!r} is something else", ""
    for name, choice in rule.readings.items():
        told = shown.readings.get(name)
        if told != choice:
            return f"the texts of {rule.source!r} do not tell by themselves that the {name} is {choice}", ""
    return "", "the texts speak for it"


def _history(rule: StandingRule, entries: Sequence[LogEntry], adopted: Adopted) -> Reasons:
    known = adopted.rule(rule.table, rule.column, rule.source)
    said: Mapping[str, str] = known.values | known.readings
    wanted = rule.values | rule.readings
    for name, choice in wanted.items():
        if said.get(name, choice) != choice:
            return f"{name!r} was adopted as {said[name]!r} in run {known.runs.get(name, '')}", ""
    for entry in entries:
        revoked = entry.proposal.rule
        if revoked is None or entry.index not in adopted.revoked or rule_key(revoked) != rule_key(rule):
            continue
        again = [name for name, choice in wanted.items() if (revoked.values | revoked.readings).get(name) == choice]
        if again:
            return f"that {again[0]!r} is {wanted[again[0]]!r} was revoked (entry {entry.index})", ""
    return "", "the log says nothing else"


def _contract(rule: StandingRule, shown: RuleFindings, findings: Findings) -> Reasons:
    share, most = findings.quarantined.get(rule.table, 0.0), findings.most_quarantined.get(rule.table, 0.0)
    if rule.table not in findings.published or share > most:
        return f"table {rule.table!r} did not meet the contract", ""
    if rule.column not in findings.columns.get(rule.table, {}):
        return f"the contract has no column {rule.column!r}", ""
    if rule.values and not shown.repairable:
        return f"the contract does not let values of {rule.column!r} be repaired", ""
    unlisted = [text for text in rule.values if text not in shown.texts or not shown.texts[text].listed]
    if unlisted:
        return f"{rule.values[unlisted[0]]!r} is not in the list, or {unlisted[0]!r} is", ""
    other = [name for name, choice in rule.readings.items() if shown.stated.get(name, choice) != choice]
    if other:
        return f"the contract states the {other[0]} {shown.stated[other[0]]}", ""
    return "", "the contract was met with it"


_OWN: dict[Member, Callable[[StandingRule, RuleFindings], Reasons]] = {
    Member.NAMES: _names,
    Member.VALUES: _values,
    Member.SHAPE: _shape,
}
