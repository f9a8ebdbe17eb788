"""The seats of the schema council, their sheets, and how they are counted."""

import pytest

from algorithms.mapping import instances_evidence, match_columns
from algorithms.mapping_council import SEATS, Question, ask, card_of, judge, read_sheet, seats_for, sheet_of
from algorithms.mapping_tally import WEIGHTS, Counting, ballots_of, evidence_of, weigh
from state.agents import Role
from state.contract import LogicalType
from state.mapping import MappingEvidence, SourceColumn, TargetColumn
from state.mapping_council import PairScore


def column(name: str, *samples: str, **depends: float) -> SourceColumn:
    return SourceColumn(
        name=name, rows=60, filled=60, distinct=len(samples) or 60, samples=samples, depends=depends or {name: 1.0}
    )


def towns() -> MappingEvidence:
    """Two tables whose second town nobody can tell from the first but by what the region depends on."""
    names = [f"town {number}" for number in range(40)]
    source = (
        column("region", "north", "south", origin=0.9, goal=0.1),
        column("price", "1", "2"),
        column("origin", *names, region=0.9, price=0.1),
        column("goal", *names, region=0.1, price=0.1),
    )
    target = (
        column("REGION", "north", "south", f1=0.1, f2=0.9),
        column("PRICE", "1", "2"),
        column("f1", *names, REGION=0.1, PRICE=0.1),
        column("f2", *names, REGION=0.9, PRICE=0.1),
    )
    return instances_evidence(source, target)


def test_dependencies_tell_columns_of_the_same_values_apart() -> None:
    evidence = towns()
    assert {match.target: match.source for match in match_columns(evidence).matches} == {
        "REGION": "region",
        "PRICE": "price",
        "f1": "goal",
        "f2": "origin",
    }
    blind = [each.model_copy(update={"depends": {}}) for each in evidence.sources]
    unknown = match_columns(evidence.model_copy(update={"sources": tuple(blind)}))
    assert {match.target for match in unknown.matches} == {"REGION", "PRICE"}


def test_every_seat_has_a_card_and_history_is_seated_only_with_a_past() -> None:
    for seat in SEATS:
        assert card_of(seat).role is Role.SPECIALIST
        assert card_of(seat).id != card_of(seat, deputy=True).id
        assert set(card_of(seat).skills) > set(SEATS[seat])
    assert seats_for(towns()) == ("names", "values", "shape", "context")
    known = [target.model_copy(update={"adopted": {"aim": "run-1"}}) for target in towns().targets]
    past = towns().model_copy(update={"targets": tuple(known)})
    assert seats_for(past)[-1] == "history"


def question() -> Question:
    return ask(towns())


@pytest.mark.parametrize("seat", ["names", "values", "shape", "context"])
def test_a_sheet_says_what_the_member_said(seat: str) -> None:
    asked = question()
    scores = judge(seat, asked)
    assert read_sheet(seat, asked, sheet_of(seat, asked, scores)) == scores


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"question": "another"}, "another question"),
        ({"scores": (PairScore(source=0, target=0, aspect="words", score=0.5),)}, "does not judge"),
        ({"scores": (PairScore(source=99, target=0, aspect="type", score=0.5),)}, "not asked"),
        ({"scores": (PairScore(source=3, target=3, aspect="type", score=float("nan")),)}, "between 0 and 1"),
        ({"scores": (PairScore(source=3, target=3, aspect="type", score=1.5),)}, "between 0 and 1"),
    ],
)
def test_a_sheet_that_breaks_the_rules_is_refused(changes: dict[str, object], what: str) -> None:
    evidence = MappingEvidence(
        table="t",
        variant_id="v",
        sources=tuple(column(f"s{number}") for number in range(5)),
        targets=tuple(
            TargetColumn(name=f"t{number}", names=(), logical_type=LogicalType.STRING) for number in range(5)
        ),
    )
    asked = ask(evidence)
    sheet = sheet_of("shape", asked, judge("shape", asked)).model_copy(update=changes)
    with pytest.raises(ValueError, match=what):
        read_sheet("shape", asked, sheet)


def test_looks_that_agree_count_once_and_each_that_does_not_counts() -> None:
    best = max(weight * (1 - neutral) for kind, (weight, neutral) in WEIGHTS.items() if kind in SEATS["shape"])
    assert evidence_of(dict.fromkeys(SEATS["shape"], 1.0)) == pytest.approx(best)
    worst = sum(-weight * neutral for kind, (weight, neutral) in WEIGHTS.items() if kind in SEATS["shape"])
    assert evidence_of(dict.fromkeys(SEATS["shape"], 0.0)) == pytest.approx(worst)


def test_a_majority_counts_votes_and_one_seat_alone_is_not_asked_for_others() -> None:
    asked = question()
    by_seat = {seat: judge(seat, asked) for seat in seats_for(towns())}
    voted = weigh(asked, by_seat, Counting.MAJORITY)
    assert all(set(each.kinds) == {"votes"} for each in voted.values())
    alone = weigh(asked, by_seat, Counting.OFF)
    assert all(set(each.kinds) <= {"name"} for each in alone.values())


def test_a_ballot_names_one_source_or_abstains_with_the_reason() -> None:
    asked = question()
    by_seat = {seat: judge(seat, asked) for seat in seats_for(towns())}
    ballots = ballots_of(by_seat, asked)
    names = {each.column.name: place for place, each in enumerate(asked.prepared.targets)}
    own = ballots[names["f2"]]
    assert own["context"].choice == "origin"
    assert own["values"].choice is None
    assert "equally good" in own["values"].reason
