"""Criticising a result that meets its contract: which tables stay below their bar, and what their rows break."""

from collections.abc import Mapping

from state.contract import Contract, Table
from state.recovery import QualityMetrics
from state.run import TableAccount

DEFAULT_BAR = 0.5
"""Part of `maxQuarantine` that may be used before a result is criticised, where the contract sets no bar."""

_MOST = 10


def quality_bar(table: Table) -> float:
    """Return the share of rows in quarantine above which a table is criticised."""
    return DEFAULT_BAR * table.max_quarantine if table.quality_bar is None else table.quality_bar


def below_bar(contract: Contract, accounts: Mapping[str, TableAccount]) -> tuple[str, ...]:
    """Return the tables fed by files whose result stays below its bar, in the order of the contract.

    A derived table is as good as those it is made from.
    """
    return tuple(
        table.name
        for table in contract.tables
        if not table.derived and table.name in accounts and accounts[table.name].quarantine_share > quality_bar(table)
    )


def findings(metrics: QualityMetrics, names: Mapping[int, str]) -> tuple[str, ...]:
    """Return what the rows of a table were set aside for, the most rows first; `names` has the files by id."""
    rules = sorted(metrics.failed, key=lambda rule: (-rule.rows, rule.rule))
    return tuple(f"{rule.rule}: {rule.rows:,} rows{_where(rule.files, names)}" for rule in rules[:_MOST])


def _where(files: Mapping[int, int], names: Mapping[int, str]) -> str:
    if not files:
        return ""
    file_id, rows = max(files.items(), key=lambda item: (item[1], -item[0]))
    others = len(files) - 1
    return f", {rows:,} of them in {names.get(file_id, file_id)}" + (f" and {others} more files" if others else "")
