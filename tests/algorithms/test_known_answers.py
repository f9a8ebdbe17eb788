"""Answers of earlier runs: given again to the same, never where the data speak against them."""

import pytest

from algorithms.known_answers import ANSWERED, answers_given, as_answer, joined, known_answers
from state.approval import Change, ChangeKind, FormatProposal, Proposals, Reply, Settled
from state.contract import LogicalType
from state.experience import AnswerExperience
from state.formats import FormatEvidence, ValueFormat
from state.lessons import Ground, KnownAnswers, Lesson, LessonStatus


def change(kind: ChangeKind = ChangeKind.MAPPING, proposal: str | None = "Amt", column: str = "amount") -> Change:
    return Change(
        change_id=f"{kind.value}-{column}", kind=kind, table="orders", column=column, where="v001: in.csv",
        proposal=proposal, rejected=None, edit="", confidence=0.5, rows=3, evidence="",
    )  # fmt: skip


def proposals(months: int = 0) -> Proposals:
    evidence = FormatEvidence(
        table="orders", column="day", logical_type=LogicalType.DATE, rows=9, filled=9, month_first_only={0: months}
    )
    form = ValueFormat(table="orders", column="day", logical_type=LogicalType.DATE)
    fed = FormatProposal(evidence=evidence, answer=form, sources=("v001/Day",))
    return Proposals(table="orders", mappings=(), formats=(fed,), resolutions=(), files={}, variants={})


def said(asked: Change, value: str | None, reply: Reply = Reply.ACCEPT) -> list[Lesson]:
    settled = {asked.change_id: Settled(reply=reply, proposal=asked.proposal, value=value)}
    answers = tuple(answers_given({asked.change_id: asked}, proposals(), settled, "anna", "r1"))
    value_of = KnownAnswers(table="orders", answers=answers)
    return [
        Lesson(
            lesson_id="l", kind=value_of.kind, subject="s", value=value_of, ground=Ground.VERIFIED, runs=("r1",),
            trials=1, successes=1, bound=0.5, status=LessonStatus.IN_FORCE,
        )
    ]  # fmt: skip


def test_what_was_agreed_to_is_agreed_to_again_and_told_so() -> None:
    asked = change()
    known = known_answers([asked], proposals(), said(asked, "Amt"))
    answer = as_answer(known, {asked.change_id: asked})
    assert answer.accept == (asked.change_id,)
    assert answer.by == "anna"
    assert answer.note.startswith(f"{ANSWERED} from r1")


@pytest.mark.parametrize("other", [change(proposal="Total"), change(column="price"), change(proposal=None)])
def test_anything_else_is_asked_about(other: Change) -> None:
    assert not known_answers([other], proposals(), said(change(), "Amt"))


def test_a_proposal_that_was_replaced_is_replaced_again_and_the_better_one_agreed_to() -> None:
    wrong, better = change(proposal="Amt"), change(proposal="Total")
    lessons = said(wrong, "Total", Reply.EDIT)
    again = known_answers([wrong], proposals(), lessons)
    assert as_answer(again, {wrong.change_id: wrong}).edit == {wrong.change_id: "Total"}
    accepted = known_answers([better], proposals(), lessons)
    assert as_answer(accepted, {better.change_id: better}).accept == (better.change_id,)


def test_an_order_of_dates_that_the_data_contradict_is_asked_about() -> None:
    asked = change(ChangeKind.DATE_ORDER, "day_first", "day")
    lessons = said(asked, "day_first")
    assert known_answers([asked], proposals(), lessons)
    assert not known_answers([asked], proposals(months=2), lessons)


def test_what_was_settled_both_ways_is_no_answer() -> None:
    first = change(ChangeKind.DATE_ORDER, "unknown", "day")
    second = first.model_copy(update={"change_id": "other"})
    settled = {
        first.change_id: Settled(reply=Reply.EDIT, proposal="unknown", value="day_first"),
        second.change_id: Settled(reply=Reply.EDIT, proposal="unknown", value="month_first"),
    }
    changes = {each.change_id: each for each in (first, second)}
    assert not list(answers_given(changes, proposals(), settled, "anna", "r1"))


def test_the_newer_word_counts() -> None:
    def known(stands: str, run: str) -> KnownAnswers:
        answer = AnswerExperience(
            table="orders", column="amount", change=ChangeKind.MAPPING, sources=("Amt",), proposal="Amt",
            stands=stands, reply=Reply.EDIT, run_id=run,
        )  # fmt: skip
        return KnownAnswers(table="orders", answers=(answer,))

    both = joined(known("Amt", "r1"), known("Total", "r2"))
    assert [(each.stands, each.run_id) for each in both.answers] == [("Total", "r2")]
