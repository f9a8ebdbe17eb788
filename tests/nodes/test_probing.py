"""Probes: all at once, a hanging one holds nobody up, and a wrong answer is told from a failure."""

import threading

from nodes.fleet import POINTS, built_in
from nodes.probing import WRONG, ask_all, probe_all
from state.run import RunContext


def test_every_built_in_agent_is_healthy() -> None:
    context = RunContext(home="unused", workers=2)
    asked = [each for each in built_in(context) if not each.card.id.startswith("service:")]
    assert {name: each.fault for name, each in probe_all(asked, context, 60.0).items() if each.fault} == {}


def test_control_questions_have_an_answer_that_is_wrong_and_one_that_is_right() -> None:
    asked = set()
    for point in POINTS.values():
        if point.control is not None:
            control = point.control()
            assert control.is_right(point.expert(control.evidence))
            asked.add(point.kind)
    assert asked == {"value_format", "failure_response"}


def test_who_hangs_holds_nobody_up() -> None:
    def fail() -> str:
        raise OSError("gone")

    over = threading.Event()
    found = ask_all({"hangs": lambda: str(over.wait(60)), "well": lambda: "", "wrong": lambda: WRONG, "bad": fail}, 1.0)
    over.set()
    assert found["hangs"].fault.startswith("no answer within")
    assert (found["well"].fault, found["wrong"].wrong) == ("", True)
    assert "gone" in found["bad"].fault
    assert not found["bad"].wrong
