"""Writing a trace: steps with numbers, call ids, words of thoughts and answers drawn from one seeded source."""

import json
import random
from dataclasses import dataclass, field
from typing import Any

from state.reasoning import ActionCall, Observation, ReasoningStep, Thought

TABLES = ("orders", "customers", "payments", "shipments", "visits", "readings", "invoices")
COLUMNS = ("amount", "price", "country", "created_at", "updated_at", "status", "quantity", "city", "unit", "due_date")
_OPENINGS = ("Next I", "I will", "Now I", "It seems best to", "Let me", "To find out I")
_FILLERS = ("as the evidence is thin", "because the check failed", "before anything else", "to be sure", "again", "")


@dataclass(slots=True)
class Act:
    """One action with its answer."""

    tool: str
    arguments: dict[str, Any] | str
    result: Any
    quality: float = 0.5
    error: str = ""


@dataclass(slots=True)
class Writer:
    """Collects the steps of one trace."""

    draw: random.Random
    steps: list[ReasoningStep] = field(default_factory=list)
    confidence: float = 0.3

    def step(self, *acts: Act, thought: str = "", confidence: float | None = None, known: tuple[str, ...] = ()) -> None:
        """Add a step; without a thought the next one is put into words that vary."""
        number = len(self.steps) + 1
        self.confidence = min(0.9, self.confidence + 0.04) if confidence is None else confidence
        words = thought or self.words(f"{acts[0].tool.replace('_', ' ')} {_said(acts[0].arguments)}")
        self.steps.append(
            ReasoningStep(
                number=number,
                thought=Thought(next=words, confidence=self.confidence, known=known),
                actions=tuple(
                    ActionCall(call_id=f"{number}.{at}", name=act.tool, arguments=_text(act.arguments))
                    for at, act in enumerate(acts)
                ),
                observations=tuple(
                    Observation(
                        call_id=f"{number}.{at}",
                        content=json.dumps(act.result),
                        quality=0.0 if act.error else act.quality,
                        failed=bool(act.error),
                        error=act.error,
                        seconds=self.draw.uniform(0.01, 2),
                    )
                    for at, act in enumerate(acts)
                ),
            )
        )

    def words(self, act: str) -> str:
        """Return a thought about an act in words that vary."""
        return f"{self.draw.choice(_OPENINGS)} {act} {self.draw.choice(_FILLERS)}".strip()

    def table(self) -> str:
        """Return the name of a table."""
        return self.draw.choice(TABLES)

    def columns(self, count: int) -> list[str]:
        """Return names of different columns."""
        return self.draw.sample(COLUMNS, count)

    def rows(self, count: int) -> dict[str, Any]:
        """Return the answer of a query with random rows."""
        return {
            "columns": ["id", "value"],
            "rows": [[self.draw.randrange(10**6), self.draw.random()] for _ in range(count)],
        }

    def healthy(self, count: int) -> None:
        """Add steps of an investigation that gets on: each asks something else and learns something."""
        table, columns = self.table(), self.columns(count)
        for at in range(count):
            kind = at % 3
            if kind == 0:
                asked = {"table": table, "column": columns[at]}
                self.step(Act("analyse_schema", asked, {"nulls": self.draw.randrange(999), "type": columns[at]}))
            elif kind == 1:
                sql = f"select id, {columns[at]} from {table} where {columns[at]} is not null limit 5"
                self.step(Act("execute", {"sql": sql}, self.rows(5)))
            else:
                asked = {"hypothesis": f"{columns[at]} is broken", "table": table}
                self.step(Act("validate_data", asked, {"score": round(self.draw.random(), 3), "rows": at}))

    def asks(self) -> Act:
        """Return some action with an answer of its own."""
        table, (column,) = self.table(), self.columns(1)
        number = self.draw.randrange(10**4)
        return self.draw.choice(
            (
                Act("analyse_schema", {"table": table, "column": column}, {"nulls": number, "rows": 2 * number}, 0.4),
                Act(
                    "execute", {"sql": f"select count(*) from {table} where {column} < {number}"}, {"rows": [[number]]}
                ),
                Act("search", {"query": f"{table} {column}"}, {"hits": [f"contract: {table}.{column}", number]}, 0.3),
                Act("calculate", {"expression": f"{number} * 3"}, {"value": 3 * number}, 0.3),
                Act("route_pipeline", {"subject": table}, {"steps": ["map", "format", table]}, 0.3),
            )
        )

    def different(self, count: int) -> list[Act]:
        """Return actions that all differ."""
        found: list[Act] = []
        while len(found) < count:
            act = self.asks()
            if all((act.tool, act.arguments) != (other.tool, other.arguments) for other in found):
                found.append(act)
        return found


def _text(arguments: dict[str, Any] | str) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def _said(arguments: dict[str, Any] | str) -> str:
    return arguments if isinstance(arguments, str) else " ".join(str(value) for value in arguments.values())
