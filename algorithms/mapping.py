"""Column mapping: score every likely pair of source and contract column, and assign one to one.

Owns the combination of the specialists' scores and what is mapped. Names come first: a source column that carries the
name of a contract column, or one of its aliases, is mapped to it whatever the values look like, and another column of
the same name is drift. What is left is scored by all specialists, and the assignment with the greatest sum of
log-odds is taken. A contract column stays without source where no pair is more likely right than wrong, and where two
free source columns fit equally well.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from algorithms.assignment import sparse_assignment
from algorithms.mapping_candidates import candidate_pairs
from algorithms.mapping_claims import claims
from algorithms.mapping_specialists import Prepared, prepare, specialists
from state.contract import LogicalType
from state.mapping import ColumnMapping, ColumnMatch, MappingEvidence, SourceColumn, TargetColumn

Pair = tuple[int, int]

NAME_SPECIALISTS = ("name", "alias", "normal name", "normal alias", "words", "spelling")
"""Specialists on names. They see the same thing, so that the best of them counts, once."""

WEIGHTS: Mapping[str, tuple[float, float]] = {
    "name": (10.0, 0.62),
    "values": (8.0, 0.3),
    "pattern": (4.0, 0.6),
    "type": (5.0, 0.9),
    "shapes": (4.0, 0.75),
    "numbers": (6.0, 0.75),
    "uniqueness": (3.0, 0.8),
}
"""Weight of each kind of evidence and the score at which it speaks neither for nor against.

A score s adds weight x (s - neutral) to the log-odds that the pair is right. The figures are set by judgement, not
fitted: a type or a shape that fits is hardly evidence, one that does not fit nearly excludes.
"""

BAR = 0.5
"""A pair must be more likely right than wrong."""

_PRIOR = -0.5  # log-odds of a pair of which nothing is known
_NO_NAME = 0.2  # a name that is not alike says no more than this: there are synonyms and other languages
_TIE = 0.1  # log-odds nearer than this are equal


class _Scored(NamedTuple):
    """A pair's combined score, and the scores of the kinds of evidence that spoke."""

    score: float
    kinds: Mapping[str, float]

    def reason(self) -> str:
        return ", ".join(f"{kind} {score:.2f}" for kind, score in self.kinds.items())


def match_columns(evidence: MappingEvidence) -> ColumnMapping:
    """Return which source column feeds which contract column. Pure; the order of the columns does not matter.

    `confidence` is the score of the least certain match, 0 without matches. Of several source columns with one name
    the fullest takes part; the others are drift.
    """
    prepared = prepare(_canonical(evidence))
    named, rivals = _by_name(prepared)
    losers = {source for sources in rivals.values() for source in sources}
    free_sources = sorted(set(range(len(prepared.sources))) - {source for source, _ in named} - losers)
    free_targets = sorted(set(range(len(prepared.targets))) - {target for _, target in named})
    scored = {pair: _score(prepared, pair) for pair in candidate_pairs(prepared, free_sources, free_targets)}
    found = [_named_match(prepared, pair, reason, rivals[pair[1]]) for pair, reason in named.items()]
    rivals_of = _scores_by_target(scored)
    found += [
        _match(prepared, pair, scored[pair].score, scored[pair].reason(), rivals_of[pair[1]])
        for pair in _assign(scored)
    ]
    return _mapping(evidence, found)


def match_tables_instances(source: Sequence[SourceColumn], target: Sequence[SourceColumn]) -> ColumnMapping:
    """Return which column of one table is which of another; both sides are known by their values (no contract)."""
    return match_columns(
        MappingEvidence(table="target", variant_id="source", sources=tuple(source), targets=known_targets(target))
    )


def known_targets(columns: Sequence[SourceColumn]) -> tuple[TargetColumn, ...]:
    """Return profiled columns as columns to be fed; nothing but their names and values is known of them."""
    return tuple(
        TargetColumn(
            name=column.name, names=(), logical_type=LogicalType.STRING, samples=column.samples, profile=column
        )
        for column in columns
    )


def score_matrix(evidence: MappingEvidence) -> dict[str, NDArray[np.float64]]:
    """Return for each specialist its scores, source columns x contract columns in the order of the evidence.

    NaN where it abstains. Every pair is scored: meant for tables of ordinary width.
    """
    prepared = prepare(evidence)
    return {
        name: np.array(
            [[judge(source, target, prepared.lexicon) for target in prepared.targets] for source in prepared.sources],
            dtype=np.float64,
        ).reshape(len(prepared.sources), len(prepared.targets))
        for name, judge in specialists().items()
    }


def open_pairs(evidence: MappingEvidence, mapping: ColumnMapping) -> dict[str, tuple[tuple[str, float], ...]]:
    """Return for contract columns without a source the free source columns whose values fit, the best first.

    The figure is the score of the pair without its names: they are what a reader may know more about. Only pairs with
    evidence of their own, besides a type that fits, are named.
    """
    prepared = prepare(_canonical(evidence))
    free = [place for place, each in enumerate(prepared.sources) if each.column.name in mapping.unmapped_sources]
    wanted = [place for place, each in enumerate(prepared.targets) if each.column.name in mapping.unmapped_targets]
    found: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for source, target in candidate_pairs(prepared, free, wanted):
        kinds = {kind: score for kind, score in _score(prepared, (source, target)).kinds.items() if kind != "name"}
        score = _combined(kinds)
        if score > BAR and not set(kinds) <= {"type"} and all(kinds[kind] >= WEIGHTS[kind][1] for kind in kinds):
            found[prepared.targets[target].column.name].append((prepared.sources[source].column.name, score))
    return {target: tuple(sorted(pairs, key=lambda pair: (-pair[1], pair[0]))) for target, pairs in found.items()}


def combine(scores: Mapping[str, float | None]) -> float:
    """Return the probability that a pair is right from the specialists' scores; see `WEIGHTS`."""
    return _combined(_kinds(scores))


def _kinds(scores: Mapping[str, float | None]) -> dict[str, float]:
    """Return the scores by kind of evidence, those on names as one."""
    names = [score for name in NAME_SPECIALISTS if (score := scores.get(name)) is not None]
    others = {kind: scores.get(kind) for kind in WEIGHTS if kind != "name"}
    said = {kind: score for kind, score in others.items() if score is not None}
    return {"name": max(names), **said} if names else said


def _combined(kinds: Mapping[str, float]) -> float:
    log_odds = _PRIOR
    for kind, score in kinds.items():
        weight, neutral = WEIGHTS[kind]
        log_odds += weight * ((max(score, _NO_NAME) if kind == "name" else score) - neutral)
    return 1.0 / (1.0 + math.exp(-log_odds))


def _score(prepared: Prepared, pair: Pair) -> _Scored:
    source, target = prepared.sources[pair[0]], prepared.targets[pair[1]]
    kinds = _kinds({name: judge(source, target, prepared.lexicon) for name, judge in specialists().items()})
    return _Scored(_combined(kinds), kinds)


def _by_name(prepared: Prepared) -> tuple[dict[Pair, str], dict[int, set[int]]]:
    """Map the columns that carry a name or alias, the strongest claim first; also return the losers by target."""
    named: dict[Pair, str] = {}
    rivals: dict[int, set[int]] = defaultdict(set)
    for tier in claims(prepared):
        sources, targets = {source for source, _ in named}, {target for _, target in named}
        free = [pair for pair in tier.pairs if pair[0] not in sources and pair[1] not in targets]
        named.update(dict.fromkeys(sparse_assignment(_claim_weights(prepared, free)).items(), tier.reason))
        for source, target in tier.pairs:
            rivals[target].add(source)
    winners = {source for source, _ in named}
    return named, defaultdict(set, {target: sources - winners for target, sources in rivals.items()})


def _claim_weights(prepared: Prepared, pairs: Sequence[Pair]) -> dict[Pair, float]:
    """Return weights by which as many claims as possible are met, contested ones by the rest of the evidence."""
    sources, targets = Counter(source for source, _ in pairs), Counter(target for _, target in pairs)
    return {
        pair: 1.0 + (_score(prepared, pair).score if max(sources[pair[0]], targets[pair[1]]) > 1 else 0.0)
        for pair in pairs
    }


def _assign(scored: Mapping[Pair, _Scored]) -> list[Pair]:
    """Return the best one-to-one pairs above the bar, without those that a free column would fit as well."""
    assigned = sparse_assignment({pair: _log_odds(each.score) for pair, each in scored.items() if each.score > BAR})
    used_targets = {target: source for source, target in assigned.items()}
    ambiguous: set[Pair] = set()
    for (source, target), each in scored.items():
        if source not in assigned and target in used_targets:
            taken = used_targets[target], target
        elif source in assigned and target not in used_targets:
            taken = source, assigned[source]
        else:
            continue
        if _log_odds(each.score) > _log_odds(scored[taken].score) - _TIE:
            ambiguous.add(taken)
    return sorted(pair for pair in assigned.items() if pair not in ambiguous)


def _log_odds(probability: float) -> float:
    return math.log(probability / (1.0 - probability))


def _named_match(prepared: Prepared, pair: Pair, reason: str, rivals: Iterable[int]) -> ColumnMatch:
    """Return a match by name: certain; a rival is a column that carries the same name or another one."""
    others = {rival: _score(prepared, (rival, pair[1])).score for rival in rivals}
    return _match(prepared, pair, 1.0, reason, others)


def _scores_by_target(scored: Mapping[Pair, _Scored]) -> dict[int, dict[int, float]]:
    found: dict[int, dict[int, float]] = defaultdict(dict)
    for (source, target), each in scored.items():
        found[target][source] = each.score
    return found


def _match(prepared: Prepared, pair: Pair, score: float, reason: str, scores: Mapping[int, float]) -> ColumnMatch:
    """Return the match with the best of the other sources that `scores` tells of."""
    others = {source: each for source, each in scores.items() if source != pair[0]}
    runner_up = min(others, key=lambda source: (-others[source], source), default=None)
    return ColumnMatch(
        target=prepared.targets[pair[1]].column.name,
        source=prepared.sources[pair[0]].column.name,
        score=score,
        runner_up=None if runner_up is None else prepared.sources[runner_up].column.name,
        margin=score - (0.0 if runner_up is None else others[runner_up]),
        reason=reason,
    )


def _mapping(evidence: MappingEvidence, found: Iterable[ColumnMatch]) -> ColumnMapping:
    """Return the answer in the order of the evidence."""
    by_target = {match.target: match for match in found}
    used = Counter(match.source for match in by_target.values())
    unmapped = []
    for column in evidence.sources:
        if used[column.name]:
            used[column.name] -= 1
        else:
            unmapped.append(column.name)
    return ColumnMapping(
        table=evidence.table,
        variant_id=evidence.variant_id,
        matches=tuple(by_target[target.name] for target in evidence.targets if target.name in by_target),
        unmapped_targets=tuple(target.name for target in evidence.targets if target.name not in by_target),
        unmapped_sources=tuple(unmapped),
        confidence=min((match.score for match in by_target.values()), default=0.0),
    )


def _canonical(evidence: MappingEvidence) -> MappingEvidence:
    """Return the evidence in an order of its own, each name of a side once."""
    fullest: dict[str, SourceColumn] = {}
    for column in sorted(evidence.sources, key=lambda column: (column.name, -column.filled, column.model_dump_json())):
        fullest.setdefault(column.name, column)
    targets = {column.name: column for column in sorted(evidence.targets, key=TargetColumn.model_dump_json)}
    ordered = tuple(targets[name] for name in sorted(targets))
    return evidence.model_copy(update={"sources": tuple(fullest.values()), "targets": ordered})
