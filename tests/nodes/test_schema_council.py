"""The schema council through its graph: sealed sheets, liars in every seat, members that fail, tampered files."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from algorithms.mapping import match_columns
from algorithms.mapping_council import SEATS, Question, Scores, ask, judge
from evals.mapping.liars import LIES, Lie
from graphs.schema_council import convened, graph
from nodes import council_members
from nodes.council_members import MEMBERS, Specialist
from nodes.schema_council import answer_of, convene, put_question
from state.agents import Role
from state.contract import LogicalType
from state.errors import StepError
from state.mapping import ColumnMapping, MappingEvidence, SourceColumn, TargetColumn
from state.messages import Message, MessageKind
from state.run import Patterns, RunContext
from tools import schema_council

SEATED = ("names", "values", "shape", "context")


def column(name: str, values: list[str], kind: str = "string") -> SourceColumn:
    return SourceColumn(
        name=name,
        rows=len(values),
        filled=len(values),
        distinct=len(set(values)),
        samples=tuple(dict.fromkeys(values))[:50],
        type_share={"string": 1.0, kind: 1.0},
    )


def question() -> MappingEvidence:
    rng = random.Random(5)  # noqa: S311  test data
    states = ["open", "waiting", "done"]
    return MappingEvidence(
        table="repairs",
        variant_id="v001",
        sources=(
            column("RepairNo", [str(number) for number in range(100, 160)], "integer"),
            column("cust_nm", [f"Person {rng.randrange(17)}" for _ in range(60)]),
            column("recvd_date", [f"2024-03-{day % 28 + 1:02d}" for day in range(60)], "date"),
            column("rtrnd_date", [f"2024-04-{day % 27 + 1:02d}" for day in range(60)], "date"),
            column("repair_stat", [rng.choice(states) for _ in range(60)]),
            column("shelf", [str(rng.randrange(5)) for _ in range(60)], "integer"),
        ),
        targets=(
            TargetColumn(name="repair_id", names=(), logical_type=LogicalType.INTEGER, unique=True),
            TargetColumn(name="customer_name", names=(), logical_type=LogicalType.STRING),
            TargetColumn(name="received_date", names=(), logical_type=LogicalType.DATE),
            TargetColumn(name="returned_date", names=(), logical_type=LogicalType.DATE),
            TargetColumn(name="state", names=(), logical_type=LogicalType.STRING, valid_values=tuple(states)),
        ),
    )


def replaced(monkeypatch: pytest.MonkeyPatch, seat: str, judging: Lie, *, deputy: bool = False) -> None:
    member = Specialist(seat, deputy=deputy, judging=judging)
    monkeypatch.setattr(council_members, "MEMBERS", {**council_members.MEMBERS, member.card.id: member})


def answer(tmp_path: Path, evidence: MappingEvidence | None = None, counting: str = "weighted") -> ColumnMapping:
    context = RunContext(patterns=Patterns(council=counting))
    return convene(convened, tmp_path, evidence or question(), context)


def test_the_graph_answers_as_the_seats_do_in_one_process(tmp_path: Path) -> None:
    assert answer(tmp_path) == match_columns(question())
    assert {match.target: match.source for match in answer(tmp_path).matches} == {
        "repair_id": "RepairNo",
        "customer_name": "cust_nm",
        "received_date": "recvd_date",
        "returned_date": "rtrnd_date",
        "state": "repair_stat",
    }


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("seat", SEATED)
def test_one_liar_changes_nothing_and_is_named(
    seat: str, lie: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = answer(tmp_path)
    assert list((tmp_path / "council").iterdir()) == []
    replaced(monkeypatch, seat, LIES[lie])
    found = answer(tmp_path)
    assert found.matches == honest.matches
    assert [suspect.member for suspect in found.suspects] == [seat]
    assert list((tmp_path / "council").glob(f"*/{seat}.json"))  # kept as evidence


@pytest.mark.parametrize("seat", SEATED)
def test_a_lying_deputy_is_told_from_its_member(seat: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = answer(tmp_path)
    replaced(monkeypatch, seat, LIES["inverted"], deputy=True)
    found = answer(tmp_path)
    assert found.matches == honest.matches
    assert [suspect.member for suspect in found.suspects] == [f"{seat}:deputy"]


def failing(_: str, __: Question) -> Scores:
    raise StepError("the member is gone")


def crashing(_: str, __: Question) -> Scores:
    raise ZeroDivisionError


def shouting(seat: str, asked: Question) -> Scores:
    return {pair: dict.fromkeys(SEATS[seat], 7.0) for pair in asked.pairs}


def meddling(_: str, asked: Question) -> Scores:
    return {pair: {"words": 1.0} for pair in asked.pairs}


def inventing(seat: str, asked: Question) -> Scores:
    return {**judge(seat, asked), (99, 99): {"type": 1.0}}


def silent(_: str, __: Question) -> Scores:
    return {}


@pytest.mark.parametrize("fault", [failing, crashing, shouting, meddling, inventing, silent])
def test_a_member_that_fails_or_breaks_the_rules_stops_nobody(
    fault: Callable[[str, Question], Scores], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = answer(tmp_path)
    replaced(monkeypatch, "shape", fault)
    found = answer(tmp_path)
    assert found.matches == honest.matches
    assert [suspect.member for suspect in found.suspects] == ["shape"]


def test_a_seat_whose_member_and_deputy_both_fail_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for deputy in (False, True):
        replaced(monkeypatch, "context", failing, deputy=deputy)
    found = answer(tmp_path)
    assert {suspect.member for suspect in found.suspects} == {"context", "context:deputy"}
    assert dict.fromkeys(vote.voter for match in found.matches for vote in match.votes).keys() == set(SEATED[:3])


def test_a_sheet_that_was_changed_after_it_was_given_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, write = answer(tmp_path), schema_council.write_sheet

    def tampered(folder: Path, sheet: Any) -> str:
        sealed = write(folder, sheet)
        if sheet.member == "names":
            path = folder / sheet.question / "names.json"
            path.write_text(path.read_text().replace('"score":1.0', '"score":0.0', 1) + " ")
        return sealed

    monkeypatch.setattr(council_members, "write_sheet", tampered)
    found = answer(tmp_path)
    assert found.matches == honest.matches
    assert [suspect.member for suspect in found.suspects] == ["names"]
    assert "changed" in found.suspects[0].reason


@pytest.mark.parametrize("counting", ["majority", "off"])
def test_simpler_ways_can_be_set(counting: str, tmp_path: Path) -> None:
    found = answer(tmp_path, counting=counting)
    assert found.method == (
        "majority of names, values, shape, context" if counting == "majority" else "the seat names alone"
    )


def test_history_has_a_seat_where_earlier_runs_left_names(tmp_path: Path) -> None:
    plain = question()
    place = TargetColumn(name="place", names=(), logical_type=LogicalType.STRING)
    asked = plain.model_copy(update={"targets": (*plain.targets, place)})
    assert "place" in answer(tmp_path, asked).unmapped_targets
    past = place.model_copy(update={"adopted": {"Shelf": "run-1"}})
    found = answer(tmp_path, plain.model_copy(update={"targets": (*plain.targets, past)}))
    assert {match.target: match.source for match in found.matches}["place"] == "shelf"
    assert found.method == "weighted vote of names, values, shape, context, history"
    assert not found.suspects


def test_a_liar_in_the_seat_of_history_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    past = TargetColumn(
        name="place", names=(), logical_type=LogicalType.STRING, adopted={"Shelf": "run-1", "shlf_no": "run-2"}
    )
    asked = question().model_copy(update={"targets": (*question().targets, past)})
    honest = answer(tmp_path, asked)
    replaced(monkeypatch, "history", LIES["same story"])
    found = answer(tmp_path, asked)
    assert found.matches == honest.matches
    assert [suspect.member for suspect in found.suspects] == ["history"]


def test_state_holds_references_and_what_is_doubtful(tmp_path: Path) -> None:
    asked = put_question(tmp_path, question())
    output = graph.invoke({"question": asked}, context=RunContext())
    (verdict,) = output["verdicts"].values()
    assert verdict.matched == len(answer_of(verdict).matches) == 5
    assert len(json.dumps([verdict.model_dump(), asked.model_dump()])) < 2_000
    assert set(verdict.doubtful) <= {target.name for target in question().targets}


def test_members_are_agents_that_keep_to_their_seat(tmp_path: Path) -> None:
    assert set(MEMBERS) == {*SEATS, *(f"{seat}:deputy" for seat in SEATS)}
    asked = put_question(tmp_path, question())
    for name, member in MEMBERS.items():
        assert (member.card.id, member.card.role, member.probe()) == (name, Role.SPECIALIST, True)
    content = {"folder": asked.folder, "question": asked.question}
    message = Message(message_id="m", kind=MessageKind.REQUEST, sender="chair", recipient="names", content=content)
    reply = MEMBERS["names"].handle(message)
    assert (reply.recipient, reply.sender) == ("chair", "names")
    sheet = schema_council.read_sheet_file(Path(asked.folder), asked.question, "names", reply.content["sha256"])
    assert {score.aspect for score in sheet.scores} <= set(SEATS["names"])
    assert len({(score.source, score.target) for score in sheet.scores}) <= len(ask(question()).pairs)
