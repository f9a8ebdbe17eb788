"""A decision: the one record of every judgement in a run, whoever made it."""

from enum import StrEnum

from state.resolution import Ballot
from state.values import Value


class DecidedBy(StrEnum):
    """Who gave the answer."""

    EXPERT = "expert"
    MODEL = "model"
    PERSON = "person"
    COUNCIL = "council"


class Decision(Value):
    """One judgement with its evidence. Kept whole in the run's ledger; state holds the bounded `summary`."""

    decision_id: str  # digest of kind, subject and evidence: the same question has the same id
    kind: str  # column_mapping, value_format, value_resolution, source_dialect, failure_response, ...
    subject: str  # "orders.amount", "orders/v002"
    answer: str  # the answer in words or short JSON, at most 2,000 characters
    method: str  # "expert rule", "majority", ...
    confidence: float
    decided_by: DecidedBy
    reason: str = ""
    evidence: str = ""  # the evidence in words, at most 2,000 characters
    votes: tuple[Ballot, ...] = ()
    fallback: str | None = None  # why somebody else than asked decided
    cost_tokens: int = 0
    version: str = ""  # of the expert that decided; where a model did, its name
    refused: str = ""  # version of the expert whose answer was not taken
