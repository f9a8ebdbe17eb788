"""How the text of a column is read as its type: what follows from what the council on formats says.

What stays undecided becomes unreadable, never guessed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from algorithms.dates import dotted_in_words, from_pattern, group_orders
from algorithms.format_hearing import Hearing, heard_alone
from algorithms.format_questions import ALL_FILES, DATED, NUMERIC, Asked, Kind, Reading, Vote, questions
from algorithms.format_seats import AS_SHARE
from algorithms.format_tally import BEST_SEATS, OPEN, RELIABILITY, Ruled, rule
from algorithms.mapping_tally import Counting
from algorithms.numbers import Separators, separators_of, unit_of
from state.contract import LogicalType
from state.formats import DateOrder, FormatEvidence, ValueFormat
from state.resolution import Ballot

NULL_TOKENS = ("n/a", "na", "null", "none", "nan", "nil", "-", "--", "?", "unknown", "tbd", "missing")
"""Texts that mean no value in a column that is not text, in lower case."""

_MOST_TOLD = 60  # ballots of a column that are told
_MOST_FILES_NAMED = 8
_METHODS = {
    Counting.WEIGHTED: "weighted vote of {}",
    Counting.MAJORITY: "majority of {}",
    Counting.OFF: f"the seats {' and '.join(BEST_SEATS)} alone",
}
_SILENT = Vote(None, Kind.SILENT, "nothing to say")

Hear = Callable[[FormatEvidence], Hearing]
Rulings = Mapping[Asked, Ruled]


def decide_format(
    evidence: FormatEvidence, counting: Counting = Counting.WEIGHTED, hear: Hear = heard_alone
) -> ValueFormat:
    """Return how the column is read. Nobody is asked about a column that leaves nothing open."""
    plain = plain_format(evidence.table, evidence.column, evidence.logical_type)
    plain = plain.model_copy(update={"plain": evidence.odd == 0})
    if evidence.logical_type is LogicalType.TIME and evidence.pattern:
        return plain.model_copy(update={"pattern": from_pattern(evidence)})
    if evidence.logical_type not in (*DATED, *NUMERIC):
        return plain
    asked = questions(evidence)
    hearing = hear(evidence) if asked else Hearing({})
    said = {question: _said(question, hearing) for question in asked}
    rulings = {question: rule(votes, counting) for question, votes in said.items()}
    of = _dated if evidence.logical_type in DATED else _numeric
    update = of(evidence, rulings)
    if asked:
        update["votes"] = tuple(_ballots(said))[:_MOST_TOLD]
        update["suspects"] = hearing.suspects
        update["method"] = _METHODS[counting].format(", ".join(hearing.sheets))
    return plain.model_copy(update=update)


def decide_separators(evidence: FormatEvidence) -> Separators:
    """Return how the signs in the numbers of a column are read, each seat heard once."""
    asked = Asked(Reading.DECIMAL)
    return _separators(evidence, {asked: rule(_said(asked, heard_alone(evidence)), Counting.WEIGHTED)})


def plain_format(table: str, column: str, logical_type: LogicalType) -> ValueFormat:
    """Return the format that is used where there is no evidence."""
    tokens = () if logical_type is LogicalType.STRING else NULL_TOKENS
    return ValueFormat(table=table, column=column, logical_type=logical_type, null_tokens=tokens)


def _said(asked: Asked, hearing: Hearing) -> dict[str, Vote]:
    return {seat: sheet[asked] for seat, sheet in hearing.sheets.items() if asked in sheet}


def _dated(evidence: FormatEvidence, rulings: Rulings) -> dict[str, object]:
    pattern = from_pattern(evidence)
    orders = {asked.file: ruled for asked, ruled in rulings.items() if asked.reading is Reading.ORDER}
    told_by = {file_id: (each.choice, each.reason or _unsaid(evidence, file_id)) for file_id, each in orders.items()}
    groups = group_orders(evidence, told_by)
    dotted = rulings.get(Asked(Reading.DOTTED))
    told = [dotted_in_words(evidence, dotted.choice, dotted.reason)] if dotted else []
    told += [text for text in (_offsets(evidence),) if text]
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
    return {
        "groups": groups,
        "dotted_order": DateOrder(dotted.choice or DateOrder.UNKNOWN) if dotted else DateOrder.DAY_FIRST,
        "pattern": pattern,
        "confidence": min((each.confidence for each in rulings.values()), default=1.0),
        "evidence": "; ".join(told),
    }


def _unsaid(evidence: FormatEvidence, file_id: int) -> str:
    """Return why the order of a file is what it is, or open, where no seat gave a reason."""
    told = file_id in evidence.day_first_only or file_id in evidence.month_first_only
    return "" if told else "nothing tells the order"


def _offsets(evidence: FormatEvidence) -> str:
    """Say how timestamps without an offset are read where others have one."""
    if not (evidence.with_offset and evidence.without_offset):
        return ""
    return (
        f"{evidence.with_offset} values have an offset, {evidence.without_offset} have none "
        f"and are read as {evidence.default_timezone or 'UTC'}"
    )


def _numeric(evidence: FormatEvidence, rulings: Rulings) -> dict[str, object]:
    separators = _separators(evidence, rulings)
    decided = rulings.get(Asked(Reading.UNIT))
    unit = unit_of(evidence, decided.choice if decided else None)
    percent = rulings.get(Asked(Reading.PERCENT))
    read = percent is None or percent.choice is not None
    told = [separators.evidence, unit.evidence, percent.reason if percent else ""]
    if not read:
        told[-1] += ": undecided, percents are not read"
    return {
        "decimal": separators.decimal,
        "thousands": separators.thousands,
        "unit": unit.unit,
        "unread_files": unit.unread_files,
        "percent_factor": 0.01 if percent and percent.choice == AS_SHARE else 1.0,
        "percent_read": read,
        "confidence": min(separators.confidence, unit.confidence, 1.0 if read else OPEN),
        "evidence": "; ".join(text for text in told if text),
    }


def _separators(evidence: FormatEvidence, rulings: Rulings) -> Separators:
    ruled = rulings.get(Asked(Reading.DECIMAL))
    if ruled is None:
        return Separators(decimal=".", thousands=None, confidence=1.0, evidence="")
    return separators_of(evidence, ruled.choice, ruled.confidence, ruled.reason)


def _ballots(said: Mapping[Asked, Mapping[str, Vote]]) -> Iterator[Ballot]:
    """Yield what each seat said about each reading; files about which it said the same are told together."""
    seats = list(dict.fromkeys(seat for votes in said.values() for seat in votes))
    for reading in dict.fromkeys(asked.reading for asked in said):
        for seat in seats:
            files: dict[Vote, list[int]] = defaultdict(list)
            for asked, votes in said.items():
                if asked.reading is reading:
                    files[votes.get(seat, _SILENT)].append(asked.file)
            for vote, members in files.items():
                yield Ballot(
                    voter=seat,
                    choice=vote.choice,
                    confidence=RELIABILITY.get(vote.kind, 0.0) if vote.choice else 0.0,
                    reason=f"{reading.value}{_of_files(members)}: {vote.reason}",
                )


def _of_files(files: list[int]) -> str:
    if files == [ALL_FILES]:
        return ""
    named = ", ".join(map(str, files[:_MOST_FILES_NAMED]))
    more = f" and {len(files) - _MOST_FILES_NAMED} more" if len(files) > _MOST_FILES_NAMED else ""
    return f" of file{'s' if len(files) > 1 else ''} {named}{more}"
