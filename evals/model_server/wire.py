"""The bytes of chat completions: bodies, events of a stream, and the frames of HTTP/1.1 around them."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from evals.model_server.acts import ChatRequest, Say

Json = dict[str, Any]

_CHARACTERS_A_TOKEN = 4


def usage_of(request: ChatRequest, said: Say) -> Json:
    """Return tokens by the rule of thumb of four characters each; the same text has the same count."""
    told = json.dumps(request.messages) + json.dumps(request.body.get("tools") or [])
    answered = (said.text or "") + (said.refusal or "") + "".join(call.name + call.arguments for call in said.calls)
    prompt, completion = len(told) // _CHARACTERS_A_TOKEN + 1, len(answered) // _CHARACTERS_A_TOKEN + 1
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def completion(request: ChatRequest, said: Say, fingerprint: str) -> Json:
    """Return the body of an answer."""
    message: Json = {"role": "assistant", "content": said.text, "refusal": said.refusal}
    if said.calls:
        message["tool_calls"] = _calls(request, said)
    return _frame(request, "chat.completion", fingerprint) | {
        "choices": [{"index": 0, "message": message, "finish_reason": _finish(said), "logprobs": None}],
        "usage": usage_of(request, said),
    }


def events(request: ChatRequest, said: Say, fingerprint: str) -> Iterator[bytes]:
    """Yield the events of an answer that is asked for as a stream."""
    frame = _frame(request, "chat.completion.chunk", fingerprint)
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    text = said.text or ""
    deltas += [{"content": text[start : start + 16]} for start in range(0, len(text), 16)]
    deltas += [{"refusal": said.refusal}] if said.refusal else []
    deltas += [{"tool_calls": [{"index": place} | call]} for place, call in enumerate(_calls(request, said))]
    for delta in deltas:
        yield _event(frame | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield _event(frame | {"choices": [{"index": 0, "delta": {}, "finish_reason": _finish(said)}]})
    if (request.body.get("stream_options") or {}).get("include_usage"):
        yield _event(frame | {"choices": [], "usage": usage_of(request, said)})
    yield b"data: [DONE]\n\n"


def response(status: int, body: bytes, *, kind: str = "application/json", more: str = "", length: int = -1) -> bytes:
    """Return a whole answer of HTTP; `length` says another length than the body has."""
    size = len(body) if length < 0 else length
    reason = HTTPStatus(status).phrase
    head = f"HTTP/1.1 {status} {reason}\r\ncontent-type: {kind}\r\ncontent-length: {size}\r\n{more}\r\n"
    return head.encode() + body


def problem(status: int, message: str) -> bytes:
    """Return the body of an error."""
    return json.dumps({"error": {"message": message, "type": HTTPStatus(status).phrase, "code": status}}).encode()


def _frame(request: ChatRequest, kind: str, fingerprint: str) -> Json:
    return {
        "id": f"chatcmpl-{request.number}",
        "object": kind,
        "created": 1_700_000_000,
        "model": str(request.body.get("model", "")),
        "system_fingerprint": fingerprint,
    }


def _calls(request: ChatRequest, said: Say) -> list[Json]:
    return [
        {
            "id": call.call_id or f"call_{request.number}_{place}",
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for place, call in enumerate(said.calls)
    ]


def _finish(said: Say) -> str:
    return said.finish_reason or ("tool_calls" if said.calls else "stop")


def _event(content: Json) -> bytes:
    return b"data: " + json.dumps(content).encode() + b"\n\n"
