"""Meta-reasoning: what is wrong with the way a worker reasons, and what is done about it."""

from enum import StrEnum

from pydantic import Field

from state.values import Value


class Pattern(StrEnum):
    """What can be wrong with the steps of a case."""

    REPEATED_ACTION = "repeated_action"  # the same action with the same outcome
    CYCLE = "cycle"  # several actions in turns, with the same outcomes
    SAME_THOUGHTS = "same_thoughts"  # thoughts that hardly differ, and nothing new is learned
    NO_PROGRESS = "no_progress"  # nothing new is known for several steps
    POOR_ACTIONS = "poor_actions"  # observations that help little, several in a row
    FAILED_AGAIN = "failed_again"  # what failed for good is asked for once more
    FALLING_CONFIDENCE = "falling_confidence"
    STUCK_CONFIDENCE = "stuck_confidence"
    OVERCONFIDENCE = "overconfidence"  # sure of itself without evidence


LOOPS = frozenset({Pattern.REPEATED_ACTION, Pattern.CYCLE, Pattern.NO_PROGRESS})
"""Patterns that say the case goes round in circles."""


class Intervention(StrEnum):
    """What is done, from mild to final."""

    NONE = "none"
    HINT = "hint"  # the worker is told
    OTHER_STRATEGY = "other_strategy"  # what it did in circles is closed to it for a step
    ARBITRATION = "arbitration"  # the expert takes one step in its place
    STOP = "stop"  # the case ends with what was found


class Finding(Value):
    """One pattern in the steps so far."""

    pattern: Pattern
    steps: tuple[int, ...]  # numbers of the steps that show it
    severity: float = Field(ge=0, le=1)
    detail: str  # one line, with figures
    period: int = 0  # of a cycle


class Assessment(Value):
    """How good the reasoning is after the last step."""

    quality: float = Field(ge=0, le=1)
    findings: tuple[Finding, ...] = ()
    recommendations: tuple[str, ...] = ()

    @property
    def looping(self) -> bool:
        """Whether the case goes round in circles: the alarm."""
        return any(finding.pattern in LOOPS and finding.severity >= ALARM for finding in self.findings)


ALARM = 0.7
"""Severity from which a loop is certain enough to change what the worker may do."""
