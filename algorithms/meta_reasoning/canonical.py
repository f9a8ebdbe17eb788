"""The canonical form of an action and its answer: what must be equal for two actions to count as the same.

Blanks, case, brackets, the order of arguments and of words do not count; nor does what an answer says about itself
(when, how long). Two actions are never the same unless their answers are.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rapidfuzz import fuzz

from state.reasoning import ActionCall, Observation, ReasoningStep

_VOLATILE = frozenset(
    {"at", "date", "duration", "duration_ms", "elapsed", "elapsed_ms", "id", "now", "request_id", "seconds"}
    | {"time", "timestamp", "took", "trace_id"}
)
"""Keys on the top level of an answer that tell of the answering, not of the data."""

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"[\d_]+")
_MANY_VALUES, _MUCH_TEXT = 6, 32
"""Values, or characters of them, from which an answer says so much that questions with the same answer are the same."""
_ALIKE = 50.0  # of 100: texts that ask for the same in other words, where the answers are the same and informative


@dataclass(frozen=True, slots=True)
class Deed:
    """An action with its answer, in canonical form."""

    tool: str
    arguments: tuple[tuple[str, tuple[str, ...]], ...]  # words of each argument, sorted; by name
    result: str
    informative: bool
    failed: bool

    def repeats(self, other: "Deed") -> bool:
        """Return whether this asks for the same as `other` and got the same."""
        if self.tool != other.tool or self.result != other.result or self.failed != other.failed:
            return False
        return self.arguments == other.arguments or (self.informative and _alike(self, other))


@lru_cache(maxsize=4_096)  # every step is looked at again after each step that follows
def deed(call: ActionCall, observation: Observation) -> Deed:
    """Return the canonical form of an action and its answer."""
    content = _parsed(observation.content)
    told = observation.error if observation.failed else _text(_lasting(content))
    return Deed(
        tool=call.name.strip().casefold(),
        arguments=_arguments(call.arguments),
        result=told,
        informative=not observation.failed and _says_much(content),
        failed=observation.failed,
    )


def deeds(step: ReasoningStep) -> tuple[Deed, ...]:
    """Return the canonical forms of all actions of a step."""
    answers = {observation.call_id: observation for observation in step.observations}
    return tuple(deed(call, answers[call.call_id]) for call in step.actions if call.call_id in answers)


def thought_text(step: ReasoningStep) -> str:
    """Return the words of a thought, without numbers and case."""
    thought = step.thought
    words = " ".join((*thought.known, *thought.gaps, thought.next, *thought.risks))
    return " ".join(word for word in _WORD.findall(words.casefold()) if not _NUMBER.fullmatch(word))


def _arguments(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    given = _parsed(text)
    named = given if isinstance(given, dict) else {"": given}
    return tuple(sorted((str(name), _words(value)) for name, value in named.items()))


def _words(value: Any) -> tuple[str, ...]:  # noqa: ANN401  any JSON value
    text = value if isinstance(value, str) else _text(value)
    return tuple(sorted(_WORD.findall(text.casefold()))) or (text.strip(),)


def _alike(first: Deed, second: Deed) -> bool:
    """Return whether arguments ask for the same in other words; a single word must be the same, numbers need not."""
    one, other = dict(first.arguments), dict(second.arguments)
    return one.keys() == other.keys() and all(_near(one[name], other[name]) for name in one)


def _near(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    texts = [tuple(word for word in words if not _NUMBER.fullmatch(word)) for words in (one, other)]
    if texts[0] == texts[1]:
        return True
    if min(map(len, texts)) < 2:  # noqa: PLR2004  a name, not a text
        return False
    return fuzz.token_set_ratio(" ".join(texts[0]), " ".join(texts[1])) >= _ALIKE


def _says_much(content: Any) -> bool:  # noqa: ANN401
    values = [str(value) for value in _leaves(content)]
    return len(values) >= _MANY_VALUES or sum(map(len, values)) >= _MUCH_TEXT


def _lasting(content: Any) -> Any:  # noqa: ANN401
    if not isinstance(content, dict):
        return content
    return {name: value for name, value in content.items() if name not in _VOLATILE}


def _leaves(content: Any) -> Iterator[Any]:  # noqa: ANN401
    if isinstance(content, dict):
        for value in content.values():
            yield from _leaves(value)
    elif isinstance(content, list):
        for value in content:
            yield from _leaves(value)
    else:
        yield content


def _parsed(text: str) -> Any:  # noqa: ANN401
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text(content: Any) -> str:  # noqa: ANN401
    return json.dumps(content, sort_keys=True, ensure_ascii=False)
