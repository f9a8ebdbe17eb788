"""Settings: variables `MILLWRIGHT_*` and the settings file, put together with the command line into a run context.

The environment comes before the file. Secrets are apart (`tools/settings/secrets.py`), as is where lineage goes: they
are not recorded.
"""

import os
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from app.setting_faults import fault_of
from state.budget import BudgetLimits
from state.delegation import WorkerFault
from state.errors import SetupError
from state.faults import FaultSchedule
from state.hub import HubFaults
from state.models import ModelSettings
from state.operation import OperationSettings
from state.run import Patterns, RunContext
from state.tracing import TraceSettings
from tools.lineage.target import LineageTarget
from tools.settings.file import SettingsFile, read_settings_file
from tools.settings.secrets import SECTION as SECRETS

LINEAGE = "lineage"
"""The table of the file that says where lineage goes."""
PREFIX = "MILLWRIGHT_"
_KEY = ("model", "api_key")
APART = (SECRETS, LINEAGE)
"""Tables of the file that are no part of `Settings`: what they hold is not shown."""


class _Filed(BaseSettings):
    """Settings that are made with the content of the settings file, which counts where the environment says nothing."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the environment before what the settings are made with."""
        return env_settings, init_settings


class Settings(_Filed):
    """What an operator can set, e.g. `MILLWRIGHT_HOME=/data/millwright` or `MILLWRIGHT_PATTERNS__COUNCIL=off`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid")

    home: str = Field(default=".millwright", description="folder of checkpoints and workspaces")
    threads: int = Field(default=2, ge=1, le=256, description="threads of the engine")
    parallel_steps: int = Field(default=2, ge=1, le=64, description="most steps at once; 1: one after the other")
    memory: str = Field(default="4GB", description="memory of the engine, and of the process for SQL of the contract")
    sql_seconds: float = Field(default=300.0, gt=0, description="time limit of a step with SQL of the contract")
    max_decompressed_bytes: int = Field(default=64 * 2**30, gt=0, description="most bytes one compressed file may hold")
    attempts: int = Field(default=3, ge=1, description="attempts of a step whose failure may pass")
    gate_venv: str = Field(default=".millwright/gate-venv", description="the environment of the suite gate")
    retry_wait: float = Field(default=0.2, ge=0, description="seconds before a new attempt; doubled for each more")
    retry_wait_most: float = Field(default=10.0, ge=0, description="most seconds before a new attempt")
    consensus_timeout: float = Field(default=60.0, gt=0, description="seconds after which a voter counts as late")
    least_confidence: float = Field(
        default=0.05, ge=0, le=1, description="a new plan with a smaller chance to succeed is not begun"
    )
    workers: int = Field(default=10, ge=2, le=64, description="most workers that share the files of a run")
    begin_seconds: float = Field(
        default=10.0, gt=0, description="seconds within which a worker begins an order, before it goes to another"
    )
    order_seconds: float = Field(default=120.0, gt=0, description="seconds after which such a worker counts as late")
    worker_faults: dict[str, WorkerFault] = Field(
        default_factory=dict, description="what is wrong with such workers, by name; for rehearsal"
    )
    council_faults: FaultSchedule = Field(
        default=FaultSchedule(), description="faults between the members that keep the decision log; for rehearsal"
    )
    hub_faults: HubFaults = Field(default=HubFaults(), description="what goes wrong in the message hub; for rehearsal")
    trace: TraceSettings = Field(default=TraceSettings(), description="what traces show, and how long they may take")
    patterns: Patterns = Field(default=Patterns(), description="switches of the coordination patterns")
    model: ModelSettings = Field(default=ModelSettings(), description="the chat model; its key is in no setting")
    operation: OperationSettings = Field(default=OperationSettings(), description="agents, workers, metrics and alerts")

    @field_validator("model", mode="before")
    @classmethod
    def _without_key(cls, given: object) -> object:
        """Leave out the key, which is read where a request is made, and take OpenAI's variable for the address."""
        if not isinstance(given, dict):
            return given
        kept = {name: value for name, value in given.items() if name != "api_key"}
        return {"base_url": os.environ.get("OPENAI_BASE_URL"), **kept}

    def context(
        self, *, model: str = "", budget_tokens: int | None = None, budget_seconds: float | None = None
    ) -> RunContext:
        """Return the frozen context of a run; `model` names another model than the settings do."""
        named = {"name": model, "base_url": self.model.base_url or os.environ.get("OPENAI_BASE_URL") or None}
        return RunContext(
            model=ModelSettings.model_validate(self.model.model_dump() | named) if model else self.model,
            home=self.home,
            budget=BudgetLimits(tokens=budget_tokens, seconds=budget_seconds),
            trace=self.trace,
            patterns=self.patterns,
            council_faults=self.council_faults,
            hub_faults=self.hub_faults,
            retention_experience=self.operation.retention_experience,
            workers=self.workers,
            order_seconds=self.order_seconds,
            begin_seconds=self.begin_seconds,
            worker_faults=self.worker_faults,
            threads=self.threads,
            parallel_steps=self.parallel_steps,
            memory=self.memory,
            sql_seconds=self.sql_seconds,
            max_decompressed_bytes=self.max_decompressed_bytes,
            attempts=self.attempts,
            retry_wait=self.retry_wait,
            retry_wait_most=self.retry_wait_most,
            consensus_timeout=self.consensus_timeout,
            least_confidence=self.least_confidence,
        )


def load_settings(file: SettingsFile | None = None) -> Settings:
    """Return the settings; SetupError names the variable, or the file and line, of one that is not valid."""
    found = read_settings_file(os.environ) if file is None else file
    content = {name: value for name, value in found.content.items() if name not in APART}
    if found.holds(_KEY):
        hint = "put it into the environment: OPENAI_API_KEY or MILLWRIGHT_MODEL__API_KEY"
        raise SetupError("the key of a model is no setting", where=found.place(_KEY), hint=hint)
    try:
        return Settings(**content)
    except ValidationError as error:
        raise fault_of(error, Settings, found, PREFIX) from None
    except SettingsError as error:  # a list that is no JSON; the error does not name the variable
        hint = 'lists are JSON, e.g. MILLWRIGHT_MODEL__FALLBACK=["second"]'
        raise SetupError("a variable cannot be read as a list", where="MILLWRIGHT_*", hint=hint) from error


def _named(name: str) -> AliasChoices:
    """Return the variables of a setting of lineage: ours, then the one that the standard's own clients read."""
    return AliasChoices(f"MILLWRIGHT_LINEAGE_{name}", f"OPENLINEAGE_{name}")


class LineageSettings(_Filed):
    """Where lineage events are sent. Apart from the other settings: what is in here is never shown or recorded."""

    model_config = SettingsConfigDict(extra="forbid", populate_by_name=True)

    url: str | None = Field(default=None, validation_alias=_named("URL"))
    endpoint: str = Field(default="api/v1/lineage", validation_alias=_named("ENDPOINT"))
    api_key: SecretStr | None = Field(default=None, validation_alias=_named("API_KEY"))
    namespace: str = Field(default="millwright", min_length=1, validation_alias=_named("NAMESPACE"))
    disabled: bool = Field(default=False, validation_alias=_named("DISABLED"))

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: str | None) -> str | None:
        if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
            raise ValueError("an http or https address is needed")
        return url or None

    def target(self) -> LineageTarget:
        """Return where events go; without a URL, or disabled, into the run's file alone."""
        url = None if self.disabled else self.url
        return LineageTarget(url=url, endpoint=self.endpoint, api_key=self.api_key, namespace=self.namespace)


def load_lineage_target(file: SettingsFile | None = None) -> LineageTarget:
    """Return where lineage events go; SetupError names the place of what is not valid, and not its value."""
    found = read_settings_file(os.environ) if file is None else file
    try:
        return LineageSettings(**found.section(LINEAGE)).target()
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = str(first["loc"][0])  # the first of the two variables, whichever was set
        theirs = name.replace(f"{PREFIX}LINEAGE", "OPENLINEAGE")
        where = next((each for each in (name, theirs) if each in os.environ), "")
        if not where:
            raise fault_of(error, LineageSettings, found, f"{PREFIX}LINEAGE_", within=(LINEAGE,)) from None
        message = first["msg"].removeprefix("Value error, ")
        raise SetupError(message, where=where, hint="change or unset the variable") from None
