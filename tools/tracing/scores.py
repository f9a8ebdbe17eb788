"""The figures of a run that become feedback on its trace."""

from collections.abc import Mapping
from typing import Any

from state.run import RunStatus


def scores_of(values: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of an ended session from the state of its run; of one that waits there are none.

    `contract_met` 1 or 0; `rows_lost` rows of tables fed by files that are neither published, quarantined nor merged;
    `quarantine_share` 0 to 1 of all rows read; `replans` rulings on failed steps.
    """
    status = values.get("status")
    if status in (None, RunStatus.RUNNING, RunStatus.WAITING):
        return {}
    checks, fed = values.get("checks"), [each for each in values.get("accounts", {}).values() if not each.derived]
    met = status is RunStatus.PUBLISHED or (checks is not None and checks.met)
    read = sum(each.rows_read for each in fed)
    accounted = sum(each.rows_published + each.rows_quarantined + each.rows_merged for each in fed)
    return {
        "contract_met": float(met),
        "rows_lost": float(abs(read - accounted)),
        "quarantine_share": sum(each.rows_quarantined for each in fed) / read if read else 0.0,
        "replans": float(len(values.get("replans", {}))),
    }
