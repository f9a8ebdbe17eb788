"""A simulated model in a diagnosis: it knows the cause, or is wrong with a given probability at every request.

It sees what any model is sent, and answers with calls of the tools it is offered. The product knows nothing of it.
"""

import random
import re
from collections.abc import Mapping

from evals.model_server import Act, ChatRequest, Noisy, Say, calls
from state.diagnosis import Cause

_SUBJECT = re.compile(r"^Subject: (.*)$", re.MULTILINE)
_ASKED_FOR = re.compile(r"validate_data (\w+)")
_INSTEAD = re.compile(r"or end with (\w+)")
_WITHOUT_TEST = frozenset((Cause.UNKNOWN, Cause.NOTHING_WRONG))


class Mind:
    """What models of several error rates do about one case after the other; a model is named by `name_of`."""

    def __init__(self) -> None:
        self._models: Mapping[str, Noisy] = {}

    def turn_to(self, truth: Cause, rates: tuple[float, ...], seed: int) -> None:
        """Take up a case whose cause is known to the right model."""

        def right(request: ChatRequest) -> Act:
            return _next(request, truth)

        def wrong(request: ChatRequest, chance: random.Random) -> Act:
            return _mistake(request, truth, chance)

        self._models = {name_of(rate): Noisy(right, seed=seed, wrong=wrong, wrong_share=rate) for rate in rates}

    def __call__(self, request: ChatRequest, /) -> Act:
        """Answer as the model that the request names."""
        return self._models[str(request.body.get("model"))](request)


def name_of(rate: float) -> str:
    """Return the name of the model that is wrong with this probability."""
    return f"sim-{rate:g}"


def _next(request: ChatRequest, cause: Cause) -> Say:
    """Look, test the cause and name it at once; what the product asks for first is done, and it is named again."""
    answers = [str(message.get("content")) for message in request.messages if message.get("role") == "tool"]
    if not answers:
        look = ("analyse_schema", {"table": _subject(request)})
        return calls(look, _end(cause)) if cause in _WITHOUT_TEST else calls(look, _test(request, cause), _end(cause))
    failed = answers[-1] if answers[-1].startswith("failed: ") else ""
    if "analyse_schema" in failed:
        return calls(("analyse_schema", {"table": _subject(request)}), _end(cause))
    wanted = _ASKED_FOR.findall(failed)
    if wanted:
        return calls(*(_test(request, name) for name in wanted), _end(cause))
    instead = _INSTEAD.search(failed)
    return calls(_end(instead.group(1) if instead else cause))


def _mistake(request: ChatRequest, cause: Cause, chance: random.Random) -> Say:
    """Test, or name, any other cause."""
    other = chance.choice([each for each in Cause if each is not cause])
    return calls(_end(other)) if other in _WITHOUT_TEST or chance.random() < 0.5 else calls(_test(request, other))  # noqa: PLR2004


def _test(request: ChatRequest, cause: str) -> tuple[str, dict[str, object]]:
    return "validate_data", {"table": _subject(request), "cause": str(cause), "columns": []}


def _end(cause: str) -> tuple[str, dict[str, object]]:
    return "final_result", {"cause": str(cause), "confidence": 0.9, "reason": "as I see it"}


def _subject(request: ChatRequest) -> str:
    found = _SUBJECT.search(request.text)
    return found.group(1) if found else ""
