"""Whom to believe: each seat of the schema council is judged by its member and by a deputy, neither seeing the other.

Where both give the same scores the seat counts. Where they differ one of them is wrong, and three things tell which, in
this order: what is no sheet at all; control questions, whose answer is known; and the other seats. Control questions
are columns of the source under abbreviated names, described as the columns of the question are: which is which is known
to whoever made them. A member that recognises them may answer them well and lie elsewhere: then the other seats tell. A
seat without a deputy is set aside where it fails them.

One liar in the council, member or deputy, is borne: what the honest one of its seat says is in both sheets or is found
so. Where nothing tells the two apart the seat says nothing on what they differ in.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from algorithms.mapping_council import Pair, Question, Scores, ask
from algorithms.mapping_tally import evidence_of
from algorithms.names import split_words
from state.contract import LogicalType
from state.mapping import MappingEvidence, SourceColumn, Suspect, TargetColumn
from state.values import digest

LEAST_RELIABLE = 0.95
"""Share of comparisons in control questions that a member without a deputy must have right."""

CONTROL_MARK = "_col"
"""At the end of the name of every control column: none has the name of its original."""

_CONTROLS = 12  # columns that control questions are made of, at most
_FEWEST = 3  # of fewer nothing can be told
_MARGIN = 0.005  # shares nearer than this tell nothing
_LISTED = 12  # values up to which a contract would list them
_TYPES = (LogicalType.INTEGER, LogicalType.NUMBER, LogicalType.DATE, LogicalType.TIMESTAMP, LogicalType.TIME)
_VOWELS = re.compile(r"(?<!^)[aeiou]")
_NOTHING = 1e-9


class Control(NamedTuple):
    """A question with its answer: for each contract column (by place) the source column it is a copy of."""

    question: Question
    answer: Mapping[int, int]


class MemberSheets(NamedTuple):
    """What one member said: on the question, and on the control question; `fault` is why there is nothing."""

    member: str
    scores: Scores
    control: Scores
    fault: str = ""


class Verdict(NamedTuple):
    """The scores that count for a seat, and who is suspected."""

    scores: Scores
    suspects: tuple[Suspect, ...] = ()


def control_of(evidence: MappingEvidence) -> Control | None:
    """Return the control question that the source columns of a question make; None of too few."""
    filled = {column.name: column for column in evidence.sources if column.filled}
    chosen = sorted(filled.values(), key=lambda column: digest([column.name, evidence.table]))[:_CONTROLS]
    if len(chosen) < _FEWEST:
        return None
    copies: dict[str, str] = {}  # name of the copy -> name of the original
    for column in sorted(chosen, key=lambda column: column.name):
        short = "_".join(_VOWELS.sub("", word) for word in split_words(column.name)) or "x"
        copies[name if (name := f"{short}{CONTROL_MARK}") not in copies else f"{short}{len(copies)}{CONTROL_MARK}"] = (
            column.name
        )
    past = any(target.adopted for target in evidence.targets)
    like = _as_profiled if any(target.profile for target in evidence.targets) else _as_promised
    question = ask(
        MappingEvidence(
            table=evidence.table,
            variant_id=evidence.variant_id,
            sources=tuple(chosen),
            targets=tuple(
                like(filled[original], copy).model_copy(update={"adopted": {f"old {original}": ""} if past else {}})
                for copy, original in copies.items()
            ),
        )
    )
    places = {column.name: place for place, column in enumerate(question.evidence.sources)}
    targets = {column.name: place for place, column in enumerate(question.evidence.targets)}
    return Control(question, {targets[copy]: places[original] for copy, original in copies.items()})


def reliability(control: Control | None, scores: Scores) -> float | None:
    """Return the share of comparisons in which the right source has more evidence than another; None of no telling.

    Equal evidence tells nothing; a half is what chance would have.
    """
    if control is None:
        return None
    right = wrong = 0
    evidence = {pair: evidence_of(scores.get(pair, {})) for pair in control.question.pairs}
    for (source, target), each in evidence.items():
        true = control.answer[target]
        if source != true and (true, target) in evidence:
            right += evidence[true, target] > each
            wrong += evidence[true, target] < each
    return right / (right + wrong) if right + wrong else None


def examine(
    seats: Mapping[str, tuple[MemberSheets, MemberSheets | None]], control: Control | None
) -> tuple[dict[str, Scores], tuple[Suspect, ...]]:
    """Return the scores that count by seat, and who is suspected. A seat is its member and its deputy, if any."""
    undisputed = {
        seat: member.scores
        for seat, (member, deputy) in seats.items()
        if deputy is not None and not member.fault and not deputy.fault and member.scores == deputy.scores
    }
    others: dict[Pair, float] = defaultdict(float)
    for scores in undisputed.values():
        for pair, said in scores.items():
            others[pair] += evidence_of(said)
    verdicts = {
        seat: Verdict(undisputed[seat]) if seat in undisputed else _judged(member, deputy, control, others)
        for seat, (member, deputy) in seats.items()
    }
    suspects = tuple(suspect for verdict in verdicts.values() for suspect in verdict.suspects)
    return {seat: verdict.scores for seat, verdict in verdicts.items()}, suspects


def _judged(
    member: MemberSheets, deputy: MemberSheets | None, control: Control | None, others: Mapping[Pair, float]
) -> Verdict:
    """Return what counts for a seat that is in dispute, or has no deputy."""
    if deputy is None:
        return _alone(member, control)
    if deputy.fault:
        told = _alone(member, control)
        return Verdict(told.scores, (*told.suspects, _failed(deputy)))
    if member.fault:
        return Verdict(deputy.scores, (_failed(member),))
    shares = reliability(control, member.control), reliability(control, deputy.control)
    found = _by_controls(member, deputy, shares)
    return found if found is not None else _by_others(member, deputy, others)


def _alone(member: MemberSheets, control: Control | None) -> Verdict:
    if member.fault:
        return Verdict({}, (_failed(member),))
    share = reliability(control, member.control)
    if share is None or share >= LEAST_RELIABLE:
        return Verdict(member.scores)
    told = f"it prefers the right column in {share:.0%} of the comparisons of control questions"
    return Verdict({}, (Suspect(member=member.member, reason=told),))


def _failed(member: MemberSheets) -> Suspect:
    return Suspect(member=member.member, reason=f"it gave no sheet that can be read: {member.fault}")


def _by_controls(
    member: MemberSheets, deputy: MemberSheets, shares: tuple[float | None, float | None]
) -> Verdict | None:
    """Return the sheet of the one that does better in control questions; None where they do equally well."""
    own, other = (0.5 if share is None else share for share in shares)
    if abs(own - other) < _MARGIN:
        return None
    better, worse = (member, deputy) if own > other else (deputy, member)
    least, most = min(own, other), max(own, other)
    told = f"its scores are not those of {better.member}, and it prefers the right column in {least:.1%} of the"
    reason = f"{told} comparisons of control questions ({better.member}: {most:.1%})"
    return Verdict(better.scores, (Suspect(member=worse.member, reason=reason),))


def _by_others(member: MemberSheets, deputy: MemberSheets, others: Mapping[Pair, float]) -> Verdict:
    """Return the sheet that goes more with the other seats' evidence, or what both say where nothing tells.

    Only where one pair is preferred to another counts, so that who speaks against everything gains nothing.
    """
    pairs = sorted({*member.scores, *deputy.scores})
    apart = [pair for pair in pairs if member.scores.get(pair) != deputy.scores.get(pair)]
    middle = sum(others.get(pair, 0.0) for pair in apart) / len(apart)
    leaning = sum(
        (evidence_of(member.scores.get(pair, {})) - evidence_of(deputy.scores.get(pair, {})))
        * (others.get(pair, 0.0) - middle)
        for pair in apart
    )
    if abs(leaning) > _NOTHING:
        better, worse = (member, deputy) if leaning > 0 else (deputy, member)
        told = f"its scores are not those of {better.member} on {len(apart)} pairs, and the other seats agree with that"
        return Verdict(better.scores, (Suspect(member=worse.member, reason=told),))
    told = f"its scores differ on {len(apart)} pairs from those of {{}}, and nothing tells which are right"
    both = {pair: said for pair, said in member.scores.items() if pair not in set(apart)}
    names = ((member.member, deputy.member), (deputy.member, member.member))
    return Verdict(both, tuple(Suspect(member=one, reason=told.format(other)) for one, other in names))


def _as_profiled(column: SourceColumn, name: str) -> TargetColumn:
    """Return a source column as one of another table, with only some of its values known."""
    known = column.model_copy(update={"name": name, "samples": column.samples[::2] or column.samples, "depends": {}})
    return TargetColumn(name=name, names=(), logical_type=LogicalType.STRING, samples=known.samples, profile=known)


def _as_promised(column: SourceColumn, name: str) -> TargetColumn:
    """Return a source column as a contract would promise it: its type, its list where it has few values, its bounds."""
    sure = [kind for kind in _TYPES if column.type_share.get(kind.value, 0.0) == 1.0]
    listed = column.distinct <= _LISTED and 2 * column.distinct <= column.filled
    return TargetColumn(
        name=name,
        names=(),
        logical_type=sure[0] if sure else LogicalType.STRING,
        valid_values=column.samples if listed else (),
        unique=column.distinct == column.filled,
        minimum=column.quantiles[0] if column.quantiles else None,
        maximum=column.quantiles[-1] if column.quantiles else None,
    )
