"""The columns of a drafted table: headers of all its files unified by the mapping specialists."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from algorithms.draft_tables import column_names
from algorithms.mapping import known_targets, match_columns
from state.contract import LogicalType
from state.draft import ColumnOrigin, SourceUnit
from state.mapping import MappingEvidence, SourceColumn

Profiles = Mapping[str, Sequence[SourceColumn]]
_MOST_SAMPLES = 20
_MEDIAN = 2  # position among the quartiles
_LIKE = 5.0  # times the median of one column of numbers may be that of the other
_LIKELY = 0.9  # share of the values that must look like a type
_CLASSES = (LogicalType.NUMBER, LogicalType.DATE, LogicalType.TIMESTAMP)


def recognised(left: Sequence[SourceColumn], right: Sequence[SourceColumn]) -> float:
    """Return the share of the narrower table's columns that are recognised in the other one."""
    if min(len(left), len(right)) < 2:  # noqa: PLR2004  one column proves nothing
        return 0.0
    evidence = MappingEvidence(table="draft", variant_id="v", sources=tuple(left), targets=known_targets(right))
    return len(match_columns(evidence).matches) / min(len(left), len(right))


def unify_columns(units: Sequence[SourceUnit], profiles: Profiles) -> tuple[ColumnOrigin, ...]:
    """Return the columns of the table that these units form, in the order of the unit with most rows.

    A header that is recognised as a known column becomes its alias; one that is not becomes a column of its own.
    `profiles` holds the columns of each unit by its key.
    """
    known: dict[str, SourceColumn] = {}  # header it was first seen under -> its fullest profile
    headers: dict[str, dict[str, str]] = defaultdict(dict)
    reasons: dict[str, list[str]] = defaultdict(list)
    for unit in units:
        profile = list(profiles[unit.key])
        fed = _recognise(profile, known, reasons) if known else {column.name: column.name for column in profile}
        for column in profile:
            target = fed.get(column.name)
            if target is None:
                target = column.name if column.name not in known else f"{column.name} {unit.variant_id}"
            headers[target][unit.variant_id] = column.name
            if target not in known or column.filled > known[target].filled:
                known[target] = column.model_copy(update={"name": target})
    names = column_names(list(headers))
    return tuple(
        _origin(name, headers[target], known[target], reasons[target])
        for name, target in zip(names, headers, strict=True)
    )


def _recognise(
    profile: Sequence[SourceColumn], known: Mapping[str, SourceColumn], reasons: dict[str, list[str]]
) -> dict[str, str]:
    """Return the known column that each column of another header is; how it was recognised is told."""
    evidence = MappingEvidence(
        table="draft", variant_id="v", sources=tuple(profile), targets=known_targets(list(known.values()))
    )
    found = match_columns(evidence).matches
    for match in found:
        if match.source != match.target:
            reasons[match.target].append(f"{match.source}: {match.reason}")
    fed = {match.source: match.target for match in found}
    if 2 * len(fed) >= len(profile):
        for source, target in _by_elimination(profile, known, fed).items():
            reasons[target].append(f"{source}: the only column of its type left on both sides")
            fed[source] = target
    return fed


def _by_elimination(
    profile: Sequence[SourceColumn], known: Mapping[str, SourceColumn], fed: Mapping[str, str]
) -> dict[str, str]:
    """Return pairs of columns that are the only ones of their type that nothing was found for, on either side."""
    left = _by_class([column for column in profile if column.name not in fed])
    right = _by_class([column for name, column in known.items() if name not in fed.values()])
    pairs = {}
    for kind in left.keys() & right.keys():
        ours, theirs = left[kind], right[kind]
        if len(ours) == len(theirs) == 1 and _alike(ours[0], theirs[0]):
            pairs[ours[0].name] = theirs[0].name
    return pairs


def _by_class(columns: Sequence[SourceColumn]) -> dict[LogicalType, list[SourceColumn]]:
    found: dict[LogicalType, list[SourceColumn]] = defaultdict(list)
    for column in columns:
        kind = next((kind for kind in _CLASSES if column.type_share.get(kind.value, 0.0) >= _LIKELY), None)
        if kind is not None:
            found[kind].append(column)
    return found


def _alike(ours: SourceColumn, theirs: SourceColumn) -> bool:
    """Whether numbers are of one size; quantiles are told of numbers without a unit only."""
    if not ours.quantiles or not theirs.quantiles:
        return True
    low, high = sorted(abs(column.quantiles[_MEDIAN]) for column in (ours, theirs))
    return high <= _LIKE * low


def _origin(name: str, headers: Mapping[str, str], profile: SourceColumn, reasons: Sequence[str]) -> ColumnOrigin:
    return ColumnOrigin(
        name=name,
        headers=dict(headers),
        aliases=tuple(header for header in dict.fromkeys(headers.values()) if header != name),
        reasons=tuple(dict.fromkeys(reasons)),
        type_share=profile.type_share,
        samples=profile.samples[:_MOST_SAMPLES],
    )
