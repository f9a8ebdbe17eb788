"""Asking a chat model about what an expert left open, and what is made of its answers.

A choice counts only where every opinion agrees; whatever else happens the expert's answer stands, and it is told why.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
from pydantic import Field

from nodes.prompts import Prompt, render
from state.budget import Spent
from state.doubts import Choice, Doubt
from state.errors import BudgetExhausted, ModelAnswerUnusable, ModelError
from state.models import ModelSettings
from state.run import RunContext
from state.values import Value, digest
from tools.agents.roster import current
from tools.models.answers import Kept, find_choice, keep_answer, read_answers_kept, total_use
from tools.models.background import wait_for
from tools.models.client import ModelClient, client_of
from tools.models.meter import Meter

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


class Judgement(Value):
    """A choice among the options of one question."""

    option: str = Field(description="The identifier of the chosen option, exactly as given")
    reason: str = Field(description="Why, in at most thirty words")


@dataclass(frozen=True, slots=True)
class Judge:
    """A chat model as a judge in one run: who is asked, what may be spent, and where its answers are kept."""

    settings: ModelSettings
    connection: duckdb.DuckDBPyConnection
    meter: Meter


def judge_of(context: RunContext, connection: duckdb.DuckDBPyConnection, spent: Spent | None = None) -> Judge | None:
    """Return the judge of a run; None where no model is configured. `spent` leaves out what models took."""
    if not context.model.configured:
        return None
    before = (spent or Spent()).plus(total_use(read_answers_kept(connection)).spent)
    return Judge(context.model, connection, Meter(context.budget, before))


def consult(kind: str, version: str, doubts: Sequence[Doubt], judge: Judge) -> dict[str, Choice]:
    """Return what was chosen in each doubt, by subject; what was asked before is not asked again."""
    asked = {digest([kind, version, doubt]): doubt for doubt in doubts[: judge.settings.questions]}
    known = {question: find_choice(judge.connection, question) for question in asked}
    fresh = {question: doubt for question, doubt in asked.items() if known[question] is None}
    answers = wait_for(_all(kind, tuple(fresh.values()), judge)) if fresh else []
    for question, choice in zip(fresh, answers, strict=True):
        known[question] = choice
        keep_answer(judge.connection, question, Kept(kind=kind, use=choice.use, choice=choice))
    return {choice.subject: choice for choice in known.values() if choice is not None}


async def _all(kind: str, doubts: Sequence[Doubt], judge: Judge) -> list[Choice]:
    """Ask about all doubts side by side."""
    roster, name = current(), judge.settings.name
    asked = [roster.model_for(name, doubt.subject) for doubt in doubts]
    chosen = [judge.settings.model_copy(update={"name": each}) for each in asked]
    return await asyncio.gather(
        *(_choose(kind, doubt, each, judge) for doubt, each in zip(doubts, chosen, strict=True))
    )


async def _choose(kind: str, doubt: Doubt, settings: ModelSettings, judge: Judge) -> Choice:
    """Return the choice that all opinions agree on, or why there is none."""
    meter, client, name = judge.meter.part(), client_of(settings), settings.name
    said: list[tuple[str, str]] = []
    try:
        for opinion in range(judge.settings.opinions):
            said.append(await _opinion(kind, doubt, opinion, client, meter, judge.settings.reasks))
            if said[-1][0] != said[0][0]:
                fallback = "asked again with the options in another order, it chose another one"
                return Choice(subject=doubt.subject, option=None, asked=name, fallback=fallback, use=meter.used)
    except (ModelError, BudgetExhausted) as error:
        return Choice(subject=doubt.subject, option=None, asked=name, fallback=error.line()[:500], use=meter.used)
    use = meter.used
    told = f"{use.model} {use.version}".strip()
    return Choice(subject=doubt.subject, option=said[0][0], reason=said[0][1], by=told, asked=name, use=use)


async def _opinion(
    kind: str, doubt: Doubt, opinion: int, client: ModelClient, meter: Meter, reasks: int
) -> tuple[str, str]:
    """Return the name of the chosen option and the reason; an unusable answer is asked for again with its fault."""
    prompt = render(kind, doubt, opinion)
    messages = list(prompt.messages)
    for _ in range(reasks):
        try:
            return await _answered(prompt, messages, client, meter)
        except ModelAnswerUnusable as error:
            messages += _asked_again(error)
    return await _answered(prompt, messages, client, meter)


async def _answered(
    prompt: Prompt, messages: "list[BaseMessage]", client: ModelClient, meter: Meter
) -> tuple[str, str]:
    answer = (await client.answer(messages, Judgement, meter=meter)).answer
    if answer.option not in prompt.options:
        given = answer.model_dump_json()[:500]
        raise ModelAnswerUnusable("`option` is none of the identifiers that were given", answer=given)
    return prompt.options[answer.option], answer.reason[:300]


def _asked_again(error: ModelAnswerUnusable) -> "list[BaseMessage]":
    from langchain_core.messages import AIMessage, HumanMessage  # noqa: PLC0415  only where a model is asked

    return [AIMessage(error.answer or "(nothing)"), HumanMessage(f"That cannot be used: {error.what}. Answer again.")]
