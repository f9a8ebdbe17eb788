"""A question that a step puts to another graph: answered apart from the run, and heard by whoever listens to it."""

from collections.abc import Mapping
from contextvars import Context
from typing import Any

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import var_child_runnable_config
from langgraph.graph.state import CompiledStateGraph

from state.run import RunContext


def answer_apart(
    graph: CompiledStateGraph[Any, RunContext, Any, Any], question: Mapping[str, object], context: RunContext
) -> Mapping[str, Any]:
    """Return what a graph answers.

    In a context of its own: the durability of the run it is asked in would wait for checkpoints that are not made.
    """
    around = var_child_runnable_config.get()
    heard: RunnableConfig = {}
    if around:
        heard = {"callbacks": around.get("callbacks"), "metadata": around.get("metadata") or {}}
    return Context().run(lambda: graph.invoke(question, heard, context=context))
