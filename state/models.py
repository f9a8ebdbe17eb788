"""Chat models: the settings of a run's model, and what asking it used. No key is in here: settings are recorded."""

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from state.budget import Spent
from state.values import Value

StructuredBy = Literal["json_schema", "function_calling"]


class ModelSettings(Value):
    """Which chat model is asked, and how. Without a name none is."""

    name: str = Field(default="", title="Name", description="A model of the endpoint; empty: none", examples=["gpt-5"])
    base_url: str | None = Field(
        default=None,
        title="Address",
        description="Address of an endpoint that speaks chat completions; empty: OpenAI's",
        examples=["http://127.0.0.1:8000/v1"],
    )
    fallback: tuple[str, ...] = Field(
        default=(), title="Fallback", description="Models asked in this order when the first does not answer"
    )
    timeout: float = Field(default=60.0, gt=0, title="Timeout", description="Most seconds of one request")
    deadline: float = Field(
        default=180.0, gt=0, title="Deadline", description="Most seconds of one question, with all its requests"
    )
    retries: int = Field(default=5, ge=0, le=20, title="Retries", description="New attempts of a failed request")
    retry_wait: float = Field(
        default=0.5, ge=0, title="Retry wait", description="Seconds before the first new attempt, doubled for each more"
    )
    retry_wait_most: float = Field(
        default=20.0, ge=0, title="Most retry wait", description="Most seconds before a new attempt"
    )
    breaker_failures: int = Field(
        default=10, ge=1, title="Breaker", description="Failures in a row after which the model is left alone"
    )
    breaker_seconds: float = Field(
        default=30.0, ge=0, title="Breaker seconds", description="Seconds until it is tried again"
    )
    reasks: int = Field(
        default=1,
        ge=0,
        le=5,
        title="Re-asks",
        description="Times an unusable answer is asked for again, with its fault",
    )
    opinions: int = Field(
        default=2,
        ge=1,
        le=5,
        title="Opinions",
        description="Times a question is put, each time with its options in another order; all must agree",
    )
    questions: int = Field(
        default=25, ge=0, title="Questions", description="Most questions of one decision; the rest is the expert's"
    )
    temperature: float | None = Field(
        default=0.0, ge=0, le=2, title="Temperature", description="0: the likeliest answer; none: the model's own"
    )
    seed: int | None = Field(default=None, title="Seed", description="Seed of the model, where it knows one")
    max_answer_tokens: int | None = Field(
        default=4_096, ge=1, title="Answer tokens", description="Most tokens of one answer; none: the model's own"
    )
    max_prompt_characters: int = Field(
        default=60_000, ge=1_000, title="Prompt characters", description="A longer question is not asked"
    )
    structured: StructuredBy = Field(
        default="json_schema", title="Structured by", description="How the endpoint is told the shape of an answer"
    )

    @property
    def configured(self) -> bool:
        """Whether there is a model to ask."""
        return bool(self.name)

    @field_validator("temperature", "seed", "max_answer_tokens", mode="before")
    @classmethod
    def _none_in_words(cls, given: object) -> object:
        """Read "none", all that an environment variable can say."""
        return None if isinstance(given, str) and given.lower() == "none" else given

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, address: str | None) -> str | None:
        if not address:
            return None
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an http or https address is needed")
        if parts.username or parts.password or parts.query:
            raise ValueError("an address without user, password and query is needed: it is recorded")
        return address.rstrip("/")


class ModelUse(Value):
    """What one question to a model used, and who answered."""

    model: str = ""  # the name that the endpoint gave, else the one that was asked
    version: str = ""  # its fingerprint, where the endpoint tells one
    requests: int = 0  # failed ones too
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    estimated: bool = False  # the endpoint did not tell tokens: a quarter of the characters is taken

    @property
    def tokens(self) -> int:
        """Tokens of prompts and answers."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def spent(self) -> Spent:
        """The use as a part of a run's budget."""
        return Spent(
            model_requests=self.requests,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
        )

    def plus(self, other: "ModelUse") -> "ModelUse":
        """Return the sum of both; the later one's name counts."""
        return ModelUse(
            model=other.model or self.model,
            version=other.version or self.version,
            requests=self.requests + other.requests,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            seconds=self.seconds + other.seconds,
            estimated=self.estimated or other.estimated,
        )
