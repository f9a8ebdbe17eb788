"""How the bad rows of a table lie: in one file, one column, one list of column names, or everywhere."""

from collections import Counter

from state.recovery import FailurePattern, QualityMetrics

_MOST = 0.9
"""Share of the bad rows that must lie in one place for the failure to count as one of that place."""


def pattern_of(metrics: QualityMetrics) -> FailurePattern:
    """Return how the bad rows lie."""
    blocking = [rule for rule in metrics.failed if rule.blocking]
    if metrics.impossible:
        return FailurePattern.IMPOSSIBLE
    if blocking and not any(rule.checked for rule in blocking):
        return FailurePattern.UNCHECKED
    if any(rule.kind in ("drift", "mapping") and rule.rows for rule in metrics.failed):
        return FailurePattern.DRIFT
    return _place(metrics) or FailurePattern.SPREAD


def _place(metrics: QualityMetrics) -> FailurePattern | None:
    """Return where nearly all bad rows lie, the smallest place first; None where they lie in several."""
    files: Counter[int] = Counter()
    columns: Counter[str] = Counter()
    for rule in metrics.failed:
        files.update(rule.files)
        columns[rule.column or ""] += sum(rule.files.values())
    bad = files.total()
    variants = [sum(files[file_id] for file_id in members) for members in metrics.variants.values()]
    places = (
        (FailurePattern.ALL_ROWS, bad >= _MOST * metrics.rows_read),
        (FailurePattern.ONE_FILE, len(metrics.file_rows) > 1 and max(files.values(), default=0) >= _MOST * bad),
        (FailurePattern.ONE_VARIANT, len(variants) > 1 and max(variants, default=0) >= _MOST * bad),
        (FailurePattern.ONE_COLUMN, max((n for name, n in columns.items() if name), default=0) >= _MOST * bad),
    )
    return next((pattern for pattern, there in places if bad and there), None)
