"""Other source columns for contract columns of one header variant whose values do not fit, by what the values are."""

from collections.abc import Iterator, Mapping, Sequence

from algorithms.rereading import SOURCE
from state.contract import LogicalType
from state.diagnosis import RemedyKind
from state.mapping import ColumnMapping, MappingEvidence, SourceColumn, TargetColumn
from state.recovery import Amendment

_FITS = 0.95  # share of the values that must be of the column's type, or in its list, to feed it
_MISFITS = 0.5  # share up to which a source is doubted
_BAD = 0.5  # share of the variant's rows that must be bad in the column
_CERTAINTY = 0.9


def worth_looking(bad: Mapping[str, int], rows: int) -> bool:
    """Return whether some column is bad in so many of a variant's rows that another source may be meant for it."""
    return bool(rows) and any(count >= _BAD * rows for count in bad.values())


def mapping_alternatives(
    evidence: MappingEvidence, answer: ColumnMapping, bad: Mapping[str, int], rows: int, files: Sequence[int]
) -> Iterator[Amendment]:
    """Yield a remap of each contract column that is `bad` (rows) in most of the variant's `rows` where one source fits.

    Only a source that feeds nothing, or a column that is bad itself and that the present source fits: then they swap.
    Where several fit, nothing tells which is meant.
    """
    sources = {source.name: source for source in evidence.sources}
    targets = {target.name: target for target in evidence.targets}
    fed = {match.target: match.source for match in answer.matches}
    doubted = [
        name
        for name, count in bad.items()
        if count >= _BAD * rows and name in fed and fit(sources[fed[name]], targets[name]) <= _MISFITS
    ]
    swapped: set[str] = set()
    for name in doubted:
        found = [each for each in _ways(name, doubted, fed, answer) if _possible(each, sources, targets)]
        if len(found) == 1 and name not in swapped:
            swapped |= found[0].keys()
            yield _remap(evidence, found[0], bad, files)


def exchanged(answer: ColumnMapping, columns: Sequence[str]) -> dict[str, str]:
    """Return the parameters of a remap in which two contract columns take each other's source; empty without both."""
    fed = {match.target: match.source for match in answer.matches if match.target in columns}
    first, second = columns
    if len(fed) < len(columns):
        return {}
    return {f"{SOURCE}{first}": fed[second], f"{SOURCE}{second}": fed[first]}


def fit(source: SourceColumn, target: TargetColumn) -> float:
    """Return the share of the samples of a source that fit a contract column; 0 where nothing can be told of texts."""
    if target.valid_values:
        listed = {value.casefold() for value in target.valid_values}
        known = [sample.strip().casefold() in listed for sample in source.samples]
        return sum(known) / len(known) if known else 0.0
    if target.logical_type is LogicalType.STRING:
        return 0.0
    return source.type_share.get(target.logical_type.value, 0.0)


def _ways(name: str, doubted: Sequence[str], fed: Mapping[str, str], answer: ColumnMapping) -> Iterator[dict[str, str]]:
    """Yield the sources that could feed a column: contract column -> source, of a swap both."""
    yield from ({name: source} for source in answer.unmapped_sources)
    yield from ({name: fed[other], other: fed[name]} for other in doubted if other != name)


def _possible(way: Mapping[str, str], sources: Mapping[str, SourceColumn], targets: Mapping[str, TargetColumn]) -> bool:
    return all(sources[source].filled and fit(sources[source], targets[name]) >= _FITS for name, source in way.items())


def _remap(
    evidence: MappingEvidence, way: Mapping[str, str], bad: Mapping[str, int], files: Sequence[int]
) -> Amendment:
    sources = {source.name: source for source in evidence.sources}
    told = [
        f"{source} fits {name}: {', '.join(repr(sample[:40]) for sample in sources[source].samples[:3])}"
        for name, source in way.items()
    ]
    return Amendment(
        kind=RemedyKind.REMAP,
        table=evidence.table,
        columns=tuple(way),
        files=tuple(files),
        parameters={f"{SOURCE}{name}": source for name, source in way.items()},
        gain=max(bad[name] for name in way),
        certainty=_CERTAINTY,
        evidence=f"{'; '.join(told)}; what feeds {', '.join(way)} now does not",
    )
