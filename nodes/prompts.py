"""Prompts of decisions: files with named placeholders, and text of data marked so that it cannot pass for a rule.

The marks and the identifiers of options are made from a digest of all that is asked, text of data included: whoever
wrote that text could not know them, and the same question has the same prompt in a replayed run.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from state.doubts import Doubt, Option
from state.values import digest

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

_FOLDER = Path(__file__).parent / "decisions"
_SYSTEM = "judgement"
_MOST_TEXT = 200
"""Characters of one fact, or of one option, that are shown."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question as it is put, and which option each identifier stands for."""

    messages: "tuple[BaseMessage, ...]"
    options: Mapping[str, str]


def render(kind: str, doubt: Doubt, opinion: int) -> Prompt:
    """Return the prompt of a doubt; each opinion is asked with the options in another order and under other names."""
    from langchain_core.messages import HumanMessage, SystemMessage  # noqa: PLC0415  only where a model is asked

    nonce = digest([kind, doubt, opinion])
    marks = {"opening": f"<data-{nonce[:16]}>", "closing": f"</data-{nonce[:16]}>"}
    shown = {digest([nonce, option.name])[:8]: option for option in _ordered(doubt, opinion)}
    options = [f"{key}: {shown_text(option.text)} [{shown_text(option.evidence)}]" for key, option in shown.items()]
    asked = template(kind).format(
        **marks,
        question=doubt.question,
        facts="\n".join(f"- {shown_text(fact)}" for fact in doubt.facts),
        options="\n".join(options),
    )
    system = template(_SYSTEM).format(**marks)
    return Prompt((SystemMessage(system), HumanMessage(asked)), {key: option.name for key, option in shown.items()})


@lru_cache(maxsize=64)
def template(kind: str) -> str:
    """Return the prompt file of a kind of decision."""
    return (_FOLDER / f"{kind}.md").read_text(encoding="utf-8")


def shown_text(text: str, most: int = _MOST_TEXT) -> str:
    """Return text of data as one bounded line; characters that end a line or a mark are shown as escapes."""
    plain = "".join(each if each.isprintable() and each not in "<>" else f"\\u{ord(each):04x}" for each in text)
    return plain if len(plain) <= most else f"{plain[:most]}…"


def showable(text: str, most: int, words: int) -> bool:
    """Return whether text of data is short and plain enough to be a value and not a message to whoever reads it."""
    return len(text) <= most and text.isprintable() and len(text.split()) <= words


def _ordered(doubt: Doubt, opinion: int) -> Sequence[Option]:
    """Return the options in the order of an opinion: the second is the first one turned round."""
    ordered = sorted(doubt.options, key=lambda option: digest([doubt.subject, option.name]))
    if opinion == 1:
        return ordered[::-1]
    drawn = random.Random(digest([doubt, opinion]))  # noqa: S311  an order, no secret
    return ordered if opinion == 0 else drawn.sample(ordered, len(ordered))
