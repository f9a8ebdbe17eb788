"""Doubts: what an expert leaves open, as a question with a few answers of which each is safe to take."""

from pydantic import Field

from state.models import ModelUse
from state.values import Value

STAYS = ""
"""The option that leaves the expert's answer as it is."""


class Option(Value):
    """One answer that may be given. Its text and its evidence may come from data."""

    name: str  # what it is within the decision: a valid value, a source column, a strategy; STAYS for none of them
    text: str  # as it is shown
    evidence: str = ""


class Doubt(Value):
    """One thing the expert could not settle. Asked alone, so that no text of another one can sway it."""

    subject: str  # within the decision: the unknown value, the contract column, the step
    question: str  # in our words; no text of data
    facts: tuple[str, ...]  # bounded evidence; may hold text of data
    options: tuple[Option, ...] = Field(min_length=2)  # the evidence supports each; STAYS among them


class Choice(Value):
    """What was chosen in a doubt, by whom, and what asking took."""

    subject: str
    option: str | None  # the name of an option; None: nobody chose, the expert's answer stands
    reason: str = ""
    by: str = ""  # the model with its version
    asked: str = ""  # the name under which it was asked
    fallback: str = ""  # why nobody chose
    use: ModelUse = ModelUse()
