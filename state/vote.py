"""Channels of a vote as a graph, and what a caller says of it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from state.channels import merge_by_id
from state.values import Value
from state.voting import (
    MOST_OPTIONS,
    Absence,
    Electorate,
    Motion,
    Proposal,
    SealedBallot,
    VotingRecord,
    VotingResult,
    VotingRule,
)

MOST_VOTERS = 31
"""Most voters of a graph: their ballots travel in its state."""

MOST_RECORDS = 3
"""Votes that a thread's state remembers; a store, where there is one, keeps them all."""

MOST_SAID = 200
"""Characters of an evidence or a reason that state holds."""


class Trouble(StrEnum):
    """What is wrong with a described voter."""

    NONE = "none"
    RAISES = "raises"
    LATE = "late"
    MALFORMED = "malformed"
    TWO_FACED = "two-faced"  # shows two ballots, where ballots are exchanged


class StatedVoter(Value):
    """A voter described by the caller: it votes as stated, or for what it has observed most.

    In a discussion a voter with observations adds those of the others to its own and judges anew.
    """

    name: str = Field(min_length=1, max_length=100, title="Name")
    choice: str | None = Field(default=None, title="Choice", description="The option it votes for")
    ranking: tuple[str, ...] = Field(default=(), title="Ranking", description="Options, best first")
    approvals: tuple[str, ...] = Field(default=(), title="Approvals", description="Options it can live with")
    observations: dict[str, int] = Field(
        default_factory=dict, title="Observations", description="How many of its observations speak for each option"
    )
    reason: str = Field(default="", max_length=MOST_SAID, title="Reason")
    proposes: str = Field(
        default="", max_length=MOST_SAID, title="Proposes", description="An option that it adds to those of the request"
    )
    right: int = Field(default=0, ge=0, title="Right", description="How often it was right in earlier runs")
    wrong: int = Field(default=0, ge=0, title="Wrong", description="How often it was wrong in earlier runs")
    group: str = Field(default="", title="Group", description="Voters with the same name here share a model")
    trouble: Trouble = Field(
        default=Trouble.NONE,
        title="Trouble",
        description="raises, late, malformed, two-faced: to see what becomes of it",
    )


_EXAMPLE = {
    "subject": "is 03/04/2024 in `orders.date` the 3rd of April?",
    "options": ["day first", "month first"],
    "rule": {"method": "qualified"},
    "voters": [
        {"name": "file", "observations": {"day first": 12}, "reason": "12 other dates of the file have a day over 12"},
        {"name": "source", "observations": {"day first": 3, "month first": 1}, "right": 9, "wrong": 1},
        {"name": "country", "choice": "month first", "reason": "the address of the source is in the US"},
        {"name": "clock", "trouble": "raises"},
    ],
}


class VoteRequest(Value):
    """What is voted on, by which rule, and by whom."""

    subject: str = Field(max_length=500, title="Subject", description="What the vote is about", examples=["which?"])
    options: tuple[str, ...] = Field(
        default=(),
        max_length=MOST_OPTIONS,
        title="Options",
        description="What can be voted for; their order decides ties. A council may propose more",
        examples=[["yes", "no"]],
    )
    rule: VotingRule = Field(
        default=VotingRule(), title="Rule", description="How a winner is found", examples=[{"method": "simple"}]
    )
    evidence: str = Field(
        default="", max_length=1_000, title="Evidence", description="What every voter is shown", examples=[""]
    )
    voters: tuple[StatedVoter, ...] = Field(
        default=(), max_length=MOST_VOTERS, title="Voters", description="Voters and what they know", examples=[[]]
    )
    model_voters: int = Field(
        default=0,
        ge=0,
        title="Model voters",
        description="How many voters ask the configured chat model; they count as correlated",
        examples=[0],
    )
    council: str = Field(
        default="", title="Council", description="Name of a council of the run context; it votes too", examples=[""]
    )
    tolerance: int = Field(
        default=0,
        ge=0,
        title="Tolerance",
        description="How many voters may lie: at least 3f+1 exchange signed ballots; rule `simple` only",
        examples=[0],
    )
    discussion: bool = Field(
        default=True,
        title="Discussion",
        description="Without a winner reasons are laid open once and those present vote again",
        examples=[True],
    )

    @model_validator(mode="after")
    def _names_differ(self) -> "VoteRequest":
        names = [voter.name for voter in self.voters]
        if len({*names}) < len(names):
            raise ValueError("two voters have the same name")
        return self


class VoteProgress(Value):
    """Where a vote stands."""

    number: int  # of the vote in this thread, from 1
    round: int = 1
    wave: int = 0  # voters are asked in waves, the cheap ones first
    waves: tuple[tuple[str, ...], ...] = ()
    proposers: tuple[str, ...] = ()
    closed: bool = False


class VoterReply(Value):
    """What came of asking a voter: a ballot, or why there is none."""

    motion_id: str
    round: int
    voter: str
    ballot: SealedBallot | None = None
    absence: Absence | None = None


class Offer(Value):
    """What came of asking a member for a proposal: one, or why there is none."""

    member: str
    proposal: Proposal | None = None
    problem: str = ""


def of_one_motion(
    left: Mapping[str, VoterReply] | None, right: Mapping[str, VoterReply] | None
) -> dict[str, VoterReply]:
    """Return the replies of both sides, by id; those of another motion than the new ones are gone."""
    new = dict(right or {})
    motions = {reply.motion_id for reply in new.values()}
    kept = {key: reply for key, reply in (left or {}).items() if not motions or reply.motion_id in motions}
    return {**kept, **new}


def latest_records(
    left: Mapping[str, VotingRecord] | None, right: Mapping[str, VotingRecord] | None
) -> dict[str, VotingRecord]:
    """Return the latest records of both sides by the id of their motion, at most MOST_RECORDS."""
    merged = merge_by_id(left, right)
    return dict(list(merged.items())[-MOST_RECORDS:])


GivenVote = Annotated[
    VoteRequest, Field(title="Request", description="What is voted on, how, and by whom", examples=[_EXAMPLE])
]


class VoteInput(TypedDict):
    """What starts a vote."""

    request: GivenVote
    """Written by the caller; read by every node."""


class VoteOutput(TypedDict, total=False):
    """What a vote gives back."""

    result: VotingResult
    """Written by `count`; of the vote that was asked for."""
    proposals: dict[str, Proposal]
    """Written by `move`, with their status by `record`."""
    history: Annotated[dict[str, VotingRecord], latest_records]
    """Written by `record`; votes of this thread by the id of their motion."""


class VoteState(VoteOutput, total=False):
    """Channels of a vote."""

    request: VoteRequest
    """Written by the caller, validated by `open_vote`; read by every node."""
    offers: Annotated[dict[str, Offer], merge_by_id]
    """Written by `propose`, one each by vote and member; read by `move`."""
    motion: Motion
    """Written by `move`; read by every node after it."""
    electorate: Electorate
    """Written by `open_vote`; read by `count`."""
    progress: VoteProgress
    """Written by `open_vote`, `count` and `discuss`; read by the routes."""
    replies: Annotated[dict[str, VoterReply], of_one_motion]
    """Written by `ask`, one each; read by `count`, `discuss` and `record`."""


class ProposeInput(TypedDict):
    """What a proposer's branch is sent."""

    request: VoteRequest
    member: str
    number: int  # of the vote in this thread


class AskInput(TypedDict):
    """What a voter's branch is sent."""

    request: VoteRequest
    motion: Motion
    voter: str
    round: int
    open: tuple[SealedBallot, ...]  # the others' ballots of the first round; empty in it
