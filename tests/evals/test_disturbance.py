"""The disturbance study: what happens is drawn from a seed, what each way comes to is judged by the check."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.planning.anytime import Limits, plan
from algorithms.planning.hddl_problem import read_problem
from algorithms.planning.repair import Stage
from algorithms.planning.solution import Solution
from evals.planning import disturbance
from evals.planning.disturbance import Disturbance
from evals.planning.flips import Flip, Kind, draw
from evals.planning.generated import GENERATORS, Texts
from evals.planning.trial import CONTINUING, REPAIR, SCRATCH, Trial, meet
from evals.planning.verifier import verify
from evals.runner import run_suite

NODES = 3_000


def planned(texts: Texts) -> Solution:
    answer = plan(read_problem(*texts), limits=Limits(nodes=NODES))
    assert isinstance(answer, Solution)
    return answer


def drawn(solution: Solution, kind: Kind, seed: int) -> Flip | None:
    return draw(solution, kind, random.Random(seed))  # noqa: S311  an experiment


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(GENERATORS)), st.integers(2, 5), st.integers(0, 50), st.sampled_from(Kind), st.integers())
def test_repair_is_legal_and_solves_whatever_planning_anew_solves(
    name: str, size: int, seed: int, kind: Kind, chance: int
) -> None:
    texts = GENERATORS[name](size, seed)
    solution = planned(texts)
    flip = drawn(solution, kind, chance)
    if flip is None:
        return
    outcomes = meet(texts, solution, flip, NODES, turn=chance).outcomes
    assert outcomes[REPAIR].solved >= outcomes[SCRATCH].solved
    assert outcomes[REPAIR].steps == 0 or not outcomes[REPAIR].fault
    assert outcomes[REPAIR].by != Stage.NOTHING.value or outcomes[CONTINUING].solved


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 4), st.integers(0, 50), st.sampled_from(Kind), st.integers())
def test_a_flip_touches_what_is_left_and_gives_the_facts_that_hold_then(
    size: int, seed: int, kind: Kind, chance: int
) -> None:
    solution = planned(GENERATORS["transport"](size, seed))
    flip = drawn(solution, kind, chance)
    assert flip is not None
    assert all((fact in flip.facts) is present for fact, present in flip.changes)
    needed = {fact for step in solution.steps[flip.done :] for fact in step.needs}
    if kind in (Kind.LOST, Kind.MOVED, Kind.CLOSED):
        assert flip.changes[0][0] in needed
    assert drawn(solution, kind, chance) == flip


DOMAIN = """(define (domain d) (:types box place - object) (:predicates (at ?b - box ?p - place))
 (:task bring :parameters (?b - box ?p - place))
 (:method carry :parameters (?b - box ?p ?q - place) :task (bring ?b ?p) :precondition (at ?b ?q)
   :ordered-subtasks (and (move ?b ?q ?p)))
 (:action move :parameters (?b - box ?p ?q - place) :precondition (at ?b ?p)
   :effect (and (not (at ?b ?p)) (at ?b ?q))))
"""
PROBLEM = """(define (problem p) (:domain d) (:objects a b - box x y z - place)
 (:htn :ordered-subtasks (and (bring a y) (bring b y))) (:init (at a x) (at b x)) (:goal (and (at a y) (at b y))))
"""
DONE = "==>\n0 move a x y\n1 move b z y\nroot 2 3\n2 bring a y -> carry 0\n3 bring b y -> carry 1\n<==\n"
MOVED = {1: [(("at", "b", "x"), False), (("at", "b", "z"), True)]}


def test_the_check_knows_what_happened_between_the_steps() -> None:
    assert verify(DOMAIN, PROBLEM, DONE, events=MOVED) == ""
    assert "(action 1): its precondition does not hold" in verify(DOMAIN, PROBLEM, DONE)
    assert "its precondition does not hold" in verify(DOMAIN, PROBLEM, DONE, events={2: MOVED[1]})
    last = {2: [(("at", "b", "y"), False)]}
    assert "the goal does not hold" in verify(DOMAIN, PROBLEM, DONE, events=MOVED | last)


def test_the_check_executes_what_belongs_to_no_task_and_lets_nothing_else_do_so() -> None:
    text = DONE.replace("==>\n", "==>\n9 move a x z\n").replace("0 move a x y", "0 move a z y")
    events = {2: MOVED[1]}
    assert verify(DOMAIN, PROBLEM, text, events=events, dropped=[9]) == ""
    assert "belongs to nothing" in verify(DOMAIN, PROBLEM, text, events=events)
    assert "belongs to nothing" in verify(DOMAIN, PROBLEM, text, events=events, dropped=[9, 0])
    broken = text.replace("9 move a x z", "9 move a y z")
    assert "its precondition does not hold" in verify(DOMAIN, PROBLEM, broken, events=events, dropped=[9])


def test_a_box_that_is_moved_is_fetched_where_it_is() -> None:
    texts = Texts(DOMAIN, PROBLEM)
    solution = planned(texts)
    lost, made = (
        fact.__class__("at", ("b", place)) for fact in solution.facts() for place in "xz" if fact.args[0] == "b"
    )
    facts = frozenset({*solution.steps[0].adds, made})
    outcomes = meet(texts, solution, Flip(Kind.MOVED, 1, ((lost, False), (made, True)), facts), NODES, turn=0).outcomes
    assert [outcomes[way].solved for way in (CONTINUING, REPAIR, SCRATCH)] == [False, True, True]
    assert (outcomes[REPAIR].by, outcomes[REPAIR].steps, outcomes[SCRATCH].steps) == ("part", 1, 2)


def test_the_suite_writes_every_trial_and_compares_in_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disturbance, "_SIZES", (2,))
    monkeypatch.setattr(disturbance, "_ROUNDS", 1)
    for folder, problem in (("good", PROBLEM), ("none", PROBLEM.replace("(at a x)", ""))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "domain.hddl").write_text(DOMAIN)
        (tmp_path / folder / "problem.hddl").write_text(problem)
    result = run_suite(Disturbance(), data=tmp_path, contract=None, out=tmp_path / "out")
    assert {one.task_id: one.solved for one in result.results} == {
        "good/problem": True, "none/problem": False,
        **{f"generated/{name}-2-{seed}": True for name in GENERATORS for seed in (1, 2)},
    }  # fmt: skip
    written = json.loads((tmp_path / "out" / "good" / "problem" / "trials.json").read_text())
    trials = [Trial.model_validate(one) for one in written]
    assert {one.kind for one in trials} == {"lost", "gained", "moved", "failed"}  # no fact there that never changes
    scores = {score.name: score for score in result.scores}
    assert scores["solved by repair"].value >= scores["solved by scratch"].value
    assert scores["repair is faster by"].unit == "times"
    assert all(score.low <= score.value <= score.high for score in result.scores)
