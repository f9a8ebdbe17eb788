"""The judge of recoveries: what a recovery led to is kept only when it is better than what was there before.

Better means fewer checks that fail, or as many with fewer violations; and every safeguard of the plan holds.
"""

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
    if guard is Safeguard.NO_ROW_LOST:
        lost = [name for name, rows in before.rows_read.items() if after.rows_read.get(name) != rows]
        rows = ", ".join(f"{name} had {before.rows_read[name]}, has {after.rows_read.get(name, 0)}" for name in lost)
        return f"rows read differ: {rows}" if lost else ""
    if guard is Safeguard.NO_NEW_FAILURE:
        new = sorted(set(after.failing) - set(before.failing))
        return f"{', '.join(new[:5])} held before" if new else ""
    if guard is Safeguard.FEWER_BAD:
        return "" if after.badness < before.badness else "neither fewer checks fail nor fewer rows are bad"
    if guard is Safeguard.NO_MORE_UNREADABLE:
        more = [name for name, count in after.unreadable.items() if count > before.unreadable.get(name, 0)]
        return f"more values of {', '.join(more[:5])} are unreadable" if more else ""
    if guard is Safeguard.IDENTICAL_ONLY:
        most = before.rows_merged.get(plan.table, 0) + plan.gain
        merged = after.rows_merged.get(plan.table, 0)
        return f"{merged} rows were merged, {most} are identical" if merged > most else ""
    return _beyond(plan, after)


def _beyond(plan: RecoveryPlan, after: Standing) -> str:
    """Return whether more rows are in quarantine than the plan's own threshold lets be there."""
    if plan.threshold is None:
        return ""
    rows, aside = after.rows_read.get(plan.table, 0), after.quarantined.get(plan.table, 0)
    return f"{aside} of {rows} rows are in quarantine" if aside > plan.threshold.after * rows else ""


def _figures(standing: Standing) -> str:
    checks, bad = standing.badness
    return f"{checks} checks fail with {bad} violations"
