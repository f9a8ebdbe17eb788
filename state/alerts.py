"""Alerts: rules on figures, who is told when, and where an alert stands. Channels are named; addresses are secret."""

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from state.values import Value

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Comparison = Literal["above", "below"]


class Severity(StrEnum):
    """How bad it is that an alert fires."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class AlertState(StrEnum):
    """Where an alert stands."""

    PENDING = "pending"  # the condition holds, not yet for long enough
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"  # somebody takes care of it: no more escalation
    SILENCED = "silenced"  # it would fire, and nobody is to be told
    RESOLVED = "resolved"


class AlertRule(Value):
    """When an alert fires: a figure, or its change, beyond a threshold for long enough."""

    name: str = Field(pattern="^[a-z][a-z0-9_-]{0,63}$", description="name of the rule")
    figure: str = Field(description="what is watched; `millwright alerts --figures` lists them")
    change: bool = Field(default=False, description="watch the change of the figure in an hour, not the figure")
    when: Comparison = Field(default="above", description="above or below the threshold")
    threshold: float = Field(allow_inf_nan=False, description="beyond it the condition holds")
    clear: float | None = Field(
        default=None, allow_inf_nan=False, description="the condition ends only here; the threshold unless said"
    )
    for_seconds: Seconds = Field(default=0.0, description="seconds that the condition holds before it fires")
    clear_seconds: Seconds = Field(default=0.0, description="seconds that it is clear before it is resolved")
    window_seconds: float = Field(default=3600.0, gt=0, description="seconds back that the figure is taken from")
    severity: Severity = Field(default=Severity.WARNING, description="info, warning or critical")
    policy: str = Field(default="default", description="escalation policy that says who is told when")
    enabled: bool = Field(default=True, description="false: the rule is left out")

    @model_validator(mode="after")
    def _clears_on_the_right_side(self) -> "AlertRule":
        wrong = self.clear is not None and (
            self.clear > self.threshold if self.when == "above" else self.clear < self.threshold
        )
        if wrong:
            side = "at most" if self.when == "above" else "at least"
            raise ValueError(f"clear must be {side} the threshold of {self.threshold:g}")
        return self

    def holds(self, value: float) -> bool:
        """Return whether the condition begins to hold at this value."""
        return value > self.threshold if self.when == "above" else value < self.threshold

    def clears(self, value: float) -> bool:
        """Return whether the condition has ended at this value; between the two bounds it stays as it was."""
        bound = self.threshold if self.clear is None else self.clear
        return value <= bound if self.when == "above" else value >= bound


class EscalationLevel(Value):
    """Who is told when nobody has acknowledged an alert."""

    after_seconds: Seconds = Field(default=0.0, description="seconds after the alert fired")
    channels: tuple[str, ...] = Field(default=(), description="names of channels in [secrets.channels]; empty: all")


class EscalationPolicy(Value):
    """The levels of an escalation, the earliest first."""

    levels: tuple[EscalationLevel, ...] = Field(default=(EscalationLevel(),), min_length=1, description="in order")
    repeat_seconds: Seconds = Field(default=0.0, description="the last level is told again after so long; 0: never")
    tell_resolved: bool = Field(default=True, description="tell those who were told that it is over")

    @model_validator(mode="after")
    def _in_order(self) -> "EscalationPolicy":
        times = [level.after_seconds for level in self.levels]
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise ValueError("each level comes later than the one before")
        return self


DEFAULT_RULES = (
    AlertRule(name="health", figure="health", when="below", threshold=0.5, clear=0.6, severity=Severity.CRITICAL),
    AlertRule(name="errors", figure="error_rate", threshold=0.2, clear=0.1),
    AlertRule(name="critical-errors", figure="critical_errors", threshold=0, severity=Severity.CRITICAL),
    AlertRule(name="latency", figure="run_seconds_p95", threshold=3600),
    AlertRule(name="quarantine", figure="quarantine_share", threshold=0.05, clear=0.04),
    AlertRule(name="contracts", figure="not_met_share", threshold=0.2, clear=0.1),
    AlertRule(name="budget", figure="budget_spent_runs", threshold=0),
    AlertRule(name="queue", figure="queue_waiting", threshold=100, clear=50, for_seconds=300),
    AlertRule(name="agents", figure="agents_out", threshold=0),
    AlertRule(name="faults", figure="agent_faults", threshold=0, window_seconds=120),
    AlertRule(name="disk", figure="disk_free_share", when="below", threshold=0.05, clear=0.1),
)
"""Rules that hold unless the settings name a rule of the same name."""


class AlertSettings(Value):
    """How alerts are raised and told; the section `[operation.alerts]` of the settings file."""

    enabled: bool = Field(default=True, description="evaluate the rules")
    interval: float = Field(default=30.0, gt=0, description="seconds between two evaluations")
    rules: tuple[AlertRule, ...] = Field(default=(), description="more rules, or other ones of the same name")
    policies: dict[str, EscalationPolicy] = Field(
        default_factory=dict, description="escalation policies by name; `default` tells every channel at once"
    )
    send_attempts: int = Field(default=8, ge=1, description="attempts to tell one channel, each after a longer wait")
    retry_seconds: float = Field(default=10.0, gt=0, description="seconds before the second attempt, then doubled")

    @model_validator(mode="after")
    def _complete(self) -> "AlertSettings":
        names = [rule.name for rule in self.rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two rules are called {', '.join(twice)}")
        for rule in self.rules:
            if rule.policy != "default" and rule.policy not in self.policies:
                raise ValueError(f"rule {rule.name!r} names the policy {rule.policy!r}, which is not there")
        return self

    def in_force(self) -> tuple[AlertRule, ...]:
        """Return the rules that are evaluated: those of the settings and the defaults they don't replace."""
        own = {rule.name: rule for rule in self.rules}
        merged = {rule.name: rule for rule in DEFAULT_RULES} | own
        return tuple(rule for rule in merged.values() if rule.enabled)

    def policy(self, name: str) -> EscalationPolicy:
        """Return a policy; the plain one where `default` is not set."""
        return self.policies.get(name) or EscalationPolicy()


class Silence(Value):
    """A rule that nobody is told about for a while."""

    silence_id: str
    rule: str  # "*": every rule
    begins: float  # seconds since the epoch, UTC
    ends: float
    by: str
    note: str = ""

    def covers(self, rule: str, now: float) -> bool:
        """Return whether the rule is silent at this time."""
        return self.rule in (rule, "*") and self.begins <= now < self.ends


class Alert(Value):
    """One alert from the first moment its condition held; times in seconds since the epoch, UTC."""

    alert_id: str  # rule and time of its first moment
    rule: str
    state: AlertState
    severity: Severity
    since: float  # when the condition began to hold
    value: float  # the last reading
    threshold: float
    fired_at: float | None = None
    cleared_since: float | None = None  # since when it would be resolved
    resolved_at: float | None = None
    level: int = 0  # levels of escalation that were told
    told_at: float | None = None  # when somebody was told last
    told: tuple[str, ...] = ()  # channels
    repeats: int = 0
    acknowledged_by: str = ""
    note: str = ""

    @property
    def open(self) -> bool:
        """Whether the condition still counts as holding."""
        return self.state is not AlertState.RESOLVED


class Notification(Value):
    """What one channel is told, once for each key."""

    key: str  # alert, event and channel: the same key is the same notification
    alert_id: str
    channel: str
    title: str
    body: str


class Transition(Value):
    """One move of an alert, for its history."""

    alert_id: str
    rule: str
    at: float
    before: AlertState | None  # None: there was no alert
    after: AlertState
    value: float
    by: str = ""  # a person; empty: the evaluation
    note: str = ""
