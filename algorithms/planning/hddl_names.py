"""Names in HDDL: their case does not matter, the declared spelling is kept, an unknown one is told with its line."""

from collections.abc import Iterator
from typing import NoReturn

from algorithms.planning.conditions import Term, Variable
from algorithms.planning.sexpr import Group, Word
from algorithms.planning.symbols import ANY
from state.errors import SetupError

Part = Word | Group


class Names:
    """What a domain and its problem declare, by lower-case name."""

    def __init__(self, where: str) -> None:
        self.where = where  # the file, for errors
        self.types: dict[str, str] = {ANY: ANY}
        self.objects: dict[str, str] = {}
        self.predicates: dict[str, tuple[str, int]] = {}  # spelling, arity
        self.functions: dict[str, str] = {}
        self.tasks: dict[str, tuple[str, int]] = {}

    def fail(self, part: Part, what: str, hint: str = "") -> NoReturn:
        """Raise SetupError that names file and line."""
        raise SetupError(what, where=f"{self.where}:{part.line}", hint=hint)

    def word(self, part: Part, kind: str) -> Word:
        """Return a part that must be a single word."""
        if isinstance(part, Group):
            self.fail(part, f"the name of {kind} is expected, not a parenthesis")
        return part

    def group(self, part: Part, kind: str) -> Group:
        """Return a part that must stand in parentheses."""
        if isinstance(part, Word):
            self.fail(part, f"{kind} must stand in parentheses, not {str(part)!r}")
        return part

    def type(self, word: Word) -> str:
        """Return the spelling of a type."""
        found = self.types.get(word.lower())
        if found is None:
            self.fail(word, f"there is no type {str(word)!r}", "declare it in :types")
        return found

    def typed(self, parts: list[Part], kind: str) -> Iterator[tuple[Word, tuple[Word, ...]]]:
        """Yield the names of a typed list, each with its types; none where none is stated."""
        parts = list(_spaced(parts))
        waiting: list[Word] = []
        position = 0
        while position < len(parts):
            word = self.word(parts[position], kind) if parts[position] != "-" else None
            if word is not None:
                waiting.append(word)
                position += 1
                continue
            if position + 1 == len(parts):
                self.fail(parts[position], "a type is expected after '-'")
            types = self._types(parts[position + 1])
            yield from ((name, types) for name in waiting)
            waiting = []
            position += 2
        yield from ((name, ()) for name in waiting)

    def _types(self, part: Part) -> tuple[Word, ...]:
        if isinstance(part, Word):
            return (part,)
        if not part or part[0].lower() != "either":  # type: ignore[union-attr]
            self.fail(part, "a type, or (either TYPE ...), is expected")
        return tuple(self.word(one, "a type") for one in part[1:])

    def variables(self, part: Part) -> tuple[Variable, ...]:
        """Return the variables of a typed list in parentheses."""
        found: list[Variable] = []
        for word, types in self.typed(list(self.group(part, "parameters")), "a variable"):
            if not word.startswith("?"):
                self.fail(word, f"a variable is expected, not {str(word)!r}", "variables begin with ?")
            found.append(Variable(word[1:].lower(), tuple(map(self.type, types)) or (ANY,)))
        if len({one.name for one in found}) < len(found):
            self.fail(part, "two parameters have the same name")
        return tuple(found)

    def term(self, part: Part, scope: dict[str, Variable]) -> Term:
        """Return a variable in scope or a declared object."""
        word = self.word(part, "an object or variable")
        name = word.lower()
        if name.startswith("?"):
            if name[1:] not in scope:
                self.fail(word, f"nothing binds {word}", "declare it in :parameters")
            return scope[name[1:]]
        if name not in self.objects:
            self.fail(word, f"there is no object {str(word)!r}", "declare it in :objects or :constants")
        return self.objects[name]


def _spaced(parts: list[Part]) -> Iterator[Part]:
    """Yield the parts of a typed list; a dash that is written against its type becomes a word of its own."""
    for part in parts:
        if isinstance(part, Word) and part.startswith("-") and part != "-":
            for text in ("-", part[1:]):
                word = Word(text)
                word.line = part.line
                yield word
        else:
            yield part
