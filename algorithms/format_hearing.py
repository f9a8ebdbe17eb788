"""Hearing the council on formats: each seat is held by three members, and what two of them say is what it says.

All three look at the same counts and none sees what another says, so honest members say the same. Who says something
else is outvoted and named. One liar is borne in every seat, whatever it says and whenever; two in one seat are not.
Judging counts costs microseconds, so all three are always asked; no question needs to be hidden among others.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from algorithms.format_questions import Asked, Sheet, Vote, questions
from algorithms.format_seats import SEATS, card_of, judge
from algorithms.voting.tally import tally
from state.formats import FormatEvidence
from state.mapping import Suspect
from state.values import digest
from state.voting import Absence, AbsenceKind, Base, Electorate, Motion, SealedBallot, VotingRule

HOLDERS = 3
"""Members of a seat."""


class Said(NamedTuple):
    """What one member says; `fault` is why there is nothing."""

    member: str
    sheet: Sheet
    fault: str = ""


class Hearing(NamedTuple):
    """What counts, by seat, and who is suspected."""

    sheets: Mapping[str, Sheet]
    suspects: tuple[Suspect, ...] = ()


def heard_alone(evidence: FormatEvidence) -> Hearing:
    """Hear each seat once: where nobody lies it says what three would say."""
    if not questions(evidence):
        return Hearing({})
    return Hearing({seat: judge(seat, evidence) for seat in SEATS})


def weigh_seats(evidence: FormatEvidence, said: Mapping[str, Sequence[Said]]) -> Hearing:
    """Return what each seat says by what most of its members say, and who says otherwise."""
    asked = frozenset(questions(evidence))
    sheets, suspects = {}, []
    for seat, members in said.items():
        checked = [_checked(one, asked) for one in members]
        sheets[seat], named = _of_seat(seat, checked)
        suspects += named
    return Hearing(sheets, tuple(suspects))


def _checked(said: Said, asked: frozenset[Asked]) -> Said:
    """Return what a member says, as nothing where it is no sheet for these questions."""
    if said.fault:
        return said
    if not all(isinstance(vote, Vote) and question in asked for question, vote in said.sheet.items()):
        return Said(said.member, {}, "it answers what was not asked")
    return said


def _of_seat(seat: str, members: Sequence[Said]) -> tuple[Sheet, list[Suspect]]:
    heard = [one for one in members if not one.fault]
    named = [_suspect(one.member, f"it gave no sheet that can be read: {one.fault}") for one in members if one.fault]
    if len(heard) == len(members) and all(one.sheet == heard[0].sheet for one in heard[1:]):
        return heard[0].sheet, named
    sealed = {one.member: _seal(one.sheet) for one in heard}
    winner = _majority(seat, members, sealed) if heard else None
    if winner is None:
        told = "no two members of its seat say the same"
        return {}, [*named, *(_suspect(one.member, told) for one in heard)]
    told = f"it does not say what the other members of the seat {seat} say"
    others = [_suspect(one.member, told) for one in heard if sealed[one.member] != winner]
    return next(one.sheet for one in heard if sealed[one.member] == winner), [*named, *others]


def _majority(seat: str, members: Sequence[Said], sealed: Mapping[str, str]) -> str | None:
    """Return the seal of the sheet that more than half of the members of a seat gave; absent ones count."""
    options = tuple(sorted(set(sealed.values())))
    motion = Motion(motion_id=seat, subject=seat, options=options, rule=VotingRule(base=Base.ALL))
    electorate = Electorate(voters=tuple(one.member for one in members))
    ballots = [SealedBallot(voter=member, choice=seal) for member, seal in sealed.items()]
    absent = [Absence(voter=one.member, kind=AbsenceKind.FAILED) for one in members if one.fault]
    return tally(motion, electorate, ballots, absent).winner


def _seal(sheet: Sheet) -> str:
    return digest(sorted([*asked, *map(str, vote)] for asked, vote in sheet.items()))


def _suspect(member: str, reason: str) -> Suspect:
    return Suspect(member=member, reason=reason[:300])


def members_of(seat: str) -> tuple[str, ...]:
    """Return the ids of the members that hold a seat."""
    return tuple(card_of(seat, place).id for place in range(HOLDERS))
