"""Reading HDDL: all of the language, errors with their line, and plans in the competition's format."""

import pytest

from algorithms.planning.anytime import Limits, best_plan, plan
from algorithms.planning.hddl_problem import read_problem
from algorithms.planning.ipc_format import ipc_plan
from algorithms.planning.model import Problem
from algorithms.planning.solution import Solution
from evals.planning.verifier import verify
from state.errors import SetupError
from state.plans import NoPlan

DOMAIN = """
; Case does not matter; the spelling of the declaration is kept.
(define (domain Kitchen)
  (:requirements :typing :hierarchy :negative-preconditions :equality :universal-preconditions)
  (:types Pan Pot - vessel vessel food - object)
  (:constants Stove - object)
  (:predicates (in ?f - food ?v - vessel) (hot ?v - vessel) (clean ?v - (either Pan Pot)) (on ?x - vessel ?y - object)
               (raw ?f - food) (served))
  (:functions (total-cost) (weight ?f - food))
  (:task cook :parameters (?f - food))
  (:task serve :parameters ())
  (:task wait :parameters ())
  (:method m-cook :parameters (?f - food ?v - vessel) :task (cook ?f)
    :precondition (and (raw ?f) (not (hot ?v)))
    :subtasks (and (a (put ?f ?v)) (b (heat ?v)) (c (wait)) (d (fry ?f ?v)))
    :ordering (and (< a d) (< b d) (< c b))
    :constraints (and (not (= ?f ?v)) (sort ?v - Pan)))
  (:method m-wait :parameters () :task (wait) :subtasks ())
  (:method m-serve :parameters () :task (serve) :precondition () :ordered-subtasks (and (plate)))
  (:action put :parameters (?f - food ?v - vessel)
    :precondition (and (clean ?v) (forall (?o - food) (or (= ?o ?f) (not (in ?o ?v)))))
    :effect (and (in ?f ?v) (not (clean ?v)) (increase (total-cost) (weight ?f))))
  (:action heat :parameters (?v - vessel) :precondition (on ?v stove) :effect (hot ?v))
  (:action fry :parameters (?f - food ?v - Pan) :precondition (and (hot ?v) (in ?f ?v))
    :effect (and (not (raw ?f)) (when (on ?v Stove) (not (on ?v Stove))) (increase (total-cost) 1)))
  (:action plate :parameters ()
    :precondition (and (forall (?f - food) (imply (raw ?f) (exists (?v - pot) (in ?f ?v)))) (not (served)))
    :effect (and (served) (forall (?v - vessel) (not (hot ?v))))))
"""
PROBLEM = """
(define (problem dinner) (:domain kitchen)
  (:objects egg fish - FOOD p1 p2 - pan tall - Pot)
  (:htn :parameters (?g - food) :subtasks (and (t1 (cook egg)) (t2 (cook ?g)) (t3 (serve)))
        :ordering (and (< t1 t3) (< t2 t3)) :constraints (not (= ?g egg)))
  (:init (raw egg) (raw fish) (clean p1) (clean p2) (clean tall) (on p1 stove) (on p2 stove) (on tall STOVE)
         (= (weight egg) 1) (= (weight fish) 5))
  (:goal (and (served) (not (raw fish))))
  (:metric minimize (total-cost)))
"""


def stated(domain: str = DOMAIN, problem: str = PROBLEM) -> Problem:
    return read_problem(domain, problem, domain_name="d.hddl", problem_name="p.hddl")


def test_every_part_of_the_language_is_read_and_the_plan_is_accepted() -> None:
    found = best_plan(stated(), limits=Limits(nodes=20_000))
    assert isinstance(found, Solution)
    assert sorted(str(task) for task in found.tasks()) == [
        "fry(egg, p1)", "fry(fish, p2)", "heat(p1)", "heat(p2)", "plate", "put(egg, p1)", "put(fish, p2)",
    ]  # fmt: skip
    assert found.cost == 8
    assert verify(DOMAIN, PROBLEM, ipc_plan(found)) == ""


def test_the_format_lists_actions_roots_and_decompositions() -> None:
    lines = ipc_plan(plan_of(stated())).splitlines()
    assert (lines[0], lines[-1]) == ("==>", "<==")
    assert lines[8].startswith("root ")
    assert any(line.split(maxsplit=1)[1].startswith("cook egg -> m-cook ") for line in lines[9:-1])


def plan_of(problem: Problem) -> Solution:
    found = plan(problem)
    assert isinstance(found, Solution), found
    return found


def test_a_problem_that_needs_too_many_pans_has_no_plan() -> None:
    answer = plan(stated(problem=PROBLEM.replace("(clean p2)", "")))
    assert isinstance(answer, NoPlan)
    assert answer.exhausted


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("(hot ?v - vessel)", "(hot ?v - vassel)", "d.hddl:7: there is no type 'vassel'"),
        ("(and (hot ?v) (in", "(and (hot ?w) (in", "nothing binds ?w"),
        ("(heat ?v)) (c", "(heat ?v ?f)) (c", "d.hddl:15: heat takes 1 arguments, not 2"),
        ("(a (put ?f ?v))", "(a (pit ?f ?v))", "d.hddl:15: there is no task or action 'pit'"),
        ("(< c b)", "(< c z)", "d.hddl:16: no subtask is called 'z'"),
        (":effect (hot ?v))", ":effects (hot ?v))", "the key ':effects' is not read here"),
        ("(:action heat", "(:durative-action heat", "a section :durative-action is not read"),
        ("(:action heat", "(:action put", "there is another task or action 'put'"),
        ("(on ?v stove) :effect", "(on ?v oven) :effect", "there is no object 'oven'"),
        ("(not (hot ?v)))\n    :sub", "(not (hot ?v) (raw ?f)))\n    :sub", "'not' takes 1 parts, not 2"),
        ("(weight ?f))))", "(height ?f))))", "there is no function 'height'"),
        ("(served))\n  (:f", "(served)\n  (:f", "is not closed"),
        (":task (cook ?f)\n", "\n", "the method m-cook names no :task"),
    ],
)
def test_a_fault_of_the_domain_is_told_with_its_line(old: str, new: str, told: str) -> None:
    assert DOMAIN.count(old) == 1
    with pytest.raises(SetupError) as raised:
        stated(domain=DOMAIN.replace(old, new))
    assert told in raised.value.line()
    assert raised.value.line().startswith("d.hddl:")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("(raw egg)", "(raw egg egg)", "p.hddl:6: raw takes 1 arguments, not 2"),
        ("(raw egg)", "(row egg)", "p.hddl:6: there is no predicate 'row'"),
        ("(raw egg)", "(raw ham)", "p.hddl:6: there is no object 'ham'"),
        ("(= (weight egg) 1)", "(= (weight egg) light)", "p.hddl:7: 'light' is no number"),
        ("(:goal", "(:init", "there is another section :init"),
        ("(:htn", "(:tasks", "a section :tasks is not read"),
        ("minimize (total-cost)))", "minimize (total-cost))))", "a closing parenthesis too many"),
        ("(define (problem", "(define (domain", "(problem NAME) is expected"),
    ],
)
def test_a_fault_of_the_problem_is_told_with_its_line(old: str, new: str, told: str) -> None:
    assert PROBLEM.count(old) == 1
    with pytest.raises(SetupError) as raised:
        stated(problem=PROBLEM.replace(old, new))
    assert told in raised.value.line()
    assert raised.value.line().startswith("p.hddl:")
