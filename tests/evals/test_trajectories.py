"""Trajectories under agentevals: what each mode accepts, and that wrong ways are refused."""

import pytest

from evals.trajectories.matching import Reference, matches, planted, references
from evals.trajectories.scenes import SCENES

WAY = ["read", "plan", "work east", "work west", "publish"]


def reference(mode: str, *steps: str) -> Reference:
    return Reference.model_validate({"mode": mode, "meaning": "", "steps": steps})


@pytest.mark.parametrize(
    ("mode", "steps", "accepted"),
    [
        ("strict", WAY, True),
        ("strict", ["plan", "read", "work east", "work west", "publish"], False),
        ("strict", WAY[:-1], False),
        ("superset", ["publish", "read"], True),
        ("superset", ["work east"], True),
        ("superset", ["work south"], False),
        ("superset", ["read", "verify"], False),
        ("subset", [*WAY, "verify"], True),
        ("subset", WAY[1:], False),
    ],
)
def test_a_mode_accepts_what_it_says(mode: str, steps: list[str], accepted: bool) -> None:  # noqa: FBT001  a case
    assert matches(WAY, reference(mode, *steps)) is accepted


def test_passing_a_node_again_is_no_other_way_but_for_strict() -> None:
    again = [*WAY, "work east"]
    assert matches(again, reference("subset", *WAY))
    assert matches(again, reference("superset", *WAY))
    assert not matches(again, reference("strict", *WAY))


@pytest.mark.parametrize("scene", SCENES)
def test_every_scene_has_references_that_refuse_what_is_planted(scene: str) -> None:
    asked = references()[scene]
    way = next(each.steps for each in asked if each.mode in ("strict", "superset"))
    assert all(matches(way, each) for each in asked)
    for steps in planted(way, asked).values():
        assert not all(matches(steps, each) for each in asked)


def test_no_reference_is_of_a_scene_that_is_not_there() -> None:
    assert references().keys() == SCENES.keys()
