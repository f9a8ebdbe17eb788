"""The planner for quality failures: from the figures of what failed to the next recovery, or a stop with its reasons.

Pure: the alternatives were measured by who calls. A plan never goes beyond what the contract allows, is never one that
was tried, and says what must hold after it for its result to be kept (see `algorithms.recovery_judging`).
"""

from collections.abc import Iterable, Iterator, Sequence

from algorithms.failure_patterns import pattern_of
from state.contract import OnViolation
from state.diagnosis import Cause, Diagnosis, RemedyKind
from state.recovery import (
    Amendment,
    FailurePattern,
    QualityMetrics,
    RecoveryPlan,
    RecoveryTask,
    Safeguard,
    Threshold,
)
from state.values import digest

LEAST_CERTAINTY = 0.8
"""What changes how values are read must be at least so certain, whatever the bar of the run is: none is guessed."""

_READING = frozenset({RemedyKind.REREAD, RemedyKind.REMAP, RemedyKind.REFORMAT})
_ALONE = frozenset({RemedyKind.REREAD, RemedyKind.REMAP})
"""Remedies after which everything about the table is decided anew, so that nothing is combined with them."""

_INCOMPLETE = frozenset({Cause.TRUNCATED_FILE})
"""Causes with which rows are missing that nothing tells: whatever else is done, the table would not be whole."""

_ORDER = tuple(RemedyKind)
"""Remedies in the order of their preference: reading rightly, then values, then merging, then setting aside."""


def handle_quality_failure(
    task: RecoveryTask, metrics: QualityMetrics, diagnosis: Diagnosis | None = None
) -> RecoveryPlan:
    """Return the next recovery of a table that failed its verification; one that stops says why nothing is left.

    A `diagnosis` whose remedy names what was measured makes that likelier, or less likely where it names another cause.
    """
    pattern = pattern_of(metrics)
    asked = _asked(task, diagnosis)
    against = asked if asked and diagnosis and diagnosis.cause in _INCOMPLETE else _obstacle(task, metrics, pattern)
    if against:
        return _stop(task, pattern, against, ())
    weighed = [_diagnosed(amendment, diagnosis) for amendment in metrics.amendments]
    told = {id(amendment): _against(amendment, metrics, task) for amendment in weighed}
    usable = sorted((amendment for amendment in weighed if not told[id(amendment)]), key=_preference)
    alternatives = [f"{_words(amendment)}: {why}" for amendment in weighed if (why := told[id(amendment)])]
    candidates = _candidates(task, metrics, pattern, usable)
    fresh = [candidate for candidate in candidates if candidate.plan_id not in task.tried]
    tried = len(candidates) - len(fresh)
    if tried:
        alternatives.append(f"{tried} plans were tried and did not help")
    if not fresh:
        left = "; ".join(alternatives) or "no other way to read, map or set aside what fails was found"
        return _stop(task, pattern, f"{asked}; {left}" if asked else left, tuple(alternatives))
    alternatives += [f"{_of_plan(candidate)}: kept for later" for candidate in fresh[1:]]
    return fresh[0].model_copy(update={"alternatives": (*alternatives, "stop: a way is left")})


def _asked(task: RecoveryTask, diagnosis: Diagnosis | None) -> str:
    """Return what only a person, or whoever sends the files, can do about the table by its diagnosis; else nothing."""
    if diagnosis is None or diagnosis.table != task.table or diagnosis.remedy.kind is not RemedyKind.ASK:
        return ""
    if diagnosis.confidence < LEAST_CERTAINTY:
        return ""
    remedy, where = diagnosis.remedy, [*diagnosis.columns, *diagnosis.rows.files]
    values = remedy.parameters.get("values", "")
    told = f"{diagnosis.cause.value.replace('_', ' ')} in {', '.join(where[:5]) or diagnosis.table}"
    return f"{told}{f' ({values})' if values else ''}: {remedy.reason}"


def _obstacle(task: RecoveryTask, metrics: QualityMetrics, pattern: FailurePattern) -> str:
    """Return why nothing is tried at all; empty when something may be."""
    if pattern is FailurePattern.IMPOSSIBLE:
        return f"nothing can meet {'; '.join(metrics.impossible)}: the contract must be changed"
    if pattern is FailurePattern.UNCHECKED:
        rules = ", ".join(rule.rule for rule in metrics.failed if not rule.checked)
        return f"{rules} could not be checked: other data would not change that"
    if task.attempt > task.attempts:
        return f"{task.attempts} recoveries of the table were tried, no more are allowed"
    if task.seconds_left is not None and task.seconds_left < task.seconds_needed:
        left, needed = f"{task.seconds_left:.3g} s", f"{task.seconds_needed:.3g} s"
        return f"{left} of the budget are left, making the tables again took {needed}"
    return ""


def _diagnosed(amendment: Amendment, diagnosis: Diagnosis | None) -> Amendment:
    """Return the amendment as a diagnosis of its table makes it more or less certain."""
    if diagnosis is None or diagnosis.table != amendment.table or diagnosis.remedy.kind is RemedyKind.NONE:
        return amendment
    if amendment.diagnosed:
        return amendment
    remedy = diagnosis.remedy
    columns = not remedy.columns or not amendment.columns or bool(set(remedy.columns) & set(amendment.columns))
    if remedy.kind is amendment.kind and columns:
        certainty = max(amendment.certainty, 1 - (1 - amendment.certainty) * (1 - diagnosis.confidence))
        told = f"{amendment.evidence}; diagnosed: {diagnosis.cause.value}, {diagnosis.confidence:.2f}"
        return amendment.model_copy(update={"certainty": certainty, "evidence": told})
    return amendment


def _against(amendment: Amendment, metrics: QualityMetrics, task: RecoveryTask) -> str:
    """Return why an amendment is not used; empty when it may be."""
    allowance = metrics.allowance
    if amendment.kind in _READING and not allowance.conforming:
        return "the table is made by SQL, it has no files to read otherwise"
    if amendment.kind is RemedyKind.RESOLVE and allowance.on_violation is not OnViolation.REPAIR:
        return f"millwright.onViolation is {allowance.on_violation.value}: values are not repaired"
    if amendment.kind is RemedyKind.SET_ASIDE and allowance.on_violation is OnViolation.FAIL:
        return "millwright.onViolation is fail: no row is set aside"
    if not amendment.gain:
        return "it would mend no row"
    bar = max(task.least_confidence, LEAST_CERTAINTY)
    if amendment.certainty < bar:
        return f"confidence {amendment.certainty:.2f} is below the bar of {bar:.2f} ({amendment.evidence})"
    return ""


def _preference(amendment: Amendment) -> tuple[int, float, str]:
    return _ORDER.index(amendment.kind), -amendment.certainty * amendment.gain, digest(amendment)


def _candidates(
    task: RecoveryTask, metrics: QualityMetrics, pattern: FailurePattern, usable: Sequence[Amendment]
) -> list[RecoveryPlan]:
    """Return the plans in the order to try them: all that fit together, then each alone, then a raised threshold."""
    groups = [tuple(_together(usable)), *((amendment,) for amendment in usable)]
    groups = [group for group in groups if group and _stays_within(group, metrics, metrics.allowance.max_quarantine)]
    plans = [_plan(task, pattern, group) for group in groups]
    if not task.improving:
        plans += _raised(task, metrics, pattern, usable)
    return list({plan.plan_id: plan for plan in plans}.values())


def _together(usable: Iterable[Amendment]) -> Iterator[Amendment]:
    """Yield the amendments that can be done at once: the first, and others that touch none of its cells."""
    chosen: list[Amendment] = []
    for amendment in usable:
        if all(_apart(amendment, other) for other in chosen):
            chosen.append(amendment)
            yield amendment


def _apart(first: Amendment, second: Amendment) -> bool:
    if first.kind in _ALONE or second.kind in _ALONE:
        kinds = {first.kind, second.kind}
        return len(kinds) == 1 and not set(first.files) & set(second.files) and bool(first.files and second.files)
    columns = not first.columns or not second.columns or bool(set(first.columns) & set(second.columns))
    files = not first.files or not second.files or bool(set(first.files) & set(second.files))
    return not (columns and files)


def _stays_within(group: Sequence[Amendment], metrics: QualityMetrics, most: float) -> bool:
    """Return whether no more rows than `most` allows would be in quarantine, where rows are set aside."""
    aside = sum(amendment.gain for amendment in group if amendment.kind is RemedyKind.SET_ASIDE)
    if not aside:
        return True
    mended = sum(amendment.gain for amendment in group if amendment.kind is not RemedyKind.SET_ASIDE)
    left = max(0, metrics.rows_quarantined - mended) + aside
    return left <= most * metrics.rows_read


def _raised(
    task: RecoveryTask, metrics: QualityMetrics, pattern: FailurePattern, usable: Sequence[Amendment]
) -> Iterator[RecoveryPlan]:
    """Yield the plan with the quarantine that the contract itself allows a recovery; none where it says nothing."""
    allowance = metrics.allowance
    relaxed = allowance.relaxed_quarantine
    if relaxed is None or relaxed <= allowance.max_quarantine or allowance.on_violation is OnViolation.FAIL:
        return
    group = tuple(amendment for amendment in _together(usable) if amendment.kind is RemedyKind.SET_ASIDE)
    others = [rule for rule in metrics.failed if rule.blocking and rule.kind != "maxQuarantine"]
    if not all(rule.settled_by_rows for rule in others) or bool(group) != bool(others):
        return
    aside = metrics.rows_quarantined + sum(amendment.gain for amendment in group)
    if aside > relaxed * metrics.rows_read or aside >= metrics.rows_read:
        return
    threshold = Threshold(
        rule=f"{metrics.table}.maxQuarantine",
        property_name="millwright.relaxedQuarantine",
        before=allowance.max_quarantine,
        after=relaxed,
    )
    yield _plan(task, pattern, group, threshold)


def _plan(
    task: RecoveryTask,
    pattern: FailurePattern,
    group: tuple[Amendment, ...],
    threshold: Threshold | None = None,
) -> RecoveryPlan:
    what = [amendment.model_dump(mode="json", include=_IDENTITY) for amendment in group]
    plan = RecoveryPlan(
        plan_id=digest([task.table, what, threshold])[:16],
        table=task.table,
        pattern=pattern,
        amendments=group,
        threshold=threshold,
        safeguards=tuple(_safeguards(task, group, threshold)),
        gain=sum(amendment.gain for amendment in group),
        confidence=min((amendment.certainty for amendment in group), default=1.0),
        reason="",
    )
    because = "; ".join(amendment.evidence for amendment in group)
    return plan.model_copy(
        update={"reason": f"{pattern.value}: {_of_plan(plan)}" + (f" ({because})" if because else "")}
    )


_IDENTITY = {"kind", "table", "columns", "files", "parameters", "rows"}
"""What makes two amendments the same; figures and words may differ."""


def _safeguards(task: RecoveryTask, group: Sequence[Amendment], threshold: Threshold | None) -> Iterator[Safeguard]:
    reread = any(amendment.kind is RemedyKind.REREAD for amendment in group)
    yield Safeguard.NO_LINE_LOST if reread else Safeguard.NO_ROW_LOST
    yield from (Safeguard.NO_NEW_FAILURE, Safeguard.FEWER_ASIDE if task.improving else Safeguard.FEWER_BAD)
    # Of files that are cut otherwise nothing was read before: that more of them reads and less fails is what counts.
    if any(amendment.kind in _READING - {RemedyKind.REREAD} for amendment in group):
        yield Safeguard.NO_MORE_UNREADABLE
    if any(amendment.kind is RemedyKind.MERGE for amendment in group):
        yield Safeguard.IDENTICAL_ONLY
    if threshold is not None:
        yield Safeguard.WITHIN_ALLOWANCE


def _stop(task: RecoveryTask, pattern: FailurePattern, why: str, alternatives: tuple[str, ...]) -> RecoveryPlan:
    return RecoveryPlan(
        plan_id=digest([task.table, "stop"])[:16],
        table=task.table,
        pattern=pattern,
        reason=why,
        alternatives=alternatives,
    )


def _of_plan(plan: RecoveryPlan) -> str:
    told = [_words(amendment) for amendment in plan.amendments]
    if plan.threshold is not None:
        before, after = 100 * plan.threshold.before, 100 * plan.threshold.after
        told.append(
            f"raise {plan.threshold.rule} from {before:g}% to {after:g}% as {plan.threshold.property_name} allows"
        )
    return " and ".join(told)


def _words(amendment: Amendment) -> str:
    where = [*amendment.columns, *(f"file {file_id}" for file_id in amendment.files[:5])]
    how = ", ".join(f"{name} {value}" for name, value in sorted(amendment.parameters.items()))
    verb = amendment.kind.value.replace("_", " ")
    return " ".join(part for part in (verb, ", ".join(where) or amendment.table, f"({how})" if how else "") if part)
