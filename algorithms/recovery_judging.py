"""The judge of recoveries: what a recovery led to is kept only when it is better than what was there before.

Better means fewer checks that fail, or as many with fewer violations; and every safeguard of the plan holds.
"""

from collections.abc import Mapping
from typing import NamedTuple

from state.recovery import RecoveryPlan, Safeguard, Standing


class Judgement(NamedTuple):
    """Whether the result of a recovery is kept, and why."""

    kept: bool
    why: str


def judge_recovery(plan: RecoveryPlan, before: Standing, after: Standing) -> Judgement:
    """Return whether what a recovery led to is better than what was there before, with all that must hold."""
    broken = [f"{guard.value}: {why}" for guard in plan.safeguards if (why := _broken(guard, plan, before, after))]
    figures = f"{_figures(before)} before, {_figures(after)} after"
    if broken:
        return Judgement(kept=False, why=f"{'; '.join(broken)} ({figures})")
    return Judgement(kept=True, why=figures)


def _broken(guard: Safeguard, plan: RecoveryPlan, before: Standing, after: Standing) -> str:
    """Return how a safeguard is broken; empty when it holds."""
    if guard in (Safeguard.NO_ROW_LOST, Safeguard.NO_LINE_LOST):
        return _lost(guard, before, after)
    if guard is Safeguard.NO_NEW_FAILURE:
        new = sorted(set(after.failing) - set(before.failing))
        return f"{', '.join(new[:5])} held before" if new else ""
    if guard in (Safeguard.FEWER_BAD, Safeguard.FEWER_ASIDE):
        return _no_better(guard, plan.table, before, after)
    if guard is Safeguard.NO_MORE_UNREADABLE:
        more = [name for name, count in after.unreadable.items() if count > before.unreadable.get(name, 0)]
        return f"more values of {', '.join(more[:5])} are unreadable" if more else ""
    if guard is Safeguard.IDENTICAL_ONLY:
        most = before.rows_merged.get(plan.table, 0) + plan.gain
        merged = after.rows_merged.get(plan.table, 0)
        return f"{merged} rows were merged, {most} are identical" if merged > most else ""
    return _beyond(plan, after)


def _no_better(guard: Safeguard, table: str, before: Standing, after: Standing) -> str:
    if guard is Safeguard.FEWER_BAD:
        return "" if after.badness < before.badness else "neither fewer checks fail nor fewer rows are bad"
    more = [name for name, count in after.quarantined.items() if count > before.quarantined.get(name, 0)]
    if more:
        return f"more rows of {', '.join(more[:5])} are in quarantine"
    fewer = after.quarantined.get(table, 0) < before.quarantined.get(table, 0)
    return "" if fewer else "no fewer rows are in quarantine"


def _lost(guard: Safeguard, before: Standing, after: Standing) -> str:
    if guard is Safeguard.NO_ROW_LOST:
        fed = {name: rows for name, rows in before.rows_read.items() if name not in before.derived}
        return _differing("rows read", fed, after.rows_read)
    more = [name for name, count in after.refused.items() if count > before.refused.get(name, 0)]
    refused = f"more lines of {', '.join(more[:5])} are no record" if more else ""
    return _differing("lines", before.lines, after.lines) or refused


def _differing(what: str, before: Mapping[str, int], after: Mapping[str, int]) -> str:
    lost = [name for name, count in before.items() if after.get(name) != count]
    told = ", ".join(f"{name} had {before[name]}, has {after.get(name, 0)}" for name in lost[:5])
    return f"{what} differ: {told}" if lost else ""


def _beyond(plan: RecoveryPlan, after: Standing) -> str:
    """Return whether more rows are in quarantine than the plan's own threshold lets be there."""
    if plan.threshold is None:
        return ""
    rows, aside = after.rows_read.get(plan.table, 0), after.quarantined.get(plan.table, 0)
    return f"{aside} of {rows} rows are in quarantine" if aside > plan.threshold.after * rows else ""


def _figures(standing: Standing) -> str:
    checks, bad = standing.badness
    return f"{checks} checks fail with {bad} violations"
