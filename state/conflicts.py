"""Conflicts: parties with clashing aims, what they could agree on, how it is settled, and what came of it."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from state.budget import Spent
from state.channels import merge_by_id
from state.decisions import Decision
from state.values import Value, digest

MOST_PARTIES = 8
MOST_OPTIONS = 100
MOST_ROUNDS = 60


class Aim(StrEnum):
    """What a stakeholder of a table wants; the contract wants what it declares."""

    COMPLETENESS = "completeness"  # rows kept
    CORRECTNESS = "correctness"  # values as the source says them and the rules want them
    TIMELINESS = "timeliness"  # seconds
    COST = "cost"  # cases that somebody must follow up
    CONTRACT = "contract"  # checks passed


class Remedy(StrEnum):
    """What can be done about values that break a rule."""

    QUARANTINE = "quarantine"  # the row is set aside
    DISCARD_VALUE = "discard_value"  # the row is kept, the value withheld: null
    REPAIR = "repair"  # what the repair council proposed is put in its place
    LEAVE = "leave"  # the value stays: the rule is only a warning
    FAIL = "fail"  # nothing of the table is published


class Settling(StrEnum):
    """Ways to settle a conflict."""

    NEGOTIATION = "negotiation"
    MEDIATION = "mediation"
    ARBITRATION = "arbitration"
    MAJORITY = "majority"
    WEIGHTED = "weighted"
    AUCTION = "auction"
    GAME_THEORY = "game_theory"


AUTO = "auto"
"""Let the analysis, and what earlier rulings came to, choose the way."""


class ConflictKind(StrEnum):
    """How the aims stand to each other."""

    SETTLED = "settled"  # one option is best for everybody
    BLOCKED = "blocked"  # every option leaves somebody worse off than no agreement
    OPPOSED = "opposed"  # what one gains another loses
    DIVIDED = "divided"  # camps: some pull together, others against them
    MIXED = "mixed"


class Party(Value):
    """Somebody with an aim; the weight says how much it counts beside the others."""

    name: str = Field(min_length=1, max_length=100, title="Name")
    weight: float = Field(default=1.0, gt=0, le=1_000, title="Weight")
    least: float = Field(default=0.0, title="Least", description="What it has where there is no agreement")


class Option(Value):
    """What the parties could agree on: what it is worth to each, and the figures that say so."""

    name: str = Field(min_length=1, max_length=300, title="Name")
    worth: dict[str, float] = Field(title="Worth", description="What it is worth to each party, by name")
    figures: dict[str, float] = Field(default_factory=dict, title="Figures", description="What the worth follows from")


_EXAMPLE = {
    "subject": "orders: 90 of 2,000 rows break a rule",
    "parties": [{"name": "completeness"}, {"name": "correctness"}, {"name": "cost"}],
    "options": [
        {"name": "quarantine", "worth": {"completeness": 0.1, "correctness": 1.0, "cost": 0.1}},
        {"name": "discard_value", "worth": {"completeness": 1.0, "correctness": 0.7, "cost": 0.1}},
    ],
    "default": "quarantine",
    "margin": 0.1,
}


class Conflict(Value):
    """A conflict as it is put forward."""

    subject: str = Field(max_length=500, title="Subject", description="What it is about")
    parties: tuple[Party, ...] = Field(min_length=1, max_length=MOST_PARTIES, title="Parties")
    items: tuple[str, ...] = Field(
        default=(), max_length=MOST_OPTIONS, title="Items", description="What is to be settled, in words"
    )
    options: tuple[Option, ...] = Field(
        min_length=1, max_length=MOST_OPTIONS, title="Options", description="Their order decides ties"
    )
    strategy: str = Field(
        default=AUTO,
        title="Strategy",
        description="How it is settled; auto: by what worked in conflicts of its kind",
    )
    default: str = Field(
        default="", title="Default", description="The option that stands unless another is clearly better"
    )
    margin: float = Field(
        default=0.0, ge=0, le=1, title="Margin", description="By how much more agreement another must be better"
    )
    run_id: str = Field(default="", title="Run", description="The run it arose in; its own rulings teach it nothing")

    @property
    def fault(self) -> str:
        """What is wrong with it in words: names that repeat, or that nothing has; empty where nothing is."""
        names, options = [party.name for party in self.parties], [option.name for option in self.options]
        if len(set(names)) < len(names) or len(set(options)) < len(options):
            return "two parties, or two options, have the same name"
        partial = [option.name for option in self.options if set(option.worth) != set(names)]
        if partial:
            return f"the worth of {partial[0]!r} must be given for {', '.join(names)}"
        if self.default and self.default not in options:
            return f"the default {self.default!r} is no option"
        known = [AUTO, *(way.value for way in Settling)]
        return "" if self.strategy in known else f"the strategy {self.strategy!r} is none of {', '.join(known)}"

    @property
    def case_id(self) -> str:
        """Sixteen digits of what decides it: the same case has the same, whatever run it arose in."""
        about = [self.parties, self.default, self.margin, [(each.name, each.worth) for each in self.options]]
        return digest([[part.model_dump() for part in self.parties], *about[1:]])[:16]


class ConflictAnalysis(Value):
    """What an analysis found: who, about what, how much is at stake for whom, and of which kind it is."""

    kind: ConflictKind
    parties: tuple[str, ...]
    items: tuple[str, ...]  # what is to be settled
    stakes: dict[str, float]  # between the best and the worst that each could get
    opposition: float = Field(ge=-1, le=1)  # -1: all want the same; 1: what one gains another loses
    efficient: tuple[str, ...]  # Pareto-optimal among those that are acceptable
    acceptable: tuple[str, ...]  # nobody is worse off than without an agreement
    constant_sum: bool = False
    coalitions: bool = False  # camps of parties that pull together


class NegotiationRound(Value):
    """One round: who stood for what, who gave way, and how near they were."""

    number: int = Field(ge=1)
    offers: dict[str, str]
    conceded: str = ""  # who
    agreement: float = Field(ge=0, le=1)  # of the best offer: weighted geometric mean of the parties' gains


class RulingCertificate(Value):
    """What nobody can deny about a ruling, counted from the worth of the options."""

    regret: float = Field(ge=0)  # the most a party gains by refusing: there is no agreement then
    exact: bool = True
    sacrifice: dict[str, float] = Field(default_factory=dict)  # what each would have more if it decided alone
    pareto: bool  # no option is better for somebody and worse for nobody
    rational: bool  # nobody is worse off than without an agreement
    claim: str = ""  # what else was found, in words: equilibria, bargaining, coalitions


class ConflictRuling(Value):
    """How a conflict was settled."""

    case_id: str
    subject: str
    kind: ConflictKind
    option: str
    strategy: Settling
    chosen_by: str  # why this strategy
    reason: str
    agreement: float  # weighted geometric mean of gains, each as a share of the most its party could get
    quality: float  # mean of efficiency and fairness: what strategies are compared by
    certificate: RulingCertificate
    would: dict[str, str] = Field(default_factory=dict)  # what each strategy alone would have ruled
    wants: dict[str, str] = Field(default_factory=dict)  # the option each party wants most, if it matters to it
    payments: dict[str, float] = Field(default_factory=dict)  # of an auction: what others lose by each party's bid


class PastRuling(Value):
    """A ruling in the history, with what came of it."""

    ruling_id: str  # of the run and the case
    run_id: str
    case_id: str
    kind: ConflictKind
    subject: str
    option: str
    strategy: Settling
    would: dict[str, str] = Field(default_factory=dict)
    expected: float = Field(ge=0, le=1)  # quality by the figures it was ruled on
    outcome: float = Field(ge=0, le=1)  # quality by the figures that came of it; 0: nothing was published


GivenConflict = Annotated[
    Conflict, Field(title="Conflict", description="Who wants what of which options", examples=[_EXAMPLE])
]


class ConflictInput(TypedDict):
    """What the graph is given."""

    conflict: GivenConflict


class ConflictOutput(TypedDict, total=False):
    """What the graph gives back."""

    ruling: ConflictRuling
    rounds: dict[str, NegotiationRound]
    analysis: ConflictAnalysis
    decisions: dict[str, Decision]
    spent: dict[str, Spent]


class ConflictState(TypedDict, total=False):
    """Channels of the graph."""

    conflict: GivenConflict  # written by the caller, validated by the analysis
    analysis: ConflictAnalysis  # written by the analysis
    settling: Settling  # written by the choice of a strategy
    chosen_by: str
    rounds: Annotated[dict[str, NegotiationRound], merge_by_id]  # one more each round, by number
    ruling: ConflictRuling  # written by the ruling, with its record in the words of every decision
    decisions: Annotated[dict[str, Decision], merge_by_id]
    spent: Annotated[dict[str, Spent], merge_by_id]
