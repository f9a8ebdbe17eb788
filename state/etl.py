"""ETL from plain Python: what the target tables must be, and the plan that makes them."""

from typing import Any

from pydantic import Field, field_validator

from state.plans import Plan
from state.values import Value


class ColumnSpec(Value):
    """A column of a target table; a text alone is its type: a logical type of ODCS, or "decimal(10,2)"."""

    type: str
    required: bool = False
    unique: bool = False
    values: tuple[str | float | int | bool, ...] = ()  # the only ones allowed
    minimum: float | int | str | None = None
    maximum: float | int | str | None = None
    pattern: str | None = None
    format: str | None = None
    references: str | None = None  # "customers.customer_id"
    aliases: tuple[str, ...] = ()  # what sources may call it
    repair: str | None = None  # never | violations | all


class TableSpec(Value):
    """A target table."""

    columns: dict[str, ColumnSpec]
    key: tuple[str, ...] = ()
    keep: str | None = None  # which row of a key stays: first | last | reject | latest:<column>
    on_violation: str | None = None  # repair | quarantine | fail
    drift: str | None = None  # evolve | freeze | discard_row | discard_value
    max_quarantine: float | None = Field(default=None, ge=0, le=1)
    may_be_empty: bool = False
    quality: tuple[dict[str, Any], ...] = ()  # rules as ODCS writes them

    @field_validator("columns", mode="before")
    @classmethod
    def _types_alone(cls, columns: object) -> object:
        if not isinstance(columns, dict):
            return columns
        return {name: {"type": spec} if isinstance(spec, str) else spec for name, spec in columns.items()}


class Resources(Value):
    """What a plan is expected to use."""

    threads: int
    memory: str  # the engine's limit
    source_bytes: int
    seconds: float  # of all steps, one after the other
    critical_seconds: float  # along the critical path


class EtlPlan(Value):
    """A plan from sources to target tables, with all that is needed to execute it."""

    contract: str  # the contract it fulfils, an ODCS document as JSON
    sources: tuple[str, ...]  # absolute paths
    order: tuple[str, ...]  # ids of the steps, each behind those it depends on
    dependencies: dict[str, tuple[str, ...]]  # step -> steps that must be done before
    resources: Resources
    probability: float  # that no step fails at its first try
    warnings: tuple[str, ...]
    plan: Plan
