"""The suite `consensus`: scripts of others, safety under drawn faults, and planted bugs that must be found.

Without data the scripts are left out, and said to be.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from algorithms.consensus.raft import Replica
from algorithms.intervals import wilson
from evals.consensus.interaction import interaction_mismatches
from evals.consensus.part import Figure, Part
from evals.consensus.raft_bugs import BUGS
from evals.consensus.raft_runs import run_group
from evals.consensus.raft_scenes import SCENES
from evals.consensus.scripts import Mismatch, quorum_mismatches
from evals.consensus.signed_parts import PBFT, STAKE
from evals.consensus.vote_part import VOTES
from evals.protocol import About, Score, Task, TaskResult
from state.errors import SetupError

_EVENTS = 1_000_000  # under which the safety properties are watched
_EVENTS_A_BUG = 2_000_000  # at most, until a planted bug is found
_ROUNDS = 300  # of one group
_PARTS: tuple[Part, ...] = (PBFT, STAKE, VOTES)


class Consensus:
    """Does agreement hold, and would we notice if it did not."""

    name = "consensus"
    description = "Raft, PBFT, stake, votes: safety under faults and traitors, planted bugs; scripts of another Raft"
    about = About(
        tasks="a part for each protocol: Raft, PBFT, stake, votes",
        data="none",
        scorers="shares of runs that stay safe, planted bugs found (Wilson), messages and rates",
        time="tens of minutes",
    )

    def __init__(self, events: int = _EVENTS) -> None:
        self._events = events

    def tasks(self, data: Path | None, contract: Path | None) -> Sequence[Task]:  # noqa: ARG002  it judges no tables
        """Return a task for each script of `data` (folders `quorum`, `interaction`), for safety, and for each bug."""
        scripts: list[Task] = []
        if data is not None:
            scripts = [
                Task(task_id=f"{folder}/{path.stem}", inputs={folder: str(path)})
                for folder in ("quorum", "interaction")
                for path in sorted((data / folder).glob("*.txt"))
            ]
            if not scripts:
                raise SetupError(
                    "there are no scripts", where=str(data), hint="give a folder with quorum/*.txt, interaction/*.txt"
                )
        bugs = [Task(task_id=f"bug: {name}", inputs={"bug": name}) for name in BUGS]
        parts = [Task(task_id=name, inputs={}) for part in _PARTS for name in part.tasks()]
        return [*scripts, Task(task_id="raft safety", inputs={}), *bugs, *parts]

    def solve(self, task: Task, out: Path) -> None:
        """Run the script, the groups, or the groups with the bug."""
        for part in _PARTS:
            if task.task_id in part.tasks():
                text = part.solve(task.task_id, self._events).model_dump_json(indent=1)
                (out / "found.json").write_text(text, encoding="utf-8")
                return
        for kind, work in (("quorum", _quorum), ("interaction", _interaction), ("bug", _bug)):
            if kind in task.inputs:
                found = work(task.inputs[kind])
                break
        else:
            found = self._safety()
        (out / "found.json").write_text(json.dumps(found, indent=1), encoding="utf-8")

    def _safety(self) -> dict[str, Any]:
        events, committed, terms, seed = 0, 0, 0, 0
        violations = [f"{scene}: {found}" for scene, play in SCENES.items() if (found := play(Replica))]
        while events < self._events:
            run = run_group(seed, _ROUNDS)
            events, committed, terms = events + run.events, committed + run.committed, terms + run.terms
            violations += [f"seed {seed}: {run.violation}"] if run.violation else []
            seed += 1
        told = f"{events} events in {seed} groups, {terms} terms led, {committed} entries applied"
        return {"asked": seed + len(SCENES), "right": seed + len(SCENES) - len(violations), "told": [told, *violations]}

    def score(self, task: Task, out: Path) -> tuple[tuple[Score, ...], dict[str, Any]]:
        """Return the share that is as it must be, and what was measured."""
        found = json.loads((out / "found.json").read_text(encoding="utf-8"))
        figures = tuple(_figure(Figure(**figure)) for figure in found.get("figures", ()))
        share = (_share(task.task_id, found["right"], found["asked"]),) if found["asked"] else ()
        return (*share, *figures), {"told": found["told"]}

    def summarise(self, results: Sequence[TaskResult]) -> tuple[Score, ...]:
        """Return the shares over all tasks of a kind."""
        groups = {"quorum/": "verdicts on quorums", "interaction/": "interaction scripts", "bug": "planted bugs found"}
        groups["raft safety"] = "groups in which every safety property held"
        for part in _PARTS:
            groups.update(part.groups)
        scores = []
        for start, name in groups.items():
            kind = [each for each in results if each.task_id.startswith(start)]
            found = [score for each in kind for score in each.scores if score.unit == "share"]
            if found:
                asked = sum(score.n for score in found)
                scores.append(_share(name, round(sum(score.value * score.n for score in found)), asked))
        measured = (score for each in results for score in each.scores if score.unit != "share")
        return (*scores, *measured)


def _quorum(path: str) -> dict[str, Any]:
    verdicts = list(quorum_mismatches(Path(path)))
    wrong = [verdict for verdict in verdicts if verdict is not None]
    return {"asked": len(verdicts), "right": len(verdicts) - len(wrong), "told": list(map(_told, wrong))}


def _interaction(path: str) -> dict[str, Any]:
    wrong = interaction_mismatches(Path(path))
    return {"asked": 1, "right": int(not wrong), "told": list(map(_told, wrong))}


def _bug(name: str) -> dict[str, Any]:
    """Look for a planted bug in scenes, then in groups under drawn faults."""
    for scene, play in SCENES.items():
        violation = play(BUGS[name])
        if violation:
            return {"asked": 1, "right": 1, "told": [f"{violation} in the scene {scene!r}"]}
    events, seed = 0, 0
    while events < _EVENTS_A_BUG:
        run = run_group(seed, _ROUNDS, BUGS[name])
        events += run.events
        if run.violation:
            return {"asked": 1, "right": 1, "told": [f"{run.violation} after {events} events"]}
        seed += 1
    return {"asked": 1, "right": 0, "told": [f"not found in {events} events"]}


def _told(wrong: Mismatch) -> str:
    return f"{wrong.script}:{wrong.line}: expected {wrong.expected!r}, found {wrong.found!r}"


def _figure(figure: Figure) -> Score:
    value = figure.value
    return Score(name=figure.name, value=value, low=value, high=value, n=figure.n, interval="one run", unit=figure.unit)


def _share(name: str, right: int, asked: int) -> Score:
    low, high = wilson(right, asked)
    return Score(name=name, value=right / asked if asked else 0.0, low=low, high=high, n=asked, interval="Wilson 95 %")
