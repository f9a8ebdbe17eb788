"""Goal analysis: what a delivery is asked to do, read from its facts before anything is planned.

Nothing is searched. Whether the goal can be reached is judged by conditions that every plan needs: each table is fed or
made by SQL, what it needs is there, and no table made by SQL needs itself. The planner judges by its own preconditions;
a test holds both against each other.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from algorithms.dag import components
from state.budget import BudgetLimits
from state.contract import OnViolation
from state.planning import Difficulty, GoalAnalysis, TableGoal
from state.plans import DeliveryFacts, TableFacts

_TOLD: Final = 40  # tables and cycles that are told one by one
_OF_EACH_KIND: Final = 5  # difficulties
_NEEDS: Final = 20
_LARGE: Final = 1_000_000  # rows
_MANY: Final = 200  # files
_DEEP: Final = 4  # tables on a chain
_WHOLE: Final = 2  # steps over all tables: verification and publishing

_POLICIES: Final = {
    OnViolation.REPAIR: "values outside their list are repaired where that is certain, other rows are set aside",
    OnViolation.QUARANTINE: "rows that break a rule are set aside",
    OnViolation.FAIL: "a row that breaks a rule fails the table",
}


def analyse_goal(
    facts: DeliveryFacts, goal: str, budget: BudgetLimits, constraints: Sequence[str] = ()
) -> GoalAnalysis:
    """Return what is asked, what bounds it (`constraints` are those of the run), what makes it hard, and obstacles."""
    tables = facts.tables
    groups = components({table.name: table.needs for table in tables})
    levels = _levels(tables, groups)
    cycles = tuple(group for group in groups if len(group) > 1)
    obstacles = tuple(_obstacles(tables, cycles))
    hard = [*_of_tables(tables), *_of_the_whole(cycles, max(levels.values(), default=0), len(tables), budget)]
    kinds = dict.fromkeys(difficulty.kind for difficulty in hard)
    return GoalAnalysis(
        goal=goal,
        tables=len(tables),
        tables_from_files=sum(not table.derived for table in tables),
        tables_by_sql=sum(table.derived for table in tables),
        rows=sum(table.rows for table in tables),
        files=sum(table.files for table in tables),
        depth=max(levels.values(), default=0),
        details=tuple(_table_goal(table) for table in tables[:_TOLD]),
        cycles=tuple(cycle[:_TOLD] for cycle in cycles[:_TOLD]),
        constraints=(*constraints, *_limits(budget)),
        difficulties=tuple(one for kind in kinds for one in [h for h in hard if h.kind == kind][:_OF_EACH_KIND]),
        feasible=not obstacles,
        obstacles=obstacles[:_TOLD],
    )


def _table_goal(table: TableFacts) -> TableGoal:
    asked = [_POLICIES[table.on_violation]]
    if table.has_key:
        asked.insert(0, "one row per key")
    if table.asks:
        asked.append("a person agrees to changes")
    return TableGoal(
        table=table.name,
        kind="by SQL" if table.derived else "from files",
        needs=table.needs[:_NEEDS],
        rows=table.rows,
        files=table.files,
        variants=table.variants,
        constraints=tuple(asked),
    )


def _limits(budget: BudgetLimits) -> Iterator[str]:
    for name, limit in budget.model_dump().items():
        if limit is not None:
            yield f"at most {limit:g} {name.replace('_', ' ')}"


def _obstacles(tables: Sequence[TableFacts], cycles: Sequence[Sequence[str]]) -> Iterator[str]:
    names = [table.name for table in tables]
    if not names:
        yield "there is no table to deliver"
    if len(set(names)) < len(names):
        yield "two tables have the same name"
    circular = {name for cycle in cycles for name in cycle}
    for table in tables:
        if not table.derived and not table.landed:
            yield f"{table.name}: no file feeds it"
        for need in sorted(set(table.needs) - set(names)):
            yield f"{table.name}: needs {need}, which the contract does not have"
        if table.derived and table.name in circular:
            yield f"{table.name}: is made by SQL from tables that need it themselves"


def _levels(tables: Sequence[TableFacts], groups: Sequence[Sequence[str]]) -> dict[str, int]:
    """Return for each table the number of tables on the longest chain that ends with it; a cycle counts as one."""
    needs = {table.name: table.needs for table in tables}
    level: dict[str, int] = {}
    for group in groups:
        height = 1 + max((level.get(need, 0) for name in group for need in needs[name] if need not in group), default=0)
        level |= dict.fromkeys(group, height)
    return level


def _of_tables(tables: Sequence[TableFacts]) -> Iterator[Difficulty]:
    for table in sorted(tables, key=lambda table: -table.rows):
        if table.rows >= _LARGE or table.files >= _MANY:
            yield Difficulty(kind="size", subject=table.name, why=f"{table.rows} rows in {table.files} files")
    for table in sorted(tables, key=lambda table: -table.variants):
        if table.variants > 1:
            why = f"its files have {table.variants} different headers"
            yield Difficulty(kind="drift", subject=table.name, why=why)
    for table in tables:
        if table.untrusted_sql:
            yield Difficulty(kind="sql", subject=table.name, why="runs SQL that the contract brings along")


def _of_the_whole(
    cycles: Sequence[Sequence[str]], depth: int, tables: int, budget: BudgetLimits
) -> Iterator[Difficulty]:
    for cycle in cycles:
        yield Difficulty(kind="cycle", subject=", ".join(cycle[:_OF_EACH_KIND]), why="they need each other")
    if depth >= _DEEP:
        yield Difficulty(kind="depth", subject="the run", why=f"{depth} tables wait for each other in a chain")
    if budget.steps is not None and tables + _WHOLE > budget.steps:
        why = f"{tables + _WHOLE} steps are needed at least, the budget has {budget.steps}"
        yield Difficulty(kind="budget", subject="the run", why=why)
