"""Pending interrupts of a run: what they ask, and the command that answers them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langgraph.types import Command, Interrupt

from nodes.answers import checked_answer
from state.errors import AnswerError
from tools.approval import keep_answer, kept_answer
from tools.records import RunRecord

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a person says: JSON data (None: nothing), and who it is."""

    answer: object = None
    by: str = ""


def asked_of(interrupts: Sequence[Interrupt]) -> Iterator[Json]:
    """Yield the question of each interrupt with its id."""
    for interrupt in interrupts:
        yield {"id": interrupt.id, **interrupt.value}


def answer_questions(record: RunRecord, interrupts: Sequence[Interrupt], reply: Reply) -> Command[Any] | None:
    """Return the command that answers what is asked; None when nothing is, or there is no answer.

    An answer that was kept by a session killed since counts. AnswerError when the given one cannot be used, when
    nothing is asked, or another one was kept. With several questions the answer is an object of answers by id.
    """
    if not interrupts:
        if reply.answer is not None:
            hint = f"millwright resume {record.run_id}"
            raise AnswerError(f"run {record.run_id!r} is not waiting for an answer", hint=hint)
        return None
    folder = record.context.run_folder(record.run_id)
    given = _by_id(record, interrupts, reply.answer)
    answers: dict[str, Json] = {}
    for interrupt in interrupts:
        answer = _answer(folder, interrupt.value, given.get(interrupt.id), reply.by)
        if answer is not None:
            answers[interrupt.id] = answer
    for interrupt in interrupts:
        if interrupt.id in answers:
            keep_answer(folder, interrupt.value["question"], answers[interrupt.id])
    return Command(resume=answers) if answers else None


def _by_id(record: RunRecord, interrupts: Sequence[Interrupt], answer: object) -> Mapping[str, object]:
    """Return the answers by the id of their interrupt; a lone one needs none."""
    ids = [interrupt.id for interrupt in interrupts]
    if answer is None:
        return {}
    if isinstance(answer, Mapping) and answer and set(answer) <= set(ids):
        return answer
    if len(ids) > 1:
        hint = f"millwright resume {record.run_id} --json shows the ids"
        raise AnswerError(f"{len(ids)} questions are asked: give an object of answers by id", where="answer", hint=hint)
    return {ids[0]: answer}


def _answer(folder: Path, question: Json, given: object, by: str) -> Json | None:
    kept = None if question.get("refused") else kept_answer(folder, question["question"])
    if given is None:
        return kept
    answer = checked_answer(folder, question, given, by)
    if kept is not None and kept != answer:
        hint = f"millwright resume {question['run_id']} goes on with it"
        raise AnswerError(f"{question['question']} was answered before", where="answer", hint=hint)
    return answer
