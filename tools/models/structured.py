"""Structured answers: how an endpoint is told the shape of an answer, and how the answer is read.

Read here and not by the client library, so that every way in which it can be wrong ends as one typed error.
"""

import json
from typing import Any, TypeVar

from langchain_core.messages import AIMessage
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ValidationError

from state.errors import ModelAnswerUnusable
from state.models import StructuredBy
from state.values import Value

Answer = TypeVar("Answer", bound=Value)
Json = dict[str, Any]

_QUOTED = 2_000
"""Characters of an unusable answer that are kept."""


def request_for(kind: type[Value], by: StructuredBy) -> Json:
    """Return the arguments of a request that ask for an answer of this type."""
    name, schema = kind.__name__, closed(kind.model_json_schema())
    if by == "json_schema":
        described = {"name": name, "schema": schema, "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": described}}
    function = {"name": name, "description": (kind.__doc__ or name).strip(), "parameters": schema}
    tool = {"type": "function", "function": function}
    return {"tools": [tool], "tool_choice": {"type": "function", "function": {"name": name}}}


def closed(schema: Any) -> Any:  # noqa: ANN401  a part of a JSON schema
    """Return a schema in which every object names all its members as required, as strict endpoints demand."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: closed(item) for key, item in schema.items() if key not in ("default", "title")}
    if isinstance(plain.get("properties"), dict):
        members = {name: closed(item) for name, item in schema["properties"].items()}
        plain |= {"properties": members, "required": list(members), "additionalProperties": False}
    return plain


def tool_schemas(tools: Any) -> tuple[Json, ...]:  # noqa: ANN401  whatever langchain takes as tools
    """Return tools in the form of a request; done once, as it costs more than the request itself."""
    return tuple(convert_to_openai_tool(tool) for tool in tools)


def read_answer(message: AIMessage, kind: type[Answer], where: str) -> Answer:
    """Return the typed answer of a message; ModelAnswerUnusable says what is wrong with it."""
    text = _given(message, kind.__name__)
    if not text.strip():
        refusal = message.additional_kwargs.get("refusal")
        what = f"it refuses: {str(refusal)[:300]}" if refusal else "the answer is empty"
        raise ModelAnswerUnusable(what, where=where, answer=str(refusal or ""))
    try:
        return kind.model_validate(json.loads(_unfenced(text)))
    except (ValueError, RecursionError) as error:  # JSON that is none, and values that fit no field
        raise ModelAnswerUnusable(_fault(error), where=where, answer=text[:_QUOTED]) from None


def _given(message: AIMessage, name: str) -> str:
    """Return the text of the answer: arguments of the call that was asked for, else the content."""
    for call in message.tool_calls:
        if call["name"] == name:
            return json.dumps(call["args"])
    for broken in message.invalid_tool_calls:
        return broken.get("args") or ""
    return message.text


def _unfenced(text: str) -> str:
    """Return the text within a fence of three backticks, where a model put one around its JSON."""
    stripped = text.strip()
    if not stripped.startswith("```"):
        return stripped
    return stripped.removesuffix("```").partition("\n")[2]


def _fault(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'the answer'}: {first['msg']}"
    return f"it is no JSON: {str(error)[:200]}"
