"""The data domain: how the tables of a contract are delivered, as tasks, methods and actions.

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

from algorithms.dag import components
from algorithms.delivery_estimates import estimator
from algorithms.plan_building import build_plan
from algorithms.planning.anytime import plan
from algorithms.planning.choosing import Criteria, by_rank
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
from state.contract import OnViolation
from state.plans import DeliveryFacts, MethodChoice, NoPlan, Plan, Step, StepKind, TableFacts

_NAME = "name"  # the type of tables, also of those that a table needs and the contract does not have
_T, _O = variable("table", _NAME), variable("other", _NAME)
_QUALITIES = (
    *("table", "derived_by_sql", "fed_by_files", "landed", "repairable", "keyed", "sets_aside", "acyclic", "asks"),
    *("mapped", "formatted", "resolved", "approved", "conformed", "deduped", "derived", "quarantined", "ready"),
)
_DELIVER = Compound("deliver")
_PREPARE, _AGREE, _MERGE, _SETTLE = (Compound(name, (_T,)) for name in ("prepare", "agree", "merge", "settle"))


def plan_delivery(facts: DeliveryFacts, goal: str) -> Plan | NoPlan:
    """Plan how the tables become published; the same facts give the same plan. NoPlan says what stands in the way."""
    answer = solve_delivery(facts, goal)
    return answer if isinstance(answer, NoPlan) else _plan(answer, goal)


def solve_delivery(facts: DeliveryFacts, goal: str) -> Solution | NoPlan:
    """Return the plan as the search found it, with its whole task network."""
    names = [table.name for table in facts.tables]
    if not names or len(set(names)) < len(names):
        reason = "two tables have the same name" if names else "there is no table to deliver"
        return NoPlan(goal=goal, reason=reason, tried=(), exhausted=True)
    return plan(_problem(facts.tables, goal), choosing=by_rank(Criteria()))


def start_facts(facts: DeliveryFacts) -> frozenset[str]:
    """Return the facts, as text, that hold before the first step: those that steps ask for and no step makes true."""
    return frozenset(str(Atom("landed", (table.name,))) for table in facts.tables if table.landed)


def _problem(tables: Sequence[TableFacts], goal: str) -> Problem:
    groups = components({table.name: table.needs for table in tables})
    domain = Domain.of(
        "delivery",
        types={_NAME: "object", "step": "object"},
        constants=dict.fromkeys(StepKind, "step"),
        predicates=(
            *(Predicate(name, (_NAME,)) for name in _QUALITIES),
            Predicate("last_step", (_NAME, "step")),
            *(Predicate(name, (_NAME, _NAME)) for name in ("refers", "peer")),
            *(Predicate(name) for name in ("verified", "published")),
        ),
        actions=_actions(tables),
        compounds=(_DELIVER, _PREPARE, _AGREE, _MERGE, _SETTLE),
        methods=[*_table_methods(), _deliver(groups)],
    )
    names = dict.fromkeys(chain.from_iterable((table.name, *table.needs) for table in tables), _NAME)
    facts = tuple(_static_facts(tables, groups))
    return Problem(domain, names, facts, Network((_DELIVER(),)), name=goal)


def _static_facts(tables: Sequence[TableFacts], groups: Sequence[Sequence[str]]) -> Iterator[Atom]:
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
        yield from (Atom(predicate, (name,)) for predicate, holds in quality.items() if holds)
        yield Atom("last_step", (name, _last_kind(table)))
        for need in dict.fromkeys(table.needs):
            if need != name:
                yield Atom("peer" if need in group_of[name] else "refers", (name, need))


def _last_kind(table: TableFacts) -> StepKind:
    """Return the kind of step after which the table is ready."""
    if table.on_violation is not OnViolation.FAIL:
        return StepKind.QUARANTINE
    if table.derived:
        return StepKind.DERIVE
    return StepKind.DEDUPE if table.has_key else StepKind.CONFORM


def _of(predicate: str, *terms: str | Variable) -> Atom:
    return Atom(predicate, terms or (_T,))


def _all_others(when: Condition, then: Condition) -> Condition:
    return ForAll((_O,), Imply(when, then))


_REFERENCES_READY = _all_others(_of("refers", _T, _O), _of("ready", _O))
_PEERS_CONFORMED = And(
    (
        _all_others(_of("peer", _T, _O), _of("conformed", _O)),
        _all_others(_of("peer", _T, _O) & _of("keyed", _O), _of("deduped", _O)),
    )
)


def _actions(tables: Sequence[TableFacts]) -> Iterator[Action]:
    """Yield one action for each kind of step, and one for resolving apart."""
    read = _of("mapped") & _of("formatted")
    conditions: dict[str, Condition] = {
        "map": _of("landed"),
        "format": _of("mapped"),
        "resolve": And((read, _REFERENCES_READY, _PEERS_CONFORMED)),
        "resolve_apart": read & _REFERENCES_READY,
        "approve": read & Imply(_of("repairable"), _of("resolved")),
        "conform": And((read, Imply(_of("repairable"), _of("resolved")), Imply(_of("asks"), _of("approved")))),
        "dedupe": _of("conformed"),
        "derive": _REFERENCES_READY,
        "quarantine": And(
            (
                Imply(_of("fed_by_files"), _of("conformed")),
                Imply(_of("keyed"), _of("deduped")),
                Imply(_of("derived_by_sql"), _of("derived")),
                _REFERENCES_READY,
                _PEERS_CONFORMED,
            )
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
    for name, condition in conditions.items():
        kind = _kind(name)
        ready = adds(_of("ready"), when=_of("last_step", _T, kind))
        yield Action(name, (_T,), condition, (adds(_of(results[name])), ready), estimator(kind, tables))
    all_ready = ForAll((_T,), Imply(_of("table"), _of("ready")))
    verified, published = Atom("verified"), Atom("published")
    yield Action("verify", (), all_ready, (adds(verified),), estimator(StepKind.VERIFY, tables))
    yield Action("publish", (), verified, (adds(published),), estimator(StepKind.PUBLISH, tables))


def _table_methods() -> Iterator[Method]:
    """Yield the methods for one table. Resolving apart costs more, so any way around it is taken first."""
    prepare, agree, merge, settle = _PREPARE(_T), _AGREE(_T), _MERGE(_T), _SETTLE(_T)
    files = _of("fed_by_files") & _of("landed")

    def steps(*names: str) -> Network:
        return sequence(*(Task(name, (_T,)) for name in names))

    resolving = And((files, _of("repairable"), _REFERENCES_READY))
    resolved = steps("map", "format", "resolve", "agree", "conform", "merge")
    apart = steps("map", "format", "resolve_apart", "agree", "conform", "merge")
    dearer = Estimate(cost=1.0)
    yield Method("from_files_resolving", prepare, resolved, resolving & _PEERS_CONFORMED)
    yield Method("from_files_resolving_apart", prepare, apart, resolving & ~_of("acyclic"), estimate=dearer)
    plain = steps("map", "format", "agree", "conform", "merge")
    yield Method("from_files_plain", prepare, plain, files & ~_of("repairable"))
    yield Method("derived", prepare, steps("derive"), _of("derived_by_sql") & _REFERENCES_READY)
    yield Method("by_a_person", agree, steps("approve"), _of("asks"))
    yield Method("unasked", agree, steps(), ~_of("asks"))
    yield Method("by_key", merge, steps("dedupe"), _of("keyed"))
    yield Method("keep_all", merge, steps(), ~_of("keyed"))
    yield Method("set_aside", settle, steps("quarantine"), _of("sets_aside"))
    yield Method("leave", settle, steps(), ~_of("sets_aside"))


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
        tasks += chain(map(_PREPARE, group), map(_SETTLE, group))
        order += ((first, second) for first in last for second in prepare)
        order += ((first, second) for first in prepare for second in settle)
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


def _plan(solution: Solution, goal: str) -> Plan:
    before = solution.before()
    ids = [_step_id(done) for done in solution.steps]
    steps = tuple(
        _step(done, step_id, after=tuple(ids[position] for position in positions), part_of=_owner(solution, done))
        for done, step_id, positions in zip(solution.steps, ids, before, strict=True)
    )
    return build_plan(goal, steps, tuple(_choices(solution)))


def _owner(solution: Solution, done: Done) -> str | None:
    return None if done.parent == ROOT else str(solution.decompositions[done.parent].task)


def _step(done: Done, step_id: str, after: tuple[str, ...], part_of: str | None) -> Step:
    return Step(
        step_id=step_id,
        kind=_kind(done.task.name),
        table=next(map(str, done.task.args), None),
        after=after,
        preconditions=tuple(str(fact) for fact in done.needs),
        effects=tuple(str(fact) for fact in done.adds),
        seconds=done.estimate.seconds,
        probability=done.estimate.probability,
        part_of=part_of,
    )


def _step_id(done: Done) -> str:
    return ":".join((_kind(done.task.name), *map(str, done.task.args)))


def _kind(action: str) -> StepKind:
    return StepKind(action.removesuffix("_apart"))


def _choices(solution: Solution) -> Iterator[MethodChoice]:
    nodes = solution.decompositions
    for node in nodes:
        parent = None if node.parent == ROOT else str(nodes[node.parent].task)
        yield MethodChoice(task=str(node.task), method=node.method.name, parent=parent, passed_over=node.passed_over)
