"""Reasoning in steps: a thought, the actions it calls for, and what was observed.

What an action is given and what it returns is kept as the text of JSON, so that a checkpoint holds no untyped content.
"""

from enum import StrEnum
from typing import Protocol

from pydantic import Field

from state.values import Value


class ActionKind(StrEnum):
    """What a reasoning worker can do; each is a tool with typed arguments."""

    ANALYSE_SCHEMA = "analyse_schema"  # what a table and its columns are like
    VALIDATE_DATA = "validate_data"  # test one hypothesis about the data with a query
    TRANSFORM_DATA = "transform_data"  # try a change of values on a sample; writes nothing
    ROUTE_PIPELINE = "route_pipeline"  # which steps of the plan the subject passes
    SEARCH = "search"  # the contract, the catalogue, past runs
    CALCULATE = "calculate"  # arithmetic
    REASON = "reason"  # conclude something from what is known, and keep it
    PLAN = "plan"  # say which actions come next
    EXECUTE = "execute"  # a guarded query
    FINAL_RESULT = "final_result"  # end with an answer


class Thought(Value):
    """What a worker makes of what it knows."""

    known: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    next: str = ""  # what it does next, and why
    risks: tuple[str, ...] = ()
    confidence: float = Field(default=0.5, ge=0, le=1)


class ActionCall(Value):
    """One action a worker asks for. `name` is no ActionKind where a model asks for what does not exist."""

    call_id: str  # unique within a case: every call is answered under its id
    name: str
    arguments: str = "{}"  # JSON text, as it was given: it may be malformed


class Observation(Value):
    """The answer to one call; a failing action is an observation too."""

    call_id: str
    content: str  # JSON text (object), bounded
    quality: float = Field(ge=0, le=1)  # how much it helps: 0 failed or nothing learned, 1 settles its question
    failed: bool = False
    error: str = ""  # one line, for the worker to do better
    seconds: float = 0.0


class ReasoningStep(Value):
    """One round: thought, actions, observations in the order of the actions."""

    number: int  # from 1
    thought: Thought
    actions: tuple[ActionCall, ...]
    observations: tuple[Observation, ...]
    decided_by: str = "expert"  # or the model's name
    seconds: float = 0.0
    tokens: int = 0
    metadata: dict[str, str] = Field(default_factory=dict)


class ReasoningTask(Value):
    """What is to be found out."""

    kind: str  # "diagnose"
    goal: str  # in words
    subject: str  # the table, or the step, it is about
    details: str = "{}"  # JSON text: what is known at the start, e.g. the failing check
    max_steps: int = Field(default=12, ge=1)


class Proposal(Value):
    """What a policy wants next."""

    thought: Thought
    actions: tuple[ActionCall, ...]
    decided_by: str = "expert"  # or the model's name
    tokens: int = 0
    metadata: dict[str, str] = Field(default_factory=dict)  # why somebody else decided, what was intervened


class Policy(Protocol):
    """Who thinks: an expert rule, or a chat model."""

    def propose(self, task: ReasoningTask, steps: tuple[ReasoningStep, ...]) -> Proposal:
        """Return the next thought and its actions; `final_result` ends the case."""
