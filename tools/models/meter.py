"""Metering: what a run may still ask of models, and what it has asked. Counts requests that failed, too."""

import threading

from state.budget import BudgetLimits, Spent, check_model_budget
from state.models import ModelUse


class Meter:
    """The model budget of one run, or of a part of it; safe to share between callers.

    A request is counted before it goes out, so that no more go out than are allowed. Tokens are known afterwards:
    requests that are under way together may exceed the limit by what they use.
    """

    def __init__(self, limits: BudgetLimits | None = None, before: Spent | None = None) -> None:
        self._limits = limits or BudgetLimits()
        self._before = before or Spent()
        self._used = ModelUse()
        self._lock = threading.Lock()

    @property
    def used(self) -> ModelUse:
        """What was used under this meter so far."""
        return self._used

    def take_request(self) -> None:
        """Count a request that is about to go out; BudgetExhausted where none may."""
        with self._lock:
            check_model_budget(self._limits, self._before.plus(self._used.spent))
            self._used = self._used.plus(ModelUse(requests=1))

    def add(self, use: ModelUse) -> None:
        """Count what an answer took besides its request."""
        with self._lock:
            self._used = self._used.plus(use)
