"""Parenthesised expressions with the line each word stands in."""

import re
from collections.abc import Iterator
from typing import Final

from state.errors import SetupError

_PIECE: Final = re.compile(r"[()]|[^\s();]+|;[^\n]*|\n")


class Word(str):
    """A word and the line it stands in."""

    __slots__ = ("line",)
    line: int


class Group(list["Word | Group"]):
    """What stands between parentheses, and the line of the opening one."""

    __slots__ = ("line",)

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


def read(text: str, where: str) -> Group:
    """Return the one expression of a text; SetupError tells the line where parentheses do not match."""
    outer = Group(1)
    stack = [outer]
    line = 1
    for piece in _pieces(text.removeprefix("\ufeff")):
        if piece == "\n":
            line += 1
        elif piece == "(":
            group = Group(line)
            stack[-1].append(group)
            stack.append(group)
        elif piece == ")":
            if len(stack) == 1:
                raise SetupError("a closing parenthesis too many", where=f"{where}:{line}")
            stack.pop()
        else:
            word = Word(piece)
            word.line = line
            stack[-1].append(word)
    if len(stack) > 1:
        raise SetupError(f"the parenthesis opened in line {stack[-1].line} is not closed", where=f"{where}:{line}")
    if len(outer) != 1 or not isinstance(outer[0], Group):
        raise SetupError("one expression in parentheses is expected", where=f"{where}:1")
    return outer[0]


def _pieces(text: str) -> Iterator[str]:
    for match in _PIECE.finditer(text):
        if not match[0].startswith(";"):
            yield match[0]
