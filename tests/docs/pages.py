"""Commands and outputs of a page, read from its fenced blocks."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = "…"

_BLOCK = re.compile(r"(<!-- not run by the test -->\n)?```(sh|text)\n(.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Scene:
    """Commands that are run one after the other, and lines of what they print."""

    commands: tuple[str, ...]
    expected: tuple[str, ...] = ()


def scenes(text: str) -> list[Scene]:
    """Return the blocks of commands, each with the block of output behind it."""
    found: list[Scene] = []
    for skipped, kind, body in _BLOCK.findall(text):
        lines = tuple(body.splitlines())
        if kind == "sh" and not skipped:
            found.append(Scene(lines))
        elif kind == "text":
            found[-1] = Scene(found[-1].commands, lines)
    return found


def missing_line(expected: tuple[str, ...], printed: str) -> str:
    """Return the first expected line that does not come, in order; empty when all do. `…` skips lines."""
    lines = [line.rstrip().lstrip("\ufeff") for line in printed.splitlines()]
    at, free = 0, False
    for wanted in (line.rstrip() for line in expected):
        if wanted == LEFT_OUT:
            free = True
            continue
        places = [
            place for place in range(at, len(lines) if free else min(at + 1, len(lines))) if lines[place] == wanted
        ]
        if not places:
            return wanted
        at, free = places[0] + 1, False
    return ""
