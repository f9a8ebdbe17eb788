"""What a waiting run asks, seen from outside, and an answer kept for whoever works on it next. No step is done here.

These are for threads without an event loop: they read and write files.
"""

import asyncio
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.types import Interrupt

from graphs.persistence import open_saver
from graphs.questions import Reply, answer_questions, asked_of
from graphs.supervisor import build
from tools.database.address import database_url
from tools.records import RunRecord


def asked_now(record: RunRecord) -> tuple[dict[str, Any], ...]:
    """Return the questions that a run waits with, each with its `id`; none where it does not wait."""
    return tuple(asked_of(asyncio.run(_interrupts(record, database_url()))))


def keep_reply(record: RunRecord, reply: Reply) -> None:
    """Check an answer and keep it durably: `resume` goes on with it. AnswerError, and nothing kept, for a bad one."""
    answer_questions(record, asyncio.run(_interrupts(record, database_url())), reply)


async def _interrupts(record: RunRecord, url: str) -> tuple[Interrupt, ...]:
    config: RunnableConfig = {"configurable": {"thread_id": record.run_id}}
    async with open_saver(Path(record.context.home), url) as saver:
        graph = build().compile(checkpointer=saver, name="supervisor")
        return (await graph.aget_state(config)).interrupts
