"""`report.html`: run.json for a person, in one self-contained file. Every value from data is escaped."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1rem; color: #1d1d1f; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } .wide { overflow-x: auto; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #d2d2d7; vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
code { background: #f2f2f4; padding: 0 .25rem; overflow-wrap: anywhere; }
.verdict { font-weight: 600; } details > summary { cursor: pointer; margin: .5rem 0; }
"""

_STATUS_WORDS = {
    "published": "Published: every table meets the contract.",
    "not_met": "Not published: the contract is not met.",
    "partial": "Published in part: the contract is not met, but these tables are and all they depend on: ",
    "rejected": "Not published: a person rejected the plan.",
    "failed": "Stopped: a step failed and could not be repaired. Nothing was published.",
    "budget_spent": "Stopped: the budget is spent. The run can be resumed.",
}

_SHOWN = 500


def render_report(run: dict[str, Any]) -> str:
    """Return the report of a run, given the content of its run.json."""
    title = f"Run {run['run_id']}: {run['contract']['name']} {run['contract']['version']}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="verdict">{escape(_verdict(run))}</p>',
        f"<p>{escape(run['problem'])}</p>" if run["problem"] else "",
        _accounts(run),
        _sources(run),
        _checks(run),
        _decisions(run),
        _plan(run),
        _list("Warnings", run["warnings"]),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _verdict(run: dict[str, Any]) -> str:
    status, published = str(run["status"]), run["receipt"]["tables"] if run["receipt"] else {}
    if status == "not_met" and published:
        return _STATUS_WORDS["partial"] + ", ".join(published)
    return _STATUS_WORDS.get(status, status)


def _accounts(run: dict[str, Any]) -> str:
    rows = [
        [
            name,
            account["rows_read"],
            account["rows_published"],
            account["rows_quarantined"],
            account["rows_merged"],
            account["rows_withheld"],
            account["cells_changed"],
        ]
        for name, account in run["tables"].items()
    ]
    head = ["table", "rows read", "published", "quarantined", "merged", "withheld", "cells changed"]
    note = "<p>Rows read = published + quarantined + merged + withheld, for every table.</p>"
    return "<h2>Where every row went</h2>" + note + _table(head, rows)


def _sources(run: dict[str, Any]) -> str:
    sources = run["sources"]
    text = (
        f"<p>{sources['files']} files, {sources['lines']} lines: {sources['records']} records and "
        f"{sources['rejects']} lines that could not be read as records.</p>"
    )
    rows = [
        [name, variant["files"], variant["header_forms"], ", ".join(variant["columns"])]
        for name, variant in sources["variants"].items()
    ]
    return "<h2>Sources</h2>" + text + _table(["header", "files", "raw forms", "columns"], rows)


def _checks(run: dict[str, Any]) -> str:
    order = {"failed": 0, "error": 1, "warning": 2, "passed": 3}
    checks = sorted(run["checks"], key=lambda check: order[check["result"]])
    rows = [
        [check["result"], check["rule"], check["count"], check["expected"], _where(check)] for check in checks[:_SHOWN]
    ]
    return "<h2>Checks</h2>" + _table(["result", "rule", "violations", "expected", "where"], rows) + _more(checks)


def _where(check: dict[str, Any]) -> str:
    places = [
        f"{place['file'] or ''}:{place['line'] or ''} {place['key']} {place['value'] or ''}".strip()
        for place in check["locators"]
    ]
    return "; ".join([*([check["detail"]] if check["detail"] else []), *places])


def _decisions(run: dict[str, Any]) -> str:
    rows = [
        [decision["kind"], decision["subject"], decision["answer"], f"{decision['confidence']:.2f}", decision["reason"]]
        for decision in run["decisions"][:_SHOWN]
    ]
    head = ["kind", "about", "answer", "confidence", "why"]
    return "<h2>Decisions</h2>" + _table(head, rows) + _more(run["decisions"])


def _plan(run: dict[str, Any]) -> str:
    if not run["plan"]:
        return ""
    reports = {report["step_id"]: report for report in run["step_reports"]}
    rows = [
        [
            step["step_id"],
            ", ".join(step["after"]),
            reports.get(step["step_id"], {}).get("detail", ""),
            f"{reports[step['step_id']]['seconds']:.2f}" if step["step_id"] in reports else "",
        ]
        for step in run["plan"]["steps"]
    ]
    return "<h2>Plan</h2>" + _table(["step", "after", "what it did", "seconds"], rows)


def _list(title: str, lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<h2>{escape(title)}</h2><ul>{items}</ul>" if items else ""


def _more(entries: Sequence[object]) -> str:
    return f"<p>and {len(entries) - _SHOWN} more: see run.json</p>" if len(entries) > _SHOWN else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    body = "".join(
        "<tr>" + "".join(f"<td{_numeric(cell)}>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>'


def _numeric(cell: object) -> str:
    return ' class="n"' if isinstance(cell, int) else ""
