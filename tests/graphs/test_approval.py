"""A person in the loop: what is asked, what an answer does, what a wrong one does not, and what goes on record."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from graphs.serialization import strict_serializer
from graphs.session import resume, run
from graphs.supervisor import build
from nodes.answers import checked_answer
from state.errors import AnswerError
from state.run import Approve, Patterns, RunContext, RunStatus
from tools.approval import keep_answer
from tools.queue.registry import read_status

ACCEPT = {"rest": "accept"}


class Asked:
    """A run of the small job, with what it asks."""

    def __init__(self, job: Any, approve: Approve = Approve.CHANGES, run_id: str = "r1", **patterns: str) -> None:
        self.job, self.run_id = job, run_id
        context = RunContext(home=str(job.home), patterns=Patterns(**patterns))
        self.output = run(job.contract, [str(job.sources)], job.out, run_id=run_id, approve=approve, context=context)

    def answer(self, answer: Any = None, **options: Any) -> Any:
        self.output = resume(self.job.home, self.run_id, answer=answer, **options)
        return self.output

    def accept_all(self) -> Any:
        while self.status is RunStatus.WAITING:
            self.answer({"reply": "accept"} if self.question["kind"] == "plan" else ACCEPT)
        return self.output

    @property
    def status(self) -> RunStatus:
        return self.output["status"]

    @property
    def question(self) -> Any:
        (question,) = self.output["asked"]
        return question

    def change(self, kind: str, column: str, **fields: Any) -> Any:
        found = [
            change
            for change in json.loads(Path(self.question["list"]).read_text())
            if change["kind"] == kind
            and change["column"] == column
            and all(str(value) in str(change[name]) for name, value in fields.items())
        ]
        assert len(found) == 1, found
        return found[0]

    @property
    def told(self) -> Any:
        return json.loads((self.job.out / "_runs" / self.run_id / "run.json").read_text())

    def by_person(self, kind: str) -> list[Any]:
        return [
            decision
            for decision in self.told["decisions"]
            if decision["decided_by"] == "person" and decision["kind"] == kind
        ]

    def rows(self, path: str, columns: str = "*") -> list[Any]:
        with duckdb.connect() as connection:
            return connection.execute(f"select {columns} from '{self.job.out / path}' order by all").fetchall()


@pytest.fixture
def asked(job: Any) -> Asked:
    job.contract.write_text(job.contract.read_text().replace("maxQuarantine, value: 0.5", "maxQuarantine, value: 1"))
    return Asked(job)


def published(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(out.glob("*.parquet"))}


@pytest.mark.parametrize("approve", [Approve.PLAN, Approve.CHANGES, Approve.BOTH])
def test_accepting_everything_publishes_the_bytes_of_a_run_that_asks_nobody(
    job: Any, tmp_path: Path, approve: Approve
) -> None:
    alone = type(job)(job.contract, job.sources, tmp_path / "alone", tmp_path / "home")
    run(alone.contract, [str(alone.sources)], alone.out, context=RunContext(home=str(alone.home)))
    asked = Asked(job, approve)
    assert asked.status is RunStatus.WAITING
    assert not published(job.out)
    assert asked.accept_all()["status"] is RunStatus.PUBLISHED
    assert published(job.out) == published(alone.out)
    questions = [approval["question_id"] for approval in asked.told["approvals"]]
    expected = ["plan"] * approve.asks_plan + ["customers#1", "orders#1"] * approve.asks_changes
    assert questions == expected


def test_the_lineage_of_a_run_that_asks_names_the_step_that_waits(asked: Asked) -> None:
    asked.accept_all()
    folder = asked.job.out / "_runs" / asked.run_id
    told = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert [each for each in told if each["event"] == "warning"] == []
    assert "approve" in (folder / "lineage.jsonl").read_text()


def test_the_plan_is_put_forward_with_its_steps_and_the_schema_of_the_answer(job: Any) -> None:
    asked = Asked(job, Approve.PLAN)
    assert asked.question["kind"] == "plan"
    assert [step["step"] for step in asked.question["steps"]][-2:] == ["verify", "publish"]
    assert asked.question["answer_schema"]["required"] == ["reply"]
    assert json.loads(json.dumps(asked.question)) == asked.question
    again = resume(job.home, "r1")
    assert again["asked"] == asked.output["asked"]
    assert again["status"] is RunStatus.WAITING


def test_a_rejected_plan_ends_the_run_and_nothing_is_published(job: Any) -> None:
    asked = Asked(job, Approve.PLAN)
    output = asked.answer({"reply": "reject", "note": "too slow"}, by="Ann")
    assert output["status"] is RunStatus.REJECTED
    assert output["problem"] == "the plan was rejected by Ann: too slow"
    assert not published(job.out)
    assert asked.told["status"] == "rejected"
    (approval,) = asked.told["approvals"]
    assert (approval["reply"], approval["by"], approval["note"]) == ("reject", "Ann", "too slow")
    (decision,) = asked.by_person("plan_approval")
    assert decision["answer"] == "reject"
    assert resume(job.home, "r1")["status"] is RunStatus.REJECTED


def test_every_judgement_is_put_forward_the_doubtful_first(asked: Asked) -> None:
    question = asked.question
    assert question["question"] == "customers#1"
    assert question["total"] == question["shown"] == 6
    first, *_, last = question["changes"]
    assert first["kind"] == "value"
    assert first["confidence"] < 1
    assert (last["value"], last["proposal"]) == ("Atlantis", None)
    assert {"accept", "reject", "edit", "rest"} <= set(question["answer_schema"]["properties"])
    assert json.loads(json.dumps(question)) == question
    asked.answer(ACCEPT)
    order = asked.change("date_order", "order_date", where="orders_2")
    assert (order["proposal"], order["rejected"], order["rows"]) == ("day_first", "unknown", 4)


def test_a_rejected_value_stays_and_goes_to_quarantine(asked: Asked) -> None:
    change = asked.change("value", "country", value="UK")
    asked.answer({"reject": [change["change_id"]], "rest": "accept", "note": "not ours"}, by="Ann")
    asked.accept_all()
    quarantined = asked.rows("_runs/r1/quarantine/customers.parquet", "customer_id, country")
    assert ("2", "UK") in quarantined
    (decision,) = asked.by_person("value_resolution")
    assert decision["subject"] == "customers.country: 'UK'"
    assert decision["reason"] == "reject; by Ann; not ours"
    assert decision["answer"] == "value: none"
    approval = asked.told["approvals"][0]
    assert approval["changes"] == {"accept": 5, "reject": 1}
    assert "not ours" in approval["note"]


def test_an_edited_value_is_a_change_that_names_the_persons_decision(asked: Asked) -> None:
    change = asked.change("value", "country", value="Atlantis")
    asked.answer({"edit": {change["change_id"]: "Germany"}, "rest": "accept"})
    asked.accept_all()
    assert (4, "Old", "Germany") in asked.rows("customers.parquet")
    (decision,) = asked.by_person("value_resolution")
    changed = asked.rows("_runs/r1/changes/customers.parquet", "before, after, operator, evidence")
    assert ("Atlantis", "Germany", "resolve:person", decision["decision_id"]) in changed


def test_an_edited_date_order_is_used(job: Any) -> None:
    text = (job.sources / "orders_2.csv").read_text().replace("25/03/2024", "05/03/2024")
    (job.sources / "orders_2.csv").write_text(text)
    asked = Asked(job)
    asked.answer(ACCEPT)
    change = asked.change("date_order", "order_date", where="orders_2")
    other = {"day_first": "month_first", "month_first": "day_first"}[change["proposal"]]
    asked.answer({"edit": {change["change_id"]: other}, "rest": "accept"})
    assert asked.status is RunStatus.PUBLISHED
    (date,) = asked.rows("orders.parquet", "strftime(min(order_date) filter (order_id = 13), '%m-%d')")[0]
    assert date == {"month_first": "04-03", "day_first": "03-04"}[other]
    (decision,) = asked.by_person("value_format")
    assert decision["answer"] == f"date_order: {other}"


def test_a_rejected_date_order_leaves_ambiguous_dates_unread(asked: Asked) -> None:
    asked.answer(ACCEPT)
    change = asked.change("date_order", "order_date", where="orders_2")
    asked.answer({"reject": [change["change_id"]], "rest": "accept"})
    assert asked.status is RunStatus.PUBLISHED
    quarantined = asked.rows("_runs/r1/quarantine/orders.parquet", "order_id, _rule")
    assert any(order == "13" and "order_date" in rule for order, rule in quarantined)


def test_a_rejected_mapping_leaves_the_column_without_a_source(asked: Asked) -> None:
    asked.answer(ACCEPT)
    change = asked.change("mapping", "amount", where="orders_2")
    asked.answer({"reject": [change["change_id"]], "rest": "accept"})
    assert asked.status is RunStatus.PUBLISHED
    amounts = dict(asked.rows("orders.parquet", "order_id, amount::double"))
    assert amounts == {10: 1200.5, 11: 7, 13: None, 14: None}
    steps = {report["step_id"]: report for report in asked.told["step_reports"]}
    assert steps["format:orders"]["attempt"] == 2
    assert steps["approve:orders"]["status"] == "done"


def test_two_mappings_are_swapped_in_one_answer(asked: Asked) -> None:
    asked.answer(ACCEPT)
    order = asked.change("mapping", "order_id", where="orders_2")
    customer = asked.change("mapping", "customer_id", where="orders_2")
    swap = {order["change_id"]: "Customer Id", customer["change_id"]: "OrderID"}
    asked.answer({"edit": swap, "rest": "accept"})
    asked.accept_all()
    quarantined = asked.rows("_runs/r1/quarantine/orders.parquet", "order_id, customer_id")
    assert ("3", "13") in quarantined
    told = {decision["subject"]: decision["answer"] for decision in asked.by_person("column_mapping")}
    assert sorted(told.values()) == ["mapping: Customer Id", "mapping: OrderID"]


def test_what_follows_from_an_edited_mapping_is_asked_again(job: Any) -> None:
    text = (job.sources / "orders_2.csv").read_text()
    (job.sources / "orders_2.csv").write_text(text.replace("web", "05/06/2024").replace("shop", "06/05/2024"))
    asked = Asked(job)
    asked.answer(ACCEPT)
    change = asked.change("mapping", "order_date", where="orders_2")
    asked.answer({"edit": {change["change_id"]: "Channel"}, "rest": "accept"})
    assert asked.question["question"] == "orders#2"
    assert {each["kind"] for each in asked.question["changes"]} <= {"date_order", "mapping"}
    again = asked.change("date_order", "order_date", where="orders_2")
    asked.answer({"edit": {again["change_id"]: "month_first"}, "rest": "accept"})
    asked.accept_all()
    dates = asked.rows("orders.parquet", "order_id, strftime(order_date, '%m-%d')")
    assert (13, "05-06") in dates


def test_changes_may_be_answered_bit_by_bit(asked: Asked) -> None:
    change = asked.change("value", "country", value="UK")
    asked.answer({"accept": [change["change_id"]]})
    assert asked.question["question"] == "customers#2"
    assert asked.question["total"] == 5
    with pytest.raises(AnswerError, match="no open change"):
        asked.answer({"reject": [change["change_id"]]})
    asked.accept_all()
    assert asked.status is RunStatus.PUBLISHED
    assert [approval["question_id"] for approval in asked.told["approvals"]][:2] == ["customers#1", "customers#2"]


def mapping_twice(asked: Asked) -> Any:
    change = asked.change("mapping", "name")
    return {"edit": {change["change_id"]: "country"}, "rest": "accept"}


def no_such_column(asked: Asked) -> Any:
    change = asked.change("mapping", "name")
    return {"edit": {change["change_id"]: "surname"}, "rest": "accept"}


def not_in_the_list(asked: Asked) -> Any:
    change = asked.change("value", "country", value="UK")
    return {"edit": {change["change_id"]: "France"}, "rest": "accept"}


def answered_twice(asked: Asked) -> Any:
    change = asked.change("value", "country", value="UK")
    return {"accept": [change["change_id"]], "reject": [change["change_id"]]}


WRONG: tuple[tuple[Callable[[Asked], Any], str, str], ...] = (
    (lambda _: {}, "answer", "settles nothing"),
    (lambda _: [], "answer", "JSON object"),
    (lambda _: "yes", "answer", "JSON object"),
    (lambda _: {"rest": "maybe"}, "answer.rest", "'accept', 'reject' or 'ask'"),
    (lambda _: {"rest": "accept", "more": 1}, "answer.more", "not permitted"),
    (lambda _: {"accept": "value-1"}, "answer.accept", "tuple"),
    (lambda _: {"accept": ["value-1"]}, "accept", "no open change 'value-1'"),
    (lambda _: {"edit": {"value-1": 3}}, "answer.edit.value-1", "string"),
    (mapping_twice, "customers/v001", "mapped twice"),
    (no_such_column, "customers/v001", "does not exist"),
    (not_in_the_list, "customers.country", "'France' is not in the list"),
    (answered_twice, "accept", "answered twice"),
)


def test_a_wrong_answer_is_refused_and_nothing_is_lost(asked: Asked) -> None:
    before = asked.output["asked"]
    for wrong, where, what in WRONG:
        with pytest.raises(AnswerError) as refused:
            resume(asked.job.home, "r1", answer=wrong(asked))
        assert refused.value.where == where
        assert what in refused.value.what
        assert "\n" not in refused.value.line()
        state = read_status(asked.job.home, "r1")
        assert state is not None
        assert state.status is RunStatus.WAITING
        assert resume(asked.job.home, "r1")["asked"] == before
    assert asked.accept_all()["status"] is RunStatus.PUBLISHED


def test_a_date_order_that_the_values_contradict_is_refused(asked: Asked) -> None:
    asked.answer(ACCEPT)
    change = asked.change("date_order", "order_date", where="orders_2")
    with pytest.raises(AnswerError, match="only read with the day first"):
        asked.answer({"edit": {change["change_id"]: "month_first"}, "rest": "accept"})
    with pytest.raises(AnswerError, match="is not one of day_first, month_first, unknown"):
        asked.answer({"edit": {change["change_id"]: "sideways"}, "rest": "accept"})


def test_an_answer_to_a_run_that_asks_nothing_changes_nothing(asked: Asked) -> None:
    asked.accept_all()
    with pytest.raises(AnswerError, match="not waiting"):
        asked.answer(ACCEPT)
    state = read_status(asked.job.home, "r1")
    assert state is not None
    assert state.status is RunStatus.PUBLISHED


def test_an_answer_that_was_on_its_way_goes_before_another_one(asked: Asked) -> None:
    folder = asked.job.home / "runs" / "r1"
    kept = checked_answer(folder, asked.question, {"rest": "reject"})
    keep_answer(folder, "customers#1", kept)
    with pytest.raises(AnswerError, match="was answered before"):
        asked.answer(ACCEPT)
    asked.answer()
    assert asked.question["question"] == "orders#1", "goes on with the answer that was kept"
    asked.accept_all()
    assert asked.told["approvals"][0]["changes"] == {"reject": 6}


def test_an_answer_may_name_the_question_by_its_id(asked: Asked) -> None:
    asked.answer({asked.question["id"]: ACCEPT})
    assert asked.question["question"] == "orders#1"


def test_other_answers_publish_other_tables_into_the_same_folder(asked: Asked) -> None:
    asked.accept_all()
    other = Asked(asked.job, run_id="r2", reflection="off")  # else the first answer stands
    change = other.change("value", "country", value="UK")
    other.answer({"reject": [change["change_id"]], "rest": "accept"})
    other.accept_all()
    assert other.told["receipt"]["key"] != asked.told["receipt"]["key"]
    assert [row[2] for row in other.rows("customers.parquet")] == ["Germany", "South Korea"]


def test_thousands_of_changes_make_a_bounded_question_and_answers_may_name_any(job: Any) -> None:
    lines = [f"{number},N{number},Nowhere {number} {'x' * 300}" for number in range(100, 3_100)]
    with (job.sources / "customers.csv").open("a") as stream:
        stream.write("\n".join(lines) + "\n")
    text = job.contract.read_text().replace("maxQuarantine, value: 0.5", "maxQuarantine, value: 1")
    job.contract.write_text(text)
    asked = Asked(job)
    assert asked.question["total"] > 3_000
    assert asked.question["shown"] <= 40
    assert len(json.dumps(asked.question)) < 40_000
    hidden = asked.change("value", "country", value="Nowhere 3099")
    assert hidden["change_id"] not in {change["change_id"] for change in asked.question["changes"]}
    asked.answer({"edit": {hidden["change_id"]: "Germany"}, "rest": "accept"})
    asked.accept_all()
    assert asked.status is RunStatus.PUBLISHED
    assert (3099, "N3099", "Germany") in asked.rows("customers.parquet")
    with sqlite3.connect(job.home / "checkpoints.sqlite") as saved:
        (largest,) = saved.execute("select max(length(checkpoint)) from checkpoints").fetchone()
        (written,) = saved.execute("select max(length(value)) from writes").fetchone()
    saved.close()
    assert max(largest, written) < 64_000


def test_a_refused_answer_in_the_graph_is_asked_for_again(job: Any) -> None:
    """Where nobody checks before, as in the served graphs, the question comes back with what was wrong."""

    async def drive() -> list[Any]:
        graph = build().compile(checkpointer=InMemorySaver(serde=strict_serializer()))
        config: Any = {"configurable": {"thread_id": "t"}}
        context = RunContext(home=str(job.home))
        request = {"contract": str(job.contract), "sources": [str(job.sources)], "out": str(job.out)}
        given: Any = {"request": {**request, "approve": "changes"}}
        seen = []
        for answer in (None, {"accept": ["nothing"]}, ACCEPT, ACCEPT):
            output = await graph.ainvoke(Command(resume=answer) if answer else given, config, context=context)
            seen.append(output["__interrupt__"][0] if "__interrupt__" in output else output["status"])
        return seen

    first, again, orders, ended = asyncio.run(drive())
    assert first.response_schema["title"] == "ChangesAnswer"
    assert first.value["question"] == again.value["question"] == "customers#1"
    assert "no open change 'nothing'" in again.value["refused"]
    assert orders.value["question"] == "orders#1"
    assert ended is RunStatus.PUBLISHED
