"""The schema council: its seats, what they are asked, and their sealed scores.

A seat is held by a specialist on some aspects of the evidence. It scores every pair it is asked about without seeing
what others say; its scores are measurements between 0 and 1, not how sure it is of itself. What they count is up to
`algorithms.mapping_tally`. The claims of names (`algorithms.mapping_claims`) are a rule of the contract and not voted
on: a seat is asked about what they leave open.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from algorithms.mapping_aspects import Prepared, aspects, prepare
from algorithms.mapping_candidates import candidate_pairs
from algorithms.mapping_claims import Tier, claims
from algorithms.mapping_context import anchors_of, dependencies
from algorithms.names import name_similarity, split_words
from state.agents import AgentCard, Role
from state.mapping import MappingEvidence, SourceColumn, TargetColumn
from state.mapping_council import PairScore, ScoreSheet
from state.values import digest

Pair = tuple[int, int]
Scores = Mapping[Pair, Mapping[str, float]]
"""Of one seat: pair -> aspect -> score."""

SEATS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "names": ("name", "alias", "normal name", "normal alias", "words", "spelling", "cut"),
        "values": ("values", "numbers"),
        "shape": ("pattern", "type", "shapes"),
        "context": ("uniqueness", "dependencies"),
        "history": ("adopted",),
    }
)
"""The aspects that each seat may score. The seat `history` is filled only where earlier runs left names."""

SKILL = "column_mapping"
VERSION = "2"

_ALIKE = 0.7  # similarity to an adopted name below which history has nothing to say


class Question(NamedTuple):
    """What the council is asked: all columns in an order of their own, who claims whom, and the open pairs."""

    evidence: MappingEvidence
    prepared: Prepared
    tiers: tuple[Tier, ...]
    certain: tuple[Pair, ...]  # claimed by name, and by nobody else
    pairs: tuple[Pair, ...]  # to be scored


def card_of(seat: str, *, deputy: bool = False) -> AgentCard:
    """Return the card of the member that holds a seat, or of its deputy."""
    name = f"{seat}:deputy" if deputy else seat
    return AgentCard(id=name, version=VERSION, role=Role.SPECIALIST, skills=(SKILL, *SEATS[seat]))


def seats_for(evidence: MappingEvidence) -> tuple[str, ...]:
    """Return the seats that are filled for a question."""
    return tuple(seat for seat in SEATS if seat != "history" or any(target.adopted for target in evidence.targets))


def ask(evidence: MappingEvidence) -> Question:
    """Return the question that the evidence puts; the order of its columns does not matter."""
    ordered = _canonical(evidence)
    prepared = prepare(ordered)
    tiers = claims(prepared)
    certain, contested = _claimed(tiers)
    taken_sources, taken_targets = {source for source, _ in certain}, {target for _, target in certain}
    free_sources = [place for place in range(len(prepared.sources)) if place not in taken_sources]
    free_targets = [place for place in range(len(prepared.targets)) if place not in taken_targets]
    open_pairs = {*candidate_pairs(prepared, free_sources, free_targets), *contested}
    return Question(ordered, prepared, tiers, certain, tuple(sorted(open_pairs)))


def judge(seat: str, question: Question) -> Scores:
    """Return what the specialist of a seat scores; a pair on which it has nothing to say is left out."""
    judges = _judges(question)
    found: dict[Pair, dict[str, float]] = {}
    for pair in question.pairs:
        said = {name: score for name in SEATS[seat] if (score := judges[name](pair)) is not None}
        if said:
            found[pair] = said
    return found


def sheet_of(member: str, question: Question, scores: Scores) -> ScoreSheet:
    """Return the scores as a sheet that can be kept and sent, bound to its question."""
    return ScoreSheet(
        member=member,
        version=VERSION,
        question=digest(question.evidence),
        scores=tuple(
            PairScore(source=pair[0], target=pair[1], aspect=name, score=score)
            for pair, said in sorted(scores.items())
            for name, score in said.items()
        ),
    )


def read_sheet(seat: str, question: Question, sheet: ScoreSheet) -> Scores:
    """Return the scores of a sheet. ValueError where it answers another question, or speaks beyond its seat."""
    if sheet.question != digest(question.evidence):
        raise ValueError("the sheet answers another question")
    asked, found = frozenset(question.pairs), defaultdict[Pair, dict[str, float]](dict)
    for each in sheet.scores:
        if each.aspect not in SEATS[seat]:
            raise ValueError(f"the seat {seat} does not judge {each.aspect!r}")
        if (each.source, each.target) not in asked:
            raise ValueError("the sheet scores a pair that was not asked about")
        if not (math.isfinite(each.score) and 0 <= each.score <= 1):
            raise ValueError(f"a score is between 0 and 1, not {each.score!r}")
        found[each.source, each.target][each.aspect] = each.score
    return found


def _judges(question: Question) -> Mapping[str, Callable[[Pair], float | None]]:
    prepared = question.prepared
    of_columns: dict[str, Callable[[Pair], float | None]] = {
        name: partial(_of_columns, prepared, name) for name in aspects()
    }
    anchors = anchors_of(prepared, question.certain)
    return of_columns | {
        "dependencies": lambda pair: dependencies(prepared, pair, anchors),
        "adopted": partial(_adopted, prepared),
    }


def _of_columns(prepared: Prepared, name: str, pair: Pair) -> float | None:
    return aspects()[name](prepared.sources[pair[0]], prepared.targets[pair[1]], prepared.lexicon)


def _adopted(prepared: Prepared, pair: Pair) -> float | None:
    """Judge how like the source's name is to one that was adopted in earlier runs; never against a pair."""
    source, target = prepared.sources[pair[0]], prepared.targets[pair[1]]
    alike = max((name_similarity(source.words, split_words(name)) for name in target.column.adopted), default=0.0)
    return alike if alike >= _ALIKE else None


def _claimed(tiers: Sequence[Tier]) -> tuple[tuple[Pair, ...], set[Pair]]:
    """Return the claims that nothing contests, and the others."""
    pairs = {pair for tier in tiers for pair in tier.pairs}
    by_source, by_target = defaultdict[int, set[int]](set), defaultdict[int, set[int]](set)
    for source, target in pairs:
        by_source[source].add(target)
        by_target[target].add(source)
    certain = {pair for pair in pairs if len(by_source[pair[0]]) == len(by_target[pair[1]]) == 1}
    return tuple(sorted(certain)), pairs - certain


def _canonical(evidence: MappingEvidence) -> MappingEvidence:
    """Return the evidence in an order of its own, each name of a side once."""
    fullest: dict[str, SourceColumn] = {}
    for column in sorted(evidence.sources, key=lambda column: (column.name, -column.filled, column.model_dump_json())):
        fullest.setdefault(column.name, column)
    targets = {column.name: column for column in sorted(evidence.targets, key=TargetColumn.model_dump_json)}
    ordered = tuple(targets[name] for name in sorted(targets))
    return evidence.model_copy(update={"sources": tuple(fullest.values()), "targets": ordered})
