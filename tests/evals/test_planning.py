"""The planning suite, and its check of plans: right ones pass, every planted fault is found."""

import json
from pathlib import Path

import pytest

from evals.planning.problems import find_pairs
from evals.planning.suite import Planning
from evals.planning.verifier import verify
from evals.runner import run_suite
from evals.suites import limit_time
from state.errors import SetupError

DOMAIN = """(define (domain d) (:types box place - object)
 (:predicates (at ?b - box ?p - place) (free ?p - place))
 (:task move :parameters (?b - box ?p - place))
 (:method far :parameters (?b - box ?p ?q - place) :task (move ?b ?p) :precondition (at ?b ?q)
   :ordered-subtasks (and (lift ?b ?q) (lay ?b ?p)))
 (:method stay :parameters (?b - box ?p - place) :task (move ?b ?p) :precondition (at ?b ?p) :subtasks ())
 (:action lift :parameters (?b - box ?p - place) :precondition (at ?b ?p) :effect (and (not (at ?b ?p)) (free ?p)))
 (:action lay :parameters (?b - box ?p - place) :precondition (free ?p) :effect (and (at ?b ?p) (not (free ?p)))))
"""
PROBLEM = """(define (problem p) (:domain d) (:objects a b - box x y z - place)
 (:htn :ordered-subtasks (and (move a z) (move b x) (move a z)))
 (:init (at a x) (at b y) (free z)) (:goal (at b x)))
"""
PLAN = """==>
0 lift a x
1 lay a z
2 lift b y
3 lay b x
root 4 5 6
4 move a z -> far 0 1
5 move b x -> far 2 3
6 move a z -> stay
<==
"""


def test_a_right_plan_passes() -> None:
    assert verify(DOMAIN, PROBLEM, PLAN) == ""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("0 lift a x\n1 lay a z\n2 lift b y\n", "0 lift a x\n2 lift b y\n1 lay a z\n", ""),
        ("0 lift a x\n1 lay a z\n", "1 lay a z\n0 lift a x\n", "comes before what must precede it"),
        ("2 lift b y\n3 lay b x\n", "3 lay b x\n2 lift b y\n", "comes before what must precede it"),
        ("2 lift b y", "2 lift b z", "(action 2): its precondition does not hold"),
        ("lay b x", "lay b a", "is not of its type"),
        ("lay b x", "lay b", "wrong number of arguments"),
        ("lay b x", "fly b x", "is no action"),
        ("root 4 5 6", "root 5 4 6", "no such method has these subtasks"),
        ("root 4 5 6", "root 4 5", "belongs to nothing"),
        ("far 2 3", "far 0 1", "a task is used twice"),
        ("far 2 3", "far 3 2", "no such method has these subtasks"),
        ("far 2 3", "near 2 3", "no such method has these subtasks"),
        ("6 move a z -> stay", "6 move a x -> stay", "no such method has these subtasks"),
        ("3 lay b x", "3 lay b z", "its precondition does not hold"),
    ],
)
def test_every_planted_fault_is_found(old: str, new: str, told: str) -> None:
    assert PLAN.count(old) == 1
    fault = verify(DOMAIN, PROBLEM, PLAN.replace(old, new))
    if told:
        assert told in fault
    else:
        assert fault  # the second root may not begin inside the first


def test_a_condition_that_never_held_and_a_goal_missed_are_found() -> None:
    assert "its condition or order is not kept" in verify(
        DOMAIN, PROBLEM.replace("(move a z)))", "(move a y)))"), PLAN.replace("6 move a z", "6 move a y")
    )
    assert (
        verify(DOMAIN, PROBLEM.replace("(:goal (at b x))", "(:goal (at b y))"), PLAN)
        == "the goal does not hold at the end"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "problems"
    for name, problem in (
        ("good", PROBLEM),
        ("hopeless", PROBLEM.replace("(move b x)", "(move b y) (move b z)")),
        ("broken", "(define"),
    ):
        (root / name).mkdir(parents=True)
        (root / name / "domain.hddl").write_text(DOMAIN)
        (root / name / "problem.hddl").write_text(problem)
    return root


def test_the_suite_plans_checks_and_writes_what_came_of_each_problem(folder: Path, tmp_path: Path) -> None:
    suite = Planning()
    limit_time(suite, 8.0)
    result = run_suite(suite, data=folder, contract=None, out=tmp_path / "out")
    assert {one.task_id: one.solved for one in result.results} == {
        "broken/problem": False,
        "good/problem": True,
        "hopeless/problem": False,
    }
    for place in (folder, tmp_path / "out"):
        found = {one["problem"]: one for one in json.loads((place / "results.json").read_text())}
        assert found["good/problem.hddl"]["length"] == 4
        assert found["good/problem.hddl"]["solved"]
        assert "is not closed" in found["broken/problem.hddl"]["reason"]
        assert not found["hopeless/problem.hddl"]["solved"]
        assert all(
            one.keys() >= {"problem", "solved", "seconds", "nodes", "length", "reason"} for one in found.values()
        )
    assert verify(DOMAIN, PROBLEM, (folder / "good" / "problem.plan").read_text()) == ""
    (share,) = [score for score in result.scores if score.name == "solved and accepted"]
    assert share.value == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("files", "pairs"),
    [
        (("domain", "p1", "p2", "p2-domain"), {"p1": "domain", "p2": "p2-domain"}),
        (("domains/d01", "domains/d02", "problems/p01", "problems/p02"), {"p01": "d01", "p02": "d02"}),
        (("domain01", "domain02", "pfile01", "pfile02"), {"pfile01": "domain01", "pfile02": "domain02"}),
        (("Barman", "easy/pfile01", "hard/pfile02"), {"pfile01": "Barman", "pfile02": "Barman"}),
        (("domain-p-03", "p-03", "domain"), {"p-03": "domain-p-03"}),
    ],
)
def test_a_domain_is_the_folder_s_or_has_the_name_or_number_of_its_problem(
    tmp_path: Path, files: tuple[str, ...], pairs: dict[str, str]
) -> None:
    for name in files:
        path = tmp_path / f"{name}.hddl"
        path.parent.mkdir(exist_ok=True)
        path.write_text(PROBLEM if path.stem in pairs else f"; (define (problem\n{DOMAIN}")
    assert {pair.problem.stem: pair.domain.stem for pair in find_pairs(tmp_path)} == pairs
    with pytest.raises(SetupError, match="no domain with a problem"):
        find_pairs(tmp_path / "nothing")


def test_a_time_limit_is_for_suites_that_have_one() -> None:
    with pytest.raises(SetupError, match="no time to work in"):
        limit_time(Planning(), 0.0)
