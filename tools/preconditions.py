"""Whether what a step of a plan relies on holds in the workspace as it is now, not only in the plan."""

import duckdb

from state.plans import Step, StepKind
from tools.ledger import find_receipt
from tools.workspace import is_staged

_RECEIPTS = {
    "mapped": StepKind.MAP,
    "formatted": StepKind.FORMAT,
    "resolved": StepKind.RESOLVE,
    "repaired": StepKind.REPAIR,
}
_STAGED = frozenset({"conformed", "deduped", "derived", "quarantined", "ready"})


def unmet(connection: duckdb.DuckDBPyConnection, step: Step) -> tuple[str, ...]:
    """Return the preconditions of a step that do not hold; facts that leave nothing to look at count as they are."""
    return tuple(fact for fact in step.preconditions if not _holds(connection, fact))


def _holds(connection: duckdb.DuckDBPyConnection, fact: str) -> bool:
    predicate, _, rest = fact.partition("(")
    table = rest.removesuffix(")")
    if predicate in _STAGED:
        return is_staged(connection, table)
    kind = _RECEIPTS.get(predicate)
    return kind is None or find_receipt(connection, f"{kind.value}:{table}") is not None
