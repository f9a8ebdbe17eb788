"""Ways to answer a pair of tables: the council as it is, simpler ways beside it, and the council with a liar in it."""

from collections.abc import Iterator, Mapping
from itertools import product

from algorithms.mapping import decide_mapping, match_columns
from algorithms.mapping_council import Question, Scores, ask, judge, seats_for
from algorithms.mapping_suspicion import Control, MemberSheets, control_of, examine
from algorithms.mapping_tally import Counting
from evals.mapping.liars import LIES, Lie
from state.mapping import ColumnMapping, MappingEvidence

Pairs = list[tuple[str, str]]

COUNCIL, MAJORITY = "weighted vote", "majority"
"""The council as it is set by default, and with one vote for each seat."""

UNDEFENDED, ALONE, DEPUTIES = "counted as it is", "control questions only", "deputies and control questions"
"""What is done about a liar."""


def pairs_of(mapping: ColumnMapping) -> Pairs:
    """Return the matches as (column of source, column of target)."""
    return [(match.source, match.target) for match in mapping.matches]


def simpler_ways(evidence: MappingEvidence) -> dict[str, Pairs]:
    """Return the answer of the majority, and of each seat alone."""
    question = ask(evidence)
    found = {MAJORITY: pairs_of(match_columns(evidence, Counting.MAJORITY))}
    for seat in seats_for(evidence):
        alone = decide_mapping(evidence, question, {seat: judge(seat, question)})
        found[f"{seat} alone"] = pairs_of(alone)
    return found


def with_liars(evidence: MappingEvidence) -> dict[str, Pairs]:
    """Return the answers with one liar: "seat, lie, what is done" -> matches; each seat and each lie in turn."""
    question, control = ask(evidence), control_of(evidence)
    honest = {
        seat: MemberSheets(seat, judge(seat, question), judge(seat, control.question) if control else {})
        for seat in seats_for(evidence)
    }
    found = {}
    for seat, (lie, told) in product(honest, LIES.items()):
        for defence, by_seat in _defended(seat, told, honest, question, control):
            found[f"{seat}, {lie}, {defence}"] = pairs_of(decide_mapping(evidence, question, by_seat))
    return found


def _defended(
    liar: str, told: Lie, honest: Mapping[str, MemberSheets], question: Question, control: Control | None
) -> Iterator[tuple[str, Mapping[str, Scores]]]:
    lying = MemberSheets(liar, told(liar, question), told(liar, control.question) if control else {})
    members = {seat: lying if seat == liar else each for seat, each in honest.items()}
    yield UNDEFENDED, {seat: each.scores for seat, each in members.items()}
    yield ALONE, examine({seat: (each, None) for seat, each in members.items()}, control)[0]
    yield DEPUTIES, examine({seat: (each, honest[seat]) for seat, each in members.items()}, control)[0]
