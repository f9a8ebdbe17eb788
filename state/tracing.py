"""How runs are traced: what of their values a trace may show, and how long an ended run waits for its delivery."""

from enum import StrEnum

from pydantic import Field

from state.values import Value


class TraceValues(StrEnum):
    """What a trace tells of values: of state, cells, prompts, answers and messages of errors."""

    MASKED = "masked"  # their shape only
    SHOWN = "shown"  # as they are, but for secrets


class TraceSettings(Value):
    """Settings of tracing. Where traces go is read from the environment where they are sent, never kept."""

    values: TraceValues = Field(
        default=TraceValues.MASKED,
        title="Values",
        description="masked: a trace shows names, figures and the shape of values; shown: values as they are, but for "
        "secrets",
        examples=["masked", "shown"],
    )
    wait: float = Field(
        default=5.0,
        ge=0,
        title="Wait",
        description="Seconds that an ended run waits at most until its trace is delivered",
        examples=[5.0],
    )
