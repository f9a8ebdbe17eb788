"""Who answers: a script, or a model of some skill with seeded noise. A plain function of the request serves as well."""

import hashlib
import itertools
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from evals.model_server.acts import Act, Call, ChatRequest, Fault, FaultKind, Say


class Behaviour(Protocol):
    """What a simulated model does."""

    def __call__(self, request: ChatRequest, /) -> Act:
        """Return what it does about a request."""


class Scripted:
    """Acts in the order of the requests; after the last one `then` does, by default the last one again."""

    def __init__(self, *acts: Act, then: Behaviour | None = None) -> None:
        self._acts = iter(acts)
        self._last = acts[-1] if acts else Say("")
        self._then = then

    def __call__(self, request: ChatRequest, /) -> Act:
        """Return the next act; a fault made from nothing takes the answer of `then`, where there is one."""
        for act in itertools.islice(self._acts, 1):
            if isinstance(act, Fault) and act.of == Say() and self._then is not None:
                return replace(act, of=_said(self._then(request)))
            return act
        return self._then(request) if self._then is not None else self._last


class Noisy:
    """A behaviour with faults and wrong answers of given probability.

    What happens depends on the seed, the request's body and how often that body came in, not on the order in which
    requests of several callers arrive: the same work with the same seed meets the same noise.
    """

    def __init__(
        self,
        right: Behaviour,
        *,
        seed: int,
        faults: Mapping[FaultKind, float] | None = None,
        wrong: Callable[[ChatRequest, random.Random], Act] | None = None,
        wrong_share: float = 0.0,
    ) -> None:
        self._right, self._seed, self._wrong, self._wrong_share = right, seed, wrong, wrong_share
        self._faults = dict(faults or {})

    def __call__(self, request: ChatRequest, /) -> Act:
        """Return the right act, a wrong one, or a fault."""
        body = json.dumps(request.body, sort_keys=True)
        drawn = random.Random(hashlib.sha256(f"{self._seed}/{request.seen}/{body}".encode()).digest())  # noqa: S311
        point = drawn.random()
        answer = self._right(request)
        for kind, share in self._faults.items():
            if point < share:
                return Fault(kind, of=_said(answer))
            point -= share
        if self._wrong is not None and drawn.random() < self._wrong_share:
            return self._wrong(request, drawn)
        return answer


def _said(act: Act) -> Say:
    return act if isinstance(act, Say) else act.of


def spoilt(fault: Fault, request: ChatRequest) -> Say | None:
    """Return the well-formed answer that a fault of content makes; None for faults of transport."""
    said = fault.of
    if fault.kind is FaultKind.REFUSAL:
        return Say(refusal="I cannot help with that.")
    if fault.kind is FaultKind.CUT_OFF:
        return Say((said.text or '{"answer": ')[: max(1, len(said.text or "") // 2)], finish_reason="length")
    if fault.kind is FaultKind.UNKNOWN_TOOL:
        return Say(calls=(Call("no_such_tool", '{"value": 1}'),))
    return _malformed(said, request) if fault.kind is FaultKind.MALFORMED_ARGUMENTS else None


def _malformed(said: Say, request: ChatRequest) -> Say:
    if said.calls:
        broken = tuple(replace(call, arguments=call.arguments[:-1] + ',"') for call in said.calls)
        return replace(said, calls=broken)
    if request.tools:
        return Say(calls=(Call(request.tools[0], '{"value": '),))
    return Say((said.text or "{")[:-1] + ',"')
