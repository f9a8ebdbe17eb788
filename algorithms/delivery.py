"""The data domain: how the tables of a contract are delivered, as tasks, methods and operators.

    deliver             every table's prepare, then its settle, then verify and publish
    prepare(t)          from_files_resolving | from_files_resolving_apart | from_files_plain | derived
    agree(t)            by_a_person: approve | unasked: nothing
    merge(t)            by_key: dedupe | keep_all: nothing
    settle(t)           set_aside: quarantine | leave: nothing, where any violation fails the table

A step may only read the tables that its preconditions name: tables that are worked on at the same time are not stable.
Relationships may be circular. Inside such a cycle a table waits for the others to be conformed (and deduplicated),
not to be ready; where even that is circular, because each would repair its values by the others, one table after
another is resolved apart: without looking at the rest of its cycle. The quarantine steps of a cycle come after all its
other steps and run one after the other, since each changes what the others look at.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from math import prod

from algorithms.dag import components, deorder, makespan
from algorithms.delivery_estimates import estimator
from algorithms.htn import solve
from algorithms.htn_domain import Domain, Method, Network, Operator, Problem
from algorithms.htn_model import Absent, Adds, Condition, Fact, ForAll, Holds, Task, Variable
from algorithms.htn_solution import ROOT, Action, Solution
from state.contract import OnViolation
from state.plans import DeliveryFacts, MethodChoice, NoPlan, Plan, Step, StepKind, TableFacts
from state.values import digest

_T, _O = Variable("table"), Variable("other")
_DELIVER = Task("deliver", ())


def plan_delivery(facts: DeliveryFacts, goal: str) -> Plan | NoPlan:
    """Plan how the tables become published; the same facts give the same plan. NoPlan says what stands in the way."""
    names = [table.name for table in facts.tables]
    if not names or len(set(names)) < len(names):
        reason = "two tables have the same name" if names else "there is no table to deliver"
        return NoPlan(goal=goal, reason=reason, tried=(), exhausted=True)
    problem = _problem(facts.tables, goal)
    solution = solve(problem)
    return solution if isinstance(solution, NoPlan) else _plan(solution, problem)


def start_facts(facts: DeliveryFacts) -> frozenset[str]:
    """Return the facts, as text, that hold before the first step: those that steps ask for and no step makes true."""
    return frozenset(str(Fact("landed", (table.name,))) for table in facts.tables if table.landed)


def _problem(tables: Sequence[TableFacts], goal: str) -> Problem:
    groups = components({table.name: table.needs for table in tables})
    domain = Domain.of(_operators(tables), [*_table_methods(), _deliver(groups)])
    return Problem(domain, frozenset(_static_facts(tables, groups)), Network((_DELIVER,)), goal)


def _static_facts(tables: Sequence[TableFacts], groups: Sequence[Sequence[str]]) -> Iterator[Fact]:
    """Yield what no step changes. A need is a reference (other group), a peer (same cycle), or nothing (itself)."""
    group_of = {name: group for group in groups for name in group}
    for table in tables:
        name = table.name
        quality = {
            "table": True,
            "derived_by_sql": table.derived,
            "fed_by_files": not table.derived,
            "landed": table.landed,
            "repairable": not table.derived and table.has_lists and table.on_violation is OnViolation.REPAIR,
            "keyed": not table.derived and table.has_key,
            "sets_aside": table.on_violation is not OnViolation.FAIL,
            "acyclic": len(group_of[name]) == 1,
            "asks": table.asks and not table.derived,
        }
        yield from (Fact(predicate, (name,)) for predicate, holds in quality.items() if holds)
        yield Fact("last_step", (name, _last_kind(table)))
        for need in dict.fromkeys(table.needs):
            if need != name:
                yield Fact("peer" if need in group_of[name] else "refers", (name, need))


def _last_kind(table: TableFacts) -> StepKind:
    """Return the kind of step after which the table is ready."""
    if table.on_violation is not OnViolation.FAIL:
        return StepKind.QUARANTINE
    if table.derived:
        return StepKind.DERIVE
    return StepKind.DEDUPE if table.has_key else StepKind.CONFORM


def _of(predicate: str, *terms: str) -> Fact:
    return Fact(predicate, terms or (_T,))


_REFERENCES_READY = ForAll((_O,), (_of("refers", _T, _O),), _of("ready", _O))
_PEERS_CONFORMED = (
    ForAll((_O,), (_of("peer", _T, _O),), _of("conformed", _O)),
    ForAll((_O,), (_of("peer", _T, _O), _of("keyed", _O)), _of("deduped", _O)),
)


def _operators(tables: Sequence[TableFacts]) -> Iterator[Operator]:
    """Yield one operator for each kind of step, and one for resolving apart."""
    mapped, formatted, resolved = Holds(_of("mapped")), Holds(_of("formatted")), _of("resolved")
    fed, by_sql = _of("fed_by_files"), _of("derived_by_sql")
    conditions: dict[str, tuple[Condition, ...]] = {
        "map": (Holds(_of("landed")),),
        "format": (mapped,),
        "resolve": (mapped, formatted, _REFERENCES_READY, *_PEERS_CONFORMED),
        "resolve_apart": (mapped, formatted, _REFERENCES_READY),
        "approve": (mapped, formatted, ForAll((), (_of("repairable"),), resolved)),
        "conform": (
            mapped,
            formatted,
            ForAll((), (_of("repairable"),), resolved),
            ForAll((), (_of("asks"),), _of("approved")),
        ),
        "dedupe": (Holds(_of("conformed")),),
        "derive": (_REFERENCES_READY,),
        "quarantine": (
            ForAll((), (fed,), _of("conformed")),
            ForAll((), (_of("keyed"),), _of("deduped")),
            ForAll((), (by_sql,), _of("derived")),
            _REFERENCES_READY,
            *_PEERS_CONFORMED,
        ),
    }
    results = {"map": "mapped", "format": "formatted", "resolve": "resolved", "resolve_apart": "resolved"}
    results |= {
        "approve": "approved",
        "conform": "conformed",
        "dedupe": "deduped",
        "derive": "derived",
        "quarantine": "quarantined",
    }
    for name, preconditions in conditions.items():
        kind = _kind(name)
        ready = Adds(_of("ready"), when=(_of("last_step", _T, kind),))
        yield Operator(Task(name, (_T,)), preconditions, (Adds(_of(results[name])), ready), estimator(kind, tables))
    all_ready = ForAll((_O,), (_of("table", _O),), _of("ready", _O))
    verified, published = Fact("verified", ()), Fact("published", ())
    yield Operator(Task("verify", ()), (all_ready,), (Adds(verified),), estimator(StepKind.VERIFY, tables))
    yield Operator(Task("publish", ()), (Holds(verified),), (Adds(published),), estimator(StepKind.PUBLISH, tables))


def _table_methods() -> Iterator[Method]:
    """Yield the methods for one table. Resolving apart costs more, so any way around it is taken first."""
    prepare, merge, settle = (Task(name, (_T,)) for name in ("prepare", "merge", "settle"))
    files = (Holds(_of("fed_by_files")), Holds(_of("landed")))

    def steps(*names: str) -> Network:
        return Network.sequence(*(Task(name, (_T,)) for name in names))

    resolving = (*files, Holds(_of("repairable")), _REFERENCES_READY)
    yield Method(
        "from_files_resolving",
        prepare,
        steps("map", "format", "resolve", "agree", "conform", "merge"),
        (*resolving, *_PEERS_CONFORMED),
    )
    yield Method(
        "from_files_resolving_apart",
        prepare,
        steps("map", "format", "resolve_apart", "agree", "conform", "merge"),
        (*resolving, Absent(_of("acyclic"))),
        cost=1.0,
    )
    plain = (*files, Absent(_of("repairable")))
    yield Method("from_files_plain", prepare, steps("map", "format", "agree", "conform", "merge"), plain)
    yield Method("derived", prepare, steps("derive"), (Holds(_of("derived_by_sql")), _REFERENCES_READY))
    agree, asks = Task("agree", (_T,)), _of("asks")
    yield Method("by_a_person", agree, steps("approve"), (Holds(asks),))
    yield Method("unasked", agree, steps(), (Absent(asks),))
    yield Method("by_key", merge, steps("dedupe"), (Holds(_of("keyed")),))
    yield Method("keep_all", merge, steps(), (Absent(_of("keyed")),))
    yield Method("set_aside", settle, steps("quarantine"), (Holds(_of("sets_aside")),))
    yield Method("leave", settle, steps(), (Absent(_of("sets_aside")),))


def _deliver(groups: Sequence[Sequence[str]]) -> Method:
    """Return the method for the whole: group by group, so that no table is tried before what it needs.

    What can never be done for one table is a precondition here, before anything is searched.
    """
    tasks: list[Task] = []
    order: list[tuple[int, int]] = []
    necessary: list[tuple[int, int]] = []
    last: list[int] = []
    for group in groups:
        prepare = range(len(tasks), len(tasks) + len(group))
        settle = range(prepare.stop, prepare.stop + len(group))
        tasks += chain((Task("prepare", (name,)) for name in group), (Task("settle", (name,)) for name in group))
        order += ((first, second) for first in last for second in prepare)
        order += ((first, second) for first in prepare for second in settle)
        if len(group) > 1:
            necessary += ((first, settle.start) for first in prepare)
            necessary += pairwise(settle)
        last = list(settle)
    tasks += (Task("verify", ()), Task("publish", ()))
    order += ((first, len(tasks) - 2) for first in last)
    order.append((len(tasks) - 2, len(tasks) - 1))
    possible = (
        ForAll((_T,), (_of("fed_by_files"),), _of("landed")),
        ForAll((_T, _O), (_of("refers", _T, _O),), _of("table", _O)),
        ForAll((_T,), (_of("derived_by_sql"),), _of("acyclic")),
    )
    return Method("group_by_group", _DELIVER, Network(tuple(tasks), tuple(order), tuple(necessary)), possible)


def _plan(solution: Solution, problem: Problem) -> Plan:
    before = deorder(solution.actions, problem.facts, solution.necessary(problem))
    ids = [_step_id(action) for action in solution.actions]
    steps = tuple(
        _step(action, step_id, after=tuple(ids[position] for position in positions), part_of=_owner(solution, action))
        for action, step_id, positions in zip(solution.actions, ids, before, strict=True)
    )
    return Plan(
        plan_id=digest({"goal": problem.goal, "steps": steps}),
        goal=problem.goal,
        steps=steps,
        choices=tuple(_choices(solution)),
        seconds=makespan(steps),
        probability=prod(step.probability for step in steps),
    )


def _owner(solution: Solution, action: Action) -> str | None:
    return None if action.parent == ROOT else str(solution.decompositions[action.parent].task)


def _step(action: Action, step_id: str, after: tuple[str, ...], part_of: str | None) -> Step:
    return Step(
        step_id=step_id,
        kind=_kind(action.task.name),
        table=next(iter(action.task.args), None),
        after=after,
        preconditions=tuple(str(fact) for fact in action.needs),
        effects=tuple(str(fact) for fact in action.adds),
        seconds=action.estimate.seconds,
        probability=action.estimate.probability,
        part_of=part_of,
    )


def _step_id(action: Action) -> str:
    return ":".join((_kind(action.task.name), *action.task.args))


def _kind(operator: str) -> StepKind:
    return StepKind(operator.removesuffix("_apart"))


def _choices(solution: Solution) -> Iterator[MethodChoice]:
    nodes = solution.decompositions
    for node in nodes:
        parent = None if node.parent == ROOT else str(nodes[node.parent].task)
        yield MethodChoice(task=str(node.task), method=node.method.name, parent=parent, passed_over=node.passed_over)
