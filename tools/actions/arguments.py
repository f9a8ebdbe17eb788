"""The typed arguments of every action. A field's description is what a model reads."""

from pydantic import ConfigDict, Field

from state.diagnosis import Cause
from state.values import Value


class AnalyseSchema(Value):
    """Show what a table and its columns are like, and what is odd about them."""

    table: str = Field(description="Name of a table of the contract")


class ValidateData(Value):
    """Test the hypothesis that one cause explains what is wrong with a table; returns figures and affected rows."""

    table: str = Field(description="Name of a table of the contract")
    cause: Cause
    columns: tuple[str, ...] = Field(default=(), description="Columns the cause would concern; empty: any")


class TransformData(Value):
    """Try a change of a column's values on a sample; nothing is written."""

    table: str = Field(description="Name of a table of the contract")
    column: str
    expression: str = Field(description='SQL for the new value over the row\'s columns, e.g. "amount / 1000"')


class RoutePipeline(Value):
    """Show which steps of the plan a table or step passes, and how they ended."""

    subject: str = Field(description="Name of a table, or id of a step")


class Search(Value):
    """Search the contract, the files and columns that were landed, and past runs."""

    query: str = Field(min_length=1, description="Words to look for")


class Calculate(Value):
    """Calculate an arithmetic expression of numbers."""

    expression: str = Field(description='e.g. "(1250 - 17) / 1250 * 100"')


class Reason(Value):
    """Keep a conclusion from what is known."""

    conclusion: str = Field(min_length=1)
    confidence: float = Field(default=0.5, ge=0, le=1)


class MakePlan(Value):
    """Say which actions come next."""

    actions: tuple[str, ...] = Field(min_length=1)


class Execute(Value):
    """Run one SELECT over the tables of the contract; at most 50 rows are shown."""

    sql: str


class FinalDiagnosis(Value):
    """End with the cause that was found; it must have been tested with validate_data. Unknown is an answer, too."""

    model_config = ConfigDict(extra="ignore")  # the expert says more

    cause: Cause
    columns: tuple[str, ...] = ()
    confidence: float = Field(default=0.5, ge=0, le=1)
    reason: str = ""


class FinalAnswer(Value):
    """End with the answer to the question."""

    answer: str
    confidence: float = Field(default=0.5, ge=0, le=1)
