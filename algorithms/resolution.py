"""Deciding which valid value an unknown one is: sealed ballots of specialists, then one tally.

Specialists of three families judge each value: those of spelling (`algorithms.value_votes`), the one of dependencies,
which reads the witnesses gathered from the data, and history, which knows what earlier runs adopted. Within a family
the strongest judgement counts (its members see the same thing), across families evidence adds up as independent. A
value is resolved only where the best candidate reaches `LEAST_CONFIDENCE` and its odds are `MARGIN` times those of the
next; else it stays as it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from algorithms.value_match import Name, ValidIndex, digit_runs
from algorithms.value_opposites import PROPOSED, contradicts, denies, doubts
from algorithms.value_votes import Candidate, EditNeighbours, acronym, normalised, overlap, tokens
from state.resolution import Ballot, ResolutionEvidence, Resolutions, UnknownValue, ValueResolution, Witness

LEAST_CONFIDENCE = 0.6
"""Below this a value is not resolved."""

MARGIN = 3.0
"""How many times the odds of the next candidate those of the best must be."""

_CERTAIN = 0.98  # no confidence is higher
_SURE = 0.9  # a spelling judged so needs no search for typing errors
_ADOPTED = 0.9  # what two thirds of the council accepted in an earlier run
_OF_THEIR_OWN = ("dependency", "history")  # families of one
_CANDIDATES_NAMED = 2

Judgement = dict[str, dict[str, Candidate]]  # specialist -> valid value -> candidate


def resolve_values(evidence: ResolutionEvidence) -> Resolutions:
    """Return a resolution for every unknown value of the evidence, in its order.

    Pure and deterministic: the order of valid values, unknown values and witnesses does not matter.
    """
    valid = frozenset(evidence.valid)
    return Resolutions(
        table=evidence.table,
        column=evidence.column,
        values=tuple(
            _resolve(unknown.value, judgement, valid)
            for unknown, judgement in zip(evidence.unknown, _judged(evidence), strict=True)
        ),
    )


def rank_candidates(evidence: ResolutionEvidence) -> dict[str, tuple[tuple[str, float], ...]]:
    """Return the valid values that evidence speaks for, with their confidence, the best first, by unknown value."""
    judged = zip(evidence.unknown, _judged(evidence), strict=True)
    return {unknown.value: tuple(_tally(judgement)) for unknown, judgement in judged}


def _judged(evidence: ResolutionEvidence) -> list[Judgement]:
    """Return what the specialists say about every unknown value, in the order of the evidence."""
    index, valid = ValidIndex(evidence.valid), frozenset(evidence.valid)
    names = [Name(unknown.value) for unknown in evidence.unknown]
    judgements = [_spelling(name, index) for name in names]
    _add_typing_errors(names, judgements, index)
    judgements = [_stated(name, judgement) for name, judgement in zip(names, judgements, strict=True)]
    for unknown, judgement in zip(evidence.unknown, judgements, strict=True):
        judgement["dependency"] = {} if index.codes else _dependency(unknown, valid)
        known = evidence.adopted.get(unknown.value)
        if known in valid:
            told = f"adopted in run {evidence.adopted_in.get(unknown.value, '')}"
            judgement["history"] = {known: Candidate(_ADOPTED, told)}
    return judgements


def _spelling(name: Name, index: ValidIndex) -> Judgement:
    votes = {"normalised": normalised(name, index)}
    if not index.codes:
        votes |= {"tokens": tokens(name, index), "acronym": acronym(name, index), **overlap(name, index)}
    return {
        voter: {index.names[place].text: found for place, found in candidates.items()}
        for voter, candidates in votes.items()
    }


def _stated(name: Name, judgement: Judgement) -> Judgement:
    """Return the judgement with what signs say: a value marked as a guess is proposed, a denied one is no candidate."""
    if denies(name.text):
        return {voter: {} for voter in judgement}
    if not doubts(name.text):
        return judgement
    return {
        voter: {known: Candidate(min(one.score, PROPOSED), one.why) for known, one in found.items()}
        for voter, found in judgement.items()
    }


def _add_typing_errors(names: Sequence[Name], judgements: Sequence[Judgement], index: ValidIndex) -> None:
    """Add the vote of the specialist for typing errors where no better explanation stands."""
    if index.codes:
        return
    open_numbers = [
        number
        for number, judgement in enumerate(judgements)
        if not any(found.score >= _SURE for candidates in judgement.values() for found in candidates.values())
    ]
    near = EditNeighbours(index).judge([names[number] for number in open_numbers])
    for number, candidates in zip(open_numbers, near, strict=True):
        judgements[number]["edit"] = {index.names[place].text: found for place, found in candidates.items()}


def _dependency(unknown: UnknownValue, valid: frozenset[str]) -> dict[str, Candidate]:
    """Return what the witnesses say: the strongest of each kind, kinds adding up."""
    if denies(unknown.value):
        return {}
    name, digits = Name(unknown.value), digit_runs(unknown.value)
    strongest: dict[str, dict[str, tuple[float, Witness]]] = defaultdict(dict)
    for witness in sorted(unknown.witnesses, key=lambda one: one.model_dump_json()):
        if witness.known not in valid or (digits and digit_runs(witness.known) != digits):
            continue
        if contradicts(name, Name(witness.known)):
            continue
        strength = witness.trust * witness.share * witness.rows / (witness.rows + witness.against + 1)
        if strength > strongest[witness.known].get(witness.kind, (0.0, witness))[0]:
            strongest[witness.known][witness.kind] = (strength, witness)
    return {
        known: Candidate(_together(strength for strength, _ in kinds.values()), _testimony(kinds.values()))
        for known, kinds in strongest.items()
        if kinds
    }


def _testimony(kinds: Iterable[tuple[float, Witness]]) -> str:
    told = sorted(kinds, key=lambda one: (-one[0], one[1].through))
    return "; ".join(f"{one.through}: {one.rows} rows for it, {one.against} against" for _, one in told)


def _resolve(value: str, judgement: Judgement, valid: frozenset[str]) -> ValueResolution:
    ballots = tuple(_ballot(voter, candidates) for voter, candidates in judgement.items())
    if value in valid:
        return ValueResolution(
            value=value, resolved=None, operator="none", votes=ballots, confidence=1.0, reason="already valid"
        )
    ranking = _tally(judgement)
    best, confidence = ranking[0] if ranking else ("", 0.0)
    reason = _doubt(ranking)
    if reason:
        return ValueResolution(
            value=value, resolved=None, operator="none", votes=ballots, confidence=confidence, reason=reason
        )
    voter = max(judgement, key=lambda one: judgement[one].get(best, Candidate(0.0, "")).score)
    return ValueResolution(
        value=value,
        resolved=best,
        operator=voter,
        votes=ballots,
        confidence=confidence,
        reason=_explanation(best, judgement, voter),
    )


def _tally(judgement: Judgement) -> list[tuple[str, float]]:
    """Return the candidates with their confidence, the best first."""
    candidates = sorted({known for found in judgement.values() for known in found})
    totals = {}
    for known in candidates:
        spelling = max(
            (found[known].score for voter, found in judgement.items() if known in found and voter not in _OF_THEIR_OWN),
            default=0.0,
        )
        rest = [judgement.get(voter, {}).get(known, Candidate(0.0, "")).score for voter in _OF_THEIR_OWN]
        totals[known] = _together((spelling, *rest))
    return sorted(totals.items(), key=lambda one: (-one[1], one[0]))


def _doubt(ranking: Sequence[tuple[str, float]]) -> str:
    """Return why the value cannot be resolved, or nothing."""
    if not ranking:
        return "no candidate"
    best, confidence = ranking[0]
    if len(ranking) > 1:
        second, other = ranking[1]
        if _odds(confidence) < MARGIN * _odds(other):
            if confidence == other:
                return f"{best!r} and {second!r} are equally good"
            return f"{best!r} ({confidence:.2f}) is not clearly ahead of {second!r} ({other:.2f})"
    if confidence < LEAST_CONFIDENCE:
        return f"the evidence for {best!r} is too weak ({confidence:.2f})"
    return ""


def _ballot(voter: str, candidates: Mapping[str, Candidate]) -> Ballot:
    """Return the vote of one specialist: its best candidate, or an abstention where none or several are best."""
    if not candidates:
        return Ballot(voter=voter, choice=None, confidence=0.0, reason="no candidate")
    best = max(found.score for found in candidates.values())
    choices = sorted(known for known, found in candidates.items() if found.score == best)
    if len(choices) > 1:
        named = " and ".join(repr(known) for known in choices[:_CANDIDATES_NAMED])
        more = f" and {len(choices) - _CANDIDATES_NAMED} more" if len(choices) > _CANDIDATES_NAMED else ""
        return Ballot(voter=voter, choice=None, confidence=0.0, reason=f"{named}{more} are equally good")
    return Ballot(voter=voter, choice=choices[0], confidence=best, reason=candidates[choices[0]].reason)


def _explanation(best: str, judgement: Judgement, voter: str) -> str:
    """Return the reason of the deciding specialist, and who agrees."""
    others = [one for one, found in judgement.items() if one != voter and best in found]
    agreed = f"; {', '.join(others)} agree{'s' if len(others) == 1 else ''}" if others else ""
    return judgement[voter][best].reason + agreed


def _together(scores: Iterable[float]) -> float:
    """Return the chance that at least one of independent pieces of evidence is right."""
    doubt = 1.0
    for score in scores:
        doubt *= 1.0 - score
    return min(_CERTAIN, 1.0 - doubt)


def _odds(confidence: float) -> float:
    return confidence / (1.0 - confidence)
