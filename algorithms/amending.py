"""Judgements as a person settled them: what replaces the proposals, and what then stands for each change."""

from collections.abc import Iterator, Mapping

from algorithms.approval import PERCENTS, format_id, mapping_id, parts_of, value_id
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
from state.mapping import ColumnMapping, ColumnMatch
from state.resolution import Resolutions, ValueResolution

PERSON = "person"
"""Who is named as the reason or operator of what a person decided."""

Values = Mapping[str, str | None]
"""Change id -> what stands instead of the proposal."""

_GROUPING = {".": ",", ",": "."}


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
    answer, targets = proposal.answer, [target.name for target in proposal.evidence.targets]
    matches = {match.target: match for match in answer.matches}
    for target in targets:
        identity = mapping_id(proposal, target)
        now = matches[target].source if target in matches else None
        if identity not in values or values[identity] == now:
            continue
        matches.pop(target, None)
        source = values[identity]
        if source is not None:
            matches[target] = ColumnMatch(target=target, source=source, score=1.0, margin=1.0, reason=PERSON)
    if matches == {match.target: match for match in answer.matches}:
        return proposal
    used = {match.source for match in matches.values()}
    amended = ColumnMapping(
        table=answer.table,
        variant_id=answer.variant_id,
        matches=tuple(matches[target] for target in targets if target in matches),
        unmapped_targets=tuple(target for target in targets if target not in matches),
        unmapped_sources=tuple(source.name for source in proposal.evidence.sources if source.name not in used),
        confidence=min((match.score for match in matches.values()), default=0.0),
    )
    return proposal.model_copy(update={"answer": amended})


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
    orders: dict[DateOrder | None, list[int]] = {group.date_order: []}
    for files in parts_of(proposal.evidence, group):
        identity = format_id(proposal, ChangeKind.DATE_ORDER, files)
        order = DateOrder(values[identity] or DateOrder.UNKNOWN) if identity in values else group.date_order
        orders.setdefault(order, []).extend(files)
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
    return {"decimal": value or "", "thousands": _GROUPING.get(value or "")}


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
