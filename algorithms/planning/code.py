"""Python source for conditions over numbers: what `algorithms.planning.compilation` compiles.

Names in that text are made of numbers only, never of names in a domain. Of a predicate p the text uses `R{p}` (rows
that hold: 0, an object, or a tuple of objects) and `I{p}_{mask}` (by the objects at the positions of the mask, the
others); of a set of objects `T{s}` (members) and `M{s}` (members in order).
"""

from collections.abc import Callable, Iterable, Sequence

from algorithms.planning.joins import Loop, Planner, Range, Step, Test
from algorithms.planning.normal import EQUAL, Conjunction, Either, Literal, Part, Some, registers_of, type_set_of
from algorithms.planning.schemas import Schemas

_DEEPEST = 14  # loops in one function; Python allows 20 nested blocks


def name(term: int) -> str:
    """Return the text of a term."""
    return f"r{term}" if term >= 0 else str(~term)


def key(terms: Sequence[int]) -> str:
    """Return the text of a row: 0, an object, or a tuple of objects."""
    names = [name(term) for term in terms]
    if len(names) == 1:
        return names[0]
    return f"({', '.join(names)})" if names else "0"


class Writer:
    """Collects source text, and the indexes that it uses."""

    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas
        self.planner = Planner(schemas)
        self.blocks: list[str] = []
        self.indexes: set[tuple[int, int]] = set()  # (predicate, mask of the bound positions)
        self._functions = 0

    def fresh(self) -> str:
        """Return a new name for a function."""
        self._functions += 1
        return f"f{self._functions}"

    def test(self, parts: Iterable[Part], ranges: Sequence[int]) -> str:
        """Return an expression for a conjunction whose registers are all bound."""
        return " and ".join(self._one(part, ranges) for part in parts) or "True"

    def exists(self, parts: Conjunction, over: dict[int, int], bound: Iterable[int], ranges: Sequence[int]) -> str:
        """Return an expression that tells whether some values of `over` fulfil the conjunction."""
        outer = sorted(bound)
        function = self.fresh()
        steps = self.planner.steps(parts, outer, over)
        self.join(f"def {function}({', '.join(map(name, outer))}):", outer, steps, ranges, lambda _: ["return True"])
        return f"{function}({', '.join(map(name, outer))})"

    def join(
        self,
        head: str,
        bound: Sequence[int],
        steps: Sequence[Step],
        ranges: Sequence[int],
        leaf: Callable[[list[int]], list[str]],
    ) -> None:
        """Write a function that runs through the steps and does `leaf`, which is told the registers bound, at the end.

        A function whose leaf yields takes a snapshot of what may change while it waits.
        """
        lines = [head]
        depth, known = 1, list(bound)
        lasting = "return True" not in leaf(known)
        for position, step in enumerate(steps):
            if isinstance(step, Test):
                stop = "continue" if depth > 1 else "return"
                lines.append(f"{'    ' * depth}if not ({self._one(step.part, ranges)}): {stop}")
                continue
            if depth > _DEEPEST:
                function = self.fresh()
                arguments = ", ".join(map(name, known))
                self.join(f"def {function}({arguments}):", known, steps[position:], ranges, leaf)
                call = f"{function}({arguments})"
                lines.append("    " * depth + (f"yield from {call}" if lasting else f"if {call}: return True"))
                break
            lines += self._loop(step, depth, lasting=lasting)
            depth += 1
            known += [step.register] if isinstance(step, Range) else _newly(step)
        else:
            lines += ["    " * depth + line for line in leaf(known)]
        self.blocks.append("\n".join(lines))

    def _loop(self, step: Loop | Range, depth: int, *, lasting: bool) -> list[str]:
        indent = "    " * depth
        if isinstance(step, Range):
            return [f"{indent}for {name(step.register)} in M{step.type_set}:"]
        predicate, args, _ = step.literal
        bound = [place for place in range(len(args)) if place not in step.free]
        rows = f"R{predicate}"
        if bound:
            mask = sum(1 << place for place in bound)
            self.indexes.add((predicate, mask))
            rows = f"I{predicate}_{mask}.get({key([args[place] for place in bound])}, ())"
        if lasting and self.schemas.fluent[predicate]:
            rows = f"tuple({rows})"
        seen: dict[int, str] = {}
        targets, checks = [], []
        for place in step.free:
            register = args[place]
            if register in seen:
                targets.append(f"x{place}")
                checks.append(f"{indent}    if x{place} != {name(register)}: continue")
            else:
                seen[register] = name(register)
                targets.append(name(register))
        return [f"{indent}for {', '.join(targets)} in {rows}:", *checks]

    def _one(self, part: Part, ranges: Sequence[int]) -> str:
        match part:
            case Literal(predicate, args, positive):
                if predicate == EQUAL:
                    return f"{name(args[0])} {'==' if positive else '!='} {name(args[1])}"
                rows = f"R{predicate}" if predicate >= 0 else f"T{type_set_of(predicate)}"
                return f"{key(args)} {'in' if positive else 'not in'} {rows}"
            case Either(options):
                return f"({' or '.join(f'({self.test(option, ranges)})' for option in options) or 'False'})"
            case Some(over, parts, positive):
                outer = registers_of(part)
                found = self.exists(parts, dict(over), outer, ranges)
                return found if positive else f"not {found}"


def _newly(step: Loop) -> list[int]:
    return list(dict.fromkeys(step.literal.args[place] for place in step.free))
