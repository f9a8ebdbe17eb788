"""What commands print on standard output: a summary for people, one JSON object for machines."""

import json
import sys
from pathlib import Path
from typing import Any

from app.progress import printable
from state.checks import CheckResult
from tools.checks.rule import counted

_REASONS = 5
_WIDTH = 160
_STATUS_LINES = {
    "published": "Published: every table meets the contract.",
    "not_met": "The contract is not met.",
    "rejected": "Not published: the plan was rejected.",
    "failed": "Stopped: a step failed.",
    "budget_spent": "Stopped: the budget is spent.",
}


def print_json(content: dict[str, Any]) -> None:
    """Print one JSON object in which what could drive a terminal is escaped as JSON escapes it."""
    text = json.dumps(content, ensure_ascii=False)
    sys.stdout.write("".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text) + "\n")


def print_summary(run: dict[str, Any]) -> None:
    """Print how a run ended: status, row accounting, published files, the place of the report."""
    lines = [_STATUS_LINES.get(run["status"], run["status"])]
    lines += _causes(run)
    lines += ["", f"  {'table':<24}{'read':>10}{'published':>12}{'quarantined':>13}{'merged':>9}{'changed':>10}"]
    for name, account in run["tables"].items():
        lines.append(
            f"  {name:<24}{account['rows_read']:>10}{account['rows_published']:>12}"
            f"{account['rows_quarantined']:>13}{account['rows_merged']:>9}{account['cells_changed']:>10}"
        )
    sources = run["sources"]
    lines.append(
        f"  {sources['files']} files, {sources['lines']} lines: {sources['records']} records and "
        f"{sources['rejects']} rejects landed"
    )
    lines += _verdicts(run)
    if run["receipt"]:
        lines += ["", "  published:"]
        lines += [f"    {shown_path(Path(run['out']) / f'{name}.parquet')}" for name in run["receipt"]["tables"]]
    lines += ["", f"  report: {shown_path(Path(run['out']) / '_runs' / run['run_id'] / 'report.html')}"]
    if _may_go_on(run):
        lines.append(f"  continue with: millwright resume {run['run_id']}")
    sys.stdout.write("\n".join(printable(line) for line in lines) + "\n")


def _causes(run: dict[str, Any]) -> list[str]:
    """Return why the run did not end well: the first blocking verdicts where the contract is not met."""
    if run["status"] != "not_met" or not run["checks"]:
        return [f"  {run['problem']}"] if run["problem"] else []
    from tools.verification import reasons_not_met

    reasons = reasons_not_met([CheckResult.model_validate(check) for check in run["checks"]])
    lines = [f"  {reason}"[:_WIDTH] for reason in reasons[:_REASONS]]
    return [*lines, f"  and {len(reasons) - _REASONS} more"] if len(reasons) > _REASONS else lines


def _verdicts(run: dict[str, Any]) -> list[str]:
    counts: dict[str, int] = {}
    for check in run["checks"]:
        counts[check["result"]] = counts.get(check["result"], 0) + 1
    if not counts:
        return []
    lines = ["  checks: " + ", ".join(f"{count} {result}" for result, count in sorted(counts.items()))]
    for check in run["checks"]:
        if check["result"] in ("failed", "error", "warning"):
            count = counted(check["count"], "violation") if check["count"] else ""
            told = " ".join(part for part in (count, f"({check['detail']})" if check["detail"] else "") if part)
            lines.append(f"    {check['result']:<8} {check['rule']}: {told}"[:_WIDTH])
    return lines


def _may_go_on(run: dict[str, Any]) -> bool:
    """Return whether resuming can help: not where a step failed in a way that the same run meets again."""
    lasting = {"contract_sql", "accounting", "data"}
    failed = [step for step in run["step_reports"] if step["status"] == "failed" and step["failure"] in lasting]
    stopped = run["status"] == "failed" and run["plan"] is not None and not failed
    return run["status"] == "budget_spent" or stopped


def shown_path(path: Path) -> str:
    """Return a path as a person would type it here: relative when it lies below the working folder."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
