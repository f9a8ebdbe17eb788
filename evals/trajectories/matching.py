"""Holds a trajectory against references with agentevals' evaluators: every step is a call of a tool by its name.

`strict`: the same steps in the same order. `superset`: all steps of the reference, in any order, and perhaps more.
`subset`: no step that the reference does not have. A step of two words is a tool and what it was called on.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from state.errors import SetupError
from state.values import Value

_REFERENCES = Path(__file__).with_name("references.json")
_UNKNOWN = "a/step/nobody/knows"


class Reference(Value):
    """What is asked of a trajectory; `steps` without order but for `strict`, each counted once but for `strict`."""

    mode: Literal["strict", "superset", "subset"]
    meaning: str
    steps: tuple[str, ...]


def references() -> dict[str, tuple[Reference, ...]]:
    """Return the references of every scene."""
    told = json.loads(_REFERENCES.read_text(encoding="utf-8"))
    return {scene: tuple(Reference.model_validate(each) for each in asked) for scene, asked in told.items()}


def matches(trajectory: Sequence[str], reference: Reference) -> bool:
    """Return whether agentevals accepts the trajectory; SetupError where it is not installed."""
    try:
        from agentevals.trajectory.match import create_trajectory_match_evaluator  # noqa: PLC0415  not always there
    except ImportError as error:
        hint = "pip install agentevals, or pip install millwright[dev]"
        raise SetupError("trajectories are judged by agentevals, which is not installed", hint=hint) from error
    mode = reference.mode
    # Sets are compared step by step: a node that is passed more often than in the reference is the same node.
    steps = trajectory if mode == "strict" else list(dict.fromkeys(trajectory))
    wanted = reference.steps if mode == "strict" else tuple(dict.fromkeys(reference.steps))
    evaluator = create_trajectory_match_evaluator(trajectory_match_mode=mode, tool_args_match_mode="exact")
    return bool(evaluator(outputs=_messages(steps), reference_outputs=_messages(wanted))["score"])


def planted(trajectory: Sequence[str], asked: Sequence[Reference]) -> dict[str, list[str]]:
    """Return wrong trajectories by what is wrong with them; each must be refused by one of the references."""
    steps = list(trajectory)
    found = {"the last step is missing": steps[:-1], "a step nobody knows": [*steps[:-1], _UNKNOWN, steps[-1]]}
    if any(each.mode == "strict" for each in asked):
        found["two steps exchanged"] = [*steps[:-2], steps[-1], steps[-2]]
        found["a step twice"] = [*steps, steps[-1]]
    return found


def _messages(steps: Sequence[str]) -> list[Any]:
    return [{"role": "assistant", "content": "", "tool_calls": [_call(step)]} for step in steps]


def _call(step: str) -> dict[str, Any]:
    name, _, on = step.partition(" ")
    return {"type": "function", "id": step, "function": {"name": name, "arguments": json.dumps({"on": on})}}
