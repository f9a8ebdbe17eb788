"""The council on formats as members: each seat is held by three, who judge the counts of a column apart."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from algorithms.format_hearing import HOLDERS, Hearing, Said, members_of, weigh_seats
from algorithms.format_questions import Sheet, questions
from algorithms.format_seats import SEATS, card_of, judge
from nodes.boundary import FAILURES, failure_line
from state.agents import AgentCard
from state.formats import FormatEvidence

Judging = Callable[[str, FormatEvidence], Sheet]

_MOST_TOLD = 300


class FormatSpecialist:
    """One of the members that hold a seat."""

    def __init__(self, seat: str, place: int = 0, *, judging: Judging = judge) -> None:
        self._card, self._judging = card_of(seat, place), partial(judging, seat)

    @property
    def card(self) -> AgentCard:
        """Who it is, and what it looks at."""
        return self._card

    def judge(self, evidence: FormatEvidence) -> Said:
        """Return what it says to all that is open about a column; one that fails is named and stops nobody."""
        try:
            return Said(self._card.id, self._judging(evidence))
        except (*FAILURES, ValueError, KeyError, TypeError, ArithmeticError) as error:
            told = failure_line(error) if isinstance(error, FAILURES) else f"{type(error).__name__}: {error}"
            return Said(self._card.id, {}, told[:_MOST_TOLD])


def _crew() -> dict[str, FormatSpecialist]:
    members = [FormatSpecialist(seat, place) for seat in SEATS for place in range(HOLDERS)]
    return {member.card.id: member for member in members}


MEMBERS: Mapping[str, FormatSpecialist] = MappingProxyType(_crew())
"""All members by their id."""


def hear(evidence: FormatEvidence) -> Hearing:
    """Ask all members what is open about a column, and return what counts."""
    if not questions(evidence):
        return Hearing({})
    said = {seat: [MEMBERS[member].judge(evidence) for member in members_of(seat)] for seat in SEATS}
    return weigh_seats(evidence, said)
