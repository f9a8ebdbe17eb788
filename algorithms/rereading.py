"""Judgements as recoveries amend them: other sources for columns, other ways to read the values of some files."""

from collections.abc import Sequence

from algorithms.amending import remapped, reordered
from state.diagnosis import RemedyKind
from state.formats import DateOrder, ValueFormat
from state.mapping import ColumnMapping, MappingEvidence
from state.recovery import Amendment

RECOVERY = "recovery"
"""Who is named as the reason of what a recovery amended."""

SOURCE = "source of "
"""Before the name of a contract column: the parameter of a remap that names its other source column."""


def amended_mapping(
    evidence: MappingEvidence, answer: ColumnMapping, amendments: Sequence[Amendment], files: Sequence[int]
) -> ColumnMapping:
    """Return the mapping of a header variant, which `files` have, with the sources that recoveries named."""
    for amendment in amendments:
        if amendment.kind is RemedyKind.REMAP and set(amendment.files) <= set(files):
            named = {
                name.removeprefix(SOURCE): source or None
                for name, source in amendment.parameters.items()
                if name.startswith(SOURCE)
            }
            answer = remapped(evidence, answer, named, by=RECOVERY, score=amendment.certainty)
    return answer


def amended_format(answer: ValueFormat, amendments: Sequence[Amendment]) -> ValueFormat:
    """Return the format of a column as recoveries amended it; itself where none is about it."""
    mine = [
        amendment
        for amendment in amendments
        if amendment.kind in (RemedyKind.REFORMAT, RemedyKind.RESOLVE) and answer.column in amendment.columns
    ]
    for amendment in mine:
        answer = _amended(answer, amendment)
    return answer


def _amended(answer: ValueFormat, amendment: Amendment) -> ValueFormat:
    how, update = amendment.parameters, dict[str, object]()
    if "order" in how:
        settled = dict.fromkeys(amendment.files, DateOrder(how["order"]))
        update["groups"] = tuple(part for group in answer.groups for part in reordered(group, settled))
    if "decimal" in how:
        update["decimals"] = answer.decimals | dict.fromkeys(amendment.files, how["decimal"])
    if "power" in how:
        update["powers"] = answer.powers | dict.fromkeys(amendment.files, int(how["power"]))
        update["unread_files"] = tuple(file_id for file_id in answer.unread_files if file_id not in amendment.files)
    if "minutes" in how:
        update["minutes"] = answer.minutes | dict.fromkeys(amendment.files, int(how["minutes"]))
    if "sentinel" in how:
        update["sentinels"] = (*answer.sentinels, how["sentinel"].casefold())
    told = "; ".join(text for text in (answer.evidence, f"as a {RECOVERY} amended: {amendment.evidence}") if text)
    certainty = min(answer.confidence, amendment.certainty) if answer.confidence > 0 else amendment.certainty
    return answer.model_copy(update={**update, "plain": False, "evidence": told, "confidence": certainty})
