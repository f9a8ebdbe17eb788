"""The plan as a tree: every task with the way it was decomposed by, the ways that were not taken and why, the steps."""

from collections.abc import Mapping, Sequence
from typing import Any

from state.explanation import Branch, Link, Mark, Section
from state.reports import StepReport
from tools.explain.anchors import anchor, step_anchors
from tools.explain.material import Material
from tools.explain.planning import WORDS, step_state

_MOST_STEPS = 250
_WORD = {"verify": "checks", "publish": "outputs"}

Json = Mapping[str, Any]


def network_section(material: Material) -> Section:
    """Tell the task network; nothing where there is no plan, or one that is too large to be read."""
    section, plan = Section(key="network", title="How the goal was decomposed"), material.run["plan"]
    if not plan or len(plan["steps"]) > _MOST_STEPS:
        return section
    lead = ("Each task with the way that was chosen for it and those that were not; a step leads to how it went.",)
    return section.model_copy(update={"lead": lead, "branches": _Tree(material).below(None)})


def task_anchor(task: str) -> str:
    """Return the anchor of a task of the network."""
    return anchor("task", task)


class _Tree:
    """The network of the plan that ended the run."""

    def __init__(self, material: Material) -> None:
        plan = material.run["plan"]
        self._material, self._anchors = material, step_anchors(material)
        self._reports: dict[str, StepReport] = {report.step_id: report for report in material.steps}
        self._parts: dict[str | None, list[Json]] = {}
        for choice in plan["choices"]:
            self._parts.setdefault(choice["parent"], []).append(choice)
        for step in plan["steps"]:
            self._parts.setdefault(step.get("part_of"), []).append(step)
        self._first = _first_steps(plan["choices"], plan["steps"])

    def below(self, task: str | None) -> tuple[Branch, ...]:
        """Return the parts of a task in the order of their first steps."""
        parts = sorted(self._parts.get(task, ()), key=lambda part: self._first.get(_name(part), len(self._first)))
        return tuple(self._step(part) if "step_id" in part else self._task(part) for part in parts)

    def _task(self, choice: Json) -> Branch:
        parts = self.below(choice["task"])
        return Branch(
            anchor=task_anchor(choice["task"]),
            title=choice["task"],
            text=f"by {choice['method']}",
            parts=parts,
            refused=tuple(choice["passed_over"]),
        )

    def _step(self, step: Json) -> Branch:
        word, mark = step_state(self._material, step["step_id"], step["kind"], self._reports)
        target = self._anchors.get(step["step_id"]) or _WORD.get(step["kind"], "")
        return Branch(
            anchor=anchor("leaf", step["step_id"]),
            title=step["step_id"],
            text=f"{WORDS.get(step['kind'], step['kind'])}: {word}",
            mark=mark,
            links=(Link(target=target, label="how it went"),) if target and mark is not Mark.NONE else (),
        )


def _name(part: Json) -> str:
    return str(part.get("step_id") or part["task"])


def _first_steps(choices: Sequence[Json], steps: Sequence[Json]) -> dict[str, int]:
    """Return the place of the first step of every task, so that a task's parts are told in their order."""
    parent = {choice["task"]: choice["parent"] for choice in choices}
    first: dict[str, int] = {}
    for place, step in enumerate(steps):
        first[step["step_id"]] = place
        task = step.get("part_of")
        while task is not None:
            first.setdefault(task, place)
            task = parent.get(task)
    return first
