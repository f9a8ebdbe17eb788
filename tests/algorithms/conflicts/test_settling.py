"""Ways to settle: whatever is drawn, a ruling is Pareto-optimal, rational where possible, certified, and repeatable."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.conflicts.analysis import analyse
from algorithms.conflicts.learning import choose, reliability
from algorithms.conflicts.settling import WAYS, rule
from evals.conflicts.drawn import drawn_conflict
from evals.conflicts.playing import certificate_fault, fault_of
from state.conflicts import Conflict, ConflictKind, Option, Party, PastRuling, Settling


def conflict(worths: dict[str, tuple[float, ...]], **more: object) -> Conflict:
    names = ("completeness", "correctness", "cost")[: len(next(iter(worths.values())))]
    options = tuple(Option(name=name, worth=dict(zip(names, worth, strict=True))) for name, worth in worths.items())
    return Conflict.model_validate(
        {"subject": "t", "parties": [Party(name=name) for name in names], "options": options, **more}
    )


def ruled(case: Conflict, way: Settling) -> str:
    return rule(case, analyse(case), way, "asked").option


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_rulings_are_as_they_must_be_by_every_way(seed: int) -> None:
    drawn = drawn_conflict(seed)
    analysis = analyse(drawn.conflict)
    for way in Settling:
        ruling = rule(drawn.conflict, analysis, way, "asked")
        assert fault_of(drawn, ruling.option) == ""
        assert certificate_fault(drawn, ruling) == ""
        assert ruling.would[way.value] == ruling.option
        assert (ruling.certificate.pareto, ruling.certificate.rational) == (True, bool(analysis.acceptable))


def test_a_way_that_rules_a_dominated_option_is_put_right(monkeypatch: pytest.MonkeyPatch) -> None:
    case = conflict({"worse": (0.2, 0.2), "better": (0.3, 0.2)})
    planted = WAYS[Settling.MAJORITY](analyse_table(case))._replace(option=0)
    monkeypatch.setitem(WAYS, Settling.MAJORITY, lambda _: planted)  # type: ignore[arg-type]
    assert ruled(case, Settling.MAJORITY) == "better"


def analyse_table(case: Conflict) -> object:
    from algorithms.conflicts.table import table_of  # noqa: PLC0415

    return table_of(case)


def test_ways_differ_where_aims_clash() -> None:
    case = conflict({"left": (1.0, 0.05, 0.6), "right": (0.05, 1.0, 0.5), "middle": (0.45, 0.45, 0.4)})
    assert ruled(case, Settling.WEIGHTED) == "left"
    assert ruled(case, Settling.MEDIATION) == "middle"
    assert ruled(case, Settling.MAJORITY) == "left"


def test_the_default_stands_unless_another_is_clearly_better() -> None:
    near = {"set aside": (0.6, 1.0), "withhold": (1.0, 0.65)}
    far = {"set aside": (0.1, 1.0), "withhold": (1.0, 0.65)}
    for way in Settling:
        assert ruled(conflict(near, default="set aside", margin=0.1), way) == "set aside"
    assert ruled(conflict(far, default="set aside", margin=0.1), Settling.NEGOTIATION) == "withhold"


@pytest.mark.parametrize(
    ("worths", "kind"),
    [
        ({"a": (1.0, 1.0), "b": (0.5, 0.5)}, ConflictKind.SETTLED),
        ({"a": (-1.0, 1.0), "b": (1.0, -1.0)}, ConflictKind.BLOCKED),
        ({"a": (1.0, 0.0), "b": (0.0, 1.0), "c": (0.5, 0.5)}, ConflictKind.OPPOSED),
        ({"a": (1.0, 0.9, 0.0), "b": (0.0, 0.1, 1.0)}, ConflictKind.DIVIDED),
        ({"a": (1.0, 0.5, 0.4), "b": (0.5, 0.6, 0.4), "c": (0.6, 0.2, 0.9)}, ConflictKind.MIXED),
    ],
)
def test_the_kind_of_a_conflict_is_told(worths: dict[str, tuple[float, ...]], kind: ConflictKind) -> None:
    assert analyse(conflict(worths)).kind is kind


def test_bids_of_an_auction_pay_what_others_lose() -> None:
    case = conflict({"left": (0.9, 0.0), "right": (0.0, 0.5)})
    ruling = rule(case, analyse(case), Settling.AUCTION, "asked")
    assert ruling.option == "left"
    assert ruling.payments == {"completeness": 0.25}  # half of the weight of what the other would have had


def past(way: Settling, outcome: float, *, case_id: str = "other", option: str = "x", number: int = 0) -> PastRuling:
    return PastRuling(
        ruling_id=f"{way}{number}",
        run_id="earlier",
        case_id=case_id,
        kind=ConflictKind.OPPOSED,
        subject="t",
        option=option,
        strategy=way,
        would={way.value: option},
        expected=0.9,
        outcome=outcome,
    )


OPPOSED = conflict({"a": (1.0, 0.0), "b": (0.0, 1.0), "c": (0.5, 0.5)}, run_id="now")


def test_a_precedent_that_held_is_followed_and_one_that_did_not_is_not() -> None:
    held = past(Settling.MAJORITY, 0.9, case_id=OPPOSED.case_id)
    broken = past(Settling.MAJORITY, 0.2, case_id=OPPOSED.case_id)
    assert choose(OPPOSED, analyse(OPPOSED), [held]).way is Settling.MAJORITY
    assert choose(OPPOSED, analyse(OPPOSED), [broken]).way is not Settling.MAJORITY


def test_what_a_run_ruled_itself_teaches_it_nothing() -> None:
    own = past(Settling.MAJORITY, 0.9, case_id=OPPOSED.case_id).model_copy(update={"run_id": "now"})
    assert choose(OPPOSED, analyse(OPPOSED), [own]) == choose(OPPOSED, analyse(OPPOSED), [])


def test_a_way_whose_promises_fail_in_conflicts_of_a_kind_is_left() -> None:
    first = choose(OPPOSED, analyse(OPPOSED), []).way
    failed = [past(first, 0.0, number=number) for number in range(9)]
    assert reliability(ConflictKind.OPPOSED, failed)[first] < 0.5
    assert choose(OPPOSED, analyse(OPPOSED), failed).way is not first
    assert reliability(ConflictKind.MIXED, failed)[first] == 1
