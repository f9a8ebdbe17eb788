"""The conflict as a graph: alone with plain JSON, by every strategy, with rounds, with a history, with a saver."""

from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from graphs.conflict import build, graph
from graphs.serialization import strict_serializer
from state.conflicts import _EXAMPLE, Settling
from state.errors import SetupError
from state.run import RunContext
from tools.rulings import HISTORY, read_rulings


def go(home: Path, **more: Any) -> dict[str, Any]:
    return graph.invoke({"conflict": {**_EXAMPLE, **more}}, context=RunContext(home=str(home)))  # type: ignore[typeddict-item]


@pytest.mark.parametrize("way", Settling)
def test_every_strategy_rules_with_a_certificate_and_tells_who_wanted_what(tmp_path: Path, way: Settling) -> None:
    output = go(tmp_path, strategy=way.value)
    ruling = output["ruling"]
    assert ruling.strategy is way
    assert (ruling.certificate.regret, ruling.certificate.pareto, ruling.certificate.rational) == (0, True, True)
    (decision,) = output["decisions"].values()
    assert decision.answer == ruling.option
    assert {vote.voter: vote.choice for vote in decision.votes} == {
        "completeness": "discard_value",
        "correctness": "quarantine",
        "cost": None,
    }
    assert "certificate" in decision.reason


def test_a_negotiation_is_held_in_rounds_and_each_tells_who_gave_way(tmp_path: Path) -> None:
    output = go(tmp_path, strategy="negotiation")
    rounds = sorted(output["rounds"].values(), key=lambda each: each.number)
    assert [each.number for each in rounds] == list(range(1, len(rounds) + 1))
    assert rounds[0].conceded == ""
    assert all(each.conceded in ("completeness", "correctness", "cost") for each in rounds[1:])
    assert output["ruling"].option in rounds[-1].offers.values()
    assert all(0 <= each.agreement <= 1 for each in rounds)


def test_a_ruling_is_remembered_and_the_same_case_is_ruled_the_same_next_time(tmp_path: Path) -> None:
    first = go(tmp_path)["ruling"]
    assert [past.option for past in read_rulings(tmp_path)] == [first.option]
    second = go(tmp_path)["ruling"]
    assert second.option == first.option
    assert "the same case" in second.chosen_by
    assert len(read_rulings(tmp_path)) == 1


def test_a_line_of_the_history_that_a_crash_cut_is_passed_over_and_swallows_nothing(tmp_path: Path) -> None:
    go(tmp_path)
    path = tmp_path / HISTORY
    path.write_bytes(path.read_bytes()[:-20])
    assert read_rulings(tmp_path) == ()
    go(tmp_path)
    assert len(read_rulings(tmp_path)) == 1


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"default": "nothing"}, "is no option"),
        ({"strategy": "dice"}, "is none of"),
        ({"parties": [{"name": "a"}, {"name": "a"}]}, "same name"),
    ],
)
def test_what_is_no_conflict_is_refused_with_its_place(tmp_path: Path, wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(SetupError, match=told):
        go(tmp_path, **wrong)


def test_its_state_can_be_saved_and_revived(tmp_path: Path) -> None:
    saver = InMemorySaver(serde=strict_serializer())
    config: Any = {"configurable": {"thread_id": "c"}}
    compiled = build().compile(checkpointer=saver)
    output = compiled.invoke({"conflict": _EXAMPLE}, config, context=RunContext(home=str(tmp_path)))  # type: ignore[typeddict-item]
    revived = compiled.get_state(config).values
    assert revived["ruling"].model_dump() == output["ruling"].model_dump()
    assert revived["decisions"] == output["decisions"]


def test_a_thread_that_has_settled_one_conflict_settles_the_next(tmp_path: Path) -> None:
    config: Any = {"configurable": {"thread_id": "c"}}
    compiled, context = (
        build().compile(checkpointer=InMemorySaver(serde=strict_serializer())),
        RunContext(home=str(tmp_path)),
    )
    options = [{"name": "a", "worth": {"x": 1.0, "y": 0.1}}, {"name": "b", "worth": {"x": 0.1, "y": 1.0}}]
    other = {"subject": "t", "parties": [{"name": "x"}, {"name": "y"}], "options": options, "strategy": "negotiation"}
    for case in ({**_EXAMPLE, "strategy": "negotiation"}, other, other):
        ruling = compiled.invoke({"conflict": case}, config, context=context)["ruling"]  # type: ignore[typeddict-item]
        assert ruling.option in {option["name"] for option in case["options"]}  # type: ignore[index,union-attr]
