"""report.html: one self-contained page in which no text from data can be anything but text."""

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.outputs.report_html import render_report

VOID = {"meta", "br", "hr", "img", "link", "input"}
HOSTILE = ("</title><script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "</style></td></table>", "<!--",
           "&lt;", "]]>", "<svg/onload=x>", "\0<b>", "{0}%s")  # fmt: skip


def run_content() -> dict[str, Any]:
    """A run.json with every kind of entry."""
    return {
        "run_id": "r1",
        "status": "not_met",
        "problem": "a problem",
        "contract": {"path": "c.yaml", "name": "shop", "version": "1.0.0", "sha256": "00"},
        "out": "/out",
        "sources": {
            "files": 2, "lines": 9, "records": 7, "rejects": 1, "sha256": "00",
            "variants": {"v001": {"files": 2, "columns": ["one column", "two"], "header_forms": 1}},
        },
        "warnings": ["a warning"],
        "tables": {
            "orders": {
                "rows_read": 8, "rows_published": 5, "rows_withheld": 0, "rows_quarantined": 2, "rows_merged": 1,
                "cells_changed": 3, "rejects": 1, "derived": False, "rows_in": {},
            }
        },
        "checks": [
            {
                "rule": f"orders.{result}", "kind": "k", "table": "orders", "column": None, "severity": "error",
                "result": result, "count": 1, "measured": "some", "expected": "an expectation", "detail": "a detail",
                "locators": [
                    {"file": "a.csv", "line": 3, "key": "id=1", "value": "a value"},
                    {"file": None, "line": None, "key": "", "value": None},
                ],
            }
            for result in ("passed", "warning", "failed", "error")
        ],
        "decisions": [
            {
                "decision_id": "d", "kind": "column_mapping", "subject": "a subject", "answer": "an answer",
                "method": "m", "confidence": 0.875, "decided_by": "expert", "reason": "a reason", "evidence": "e",
                "votes": [{"voter": "v", "choice": "c", "confidence": 1.0, "reason": "r"}], "fallback": None,
                "cost_tokens": 0,
            }
        ],
        "plan": {
            "plan_id": "p", "goal": "g",
            "steps": [
                {"step_id": "map:orders", "kind": "map", "table": "orders", "after": []},
                {"step_id": "conform:orders", "kind": "conform", "table": "orders", "after": ["map:orders"]},
            ],
        },
        "step_reports": [{"step_id": "map:orders", "status": "done", "seconds": 0.25, "detail": "what it did"}],
        "replanning": [],
        "replans": 0,
        "steps": 3,
        "model": {"requests": 0, "prompt_tokens": 0, "completion_tokens": 0},
        "seconds": 1.5,
        "timings": {},
        "receipt": {"path": "/out/_runs/r1/receipt.json", "key": "k", "tables": {"orders": 5}},
        "versions": {"duckdb": "2.0"},
    }  # fmt: skip


class Page(HTMLParser):
    """The text and the shape of a page; a tag that closes none is an error."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def parse(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    assert page.open == []
    return page


def everywhere(content: Any, text: str) -> Any:
    """Return the content with `text` behind every string and name in it that is data."""
    kept = {"result", "status", "step_id"}
    if isinstance(content, dict):
        named = {"variants", "tables", "versions"}
        return {
            key: {name + text: everywhere(item, text) for name, item in value.items()}
            if key in named and isinstance(value, dict)
            else value
            if key in kept
            else everywhere(value, text)
            for key, value in content.items()
        }
    if isinstance(content, list):
        return [everywhere(item, text) for item in content]
    return content + text if isinstance(content, str) else content


PLAIN = parse(render_report(run_content()))


@settings(deadline=None)
@given(st.sampled_from(HOSTILE) | st.text(st.sampled_from("<>&\"'/=!-\x00 \n a1ü"), max_size=20))
def test_hostile_text_in_every_string_changes_no_tag(text: str) -> None:
    page = parse(render_report(everywhere(run_content(), text)))
    assert page.tags == PLAIN.tags


@pytest.mark.parametrize("text", ['<b>bold & "quoted"</b>', "'&amp;'"])
def test_text_is_shown_as_it_is(text: str) -> None:
    shown = " ".join(parse(render_report(everywhere(run_content(), text))).text)
    for word in ("shop", "a problem", "one column", "a warning", "orders", "an expectation", "a detail", "a value",
                 "id=1", "a subject", "an answer", "a reason", "what it did"):  # fmt: skip
        assert word + text in shown, word


def test_steps_and_statuses_no_one_knows_are_escaped_too() -> None:
    content = run_content()
    content["status"] = "<script>"
    content["plan"]["steps"][0]["step_id"] = "<script>"
    assert parse(render_report(content)).tags == PLAIN.tags


def test_the_page_fetches_nothing() -> None:
    assert {tag for tag, _ in PLAIN.tags}.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert not any(name in {"src", "href"} for _, attributes in PLAIN.tags for name, _ in attributes)


@pytest.mark.parametrize(
    ("status", "receipt", "said"),
    [
        ("published", {"tables": {"orders": 5}}, "Published: every table"),
        ("not_met", None, "Not published"),
        ("not_met", {"tables": {"orders": 5}}, "Published in part"),
        ("failed", None, "Stopped: a step failed"),
        ("budget_spent", None, "can be resumed"),
        ("waiting", None, "waiting"),
    ],
)
def test_the_verdict_is_true(status: str, receipt: Any, said: str) -> None:
    text = " ".join(parse(render_report(run_content() | {"status": status, "receipt": receipt})).text)
    assert said in text
    assert ("Not published" in text) is (said == "Not published")


def test_a_run_that_stopped_early_is_told() -> None:
    content = run_content()
    content |= {"plan": None, "tables": {}, "checks": [], "decisions": [], "step_reports": [], "warnings": []}
    parse(render_report(content))


def test_broken_rules_come_first_and_what_is_left_out_is_said() -> None:
    content = run_content()
    content["checks"] = [entry for entry in content["checks"] for _ in range(200)]
    text = "".join(parse(render_report(content)).text)
    assert text.index("orders.failed") < text.index("orders.error") < text.index("orders.warning")
    assert "orders.passed" not in text
    assert "and 300 more: see run.json" in text
