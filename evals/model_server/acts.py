"""What a simulated model is asked and what it does: say something, call tools, or fail in a given way."""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request, as it came in."""

    number: int  # from 1, over the life of the server
    body: Json
    seen: int = 1  # how often this very body came in, this time included

    @property
    def messages(self) -> list[Json]:
        """The conversation."""
        return list(self.body.get("messages", ()))

    @property
    def text(self) -> str:
        """All that the messages say, one after the other."""
        return "\n".join(_text(message.get("content")) for message in self.messages)

    @property
    def asked_for(self) -> str:
        """The name of the structured answer that is asked for; empty where none is."""
        described = (self.body.get("response_format") or {}).get("json_schema") or {}
        choice = self.body.get("tool_choice")
        forced = choice.get("function", {}).get("name", "") if isinstance(choice, dict) else ""
        return str(described.get("name") or forced)

    @property
    def tools(self) -> tuple[str, ...]:
        """Names of the tools that may be called."""
        return tuple(str(tool.get("function", {}).get("name")) for tool in self.body.get("tools") or ())


def _text(content: object) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return "" if content is None else str(content)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool; `arguments` is JSON text, malformed where that is wanted."""

    name: str
    arguments: str = "{}"
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class Say:
    """A well-formed answer: words, calls of tools, or a refusal."""

    text: str | None = None
    calls: tuple[Call, ...] = ()
    refusal: str | None = None
    finish_reason: str = ""
    delay: float = 0.0  # seconds before it is sent, besides the latency of the server


class FaultKind(StrEnum):
    """How a request goes wrong."""

    RATE_LIMIT = "rate_limit"  # 429 with Retry-After
    SERVER_ERROR = "server_error"  # 500
    UNAUTHORISED = "unauthorised"  # 401
    TIMEOUT = "timeout"  # nothing is sent until `seconds` have passed
    HELD_OPEN = "held_open"  # half of the answer is sent, and the socket stays open
    RESET = "reset"  # the connection ends in the middle of the answer
    TRUNCATED = "truncated"  # the body is half of its JSON
    EMPTY = "empty"  # 200 without a body
    NOT_JSON = "not_json"  # 200 with a page
    NO_CHOICES = "no_choices"  # an answer without choices
    MALFORMED_ARGUMENTS = "malformed_arguments"  # the call's arguments, or the structured answer, are no JSON
    UNKNOWN_TOOL = "unknown_tool"  # it calls what does not exist
    REFUSAL = "refusal"  # it refuses
    CUT_OFF = "cut_off"  # it ends at the limit of tokens


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure. What is wrong with a well-formed answer is made from `of`, the answer that would have been given."""

    kind: FaultKind
    of: Say = field(default_factory=Say)
    retry_after: float | None = 0.05  # seconds; of RATE_LIMIT
    seconds: float = 30.0  # of TIMEOUT and HELD_OPEN


Act = Say | Fault


def calls(*wanted: tuple[str, Json]) -> Say:
    """Return an answer that calls tools with these arguments."""
    return Say(calls=tuple(Call(name, json.dumps(arguments)) for name, arguments in wanted))


def structured(request: ChatRequest, answer: Json) -> Say:
    """Return a structured answer in the way that the request asks for it."""
    text = json.dumps(answer)
    if request.body.get("response_format"):
        return Say(text)
    return Say(calls=(Call(request.asked_for, text),))
