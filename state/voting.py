"""Voting: proposals, motions, sealed ballots, rules, electorates, results and the history of votes.

Options are named by short texts, their stated order decides ties. A ballot never states its own weight: weights belong
to the electorate, where they are learned from outcomes or from agreement (`algorithms.voting.reliability`).
"""

from enum import StrEnum
from fractions import Fraction

from pydantic import Field, model_validator

from state.values import Value, digest

MOST_TEXT = 2_000
"""Most characters of a content, an evidence or a reason: votes travel in graph state."""

MOST_OPTIONS = 100
"""Most options of a motion."""

_FINEST = 1_000  # a share is read as the nearest fraction with at most this denominator


class ProposalStatus(StrEnum):
    """Where a proposal stands."""

    OPEN = "open"
    ADOPTED = "adopted"
    REJECTED = "rejected"  # another proposal, or its refusal, won
    UNDECIDED = "undecided"  # the vote ended without consensus


class Signature(Value):
    """Who signed, and the signature in hexadecimal digits."""

    signer: str
    signature: str


class Proposal(Value):
    """What somebody wants adopted. Its digest binds the votes to the content; signatures sign the digest."""

    proposal_id: str
    proposer: str
    content: str = Field(max_length=MOST_TEXT)
    content_digest: str = ""  # of the content; filled in where it is left empty
    signatures: tuple[Signature, ...] = ()
    status: ProposalStatus = ProposalStatus.OPEN

    @model_validator(mode="before")
    @classmethod
    def _with_digest(cls, given: object) -> object:
        if isinstance(given, dict) and not given.get("content_digest"):
            return {**given, "content_digest": digest(given.get("content"))}
        return given

    @model_validator(mode="after")
    def _digest_is_of_content(self) -> "Proposal":
        if self.content_digest != digest(self.content):
            raise ValueError("the digest is not that of the content")
        return self


class Method(StrEnum):
    """How a winner is found. The first three need a share of a base, the others compare options."""

    SIMPLE = "simple"  # more than half
    QUALIFIED = "qualified"  # at least the threshold
    UNANIMITY = "unanimity"  # all
    WEIGHTED = "weighted"  # more than half of the weight
    PLURALITY = "plurality"  # the most votes
    APPROVAL = "approval"  # the most approvals
    RANKED = "ranked"  # who beats every other in pairs, else the most points (Black)


class Base(StrEnum):
    """Whose votes a share is of."""

    VOTES = "votes"  # ballots for an option; abstentions do not count
    PRESENT = "present"  # abstentions count, who failed or was late does not
    ALL = "all"  # the whole electorate


class VotingRule(Value):
    """The rule of a vote. Shares are read as fractions with a denominator of at most 1,000, so 0.6667 means 2/3."""

    method: Method = Field(default=Method.SIMPLE, title="Method", examples=["simple", "qualified", "ranked"])
    threshold: float = Field(
        default=2 / 3, gt=0.5, le=1, title="Threshold", description="Least share of a qualified majority"
    )
    quorum: float = Field(
        default=0.5, ge=0, le=1, title="Quorum", description="Least share of voters that vote or abstain"
    )
    base: Base = Field(default=Base.VOTES, title="Base", description="Whose votes the shares are of")
    weighted: bool = Field(
        default=False,
        title="Weighted",
        description="Votes count with the weights of their voters; always by `weighted`",
    )

    @property
    def counts_weights(self) -> bool:
        """Whether voters count with their weights."""
        return self.weighted or self.method is Method.WEIGHTED


def share(value: float) -> Fraction:
    """Return a share as the fraction that is meant."""
    return Fraction(value).limit_denominator(_FINEST)


class Electorate(Value):
    """Who may vote. Weights are 1 unless given; voters of one group share a model and count as correlated."""

    voters: tuple[str, ...] = Field(min_length=1)
    weights: dict[str, float] = Field(default_factory=dict)
    groups: tuple[tuple[str, ...], ...] = ()
    correlation: float = Field(
        default=0.8, ge=0, le=1, description="Correlation within a group: m of its members count as m / (1 + (m-1) c)"
    )

    @model_validator(mode="after")
    def _is_sound(self) -> "Electorate":
        grouped = [voter for group in self.groups for voter in group]
        if len({*self.voters}) < len(self.voters) or len({*grouped}) < len(grouped):
            raise ValueError("a voter is named twice")
        unknown = {*self.weights, *grouped} - {*self.voters}
        if unknown:
            raise ValueError(f"{min(unknown)!r} is no voter")
        if any(not 0 <= weight < float("inf") for weight in self.weights.values()):
            raise ValueError("a weight is negative or not finite")
        return self


class Motion(Value):
    """What is voted on: options in the order that decides ties, and the rule."""

    motion_id: str
    subject: str = Field(max_length=MOST_TEXT)
    options: tuple[str, ...] = Field(min_length=1, max_length=MOST_OPTIONS)
    rule: VotingRule = VotingRule()
    evidence: str = Field(default="", max_length=MOST_TEXT)  # what every voter is shown

    @model_validator(mode="after")
    def _options_differ(self) -> "Motion":
        if len({*self.options}) < len(self.options):
            raise ValueError("an option is named twice")
        return self


class SealedBallot(Value):
    """A voter's ballot; it abstains where it neither chooses, approves nor ranks. Sealed: given without seeing others.

    A method reads what it asks for: `ranking` (best first, may leave options out) by ranked, `approvals` by approval,
    `choice` by the rest. A lone choice is read as the only approval and the only rank.
    """

    voter: str
    choice: str | None = None
    ranking: tuple[str, ...] = ()
    approvals: tuple[str, ...] = ()
    evidence: str = Field(default="", max_length=MOST_TEXT)
    reason: str = Field(default="", max_length=MOST_TEXT)

    @property
    def abstains(self) -> bool:
        """Whether the voter is present without a vote."""
        return self.choice is None and not self.ranking and not self.approvals


class AbsenceKind(StrEnum):
    """Why a voter's ballot does not count."""

    FAILED = "failed"
    LATE = "late"
    MALFORMED = "malformed"
    NOT_AWAITED = "not awaited"  # the result was certain before


class Absence(Value):
    """A voter whose ballot does not count, and why."""

    voter: str
    kind: AbsenceKind
    reason: str = Field(default="", max_length=MOST_TEXT)


class VotingResult(Value):
    """How a vote ended. Without a winner there is no consensus, and `reason` says why; with one it says what won."""

    motion_id: str
    winner: str | None
    reason: str
    tally: dict[str, float]  # votes, weight, approvals or points by option
    present: int  # ballots that count, with abstentions
    voters: int
    abstained: tuple[str, ...] = ()
    absent: tuple[Absence, ...] = ()
    round: int = 1
    tied: tuple[str, ...] = ()  # options between which the stated order decided
    stopped_early: bool = False  # ballots were outstanding that could not change the winner
    suspicious: dict[str, str] = Field(default_factory=dict)  # by voter: what it did; Byzantine votes only
    fallback: str = ""  # why a simpler way decided, where one did

    @property
    def consensus(self) -> bool:
        """Whether there is a winner."""
        return self.winner is not None


class VotingRecord(Value):
    """An entry of the voting history: what was proposed, who voted how in the last round, and how it ended."""

    motion: Motion
    proposals: tuple[Proposal, ...] = ()
    electorate: Electorate
    ballots: tuple[SealedBallot, ...]
    result: VotingResult
    changed: tuple[str, ...] = ()  # voters whose vote after the discussion was another than before
