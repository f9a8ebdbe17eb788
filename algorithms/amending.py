"""Judgements as a person settled them: what replaces the proposals, and what then stands for each change."""

from collections.abc import Iterator, Mapping

from algorithms.approval import PERCENTS, format_id, mapping_id, parts_of, value_id
from algorithms.numbers import GROUPING
from state.approval import (
    Change,
    ChangeKind,
    ChangesAnswer,
    FormatProposal,
    MappingProposal,
    Proposals,
    Reply,
    ResolutionProposal,
    Rest,
    Settled,
)
from state.formats import DateOrder, FormatGroup, ValueFormat
from state.mapping import ColumnMapping, ColumnMatch, MappingEvidence
from state.resolution import Resolutions, ValueResolution

PERSON = "person"
"""Who is named as the reason or operator of what a person decided."""

Values = Mapping[str, str | None]
"""Change id -> what stands instead of the proposal."""


def settle(changes: Mapping[str, Change], answer: ChangesAnswer) -> dict[str, Settled]:
    """Return what an answer says about each change; those that are asked about again are not in it."""
    settled = {
        change_id: Settled(reply=reply, proposal=changes[change_id].proposal, value=value)
        for reply, values in _named(changes, answer).items()
        for change_id, value in values.items()
    }
    if answer.rest is Rest.ASK:
        return settled
    for change in changes.values():
        accepted = answer.rest is Rest.ACCEPT
        reply = Reply.ACCEPT if accepted else Reply.REJECT
        value = change.proposal if accepted else change.rejected
        settled.setdefault(change.change_id, Settled(reply=reply, proposal=change.proposal, value=value))
    return settled


def _named(changes: Mapping[str, Change], answer: ChangesAnswer) -> dict[Reply, dict[str, str | None]]:
    return {
        Reply.ACCEPT: {change_id: changes[change_id].proposal for change_id in answer.accept},
        Reply.REJECT: {change_id: changes[change_id].rejected for change_id in answer.reject},
        Reply.EDIT: dict(answer.edit),
    }


def fault_of(changes: Mapping[str, Change], answer: ChangesAnswer) -> tuple[str, str] | None:
    """Return (where, what) is wrong with an answer in itself: unknown or repeated ids, words no format has, nothing."""
    named = [*answer.accept, *answer.reject, *answer.edit]
    for place, ids in (("accept", answer.accept), ("reject", answer.reject), ("edit", tuple(answer.edit))):
        for change_id in ids:
            if change_id not in changes:
                return place, f"there is no open change {change_id!r:.60}"
            if named.count(change_id) > 1:
                return place, f"{change_id!r} is answered twice"
    for change_id, value in answer.edit.items():
        fault = _unreadable(changes[change_id], value)
        if fault:
            return f"edit.{change_id}", fault
    return ("answer", "it settles nothing") if answer.rest is Rest.ASK and not named and changes else None


def _unreadable(change: Change, value: str | None) -> str | None:
    """Return why an edit is no value of its kind; what the evidence says about it is the decision's own check."""
    orders = tuple(order.value for order in DateOrder)
    words: dict[ChangeKind, tuple[str, ...]] = {
        ChangeKind.DATE_ORDER: orders,
        ChangeKind.DOTTED_ORDER: orders,
        ChangeKind.DECIMAL: (".", ",", ""),
        ChangeKind.PERCENT: tuple(PERCENTS),
    }
    if change.kind is ChangeKind.UNIT and value not in (None, change.proposal, *change.alternatives):
        return f"{value!r:.60} stands beside no value of the column"
    if change.kind not in words or value in words[change.kind]:
        return None
    return f"{value!r:.60} is not {change.edit}"


def amend(proposals: Proposals, values: Values) -> Proposals:
    """Return the judgements with `values` in place of what was proposed; ids that are not in them change nothing."""
    return proposals.model_copy(
        update={
            "mappings": tuple(_mapped(proposal, values) for proposal in proposals.mappings),
            "formats": tuple(_formatted(proposal, values) for proposal in proposals.formats),
            "resolutions": tuple(_resolved(proposal, values) for proposal in proposals.resolutions),
        }
    )


def _mapped(proposal: MappingProposal, values: Values) -> MappingProposal:
    targets = (target.name for target in proposal.evidence.targets)
    named = {target: values[identity] for target in targets if (identity := mapping_id(proposal, target)) in values}
    amended = remapped(proposal.evidence, proposal.answer, named, by=PERSON)
    return proposal if amended is proposal.answer else proposal.model_copy(update={"answer": amended})


def remapped(
    evidence: MappingEvidence, answer: ColumnMapping, sources: Mapping[str, str | None], *, by: str, score: float = 1.0
) -> ColumnMapping:
    """Return a mapping with other sources (None: none) for some contract columns, as `by` says; itself where equal."""
    targets = [target.name for target in evidence.targets]
    matches = {match.target: match for match in answer.matches}
    for target in targets:
        now = matches[target].source if target in matches else None
        if target not in sources or sources[target] == now:
            continue
        matches.pop(target, None)
        source = sources[target]
        if source is not None:
            matches[target] = ColumnMatch(target=target, source=source, score=score, margin=1.0, reason=by)
    if matches == {match.target: match for match in answer.matches}:
        return answer
    used = {match.source for match in matches.values()}
    return ColumnMapping(
        table=answer.table,
        variant_id=answer.variant_id,
        matches=tuple(matches[target] for target in targets if target in matches),
        unmapped_targets=tuple(target for target in targets if target not in matches),
        unmapped_sources=tuple(source.name for source in evidence.sources if source.name not in used),
        confidence=min((match.score for match in matches.values()), default=0.0),
    )


def _formatted(proposal: FormatProposal, values: Values) -> FormatProposal:
    answer = proposal.answer
    groups = tuple(part for group in answer.groups for part in _ordered(proposal, group, values))
    update: dict[str, object] = {"groups": groups}
    for kind in (ChangeKind.DOTTED_ORDER, ChangeKind.DECIMAL, ChangeKind.UNIT, ChangeKind.PERCENT):
        identity = format_id(proposal, kind)
        if identity in values:
            update |= _side(answer, kind, values[identity])
    amended = answer.model_copy(update=update)
    if amended == answer:
        return proposal
    told = "; ".join(text for text in (answer.evidence, f"as a {PERSON} decided") if text)
    return proposal.model_copy(update={"answer": amended.model_copy(update={"evidence": told, "confidence": 1.0})})


def _ordered(proposal: FormatProposal, group: FormatGroup, values: Values) -> Iterator[FormatGroup]:
    """Yield the group with its files by the order that was settled for them; whole where none was changed."""
    settled: dict[int, DateOrder] = {}
    for files in parts_of(proposal.evidence, group):
        identity = format_id(proposal, ChangeKind.DATE_ORDER, files)
        if identity in values:
            settled |= dict.fromkeys(files, DateOrder(values[identity] or DateOrder.UNKNOWN))
    yield from reordered(group, settled)


def reordered(group: FormatGroup, settled: Mapping[int, DateOrder]) -> Iterator[FormatGroup]:
    """Yield the group with its files by the order that was settled for them; whole where none was changed."""
    orders: dict[DateOrder | None, list[int]] = {group.date_order: []}
    for file_id in group.file_ids:
        orders.setdefault(settled.get(file_id, group.date_order), []).append(file_id)
    for order, members in orders.items():
        if members:
            yield group.model_copy(update={"date_order": order, "file_ids": tuple(sorted(members))})


def _side(answer: ValueFormat, kind: ChangeKind, value: str | None) -> dict[str, object]:
    """Return the fields of a format that one side of it is about."""
    if kind is ChangeKind.DOTTED_ORDER:
        return {"dotted_order": DateOrder(value or DateOrder.UNKNOWN)}
    if kind is ChangeKind.UNIT:
        return {"unit": value}
    if kind is ChangeKind.PERCENT:
        factor, read = PERCENTS[value or "not_read"]
        return {"percent_factor": factor, "percent_read": read}
    if value == answer.decimal:
        return {}
    return {"decimal": value or "", "thousands": GROUPING.get(value or "")}


def _resolved(proposal: ResolutionProposal, values: Values) -> ResolutionProposal:
    answers = tuple(
        _answered(resolution, values[identity])
        if (identity := value_id(proposal, resolution.value)) in values
        else resolution
        for resolution in proposal.answer.values
    )
    answer = Resolutions(table=proposal.answer.table, column=proposal.answer.column, values=answers)
    return proposal.model_copy(update={"answer": answer})


def _answered(resolution: ValueResolution, value: str | None) -> ValueResolution:
    if value == resolution.resolved:
        return resolution
    update = {"resolved": value, "operator": PERSON, "confidence": 1.0, "reason": f"a {PERSON} decided"}
    return resolution.model_copy(update=update)
