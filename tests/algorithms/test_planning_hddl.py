"""Reading HDDL: all of the language, errors with their line, and plans in the competition's format."""

import pytest

from algorithms.planning.anytime import Limits, best_plan, plan
from algorithms.planning.hddl_problem import read_problem
from algorithms.planning.ipc_format import ipc_plan
from algorithms.planning.model import Problem
from algorithms.planning.sexpr import read
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
        ("(:metric", ")) (:metric", "a closing parenthesis too many"),
        ("(define (problem", "(define (domain", "(problem NAME) is expected"),
    ],
)
def test_a_fault_of_the_problem_is_told_with_its_line(old: str, new: str, told: str) -> None:
    assert PROBLEM.count(old) == 1
    with pytest.raises(SetupError) as raised:
        stated(problem=PROBLEM.replace(old, new))
    assert told in raised.value.line()
    assert raised.value.line().startswith("p.hddl:")


def test_closing_parentheses_too_many_at_the_very_end_are_passed_over() -> None:
    assert read(PROBLEM + " ) ; one more\n)\n", "p.hddl") == read(PROBLEM, "p.hddl")
    with pytest.raises(SetupError, match="a closing parenthesis too many"):
        stated(problem=PROBLEM + " ) (:init (raw egg))")


def test_an_order_may_be_written_between_its_tasks() -> None:
    between = PROBLEM.replace("(< t1 t3)", "(t1 < t3)")
    assert between != PROBLEM
    assert stated(problem=between).network == stated().network


SMALL = """(define (domain d) (:requirements :hierarchy) (:types thing - object)
 (:predicates (p ?x - thing) (q ?x - thing))
 (:task do :parameters (?x - thing))
 (:method m :parameters (?x - thing) :task (do ?x) :subtasks (and (act ?x)))
 (:action act :parameters (?x - thing) :precondition (p ?x) :effect (q ?x)))"""
ONE = "(define (problem p) (:domain d) (:objects a b - thing) (:htn :subtasks (do a)) (:init (p a) (p b)))"
GO = " (:task go :parameters ()) (:method g :parameters () :task (go) %s) (:action act"
FUEL = " (:functions (fuel ?x - thing) (total-cost) - number) (:task"


@pytest.mark.parametrize(
    ("domain", "problem", "steps"),
    [
        pytest.param((), (":subtasks (do a)", f":{key} (and (t1 (do a)) (t2 (do b))) {order}"), steps)
        for key, order, steps in (
            ("tasks", ":ordering (and (< t2 t1))", "act(b) act(a)"),
            ("subtasks", ":ordering (< t1 t2)", "act(a) act(b)"),
            ("subtasks", ":ordering () :constraints ()", "act(a) act(b)"),
            ("ordered-tasks", "", "act(a) act(b)"),
            ("ordered-subtasks", ":ordering (and (< t1 t2)) :constraints (and)", "act(a) act(b)"),
        )
    ]
    + [
        pytest.param((), (":subtasks (do a)", ":subtasks ()"), "", id="no tasks"),
        pytest.param((), (":subtasks (do a)", ":subtasks (and)"), "", id="an empty list of tasks"),
        pytest.param((), (":subtasks (do a)", ":subtasks (t1 (do a))"), "act(a)", id="one labelled task"),
        pytest.param((), (":subtasks (do a)", ":subtasks (act a)"), "act(a)", id="an action in the network"),
        pytest.param(
            (), (":subtasks (do a)", ":parameters (?z - thing) :subtasks (do ?z) :constraints (not (= ?z a))"),
            "act(b)", id="parameters of the network",
        ),
        pytest.param((), ("(:init (p a)", "(:init (and (p a) (not (q a)))"), "act(a)", id="facts in a conjunction"),
        pytest.param(("thing - object", "thing - mid mid - top top"), (), "act(a)", id="types out of order"),
        pytest.param(("thing - object", "thing - item item - stuff"), (), "act(a)", id="a parent not declared"),
        pytest.param(("thing - object", "object thing - object"), (), "act(a)", id="object declared"),
        pytest.param(("thing - object", "l r - object thing - (either l r)"), (), "act(a)", id="two parents"),
        pytest.param(
            ("act :parameters (?x - thing)", "act :parameters (?x - (either thing object))"), (), "act(a)", id="either"
        ),
        pytest.param(("(p ?x - thing)", "(p ?x - thing) (p ?x - object)"), (), "act(a)", id="overloaded on types"),
        pytest.param(("act :parameters (?x - thing)", "act :parameters (?x -thing)"), (), "act(a)", id="a tight dash"),
        pytest.param((" (:action act", GO % ""), (":subtasks (do a)", ":subtasks (go)"), "", id="a method of nothing"),
        pytest.param(
            (" (:action act", GO % ":ordered-subtasks ()"), (":subtasks (do a)", ":subtasks (go)"), "", id="empty body"
        ),
        pytest.param((":precondition (p ?x) :effect (q ?x)", ""), (), "act(a)", id="an action without parts"),
        pytest.param(
            (":precondition (p ?x) :effect (q ?x)", ":precondition () :effect (and)"), (), "act(a)", id="empty parts"
        ),
        pytest.param(
            (":effect (q ?x)", ":effect (forall (?y - thing) (when (p ?y) (and (q ?y) (not (p ?y)))))"),
            (":init", ":goal (and (q a) (q b) (not (p b)))) (:init"), "act(a)", id="universal and conditional effects",
        ),
        pytest.param(
            (":precondition (p ?x)", ":precondition (exists (?x - thing) (and (p ?x) (not (q ?x))))"), (), "act(a)",
            id="a quantifier hides a parameter",
        ),
        pytest.param(
            (":subtasks (and (act ?x))", ":subtasks (and (act ?x)) :constraints (or (= ?x a) (sortof ?x - thing))"),
            ("(:objects a b", "(:objects b"), "act(a)", id="constraints, a constant",
        ),
        pytest.param(
            ("thing - object)", "thing tree - object) (:constants a - thing)"), (), "act(a)", id="no object of a type"
        ),
        pytest.param(
            (" (:task", FUEL), ("(:init", "(:init (= (fuel a) 3)"), "act(a)", id="functions that nothing looks at"
        ),
    ],
)  # fmt: skip
def test_each_form_of_the_language_is_read_and_its_plan_accepted(
    domain: tuple[str, ...], problem: tuple[str, ...], steps: str
) -> None:
    texts = [text.replace(*change) if change else text for text, change in ((SMALL, domain), (ONE, problem))]
    if "(= ?x a)" in texts[0]:
        texts[0] = texts[0].replace("(:predicates", "(:constants a - thing) (:predicates")
    assert domain == () or texts[0] != SMALL
    assert problem == () or texts[1] != ONE
    found = plan_of(read_problem(*texts))
    assert " ".join(map(str, found.tasks())) == steps
    assert verify(*texts, ipc_plan(found)) == ""


def test_a_text_may_begin_with_a_byte_order_mark_end_lines_twice_and_shout() -> None:
    loud = "\ufeff" + SMALL.upper().replace("\n", "\r\n; (((\r\n")
    found = plan_of(read_problem(loud, "\ufeff" + ONE))
    assert [str(task) for task in found.tasks()] == ["ACT(a)"]
    assert verify(loud, "\ufeff" + ONE, ipc_plan(found)) == ""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (":precondition (p ?x)", ":precondition (> (fuel ?x) 2)", "a comparison of numbers (> ...) is not read"),
        (":effect (q ?x)", ":effect (decrease (fuel ?x) 2)", "an effect on numbers (decrease ...) is not read"),
        ("(p ?x - thing)", "(p ?x - thing) (p ?x ?y - thing)", "another predicate 'p', over 1 arguments"),
        ("(:task", "(:derived (q ?x) (p ?x)) (:task", "a section :derived is not read"),
    ],
)
def test_what_is_no_part_of_the_competition_is_refused_with_its_line(old: str, new: str, told: str) -> None:
    with pytest.raises(SetupError) as raised:
        read_problem(SMALL.replace(old, new).replace(" (:task", FUEL, 1), ONE, domain_name="d.hddl")
    assert told in raised.value.line()
    assert raised.value.line().startswith("d.hddl:")


def test_only_the_cost_is_counted_of_what_increases() -> None:
    effect = ":effect (and (q ?x) (increase (fuel ?x) 7) (increase (total-cost) (fuel ?x)))"
    domain = SMALL.replace(":effect (q ?x)", effect).replace(" (:task", FUEL, 1)
    assert plan_of(read_problem(domain, ONE.replace("(:init", "(:init (= (fuel a) 3)"))).cost == 3
