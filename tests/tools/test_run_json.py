"""run.json: strict JSON with the keys that others read."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from state.approval import Answered, Reply, Settled
from state.budget import Spent
from state.checks import CheckResult, Verdict
from state.contract import Column, Contract, Severity, Table
from state.run import ReceiptRef, RunRequest, RunStatus, TableAccount
from state.sources import SourcesRef
from tools.outputs.run_json import RunFacts, build_run_json, write_run_json


def facts(**changes: Any) -> RunFacts:
    account = TableAccount(
        table="t", derived=False, rows_read=9, rows_published=6, rows_quarantined=2, rows_merged=1, cells_changed=4
    )
    fields: dict[str, Any] = {
        "request": RunRequest(contract="c", sources=(), out="o", run_id="r1"),
        "status": RunStatus.NOT_MET,
        "problem": "",
        "contract": Contract(
            id="c", name="c", version="1", api_version="v3.1.0", path="c", sha256="0",
            tables=(Table(name="t", columns=(Column(name="x"),)),),
        ),
        "sources": SourcesRef(path="p", sha256="0", files=1, lines=10, records=9, rejects=0, variants=0),
        "variants": {}, "warnings": (), "plan": None, "steps": (), "replans": (), "accounts": {"t": account},
        "receipt": None, "checks": (), "decisions": (), "spent": Spent(steps=3, seconds=1.23456), "seconds": {},
    }  # fmt: skip
    return RunFacts(**(fields | changes))


def test_the_fixed_keys_are_there() -> None:
    content = build_run_json(facts())
    assert {"run_id", "status", "tables", "checks", "decisions", "replans", "steps", "model", "seconds"} <= set(content)
    assert (content["run_id"], content["status"], content["steps"], content["seconds"]) == ("r1", "not_met", 3, 1.235)


@pytest.mark.parametrize("published", [True, False])
def test_rows_that_were_not_published_are_withheld(*, published: bool) -> None:
    receipt = ReceiptRef(path="p", key="k", tables={"t": 6} if published else {"other": 1})
    table = build_run_json(facts(receipt=receipt))["tables"]["t"]
    assert (table["rows_published"], table["rows_withheld"]) == ((6, 0) if published else (0, 6))
    ends = ("rows_published", "rows_withheld", "rows_quarantined", "rows_merged")
    assert sum(table[end] for end in ends) == table["rows_read"] == 9


def test_figures_json_has_no_number_for_are_text(tmp_path: Path) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    checks = tuple(
        CheckResult(
            rule="r", kind="sql", table="t", column=None, severity=Severity.ERROR, result=Verdict.FAILED, count=1,
            measured=measured, detail="\ud800 ü",
        )
        for measured in (float("nan"), float("-inf"), 0.5)
    )  # fmt: skip
    path = write_run_json(tmp_path, build_run_json(facts(checks=checks)))
    content = json.loads(path.read_text(), parse_constant=refuse)
    assert [check["measured"] for check in content["checks"]] == ["nan", "-inf", 0.5]


def test_answers_are_told_with_counts_of_what_was_said() -> None:
    settled = {
        name: Settled(reply=reply, proposal="a", value="b")
        for name, reply in (("x", Reply.EDIT), ("y", Reply.ACCEPT), ("z", Reply.ACCEPT))
    }
    at = datetime(2026, 1, 2, tzinfo=UTC)
    (told,) = build_run_json(facts(approvals=(Answered(question_id="t#1", by="Ann", at=at, settled=settled),)))[
        "approvals"
    ]
    assert told == {
        "question_id": "t#1", "by": "Ann", "at": "2026-01-02T00:00:00Z", "note": "", "reply": "",
        "changes": {"accept": 2, "edit": 1},
    }  # fmt: skip
