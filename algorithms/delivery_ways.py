"""The ways to do each task of a table: what each needs to know of the table, which actions it is, and what it costs.

All ways of a task that apply to a table lead to the same published bytes, but for giving up. They differ in time and
memory, and some are only possible where something was proved of the table before (`state.plans.Proof`). So the cheapest
that applies is taken, and why the others are not can be told.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from algorithms.delivery_estimates import estimator, is_interleaved
from algorithms.planning.conditions import And, Atom, Condition, Variable
from algorithms.planning.model import Method, Task
from state.contract import OnViolation, RepairScope
from state.plans import DeliveryFacts, StepKind, TableFacts

NOT: Final = "~"

MOST_CELLS: Final = 1_000_000
"""Cells of a table that the repair council is shown; a larger table it is not."""


class Way(NamedTuple):
    """One way to do a task of a table."""

    task: str
    name: str
    actions: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()  # qualities of the table; "~keyed": it has not

    def condition(self, table: Variable) -> Condition:
        """Return what must hold of the table."""
        return And(tuple(_literal(need, table) for need in self.needs))


WAYS: Final = (
    Way("acquire", "reading_in_place", needs=("in_place",)),
    Way("acquire", "copied_text", needs=("~in_place",)),
    Way("unify", "by_name", ("map_by_name",), ("named",)),
    Way("unify", "by_name_or_values", ("map_by_name_or_values",), ("partly_named", "~named")),
    Way("unify", "by_values", ("map_by_values",)),
    Way("read", "as_written", ("format_as_written",), ("canonical",)),
    Way("read", "counting_the_rest", ("format_counting_the_rest",), ("partly_canonical", "~canonical")),
    Way("read", "counting_all", ("format_counting_all",)),
    Way("resolve", "nothing_listed", needs=("~resolvable",)),
    Way("resolve", "nothing_outside", needs=("resolvable", "listed")),
    Way("resolve", "by_votes", ("resolve_by_votes",), ("resolvable", "~gives_up")),
    Way("resolve", "left_as_it_is", needs=("resolvable", "gives_up")),
    Way("agree", "by_a_person", ("approve",), ("asks",)),
    Way("agree", "unasked", needs=("~asks",)),
    Way("conform", "at_once", ("conform_at_once",)),
    Way("conform", "run_by_run", ("conform_run_by_run",), ("interleaved",)),
    Way("repair", "nothing_to_change", needs=("~mendable",)),
    Way("repair", "beyond_the_council", needs=("mendable", "vast")),
    Way("repair", "nothing_broken", needs=("mendable", "~vast", "holds")),
    Way("repair", "by_council", ("repair_by_council",), ("mends", "~asks")),
    Way("repair", "by_council_and_person", ("repair_by_council_and_person",), ("mends", "asks")),
    Way("repair", "left_unrepaired", needs=("mendable", "leaves_cells")),
    Way("merge", "keep_all", needs=("~keyed",)),
    Way("merge", "proven_distinct", needs=("keyed", "distinct")),
    Way("merge", "by_key", ("dedupe",), ("keyed",)),
    Way("validate", "by_verification", needs=("~sets_aside",)),
    Way("validate", "proven_sound", needs=("sets_aside", "sound")),
    Way("validate", "setting_aside", ("quarantine",), ("sets_aside",)),
)

ACTIONS: Final[Mapping[str, tuple[StepKind, str]]] = {
    "map_by_name": (StepKind.MAP, "by_name"),
    "map_by_name_or_values": (StepKind.MAP, "by_name_or_values"),
    "map_by_values": (StepKind.MAP, "by_values"),
    "format_as_written": (StepKind.FORMAT, "as_written"),
    "format_counting_the_rest": (StepKind.FORMAT, "counting_the_rest"),
    "format_counting_all": (StepKind.FORMAT, "counting_all"),
    "resolve_by_votes": (StepKind.RESOLVE, "by_votes"),
    "resolve_by_votes_apart": (StepKind.RESOLVE, "by_votes_apart"),
    "approve": (StepKind.APPROVE, ""),
    "conform_at_once": (StepKind.CONFORM, "at_once"),
    "conform_run_by_run": (StepKind.CONFORM, "run_by_run"),
    "repair_by_council": (StepKind.REPAIR, "by_council"),
    "repair_by_council_and_person": (StepKind.REPAIR, "by_council_and_person"),
    "dedupe": (StepKind.DEDUPE, ""),
    "derive": (StepKind.DERIVE, ""),
    "quarantine": (StepKind.QUARANTINE, ""),
    "verify": (StepKind.VERIFY, ""),
    "publish": (StepKind.PUBLISH, ""),
}
"""What each action is: its kind of step, and how that is done."""

BY_TASK: Final[Mapping[str, tuple[Way, ...]]] = {
    task: tuple(ways) for task, ways in groupby(WAYS, key=lambda way: way.task)
}


def qualities(table: TableFacts, *, acyclic: bool) -> dict[str, bool]:
    """Return what the domain asks of a table, by name."""
    fed, proof = not table.derived, table.proof
    repairs = fed and table.on_violation is OnViolation.REPAIR
    resolvable = repairs and table.has_lists
    mendable, vast = repairs and bool(table.mends), table.in_place or table.cells > MOST_CELLS
    holds = proof.sound and table.mends == RepairScope.VIOLATIONS
    keyed, sets_aside = fed and table.has_key, table.on_violation is not OnViolation.FAIL
    return {
        "table": True,
        "derived_by_sql": table.derived,
        "fed_by_files": fed,
        "landed": table.landed,
        "acyclic": acyclic,
        "asks": table.asks and fed,
        "in_place": table.in_place,
        "named": 0 < table.variants == table.named,
        "partly_named": table.named > 0,
        "canonical": 0 < table.columns == len(proof.canonical),
        "partly_canonical": bool(proof.canonical),
        "resolvable": resolvable,
        "listed": proof.listed,
        "gives_up": table.gives_up,
        "resolves": resolvable and not proof.listed and not table.gives_up,
        "mendable": mendable,
        "vast": vast,
        "holds": holds,
        "leaves_cells": table.leaves_cells,
        "mends": mendable and not vast and not holds and not table.leaves_cells,
        "interleaved": is_interleaved(table),
        "keyed": keyed,
        "distinct": proof.distinct,
        "merges": keyed and not proof.distinct,
        "sets_aside": sets_aside,
        "sound": proof.sound,
        "settles": sets_aside and not proof.sound,
        "proposed": table.proposal is not None,
    }


class Ranking:
    """Ranks the ways of each task of each table by what they cost more than the cheapest; the preferred one first."""

    def __init__(self, facts: DeliveryFacts, has: Mapping[str, Mapping[str, bool]], prefer: Mapping[str, str]) -> None:
        self._tables, self._has, self._prefer = {table.name: table for table in facts.tables}, has, prefer
        self._estimate = {action: estimator(action, facts) for action in ACTIONS}

    def __call__(self, task: Task, method: Method) -> float:
        """Return the rank of a method for a task, a `Chooser`'s: lowest first."""
        if self._prefer.get(task.name) == method.name:
            return -1.0
        way = next((way for way in BY_TASK.get(task.name, ()) if way.name == method.name), None)
        return method.estimate.cost if way is None else self.dearer(way, str(task.args[0]))

    def dearer(self, way: Way, table: str) -> float:
        """Return what a way costs more than the cheapest that applies to the table."""
        others = [other for other in BY_TASK[way.task] if self.unmet(other, table) is None]
        return self._cost(way, table) - min((self._cost(other, table) for other in others), default=0.0)

    def apart(self, kind: StepKind, table: str | None) -> bool:
        """Return whether a step of the kind runs SQL of the contract, and so in a process of its own."""
        if kind is StepKind.CONFORM and table is not None:
            return self._tables[table].untrusted_sql
        return kind is StepKind.DERIVE

    def unmet(self, way: Way, table: str) -> str | None:
        """Return the first quality that the table does not have as the way needs it; None where it has all."""
        has = self._has[table]
        return next((need for need in way.needs if has[need.removeprefix(NOT)] is need.startswith(NOT)), None)

    def passed_over(self, task: str, table: str, chosen: str, tried: Mapping[str, str]) -> Iterator[str]:
        """Yield why each other way of a task was not taken; `tried` says it of those that only the search could tell.

        Told are also the figures by which something was not proved.
        """
        costs = {way.name: self._cost(way, table) for way in BY_TASK[task]}
        against = _figures(self._tables[table])
        for way in BY_TASK[task]:
            need = self.unmet(way, table)
            if way.name == chosen:
                continue
            if need is not None:
                quality = need.removeprefix(NOT)
                told = f"{quality}({table}) {'holds' if need.startswith(NOT) else 'does not hold'}"
                why = f", {against[quality]}" if quality in against else ""
                yield f"{way.name}: {told}{why}"
            elif costs[way.name] <= costs[chosen]:
                yield f"{way.name}: {tried.get(way.name, 'another is preferred')}"
            else:
                yield f"{way.name}: {costs[way.name] - costs[chosen]:.3f} s dearer"

    def _cost(self, way: Way, table: str) -> float:
        return sum(self._estimate[action]((table,)).cost for action in way.actions)


def _figures(table: TableFacts) -> dict[str, str]:
    """Return what is known of why a quality was not found, in words."""
    if table.derived:
        return {}
    unlooked = "" if table.proof.looked else "its text was not looked at, as names do not say which column is which"
    told = dict.fromkeys(("canonical", "partly_canonical", "listed", "distinct", "sound"), unlooked)
    told |= table.proof.against
    told["partly_canonical"] = told["canonical"]
    told["mends"] = _unmended(table)
    if table.named < table.variants:
        told["named"] = f"names decide {table.named} of {table.variants} header variants"
    return {quality: why for quality, why in told.items() if why}


def _unmended(table: TableFacts) -> str:
    """Return why the repair council does not look at a table."""
    if not table.mends:
        return "there is no council, or no cell that it may change"
    if table.in_place:
        return "its text is read where it lies"
    if table.cells > MOST_CELLS:
        return f"the council would be shown {table.cells:,} cells, more than {MOST_CELLS:,}"
    return "it was given up" if table.leaves_cells else "no row breaks a rule, and only cells that do may be changed"


def check_preferred(prefer: Mapping[str, str]) -> str | None:
    """Return what is wrong with preferred ways, given by task; None when each is a way of its task."""
    for task, name in prefer.items():
        ways = [way.name for way in BY_TASK.get(task, ())]
        if name not in ways:
            known = f"ways: {', '.join(ways)}" if ways else f"tasks: {', '.join(BY_TASK)}"
            return f"{name!r} is no way to do {task!r} ({known})"
    return None


def shape(choices: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return the shape of a plan, given its tasks and methods: how often which way was taken for which task."""
    counts: dict[str, int] = {}
    for task, method in choices:
        name = task.partition("(")[0]
        if name in BY_TASK:
            counts[f"{name} {method}"] = counts.get(f"{name} {method}", 0) + 1
    return tuple(f"{count} {way}" for way, count in sorted(counts.items()))


def _literal(need: str, table: Variable) -> Condition:
    atom = Atom(need.removeprefix(NOT), (table,))
    return ~atom if need.startswith(NOT) else atom
