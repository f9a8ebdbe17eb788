"""Column mapping: which source column feeds which contract column, from what the schema council scored.

Owns the assignment and what is mapped. Names come first: a source column that carries the name of a contract column,
or one of its aliases, is mapped to it whatever the values look like, and another column of the same name is drift. On
what is left all seats of the council are heard, and the assignment with the greatest sum of log-odds is taken. A
contract column stays without source where no pair is more likely right than wrong, and where two source columns fit
equally well.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from algorithms.assignment import sparse_assignment
from algorithms.mapping_claims import ADOPTED
from algorithms.mapping_council import Pair, Question, Scores, ask, judge, seats_for
from algorithms.mapping_tally import BAR, BEST_SEAT, WEIGHTS, Counting, Weighed, ballots_of, combine, weigh
from state.contract import LogicalType
from state.mapping import ColumnMapping, ColumnMatch, MappingEvidence, SourceColumn, Suspect, TargetColumn
from state.resolution import Ballot

HARDLY_SURE = 0.9
"""Score below which a match is doubtful."""

_TIE = 0.1  # log-odds nearer than this are equal
_MOST_VOTED = 100  # matches whose votes are told

_METHODS = {
    Counting.WEIGHTED: "weighted vote of {}",
    Counting.MAJORITY: "majority of {}",
    Counting.OFF: f"the seat {BEST_SEAT} alone",
}


def match_columns(evidence: MappingEvidence, counting: Counting = Counting.WEIGHTED) -> ColumnMapping:
    """Return which source column feeds which contract column. Pure; the order of the columns does not matter.

    Every seat of the council is held by its own specialist. `confidence` is the score of the least certain match, 0
    without matches. Of several source columns with one name the fullest takes part; the others are drift.
    """
    question = ask(evidence)
    return decide_mapping(evidence, question, {seat: judge(seat, question) for seat in seats_for(evidence)}, counting)


def decide_mapping(
    evidence: MappingEvidence,
    question: Question,
    by_seat: Mapping[str, Scores],
    counting: Counting = Counting.WEIGHTED,
    suspects: Sequence[Suspect] = (),
) -> ColumnMapping:
    """Return the mapping that follows from the scores of the seats; those of `suspects` are not among them."""
    prepared, scored = question.prepared, weigh(question, by_seat, counting)
    named, rivals = _by_name(question, scored)
    losers = {source for sources in rivals.values() for source in sources}
    taken_sources = {source for source, _ in named} | losers
    taken_targets = {target for _, target in named}
    free = {
        pair: each for pair, each in scored.items() if pair[0] not in taken_sources and pair[1] not in taken_targets
    }
    assigned = _assign(free)
    ballots = ballots_of(by_seat, question) if assigned else {}
    votes = {
        pair: tuple(ballots.get(pair[1], {}).values()) if place < _MOST_VOTED else ()
        for place, pair in enumerate(assigned)
    }
    found = [_named_match(question, pair, reason, rivals[pair[1]], scored) for pair, reason in named.items()]
    by_target = _scores_by_target(free)
    found += [
        _match(question, pair, scored[pair].score, scored[pair].reason(), by_target[pair[1]], votes[pair])
        for pair in assigned
    ]
    method = _METHODS[counting].format(", ".join(by_seat)) if len(named) < len(prepared.targets) and scored else ""
    return _mapping(evidence, found).model_copy(update={"method": method, "suspects": tuple(suspects)})


def names_decide(evidence: MappingEvidence) -> bool:
    """Whether the mapping is decided by names alone: no profile of the values could change it.

    So it is where no name is claimed twice, and no column is left over on one of the sides.
    """
    question = ask(evidence)
    claimed = {pair for tier in question.tiers for pair in tier.pairs}
    sides = min(len(question.prepared.sources), len(question.prepared.targets))
    return len(claimed) == len(question.certain) == sides


def match_tables_instances(
    source: Sequence[SourceColumn], target: Sequence[SourceColumn], counting: Counting = Counting.WEIGHTED
) -> ColumnMapping:
    """Return which column of one table is which of another; both sides are known by their values (no contract)."""
    return match_columns(instances_evidence(source, target), counting)


def instances_evidence(source: Sequence[SourceColumn], target: Sequence[SourceColumn]) -> MappingEvidence:
    """Return the evidence for two tables that are both known by their values."""
    return MappingEvidence(table="target", variant_id="source", sources=tuple(source), targets=known_targets(target))


def known_targets(columns: Sequence[SourceColumn]) -> tuple[TargetColumn, ...]:
    """Return profiled columns as columns to be fed; nothing but their names and values is known of them."""
    return tuple(
        TargetColumn(
            name=column.name, names=(), logical_type=LogicalType.STRING, samples=column.samples, profile=column
        )
        for column in columns
    )


def open_pairs(evidence: MappingEvidence, mapping: ColumnMapping) -> dict[str, tuple[tuple[str, float], ...]]:
    """Return for contract columns without a source the free source columns whose values fit, the best first.

    The figure is the score of the pair without its names: they are what a reader may know more about. Only pairs with
    evidence of their own, besides a type that fits, are named.
    """
    question = ask(evidence)
    by_seat = {seat: judge(seat, question) for seat in seats_for(evidence)}
    scored = weigh(question, by_seat, Counting.WEIGHTED)
    found: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for pair, each in scored.items():
        source, target = _name_of(question, pair)
        if source not in mapping.unmapped_sources or target not in mapping.unmapped_targets:
            continue
        kinds = {kind: score for kind, score in each.kinds.items() if kind != "name"}
        score = combine(kinds)
        if score > BAR and not set(kinds) <= {"type"} and all(kinds[kind] >= WEIGHTS[kind][1] for kind in kinds):
            found[target].append((source, score))
    return {target: tuple(sorted(pairs, key=lambda pair: (-pair[1], pair[0]))) for target, pairs in found.items()}


def _name_of(question: Question, pair: Pair) -> tuple[str, str]:
    return question.prepared.sources[pair[0]].column.name, question.prepared.targets[pair[1]].column.name


def _by_name(question: Question, scored: Mapping[Pair, Weighed]) -> tuple[dict[Pair, str], dict[int, set[int]]]:
    """Map the columns that carry a name or alias, the strongest claim first; also return the losers by target."""
    named: dict[Pair, str] = {}
    rivals: dict[int, set[int]] = defaultdict(set)
    for tier in question.tiers:
        sources, targets = {source for source, _ in named}, {target for _, target in named}
        free = [pair for pair in tier.pairs if pair[0] not in sources and pair[1] not in targets]
        named.update(dict.fromkeys(sparse_assignment(_claim_weights(free, scored)).items(), tier.reason))
        for source, target in tier.pairs:
            rivals[target].add(source)
    winners = {source for source, _ in named}
    return named, defaultdict(set, {target: sources - winners for target, sources in rivals.items()})


def _claim_weights(pairs: Sequence[Pair], scored: Mapping[Pair, Weighed]) -> dict[Pair, float]:
    """Return weights by which as many claims as possible are met, contested ones by the rest of the evidence."""
    return {pair: 1.0 + (scored[pair].score if pair in scored else 0.0) for pair in pairs}


def _assign(scored: Mapping[Pair, Weighed]) -> list[Pair]:
    """Return the best one-to-one pairs above the bar, without those that may as well be others or exchanged."""
    assigned = sparse_assignment({pair: each.log_odds for pair, each in scored.items() if each.score > BAR})
    used_targets = {target: source for source, target in assigned.items()}
    ambiguous: set[Pair] = set()
    for (source, target), each in scored.items():
        own = (source, assigned[source]) if source in assigned else None
        its = (used_targets[target], target) if target in used_targets else None
        if own == its:
            continue
        taken = [pair for pair in (own, its) if pair is not None]
        instead = each.log_odds
        if own and its:  # both are taken, by each other: they may be exchanged
            other = scored.get((its[0], own[1]))
            instead += other.log_odds if other else -math.inf
        if instead > sum(scored[pair].log_odds for pair in taken) - _TIE:
            ambiguous.update(taken)
    return sorted(pair for pair in assigned.items() if pair not in ambiguous)


def _named_match(
    question: Question, pair: Pair, reason: str, rivals: Iterable[int], scored: Mapping[Pair, Weighed]
) -> ColumnMatch:
    """Return a match by name: certain; a rival is a column that carries the same name or another one."""
    others = {rival: scored[rival, pair[1]].score for rival in rivals if (rival, pair[1]) in scored}
    if reason == ADOPTED:
        source, _ = _name_of(question, pair)
        reason = f"{ADOPTED} in run {question.prepared.targets[pair[1]].column.adopted[source.strip()]}"
    return _match(question, pair, 1.0, reason, others)


def _scores_by_target(scored: Mapping[Pair, Weighed]) -> dict[int, dict[int, float]]:
    found: dict[int, dict[int, float]] = defaultdict(dict)
    for (source, target), each in scored.items():
        found[target][source] = each.score
    return found


def _match(
    question: Question,
    pair: Pair,
    score: float,
    reason: str,
    scores: Mapping[int, float],
    votes: tuple[Ballot, ...] = (),
) -> ColumnMatch:
    """Return the match with the best of the other sources that `scores` tells of."""
    others = {source: each for source, each in scores.items() if source != pair[0]}
    runner_up = min(others, key=lambda source: (-others[source], source), default=None)
    source, target = _name_of(question, pair)
    return ColumnMatch(
        target=target,
        source=source,
        score=score,
        runner_up=None if runner_up is None else question.prepared.sources[runner_up].column.name,
        margin=score - (0.0 if runner_up is None else others[runner_up]),
        reason=reason,
        votes=votes,
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
