"""Drafting SQL for a column or a table that a contract only describes: a model is asked, its SQL is guarded and tried.

SQL that cannot be used is asked for again with its fault; what a model answered is kept and not asked for twice.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from nodes.consulting import Judge
from nodes.prompts import showable, shown_text, template
from state.contract import Contract
from state.doubts import Choice
from state.errors import BudgetExhausted, ModelAnswerUnusable, ModelError, ResourceError, UntrustedSqlError
from state.goal import MOST_GOAL, Draft, Gap, KnownColumn, KnownTable, SampleResult
from state.values import Value, digest
from tools.goal_trial import Sample, try_draft
from tools.models.answers import Kept, find_choice, keep_answer
from tools.models.client import client_of
from tools.models.meter import Meter

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

KIND = "contract_draft"
VERSION = "1"

_MOST_DESCRIPTION = 1_000
_MOST_SAMPLE, _MOST_WORDS = 40, 3


class DraftedSql(Value):
    """An expression for one column, or a query for one table."""

    sql: str = Field(description="The SQL that is asked for; empty where there is none")
    reason: str = Field(description="How it follows from the description, or what is missing, in at most thirty words")


def draft_sql(goal: str, gap: Gap, sample: Sample, contract: Contract, judge: Judge) -> Draft:
    """Return the SQL drafted for a gap with what it makes of the sample, or why there is none."""
    question = digest([KIND, VERSION, goal, gap])
    choice = find_choice(judge.connection, question)
    if choice is None:
        choice = _asked(goal, gap, sample, contract, judge, question)
        keep_answer(judge.connection, question, Kept(kind=KIND, use=choice.use, choice=choice))
    told = Draft(gap=gap, reason=choice.reason, by=choice.by, fallback=choice.fallback, use=choice.use)
    if not choice.option:
        return told
    try:
        sql, samples = _tried(choice.option, gap, sample, contract)
    except (UntrustedSqlError, ResourceError) as error:  # the sample, or a limit, is another one in a resumed run
        return told.model_copy(update={"fallback": error.line()[:500]})
    return told.model_copy(update={"sql": sql, "samples": samples})


def _asked(goal: str, gap: Gap, sample: Sample, contract: Contract, judge: Judge, question: str) -> Choice:
    """Ask, and ask again with the fault of what cannot be used."""
    meter = judge.meter.part()
    messages, fault = _messages(goal, gap, question), ""
    for _ in range(judge.settings.reasks + 1):
        try:
            answer = _answered(messages, judge, meter)
            if answer.sql.strip():
                _tried(answer.sql, gap, sample, contract)
        except ModelAnswerUnusable as error:
            fault = error.line()
            messages += _again(error.answer, error.what)
        except (UntrustedSqlError, ResourceError) as error:
            fault = f"its SQL was refused: {error.what}"
            messages += _again(answer.model_dump_json(), f"{error.what} ({error.hint})")
        except (ModelError, BudgetExhausted) as error:
            fault = error.line()
            break
        else:
            return _choice(gap, answer, meter)
    return Choice(subject=gap.subject, option=None, fallback=fault[:500], use=meter.used)


def _choice(gap: Gap, answer: DraftedSql, meter: Meter) -> Choice:
    use, reason = meter.used, answer.reason[:300]
    by = f"{use.model} {use.version}".strip()
    if not answer.sql.strip():
        return Choice(subject=gap.subject, option=None, fallback=f"the model sees no way: {reason}", use=use)
    return Choice(subject=gap.subject, option=answer.sql, reason=reason, by=by, use=use)


def _answered(messages: "list[BaseMessage]", judge: Judge, meter: Meter) -> DraftedSql:
    return client_of(judge.settings).answer_now(messages, DraftedSql, meter=meter).answer


def _tried(sql: str, gap: Gap, sample: Sample, contract: Contract) -> tuple[str, tuple[SampleResult, ...]]:
    return try_draft(contract, gap, sql, sample)


def _messages(goal: str, gap: Gap, question: str) -> "list[BaseMessage]":
    from langchain_core.messages import HumanMessage, SystemMessage  # noqa: PLC0415  only where a model is asked

    marks = {"opening": f"<data-{question[:16]}>", "closing": f"</data-{question[:16]}>"}
    kind = KIND if gap.column else f"{KIND}_table"
    facts = _column_facts(gap) if gap.column else _table_facts(gap)
    asked = template(kind).format(**marks, goal=shown_text(goal, MOST_GOAL), **facts)
    return [SystemMessage(template(f"{kind}_rules").format(**marks)), HumanMessage(asked)]


def _column_facts(gap: Gap) -> dict[str, str]:
    return {
        "column": f"{shown_text(gap.subject)} {gap.type}: {shown_text(gap.description, _MOST_DESCRIPTION)}",
        "known": "\n".join(_told(column) for column in gap.known) or "none",
        "headers": ", ".join(shown_text(header) for header in gap.headers),
    }


def _table_facts(gap: Gap) -> dict[str, str]:
    return {
        "table": f"{shown_text(gap.table)}: {shown_text(gap.description, _MOST_DESCRIPTION)}",
        "wanted": "\n".join(_told(column) for column in gap.wanted),
        "tables": "\n".join(_told_table(table) for table in gap.tables) or "none",
    }


def _told_table(table: KnownTable) -> str:
    head = f"{shown_text(table.name)}: {shown_text(table.description, _MOST_DESCRIPTION)}"
    return "\n".join((head, *(_told(column) for column in table.columns)))


def _told(column: KnownColumn) -> str:
    """Return a column as the model sees it; of its values those that are plainly values."""
    values = [value for value in column.samples if showable(value, _MOST_SAMPLE, _MOST_WORDS)]
    samples = "; ".join(shown_text(value) for value in values)
    return f"- {shown_text(column.name)} {column.type}: {shown_text(column.description)} [{samples}]"


def _again(said: str, fault: str) -> "list[BaseMessage]":
    from langchain_core.messages import AIMessage, HumanMessage  # noqa: PLC0415  only where a model is asked

    told = f"That cannot be used: {shown_text(fault, 500)}. Answer again."
    return [AIMessage(said or "(nothing)"), HumanMessage(told)]
