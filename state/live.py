"""A run as it stands now, while it is worked on or after: read from its record, its plan and its events."""

from datetime import datetime

from state.explanation import Picture
from state.values import Value


class LiveStep(Value):
    """A step of the plan and how far it is."""

    step_id: str
    kind: str
    table: str  # empty for steps over all tables
    state: str  # "not begun" | "running" | "done" | "failed" | "waiting"
    detail: str = ""
    seconds: float | None = None  # of the clock, of the last attempt
    attempts: int = 0


class LiveAward(Value):
    """Who does a step, and what was bid for it."""

    step_id: str
    agent: str
    engine: str
    reason: str
    bids: str  # in words, the cheapest first


class LiveDecision(Value):
    """What was decided, by whom, and how it was voted."""

    step_id: str
    subject: str
    answer: str
    by: str
    confidence: float
    votes: str  # in words


class LiveRun(Value):
    """What can be seen of a run from outside while a process works on it."""

    run_id: str
    status: str  # of RunStatus, "recorded" or "interrupted"
    problem: str = ""
    contract: str
    sources: tuple[str, ...]
    out: str
    owner: str = ""
    created_at: datetime
    phase: str = ""  # the last planning state that was told
    steps: tuple[LiveStep, ...] = ()
    picture: Picture | None = None
    awards: tuple[LiveAward, ...] = ()  # the last ones, oldest first
    decisions: tuple[LiveDecision, ...] = ()  # the last ones, oldest first
    told: tuple[tuple[str, str], ...] = ()  # time of day and words, the last ones, oldest first

    @property
    def done(self) -> int:
        """Steps that are done."""
        return sum(step.state == "done" for step in self.steps)

    @property
    def ended(self) -> bool:
        """Whether nobody works on it and nobody is asked."""
        return self.status not in ("running", "recorded", "waiting", "queued")
