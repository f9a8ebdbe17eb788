"""The judgements about a table as single changes that a person can accept, reject or edit, the most doubtful first.

What is done without judgement is not put forward: trimming, null texts, rounding to the contract's type, and what the
contract itself rules (duplicates, drift). Ids are made from what is judged, so that a change is known again after it
was edited, and after other judgements were made anew.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from algorithms.dates import pattern_order
from algorithms.numbers import counts_as_unit
from algorithms.units import canonical_unit
from state.approval import Change, ChangeKind, FormatProposal, MappingProposal, Proposals, ResolutionProposal
from state.formats import DateOrder, FormatEvidence, FormatGroup, ValueFormat
from state.mapping import ColumnMatch, SourceColumn
from state.resolution import UnknownValue, ValueResolution
from state.values import digest

PERCENTS = {"as_it_stands": (1.0, True), "hundredth": (0.01, True), "not_read": (1.0, False)}
"""How values with a percent sign are read: factor, and whether they are read at all."""

_MOST_ALTERNATIVES = 8
_FEW_VALID = 30
"""Lists up to this length are told as a whole."""

_ORDERS = f"one of {', '.join(order.value for order in DateOrder)}"


def changes_of(proposals: Proposals) -> tuple[Change, ...]:
    """Return every change, the most doubtful first; columns without a source and values without an answer come last."""
    found = [change for mapping in proposals.mappings for change in _mapping_changes(proposals, mapping)]
    found += [change for value_format in proposals.formats for change in _format_changes(proposals, value_format)]
    found += [change for resolution in proposals.resolutions for change in _value_changes(resolution)]
    return tuple(sorted(found, key=_doubt))


def change_id(kind: ChangeKind, table: str, column: str, *judged: object) -> str:
    """Return the id of a change: the letters of its kind and twelve digits."""
    return f"{kind.value.partition('_')[0]}-{digest([kind.value, table, column, *judged])[:12]}"


def mapping_id(proposal: MappingProposal, target: str) -> str:
    """Return the id of what feeds a contract column in one header variant."""
    return change_id(ChangeKind.MAPPING, proposal.answer.table, target, proposal.answer.variant_id)


def format_id(proposal: FormatProposal, kind: ChangeKind, files: Sequence[int] = ()) -> str:
    """Return the id of one side of the format of a column, as fed by its sources; `files` for a group of files."""
    answer = proposal.answer
    return change_id(kind, answer.table, answer.column, list(proposal.sources), list(files))


def value_id(proposal: ResolutionProposal, value: str) -> str:
    """Return the id of what a value of a column, as fed by its sources, becomes."""
    answer = proposal.answer
    return change_id(ChangeKind.VALUE, answer.table, answer.column, list(proposal.sources), value)


def parts_of(evidence: FormatEvidence, group: FormatGroup) -> tuple[tuple[int, ...], ...]:
    """Return the files of a group that are asked about as one: those whose own values tell, then each other alone."""
    telling = evidence.day_first_only.keys() | evidence.month_first_only.keys()
    own = tuple(file_id for file_id in group.file_ids if file_id in telling)
    others = tuple((file_id,) for file_id in group.file_ids if file_id not in telling)
    return ((own,) if own else ()) + others


def units_of(evidence: FormatEvidence) -> tuple[str, ...]:
    """Return the canonical units that stand beside values of the column, in their order."""
    rows: Counter[str] = Counter()
    for text, count in evidence.units.items():
        rows[canonical_unit(text)] += count
    return tuple(sorted(unit for unit, count in rows.items() if counts_as_unit(unit, count, evidence.filled)))


def percent_reading(answer: ValueFormat) -> str:
    """Return the word for how values with a percent sign are read."""
    if not answer.percent_read:
        return "not_read"
    return "as_it_stands" if answer.percent_factor == 1.0 else "hundredth"


def _doubt(change: Change) -> tuple[bool, float, float, int, str]:
    margin = 1.0 if change.margin is None else change.margin
    nothing = change.proposal is None and change.kind in (ChangeKind.MAPPING, ChangeKind.VALUE)
    return nothing, change.confidence, margin, -change.rows, change.change_id


def _mapping_changes(proposals: Proposals, proposal: MappingProposal) -> Iterator[Change]:
    """Yield what feeds each contract column of a header variant; no source only where one was left over."""
    answer, where = proposal.answer, _files(proposals, proposals.variants.get(proposal.answer.variant_id, ()))
    sources = {source.name: source for source in reversed(proposal.evidence.sources)}
    matches: dict[str, ColumnMatch] = {match.target: match for match in answer.matches}
    for target in (target.name for target in proposal.evidence.targets):
        match = matches.get(target)
        if match is None and not answer.unmapped_sources:
            continue
        best = [match.runner_up] if match and match.runner_up else []
        source = sources.get(match.source) if match else None
        yield Change(
            change_id=mapping_id(proposal, target),
            kind=ChangeKind.MAPPING,
            table=answer.table,
            column=target,
            where=f"{answer.variant_id}: {where}",
            proposal=match.source if match else None,
            rejected=None,
            alternatives=_some([*best, *answer.unmapped_sources], match.source if match else None),
            edit="the name of another source column that feeds nothing else, or null for none",
            confidence=match.score if match else 0.0,
            margin=match.margin if match else None,
            rows=source.filled if source else 0,
            evidence=_of_match(match, source),
        )


def _of_match(match: ColumnMatch | None, source: SourceColumn | None) -> str:
    if match is None or source is None:
        return "no source column is likely enough"
    samples = ", ".join(repr(sample[:40]) for sample in source.samples[:3])
    return f"{match.reason}; {source.filled} of {source.rows} rows hold a value, e.g. {samples}"


def _format_changes(proposals: Proposals, proposal: FormatProposal) -> Iterator[Change]:
    evidence, answer = proposal.evidence, proposal.answer
    everywhere = ", ".join(proposal.sources[:_MOST_ALTERNATIVES])
    for group in answer.groups if pattern_order(answer.pattern) is None else ():
        order = group.date_order or DateOrder.UNKNOWN
        for files in parts_of(evidence, group):
            identity = format_id(proposal, ChangeKind.DATE_ORDER, files)
            base = _format_change(proposal, identity, ChangeKind.DATE_ORDER, order.value, DateOrder.UNKNOWN.value)
            counts = [
                sum(side.get(file_id, 0) for file_id in files)
                for side in (evidence.day_first_only, evidence.month_first_only, evidence.ambiguous)
            ]
            told = "{} values read only day-first, {} only month-first, {} both ways".format(*counts)
            update = {"rows": sum(counts), "evidence": f"{told}; {group.evidence}", "edit": _ORDERS}
            yield base.model_copy(update={"where": _files(proposals, files), **update})
    for kind, current, rejected, rows, edit in _sides(evidence, answer):
        base = _format_change(proposal, format_id(proposal, kind), kind, current, rejected)
        yield base.model_copy(update={"where": everywhere, "rows": rows, "edit": edit})


def _format_change(
    proposal: FormatProposal, identity: str, kind: ChangeKind, current: str | None, rejected: str | None
) -> Change:
    answer, every = proposal.answer, _choices(kind, proposal.evidence)
    return Change(
        change_id=identity,
        kind=kind,
        table=answer.table,
        column=answer.column,
        where="",
        proposal=current,
        rejected=rejected,
        alternatives=_some(every, current),
        edit="",
        confidence=answer.confidence,
        rows=0,
        evidence=answer.evidence,
    )


def _sides(
    evidence: FormatEvidence, answer: ValueFormat
) -> Iterator[tuple[ChangeKind, str | None, str | None, int, str]]:
    """Yield the sides of a format that some value depends on: kind, current, rejected, rows and what an edit says."""
    unknown = DateOrder.UNKNOWN.value
    dotted = evidence.dotted_day_first_only + evidence.dotted_month_first_only + evidence.dotted_ambiguous
    if dotted and (pattern_order(answer.pattern) is None or "." not in (answer.pattern or "")):
        yield ChangeKind.DOTTED_ORDER, answer.dotted_order.value, unknown, dotted, _ORDERS
    signs = evidence.decimal_comma + evidence.separator_ambiguous + evidence.point_ambiguous
    if signs:
        yield ChangeKind.DECIMAL, answer.decimal, "", signs, '"." or ",", or "" to leave such values unread'
    if answer.unit is not None or units_of(evidence):
        rows = sum(evidence.units.values())
        yield ChangeKind.UNIT, answer.unit, None, rows, "the unit to leave out, or null: such values are not read"
    if evidence.percent:
        reading = percent_reading(answer)
        yield ChangeKind.PERCENT, reading, "not_read", evidence.percent, f"one of {', '.join(PERCENTS)}"


def _choices(kind: ChangeKind, evidence: FormatEvidence) -> tuple[str, ...]:
    return {
        ChangeKind.DECIMAL: (".", ","),
        ChangeKind.UNIT: units_of(evidence),
        ChangeKind.PERCENT: tuple(PERCENTS),
    }.get(kind, tuple(order.value for order in DateOrder))


def _value_changes(proposal: ResolutionProposal) -> Iterator[Change]:
    evidence = proposal.evidence
    asked = {unknown.value: unknown for unknown in evidence.unknown}
    few = evidence.valid if len(evidence.valid) <= _FEW_VALID else ()
    for resolution in proposal.answer.values:
        voted = [vote.choice for vote in resolution.votes if vote.choice is not None]
        yield Change(
            change_id=value_id(proposal, resolution.value),
            kind=ChangeKind.VALUE,
            table=evidence.table,
            column=evidence.column,
            where=", ".join(proposal.sources[:_MOST_ALTERNATIVES]),
            value=resolution.value,
            proposal=resolution.resolved,
            rejected=None,
            alternatives=_some([*voted, *few], resolution.resolved),
            edit=f"one of the {len(evidence.valid)} values of the list, or null: it stays and breaks its rule",
            confidence=resolution.confidence,
            rows=asked[resolution.value].rows,
            evidence=_of_value(resolution, asked[resolution.value]),
            votes=resolution.votes,
        )


def _of_value(resolution: ValueResolution, unknown: UnknownValue) -> str:
    return f"{resolution.reason}; in {unknown.rows} rows of {unknown.files} files"


def _files(proposals: Proposals, file_ids: Sequence[int]) -> str:
    names = [proposals.files.get(file_id, str(file_id)) for file_id in file_ids]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")  # noqa: PLR2004


def _some(names: Sequence[str], current: str | None) -> tuple[str, ...]:
    """Return the first few different names without the current one."""
    return tuple(name for name in dict.fromkeys(names) if name != current)[:_MOST_ALTERNATIVES]
