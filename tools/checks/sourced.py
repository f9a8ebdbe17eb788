"""Verdicts on what fed a table: columns without a source, and lines that could not be read as records."""

from collections.abc import Sequence

from state.checks import CheckResult, Verdict
from state.contract import OnViolation, Severity, Table
from state.mapping import ColumnMapping
from tools.checks.rule import counted

_SHOWN = 20


def judge_mapping(table: Table, mappings: Sequence[ColumnMapping]) -> CheckResult:
    """Return the verdict on the columns of a source-fed table that some header variant, or every one, has not.

    A column no variant has is published as null: an error where the contract forbids nulls, else a warning. Variants
    without any column of the contract are set aside by the step `conform`: an error where violations fail the table.
    """
    wanted = [column.name for column in table.columns if not column.transform_logic]
    had = {mapping.variant_id: {match.target for match in mapping.matches} for mapping in mappings}
    fitting = {variant: targets for variant, targets in had.items() if targets}
    aside = len(had) - len(fitting) if wanted else 0
    nowhere = [name for name in wanted if had and not any(name in targets for targets in had.values())]
    gaps = {
        name: [v for v, targets in fitting.items() if name not in targets] for name in wanted if name not in nowhere
    }
    partly = {name: variants for name, variants in gaps.items() if variants}
    needed = {column.name for column in table.columns if column.required} | set(table.key)
    failed = bool(needed & set(nowhere)) or (bool(aside) and table.on_violation is OnViolation.FAIL)
    return _result(
        table,
        "mapping",
        failed=failed,
        count=len(nowhere) + len(partly) + aside,
        expected="a source for every column in every header variant",
        detail="; ".join(_mapping_details(nowhere, partly, aside)),
    )


def judge_rejects(table: Table, rejects: int) -> CheckResult:
    """Return the verdict on the `rejects` of a table's files: what could not be read as a record."""
    return _result(
        table,
        "reject",
        failed=bool(rejects) and table.on_violation is OnViolation.FAIL,
        count=rejects,
        expected="every line is read as a record",
        detail=f"{counted(rejects, 'reject')}: lines that could not be read as records" if rejects else "",
    )


def _mapping_details(nowhere: list[str], partly: dict[str, list[str]], aside: int) -> list[str]:
    details = [f"no file has a column for {_listed(nowhere)}: published as null"] if nowhere else []
    for name, variants in list(partly.items())[:_SHOWN]:
        details.append(f"{_listed(variants)} without a column for {name}")
    if len(partly) > _SHOWN:
        details.append(f"and {counted(len(partly) - _SHOWN, 'more column')} missing in some")
    if aside:
        details.append(f"rows of {counted(aside, 'header variant')} set aside: no column is the contract's")
    return details


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _result(table: Table, kind: str, *, failed: bool, count: int, expected: str, detail: str) -> CheckResult:
    verdict = Verdict.WARNING if count else Verdict.PASSED
    return CheckResult(
        rule=f"{table.name}.{kind}",
        kind=kind,
        table=table.name,
        column=None,
        severity=Severity.ERROR if failed else Severity.WARNING,
        result=Verdict.FAILED if failed else verdict,
        count=count,
        expected=expected,
        detail=detail,
    )
