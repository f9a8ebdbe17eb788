"""Metering: what a run may still ask of models, and what it has asked. Counts requests that failed, too."""

import threading
import time

from state.budget import BudgetLimits, Spent, check_model_budget
from state.models import ModelUse


class Meter:
    """The model budget of one run, or of a part of it; safe to share between callers.

    A request is counted before it goes out, so that no more go out than are allowed. Tokens are known afterwards:
    requests that are under way together may exceed the limit by what they use. Its time runs from its making.
    """

    def __init__(
        self, limits: BudgetLimits | None = None, before: Spent | None = None, whole: "Meter | None" = None
    ) -> None:
        self._whole = whole
        self._limits = limits or BudgetLimits()
        self._before = before or Spent()
        self._bounded = any(
            limit is not None for limit in (self._limits.model_requests, self._limits.tokens, self._limits.seconds)
        )
        self._use = ModelUse()
        self._requests = 0
        self._began = time.monotonic()
        self._lock = threading.Lock()

    @property
    def used(self) -> ModelUse:
        """What was used under this meter so far."""
        with self._lock:
            return self._use.model_copy(update={"requests": self._requests})

    def part(self) -> "Meter":
        """Return a meter for a part of this one's work: it counts by itself, and here too, and keeps to this limit."""
        return Meter(whole=self)

    def take_request(self) -> None:
        """Count a request that is about to go out; BudgetExhausted where none may."""
        if self._whole is not None:
            self._whole.take_request()
        with self._lock:
            if self._bounded:
                sent = Spent(model_requests=self._requests, seconds=time.monotonic() - self._began)
                check_model_budget(self._limits, self._before.plus(self._use.spent).plus(sent))
            self._requests += 1

    def add(self, use: ModelUse) -> None:
        """Count the tokens and the time of an answer; its requests were counted as they went out."""
        if self._whole is not None:
            self._whole.add(use)
        with self._lock:
            self._use = self._use.plus(use.model_copy(update={"requests": 0}))
