"""The members of the schema council as agents: each answers a question with a sealed sheet of scores."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from algorithms.mapping_council import SEATS, Question, Scores, ask, card_of, judge, sheet_of
from state.agents import Agent, AgentCard
from state.messages import Message, MessageKind
from tools.schema_council import read_question, write_sheet

JUDGE = "judge"
"""Subject of a question to a member, and of its reply."""

Judging = Callable[[str, Question], Scores]


class Specialist:
    """The specialist that holds a seat, or its deputy."""

    def __init__(self, seat: str, *, deputy: bool = False, judging: Judging = judge) -> None:
        self._seat, self._card, self._judging = seat, card_of(seat, deputy=deputy), judging

    @property
    def card(self) -> AgentCard:
        """Who it is, and what it may score."""
        return self._card

    def handle(self, message: Message) -> Message:
        """Score the pairs of the question that the message names; the reply names the seal of the sheet.

        StepError where the question cannot be read.
        """
        folder, asked = Path(message.content["folder"]), message.content["question"]
        question = ask(read_question(folder, asked))
        sheet = sheet_of(self._card.id, question, self._judging(self._seat, question))
        return Message(
            message_id=f"{message.message_id}:reply",
            kind=MessageKind.RESPONSE,
            sender=self._card.id,
            recipient=message.sender,
            subject=JUDGE,
            conversation=message.conversation,
            in_reply_to=message.message_id,
            content={"question": asked, "sha256": write_sheet(folder, sheet)},
        )

    def probe(self) -> bool:
        """Return that it is able to work: it needs nothing."""
        return True


def _crew() -> dict[str, Agent]:
    found: dict[str, Agent] = {}
    for seat in SEATS:
        for member in (Specialist(seat), Specialist(seat, deputy=True)):
            found[member.card.id] = member
    return found


MEMBERS: Mapping[str, Agent] = MappingProxyType(_crew())
"""All members and deputies by their id."""


def members_of(seat: str) -> tuple[str, str]:
    """Return the ids of the member and the deputy of a seat."""
    return card_of(seat).id, card_of(seat, deputy=True).id
