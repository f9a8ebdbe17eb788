"""The settings that are compared: all patterns as they are, and each one off, or simpler where there is such a way."""

import re
from typing import NamedTuple

from state.run import Patterns

WHOLE, AGAIN = "whole", "whole, again"
"""All patterns as they are; played twice, so that what differs by chance alone is seen."""

_SIMPLER = {"council": ("majority",), "replanning": ("retry",), "hierarchy": ("flat",)}
"""Simpler variants of patterns that have one between on and off."""

_CHOICES = re.compile(r"^\^\((.*)\)\$$")
_OFF = "off"


class Setting(NamedTuple):
    """One setting by its name, e.g. "council=off"."""

    name: str
    patterns: Patterns


def settings() -> list[Setting]:
    """Return every setting; a switch that is added to `Patterns` is found by itself."""
    found = [Setting(WHOLE, Patterns()), Setting(AGAIN, Patterns())]
    for switch in Patterns.model_fields:
        choices = choices_of(switch)
        found += [
            Setting(f"{switch}={choice}", Patterns.model_validate({switch: choice}))
            for choice in (*_SIMPLER.get(switch, ()), _OFF)
            if choice in choices
        ]
    return found


def choices_of(switch: str) -> tuple[str, ...]:
    """Return the values that a switch takes; empty for what is no switch."""
    for told in Patterns.model_fields[switch].metadata:
        match = _CHOICES.match(getattr(told, "pattern", None) or "")
        if match:
            return tuple(match.group(1).split("|"))
    return ()
