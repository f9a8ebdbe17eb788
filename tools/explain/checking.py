"""Checks: what was broken first, then what holds."""

from collections.abc import Sequence

from state.checks import CheckResult, Locator, Verdict
from state.explanation import Grid, Mark, Section
from tools.checks.rule import counted
from tools.explain.anchors import check_anchor

_ORDER = {Verdict.FAILED: 0, Verdict.ERROR: 1, Verdict.WARNING: 2, Verdict.PASSED: 3}
_MARKS = {
    Verdict.FAILED: Mark.BAD,
    Verdict.ERROR: Mark.BAD,
    Verdict.WARNING: Mark.WARN,
    Verdict.PASSED: Mark.GOOD,
}
_WORDS = {Verdict.ERROR: "not checked"}
_MOST = 300
_MOST_PLACES = 3


def checks_section(checks: Sequence[CheckResult]) -> Section:
    """Tell every verdict: broken and doubtful rules in full, those that hold on demand."""
    if not checks:
        return Section(key="checks", title="Checks", lead=("The run ended before the rules were checked.",))
    ordered = sorted(checks, key=lambda check: _ORDER[check.result])
    bad = [check for check in ordered if check.result is not Verdict.PASSED]
    good = [check for check in ordered if check.result is Verdict.PASSED]
    grids = []
    if bad:
        grids.append(_grid(bad, "Rules that are broken, doubtful or could not be checked", folded=False))
    if good:
        grids.append(_grid(good, f"{counted(len(good), 'rule')} that hold", folded=True))
    return Section(key="checks", title="Checks", lead=(_lead(checks),), grids=tuple(grids))


def _lead(checks: Sequence[CheckResult]) -> str:
    blocking = sum(check.blocking for check in checks)
    passed = sum(check.result is Verdict.PASSED for check in checks)
    stops = f"{counted(blocking, 'rule')} stop publishing" if blocking else "none stops publishing"
    return (
        f"{passed:,} of {counted(len(checks), 'rule')} of the contract hold on the rows to publish; {stops}. Rows that"
        " break a rule on rows are in quarantine and not counted here."
    )


def _grid(checks: Sequence[CheckResult], caption: str, *, folded: bool) -> Grid:
    rows = tuple(
        (
            _WORDS.get(check.result, check.result.value),
            check.rule,
            f"{check.count:,}" if check.count else "",
            check.expected,
            _detail(check),
        )
        for check in checks[:_MOST]
    )
    return Grid(
        caption=caption,
        head=("result", "rule", "violations", "expected", "found"),
        rows=rows,
        numeric=(2,),
        anchors=tuple(check_anchor(check.rule) for check in checks[:_MOST]),
        marks=tuple(_MARKS[check.result] for check in checks[:_MOST]),
        more=f"and {len(checks) - _MOST} more: see checks in run.json" if len(checks) > _MOST else "",
        folded=folded,
    )


def _detail(check: CheckResult) -> str:
    places = [_place(locator) for locator in check.locators[:_MOST_PLACES]]
    if check.count > len(places) > 0:
        places.append(f"and {check.count - len(places):,} more")
    return "; ".join([*([check.detail] if check.detail else []), *places])


def _place(locator: Locator) -> str:
    at = f"{locator.file} line {locator.line}" if locator.file else locator.key
    return f"{at}: {locator.value}" if locator.value is not None else at
