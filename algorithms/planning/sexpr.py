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
    """Return the one expression of a text; SetupError tells the line where parentheses do not match.

    Closing parentheses too many at the very end are passed over: files of the planning competition have them.
    """
    outer = Group(1)
    stack = [outer]
    line, over = 1, 0  # over: the line of the first closing parenthesis too many
    for piece in _pieces(text.removeprefix("\ufeff")):
        if piece == "\n":
            line += 1
        elif over and piece != ")":
            raise SetupError("a closing parenthesis too many", where=f"{where}:{over}")
        elif piece == "(":
            group = Group(line)
            stack[-1].append(group)
            stack.append(group)
        elif piece == ")":
            if len(stack) > 1:
                stack.pop()
            else:
                over = over or line
        else:
            word = Word(piece)
            word.line = line
            stack[-1].append(word)
    if len(stack) > 1:
        raise SetupError(f"the parenthesis opened in line {stack[-1].line} is not closed", where=f"{where}:{line}")
    return _only(outer, where)


def _only(outer: Group, where: str) -> Group:
    if len(outer) != 1 or not isinstance(outer[0], Group):
        raise SetupError("one expression in parentheses is expected", where=f"{where}:1")
    return outer[0]


def _pieces(text: str) -> Iterator[str]:
    for match in _PIECE.finditer(text):
        if not match[0].startswith(";"):
            yield match[0]
