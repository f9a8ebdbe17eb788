"""Reflection after a run: analysis, patterns, trends, adaptations, integration. What it knows lies in the store.

A run that is reflected on is published, or has failed, already: whatever goes wrong here ends reflection with a
problem, never the run.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore
from typing_extensions import TypedDict

from algorithms.reflection.adaptations import adaptations, what
from algorithms.reflection.adapting import Known, adapt, observed
from algorithms.reflection.analysis import analyse
from algorithms.reflection.mining import mine
from algorithms.reflection.retirement import ended_meanwhile
from algorithms.reflection.trends import WINDOW, trends
from nodes.answer_apart import answer_apart
from nodes.boundary import failure_line
from nodes.context import check_own, context_of, validated
from nodes.events import emit
from state.errors import RunError
from state.experience import Experience
from state.lessons import Lesson, Pattern
from state.reflection import LessonChange, Reflected, ReflectionInput, ReflectionOutput, ReflectionState, ReflectionTask
from state.run import RunContext
from tools.decision_log.reading import read_log, standing
from tools.experience import keep_experience, known_runs, prune_experiences, read_experiences
from tools.lessons import drop_lessons, forgotten, stored_lessons, write_lessons
from tools.past_runs import contract_of, ended_runs, read_experience
from tools.records import read_record
from tools.store import opened_store

ReflectionGraph: TypeAlias = CompiledStateGraph[ReflectionState, RunContext, ReflectionInput, ReflectionOutput]

_MOST_ANALYSES: Final = 20
_MOST_UNHELD: Final = 50
_MOST_CHANGES: Final = 50
_MOST_CLASHES: Final = 20


class FoundInput(TypedDict):
    """Keys the phases after the analysis read."""

    contracts: tuple[str, ...]


class AdaptInput(FoundInput):
    """Keys adapting reads."""

    patterns: tuple[Pattern, ...]


class IntegrateInput(AdaptInput):
    """Keys integration reads."""

    tested: int
    runs: int
    changed: tuple[Lesson, ...]
    clashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reflecting:
    """Puts a run before the reflection graph.

    It runs apart: nothing of it is saved in the run's checkpoints, as reflection that was killed is begun again, and
    counts once.
    """

    graph: ReflectionGraph

    def reflect(self, state: ReflectionInput, runtime: Runtime[RunContext]) -> ReflectionOutput:
        """Reflect on the run that was reported."""
        found = answer_apart(self.graph, {"reflecting": state["reflecting"]}, context_of(runtime))
        reflected: Reflected = found["reflected"]
        emit("reflected", "reflection", learned=len(reflected.learned), retired=len(reflected.retired))
        return {"reflected": reflected}


def analyse_experience(state: ReflectionInput, runtime: Runtime[RunContext]) -> ReflectionState:
    """Take what runs left into the buffer, and compare plan and reality of each."""
    return _softly(lambda: _analysed(state, runtime))


def find_patterns(state: FoundInput, runtime: Runtime[RunContext]) -> ReflectionState:
    """Test what the buffers of the contracts show; all that holds is kept, of the rest the surest."""
    return _softly(lambda: _patterns(state, runtime))


def find_trends(state: FoundInput, runtime: Runtime[RunContext]) -> ReflectionState:
    """See how times, replans, questions and quarantine move from run to run."""
    return _softly(lambda: _trends(state, runtime))


def adapt_lessons(state: AdaptInput, runtime: Runtime[RunContext]) -> ReflectionState:
    """Draw the lessons: those of single runs, those of many, what ended, what they change about the next plan."""
    return _softly(lambda: _adapted(state, runtime))


def integrate_lessons(state: IntegrateInput, runtime: Runtime[RunContext]) -> ReflectionState:
    """Write what changed, and tell what was learned and what is not believed any more."""
    return _softly(lambda: _integrated(state, runtime))


def _softly(phase: Callable[[], ReflectionState]) -> ReflectionState:
    """Let a phase end with a problem instead of an error."""
    try:
        return phase()
    except Exception as error:  # noqa: BLE001  the boundary: no fault of reflection may end a run that is published
        return {"reflected": Reflected(problem=failure_line(error))}


def _analysed(state: ReflectionInput, runtime: Runtime[RunContext]) -> ReflectionState:
    task = validated(ReflectionTask, state.get("reflecting"), "reflecting")
    context, home = context_of(runtime), _home(runtime)
    check_own(runtime, task.run_id)
    with opened_store(home) as store:
        runs = _new_experiences(store, home, task)
        for run in runs:
            keep_experience(store, run)
        prune_experiences(store, context.retention_experience)
    emit("reflection", "reflection:analysis", runs=len(runs))
    return {
        "contracts": tuple(sorted({run.contract for run in runs})),
        "analyses": tuple(analyse(run) for run in runs[-_MOST_ANALYSES:]),
        "reflected": Reflected(),  # there is something to give back also where no run is new
    }


def _patterns(state: FoundInput, runtime: Runtime[RunContext]) -> ReflectionState:
    found: list[Pattern] = []
    count = 0
    with opened_store(_home(runtime)) as store:
        for contract in state["contracts"]:
            runs = read_experiences(store, contract)
            count += len(runs)
            found += mine(contract, observed(runs, _known(store, contract)))
    held = [pattern for pattern in found if pattern.holds]
    others = sorted((pattern for pattern in found if not pattern.holds), key=lambda pattern: (pattern.q, pattern.p))
    return {"patterns": (*held, *others[:_MOST_UNHELD]), "tested": len(found), "runs": count}


def _trends(state: FoundInput, runtime: Runtime[RunContext]) -> ReflectionState:
    with opened_store(_home(runtime)) as store:
        found = [each for contract in state["contracts"] for each in trends(read_experiences(store, contract, WINDOW))]
    return {"trends": tuple(found)}


def _adapted(state: AdaptInput, runtime: Runtime[RunContext]) -> ReflectionState:
    changed: list[Lesson] = []
    in_force: list[Lesson] = []
    told: list[str] = []
    with opened_store(_home(runtime)) as store:
        for contract in state["contracts"]:
            runs = read_experiences(store, contract)
            known = _with_authorities(_known(store, contract), runs[-1].run_id, contract, _home(runtime))
            patterns = [pattern for pattern in state["patterns"] if pattern.contract == contract]
            adapted = adapt(runs, patterns, observed(runs, known), known)
            changed += adapted.changed
            in_force += (lesson for lesson in adapted.lessons if lesson.in_force)
            told += adapted.clashes
            drop_lessons(store, adapted.dropped)
    return {
        "adaptations": adaptations(in_force)[:_MOST_CHANGES],
        "changed": tuple(changed),
        "clashes": tuple(told[:_MOST_CLASHES]),
    }


def _integrated(state: IntegrateInput, runtime: Runtime[RunContext]) -> ReflectionState:
    with opened_store(_home(runtime)) as store:
        before = {lesson.lesson_id: lesson for lesson in stored_lessons(store)}
        changed = [each for each in state["changed"] if not ended_meanwhile(before.get(each.lesson_id), each)]
        write_lessons(store, changed)
        after = stored_lessons(store)
    was = {key for key, lesson in before.items() if lesson.in_force}
    learned = [lesson for lesson in changed if lesson.in_force and lesson.lesson_id not in was]
    ended = [lesson for lesson in changed if lesson.lesson_id in was and not lesson.in_force]
    emit("reflection", "reflection:integrated", learned=len(learned), retired=len(ended))
    reflected = Reflected(
        runs=state["runs"],
        tested=state["tested"],
        held=sum(pattern.holds for pattern in state["patterns"]),
        in_force=sum(lesson.in_force for lesson in after if lesson.scope.contract in state["contracts"]),
        learned=tuple(_change(lesson) for lesson in sorted(learned, key=lambda one: -one.gain)[:_MOST_CHANGES]),
        retired=tuple(_change(lesson) for lesson in ended[:_MOST_CHANGES]),
        clashes=state["clashes"],
    )
    return {"reflected": reflected}


def _change(lesson: Lesson) -> LessonChange:
    return LessonChange(lesson_id=lesson.lesson_id, told=what(lesson.value), why=lesson.retired_because)


def _home(runtime: Runtime[RunContext]) -> Path:
    return Path(context_of(runtime).home).absolute()


def _new_experiences(store: BaseStore, home: Path, task: ReflectionTask) -> list[Experience]:
    """Return the experience of the run that is asked for, or of all that ended and are not in the buffer."""
    if task.run_id:
        return [read_experience(read_record(home, task.run_id))]
    found = []
    for record in ended_runs(home, known_runs(store)):
        try:
            found.append(read_experience(record))
        except RunError:  # its folder was moved or removed since: it has nothing to tell
            continue
    return found


def _known(store: BaseStore, contract: str) -> Known:
    """Return what is known of the lessons of a contract."""
    stored = (lesson for lesson in stored_lessons(store) if lesson.scope.contract == contract)
    return Known(tuple(stored), forgotten(store))


def _with_authorities(known: Known, run_id: str, contract: str, home: Path) -> Known:
    """Return it with what lessons give way to: the contract as a run had it, and its decision log."""
    reading = read_log(home, contract)
    entries = reading.entries if reading.usable else ()
    return known._replace(contract=contract_of(home, run_id), entries=entries, adopted=standing(reading))
