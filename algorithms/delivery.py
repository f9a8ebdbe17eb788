"""The data domain: how the tables of a contract are delivered, as tasks, methods and actions.

    deliver             every table's prepare, then its validate, then verify and publish
    prepare(t)          from_files: acquire, unify, read, resolve, agree, conform, repair, merge
                        | from_files_apart: the same, resolved without a look at the tables of its circle
                        | derived: derive
                        | proposed by model m for t: the steps that a model proposed, instead of all of these

The tasks of a table and the ways to do each are in `algorithms.delivery_ways`; the cheapest that applies is chosen.

A step may only read the tables that its preconditions name: tables that are worked on at the same time are not stable.
Relationships may be circular. Inside such a cycle a table waits for the others to be conformed (and deduplicated),
not to be ready; where even that is circular, because each would repair its values by the others, one table after
another is resolved apart: without looking at the rest of its cycle. The quarantine steps of a cycle come after all its
other steps and run one after the other, since each changes what the others look at.

What was proved of a table holds whatever is done to it: a table whose key is proven distinct is as good as merged, and
one that is proven sound is as good as validated, once it is conformed.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

from algorithms.dag import components
from algorithms.delivery_estimates import estimator
from algorithms.delivery_ways import ACTIONS, BY_TASK, WAYS, Ranking, check_preferred, qualities
from algorithms.plan_building import build_plan
from algorithms.planning.anytime import plan
from algorithms.planning.choosing import by_rank
from algorithms.planning.conditions import And, Atom, Condition, ForAll, Imply, Variable, adds, variable
from algorithms.planning.model import (
    Action,
    Compound,
    Domain,
    Estimate,
    Method,
    Network,
    Predicate,
    Problem,
    Task,
    sequence,
)
from algorithms.planning.solution import ROOT, Solution
from algorithms.planning.solution import Step as Done
from state.errors import SetupError
from state.plans import DeliveryFacts, MethodChoice, NoPlan, Plan, Step, StepKind, TableFacts

_NAME = "name"  # the type of tables, also of those that a table needs and the contract does not have
_T, _O = variable("table", _NAME), variable("other", _NAME)
_STATES = (
    *("mapped", "formatted", "resolved", "approved", "conformed", "repaired", "deduped", "derived", "quarantined"),
    "ready",
)
_STATE_OF = {
    StepKind.MAP: "mapped",
    StepKind.FORMAT: "formatted",
    StepKind.RESOLVE: "resolved",
    StepKind.APPROVE: "approved",
    StepKind.CONFORM: "conformed",
    StepKind.REPAIR: "repaired",
    StepKind.DEDUPE: "deduped",
    StepKind.DERIVE: "derived",
    StepKind.QUARANTINE: "quarantined",
}
PROPOSED = "proposed by model"
"""How the names of methods begin that a model proposed."""
_LAST_RESORT = 1e6  # seconds

_DELIVER, _PREPARE = Compound("deliver"), Compound("prepare", (_T,))
_PARTS = {task: Compound(task, (_T,)) for task in BY_TASK}

Has = Mapping[str, Mapping[str, bool]]  # the qualities of each table


class Delivery(NamedTuple):
    """A delivery as the planner sees it, and how its ways are ranked."""

    problem: Problem
    ranking: Ranking
    no_plan: NoPlan | None  # why the tables are no problem to plan for


def plan_delivery(facts: DeliveryFacts, goal: str, prefer: Mapping[str, str] | None = None) -> Plan | NoPlan:
    """Plan how the tables become published; the same facts give the same plan. NoPlan says what stands in the way.

    `prefer` names a way by task that is taken wherever it applies, be it the cheapest or not; SetupError where there
    is no such way.
    """
    task = delivery_problem(facts, goal, prefer)
    answer = task.no_plan or plan(task.problem, choosing=by_rank(task.ranking))
    return answer if isinstance(answer, NoPlan) else as_plan(answer, goal, task.ranking)


def solve_delivery(facts: DeliveryFacts, goal: str, prefer: Mapping[str, str] | None = None) -> Solution | NoPlan:
    """Return the plan as the search found it, with its whole task network. Errors are those of `plan_delivery`."""
    task = delivery_problem(facts, goal, prefer)
    return task.no_plan or plan(task.problem, choosing=by_rank(task.ranking))


def delivery_problem(facts: DeliveryFacts, goal: str, prefer: Mapping[str, str] | None) -> Delivery:
    """Return a delivery as a problem for the planner. Errors are those of `plan_delivery`."""
    fault = check_preferred(prefer or {})
    if fault:
        raise SetupError(fault, where="patterns.prefer", hint="name a way of the task")
    groups = components({table.name: table.needs for table in facts.tables})
    alone = {name for group in groups if len(group) == 1 for name in group}
    has = {table.name: qualities(table, acyclic=table.name in alone) for table in facts.tables}
    ranking = Ranking(facts, has, prefer or {})
    names = [table.name for table in facts.tables]
    no_plan = None
    if not names or len(set(names)) < len(names):
        reason = "two tables have the same name" if names else "there is no table to deliver"
        no_plan = NoPlan(goal=goal, reason=reason, tried=(), exhausted=True)
    return Delivery(_problem(facts, goal, groups, has), ranking, no_plan)


def start_facts(facts: DeliveryFacts) -> frozenset[str]:
    """Return the facts, as text, that hold before the first step: those that steps ask for and no step makes true."""
    return frozenset(str(Atom("landed", (table.name,))) for table in facts.tables if table.landed)


def _problem(facts: DeliveryFacts, goal: str, groups: Sequence[Sequence[str]], has: Has) -> Problem:
    tables = facts.tables
    known = dict.fromkeys(chain.from_iterable(has.values()))
    domain = Domain.of(
        "delivery",
        types={_NAME: "object", "step": "object"},
        constants=dict.fromkeys(StepKind, "step"),
        predicates=(
            *(Predicate(name, (_NAME,)) for name in (*known, *_STATES)),
            Predicate("last_step", (_NAME, "step")),
            *(Predicate(name, (_NAME, _NAME)) for name in ("refers", "peer")),
            *(Predicate(name) for name in ("verified", "published")),
            *(Predicate(_proposal(table), (_NAME,)) for table in tables if table.proposal),
        ),
        actions=_actions(facts),
        compounds=(_DELIVER, _PREPARE, *_PARTS.values()),
        methods=[*_table_methods(), *_proposed(tables), _deliver(groups)],
    )
    names = dict.fromkeys(chain.from_iterable((table.name, *table.needs) for table in tables), _NAME)
    static = tuple(_static_facts(tables, groups, has))
    return Problem(domain, names, static, Network((_DELIVER(),)), name=goal)


def _static_facts(tables: Sequence[TableFacts], groups: Sequence[Sequence[str]], has: Has) -> Iterator[Atom]:
    """Yield what no step changes. A need is a reference (other group), a peer (same cycle), or nothing (itself)."""
    group_of = {name: group for group in groups for name in group}
    for table in tables:
        name = table.name
        yield from (Atom(quality, (name,)) for quality, holds in has[name].items() if holds)
        if table.proposal:
            yield Atom(_proposal(table), (name,))
        yield Atom("last_step", (name, _last_kind(has[name])))
        for need in dict.fromkeys(table.needs):
            if need != name:
                yield Atom("peer" if need in group_of[name] else "refers", (name, need))


def _last_kind(has: Mapping[str, bool]) -> StepKind:
    """Return the kind of step after which the table is ready."""
    if has["settles"]:
        return StepKind.QUARANTINE
    if has["derived_by_sql"]:
        return StepKind.DERIVE
    if has["merges"]:
        return StepKind.DEDUPE
    return StepKind.REPAIR if has["mends"] else StepKind.CONFORM


def _of(predicate: str, *terms: str | Variable) -> Atom:
    return Atom(predicate, terms or (_T,))


def _all_others(when: Condition, then: Condition) -> Condition:
    return ForAll((_O,), Imply(when, then))


_REFERENCES_READY = _all_others(_of("refers", _T, _O), _of("ready", _O))
_PEERS_CONFORMED = And(
    (
        _all_others(_of("peer", _T, _O), _of("conformed", _O)),
        _all_others(_of("peer", _T, _O) & _of("mends", _O), _of("repaired", _O)),
        _all_others(_of("peer", _T, _O) & _of("merges", _O), _of("deduped", _O)),
    )
)


def _actions(facts: DeliveryFacts) -> Iterator[Action]:
    """Yield the actions: one for each way to do a kind of step."""
    read = _of("mapped") & _of("formatted")
    conditions: dict[StepKind, Condition] = {
        StepKind.MAP: _of("landed"),
        StepKind.FORMAT: _of("mapped"),
        StepKind.RESOLVE: And((~_of("gives_up"), read, _REFERENCES_READY, _PEERS_CONFORMED)),
        StepKind.APPROVE: read & Imply(_of("resolves"), _of("resolved")),
        StepKind.CONFORM: And((read, Imply(_of("resolves"), _of("resolved")), Imply(_of("asks"), _of("approved")))),
        StepKind.REPAIR: _of("conformed"),
        StepKind.DEDUPE: _of("conformed") & Imply(_of("mends"), _of("repaired")),
        StepKind.DERIVE: _REFERENCES_READY,
        StepKind.QUARANTINE: And(
            (
                Imply(_of("fed_by_files"), _of("conformed")),
                Imply(_of("mends"), _of("repaired")),
                Imply(_of("merges"), _of("deduped")),
                Imply(_of("derived_by_sql"), _of("derived")),
                _REFERENCES_READY,
                _PEERS_CONFORMED,
            )
        ),
    }
    of_action = {"resolve_by_votes_apart": And((~_of("gives_up"), read, _REFERENCES_READY))}
    for name, (kind, _) in ACTIONS.items():
        if kind in conditions:
            ready = adds(_of("ready"), when=_of("last_step", _T, kind))
            done = adds(_of(_STATE_OF[kind]))
            yield Action(name, (_T,), of_action.get(name, conditions[kind]), (done, ready), estimator(name, facts))
    all_ready = ForAll((_T,), Imply(_of("table"), _of("ready")))
    verified, published = Atom("verified"), Atom("published")
    yield Action("verify", (), all_ready, (adds(verified),), estimator("verify", facts))
    yield Action("publish", (), verified, (adds(published),), estimator("publish", facts))


def _table_methods() -> Iterator[Method]:
    """Yield the methods for one table.

    The order of the parts is necessary: what a proof makes superfluous is in order too where it is done all the same.
    Whether a table can be resolved is asked before it is begun, so that those it looks at are begun first. Resolving
    apart costs more than anything: any way around it is taken.
    """
    parts = tuple(_PARTS[task](_T) for task in BY_TASK if task != "validate")
    apart = tuple(Task("resolve_by_votes_apart", (_T,)) if part.name == "resolve" else part for part in parts)
    line = tuple(pairwise(range(len(parts))))
    files, seen = And((_of("fed_by_files"), _of("landed"), ~_of("proposed"))), _REFERENCES_READY & _PEERS_CONFORMED
    alone = And((files, _of("resolves"), ~_of("acyclic"), _REFERENCES_READY))
    yield Method("from_files", _PREPARE(_T), Network(parts, line, line), files & Imply(_of("resolves"), seen))
    yield Method("from_files_apart", _PREPARE(_T), Network(apart, line, line), alone, Estimate(cost=_LAST_RESORT))
    derived = And((_of("derived_by_sql"), ~_of("proposed"), _REFERENCES_READY))
    yield Method("derived", _PREPARE(_T), sequence(Task("derive", (_T,))), derived)
    for way in WAYS:
        network = sequence(*(Task(action, (_T,)) for action in way.actions))
        condition = way.condition(_T) & seen if way.name == "by_votes" else way.condition(_T)
        yield Method(way.name, _PARTS[way.task](_T), network, condition)


def _proposed(tables: Sequence[TableFacts]) -> Iterator[Method]:
    """Yield a method for each table that has a proposal; what its steps need and effect is what it always is."""
    seen = Imply(_of("resolves"), _REFERENCES_READY & _PEERS_CONFORMED)
    for table in tables:
        if table.proposal:
            network = sequence(*(Task(action, (_T,)) for action in table.proposal.actions))
            yield Method(_proposal(table), _PREPARE(_T), network, _of(_proposal(table)) & seen)


def _proposal(table: TableFacts) -> str:
    """Return the name of the method that was proposed for a table, which marks its choice in the plan."""
    by = table.proposal.by if table.proposal else ""
    return f"{PROPOSED} {by} for {table.name}"


def _deliver(groups: Sequence[Sequence[str]]) -> Method:
    """Return the method for the whole: group by group, so that no table is tried before what it needs.

    What can never be done for one table is a precondition here, before anything is searched.
    """
    tasks: list[Task] = []
    order: list[tuple[int, int]] = []
    necessary: list[tuple[int, int]] = []
    last: list[int] = []
    end = 2 * sum(map(len, groups))  # the place of verify
    for group in groups:
        prepare = range(len(tasks), len(tasks) + len(group))
        settle = range(prepare.stop, prepare.stop + len(group))
        tasks += chain(map(_PREPARE, group), map(_PARTS["validate"], group))
        order += ((first, second) for first in last for second in prepare)
        order += ((first, second) for first in prepare for second in settle)
        necessary += zip(prepare, settle, strict=True)
        necessary += ((place, end) for place in settle)
        if len(group) > 1:
            necessary += ((first, settle.start) for first in prepare)
            necessary += pairwise(settle)
        last = list(settle)
    tasks += (Task("verify"), Task("publish"))
    order += ((first, len(tasks) - 2) for first in last)
    order.append((len(tasks) - 2, len(tasks) - 1))
    possible = And(
        (
            ForAll((_T,), Imply(_of("fed_by_files"), _of("landed"))),
            ForAll((_T, _O), Imply(_of("refers", _T, _O), _of("table", _O))),
            ForAll((_T,), Imply(_of("derived_by_sql"), _of("acyclic"))),
        )
    )
    return Method("group_by_group", _DELIVER(), Network(tuple(tasks), tuple(order), tuple(necessary)), possible)


def as_plan(solution: Solution, goal: str, ranking: Ranking) -> Plan:
    """Return the plan of a solution: its actions as steps, with why each way was chosen."""
    before = solution.before()
    ids = [step_id(done) for done in solution.steps]
    steps = tuple(
        _step(done, name, tuple(ids[position] for position in positions), _owner(solution, done), ranking)
        for done, name, positions in zip(solution.steps, ids, before, strict=True)
    )
    return build_plan(goal, steps, tuple(_choices(solution, ranking)))


def _owner(solution: Solution, done: Done) -> str | None:
    return None if done.parent == ROOT else str(solution.decompositions[done.parent].task)


def _step(done: Done, name: str, after: tuple[str, ...], part_of: str | None, ranking: Ranking) -> Step:
    (kind, how), table = ACTIONS[done.task.name], next(map(str, done.task.args), None)
    return Step(
        step_id=name,
        kind=kind,
        how=how,
        table=table,
        apart=ranking.apart(kind, table),
        after=after,
        preconditions=tuple(str(fact) for fact in done.needs),
        effects=tuple(str(fact) for fact in done.adds),
        seconds=done.estimate.seconds,
        probability=done.estimate.probability,
        part_of=part_of,
    )


def step_id(done: Done) -> str:
    """Return the id of the step that an action of a solution is."""
    return ":".join((ACTIONS[done.task.name][0], *map(str, done.task.args)))


def _choices(solution: Solution, ranking: Ranking) -> Iterator[MethodChoice]:
    nodes = solution.decompositions
    for node in nodes:
        parent = None if node.parent == ROOT else str(nodes[node.parent].task)
        passed_over = node.passed_over
        if node.task.name in BY_TASK:
            tried = dict(text.split(": ", maxsplit=1) for text in passed_over)
            passed_over = tuple(ranking.passed_over(node.task.name, str(node.task.args[0]), node.method.name, tried))
        yield MethodChoice(task=str(node.task), method=node.method.name, parent=parent, passed_over=passed_over)
