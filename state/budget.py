"""The budget of a run: limits, what was spent, and the check before each act."""

from collections.abc import Mapping

from pydantic import Field

from state.errors import BudgetExhausted
from state.values import Value


class BudgetLimits(Value):
    """Upper bounds of one run; None means unbounded."""

    steps: int | None = Field(default=10_000, title="Steps", description="Most steps of a run", examples=[10_000])
    model_requests: int | None = Field(
        default=None, title="Model requests", description="Most requests to a chat model", examples=[100]
    )
    tokens: int | None = Field(default=None, title="Tokens", description="Most tokens of models", examples=[100_000])
    seconds: float | None = Field(default=None, title="Seconds", description="Most seconds of work", examples=[600.0])


class Spent(Value):
    """What one act, or a whole run, has used."""

    steps: int = 0
    model_requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0

    def plus(self, other: "Spent") -> "Spent":
        """Return the sum of both."""
        return Spent(
            steps=self.steps + other.steps,
            model_requests=self.model_requests + other.model_requests,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            seconds=self.seconds + other.seconds,
        )


def total(spent: Mapping[str, Spent]) -> Spent:
    """Return the sum over all parts of a run; keys are their names, so that a repeated update counts once."""
    result = Spent()
    for entry in spent.values():
        result = result.plus(entry)
    return result


def check_budget(limits: BudgetLimits, spent: Spent) -> None:
    """Raise BudgetExhausted, naming the limit, when no more work may be done."""
    _check({"steps": (spent.steps, limits.steps), "seconds": (spent.seconds, limits.seconds)})


def check_model_budget(limits: BudgetLimits, spent: Spent) -> None:
    """Raise BudgetExhausted, naming the limit, when no model may be asked any more; the run goes on without one."""
    tokens = spent.prompt_tokens + spent.completion_tokens
    _check(
        {
            "model requests": (spent.model_requests, limits.model_requests),
            "tokens": (tokens, limits.tokens),
            "seconds": (spent.seconds, limits.seconds),
        }
    )


def _check(used: Mapping[str, tuple[float, float | None]]) -> None:
    for name, (amount, limit) in used.items():
        if limit is not None and amount >= limit:
            raise BudgetExhausted(
                f"the budget of {limit:g} {name} is spent ({amount:g} used)",
                hint="resume grants the same budget again",
            )
