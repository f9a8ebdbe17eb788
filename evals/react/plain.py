"""What the graph is compared with: the loop one writes by hand, on LangGraph and on nothing but asyncio and openai.

Both keep the whole conversation and have no retries of their own, no log and no limits.
"""

import json
from operator import add
from typing import Annotated, Any, cast

from langchain_core.messages import BaseMessage, ToolMessage
from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, StateGraph
from openai import AsyncOpenAI
from pydantic import SecretStr
from typing_extensions import TypedDict

from algorithms.arithmetic import calculate
from nodes.react_chat import messages
from state.reasoning import ReasoningTask

Json = dict[str, Any]
_KEY = "none"


class _Talk(TypedDict):
    """The conversation."""

    messages: Annotated[list[BaseMessage], add]


async def plain_langgraph(task: ReasoningTask, schemas: list[Json], base_url: str) -> str:
    """Work on a task with the usual two nodes, and return the answer."""
    model = ChatOpenAI(model="sim", base_url=base_url, api_key=SecretStr(_KEY), temperature=0).bind(tools=schemas)

    async def ask(state: _Talk) -> _Talk:
        return {"messages": [await model.ainvoke(state["messages"])]}

    async def use_tools(state: _Talk) -> _Talk:
        last: Any = state["messages"][-1]
        return {
            "messages": [
                ToolMessage(json.dumps({"value": calculate(call["args"]["expression"])}), tool_call_id=call["id"])
                for call in last.tool_calls
            ]
        }

    def route(state: _Talk) -> str:
        last: Any = state["messages"][-1]
        return END if last.tool_calls[0]["name"] == "final_result" else "use_tools"

    builder = StateGraph(_Talk)
    builder.add_node("ask", ask)
    builder.add_node("use_tools", use_tools)
    builder.add_edge(START, "ask")
    builder.add_conditional_edges("ask", route, ["use_tools", END])
    builder.add_edge("use_tools", "ask")
    ended = await builder.compile().ainvoke({"messages": messages(task, ())}, {"recursion_limit": 1_000})
    return str(ended["messages"][-1].tool_calls[0]["args"]["answer"])


async def plain_loop(client: AsyncOpenAI, task: ReasoningTask, schemas: list[Json]) -> str:
    """Work on a task with the client library alone, and return the answer."""
    talk: list[Any] = [
        {"role": {"system": "system", "human": "user"}[message.type], "content": message.content}
        for message in messages(task, ())
    ]
    while True:
        told: Any = await client.chat.completions.create(
            model="sim", messages=talk, tools=cast("Any", schemas), temperature=0
        )
        said = told.choices[0].message
        call = said.tool_calls[0]
        arguments = json.loads(call.function.arguments)
        if call.function.name == "final_result":
            return str(arguments["answer"])
        talk.append(said.model_dump(exclude_none=True))
        content = json.dumps({"value": calculate(arguments["expression"])})
        talk.append({"role": "tool", "tool_call_id": call.id, "content": content})
