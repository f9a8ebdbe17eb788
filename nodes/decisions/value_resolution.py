"""Decision: what a value outside its list becomes. One record a value, so that each carries its own votes.

A model is asked about values that specialists have found candidates for and could not settle: too weak, or as good as
another one. It chooses among these candidates; a value that nothing speaks for is not asked about, as nothing could
check the answer.
"""

from collections.abc import Mapping

from algorithms.resolution import rank_candidates, resolve_values
from nodes.decide import Account, DecisionPoint
from nodes.prompts import showable
from state.doubts import STAYS, Choice, Doubt, Option
from state.resolution import Ballot, ResolutionEvidence, Resolutions, UnknownValue, ValueResolution

BY_MODEL = "model"
"""The operator of a value that a model chose."""

_LEAST_SUPPORT = 0.2
_MOST_OPTIONS = 5
_LONGEST, _WORDS_MORE = 64, 1  # a value has hardly more words than what it stands for; a message to the model has


def check(evidence: ResolutionEvidence, answer: Resolutions) -> str | None:
    """Return what is wrong: another column's answer, values not asked for or not answered, results not in the list."""
    if (answer.table, answer.column) != (evidence.table, evidence.column):
        return "the answer is for another column"
    asked, valid = {unknown.value for unknown in evidence.unknown}, set(evidence.valid)
    answered = [resolution.value for resolution in answer.values]
    if len(set(answered)) < len(answered):
        return "a value is answered twice"
    for resolution in answer.values:
        if resolution.value not in asked:
            return f"{resolution.value!r} was not asked about"
        if resolution.resolved is not None and resolution.resolved not in valid:
            return f"{resolution.resolved!r} is not in the list"
    if len(answered) < len(asked):
        return "a value is not answered"
    return _unsupported(evidence, answer)


def _unsupported(evidence: ResolutionEvidence, answer: Resolutions) -> str | None:
    """Return the first value that a model resolved to what no specialist speaks for, in words."""
    chosen = {value.value: value.resolved for value in answer.values if value.operator == BY_MODEL}
    supported = _supported(evidence, chosen) if chosen else {}
    for value, resolved in chosen.items():
        if resolved not in {known for known, _ in supported[value]}:
            return f"no specialist speaks for {value!r} being {resolved!r}"
    return None


def _supported(evidence: ResolutionEvidence, values: Mapping[str, object]) -> dict[str, tuple[tuple[str, float], ...]]:
    """Return the candidates that may be chosen for each of the values."""
    asked = tuple(unknown for unknown in evidence.unknown if unknown.value in values)
    ranked = rank_candidates(evidence.model_copy(update={"unknown": asked}))
    return {
        value: tuple(each for each in candidates if each[1] >= _LEAST_SUPPORT)[:_MOST_OPTIONS]
        for value, candidates in ranked.items()
    }


def doubts(evidence: ResolutionEvidence, answer: Resolutions) -> tuple[Doubt, ...]:
    """Return the values that could be one of some candidates, those in most rows first."""
    open_values = {
        value.value: value
        for value in answer.values
        if value.resolved is None and value.value not in evidence.valid and value.votes
    }
    candidates = _supported(evidence, open_values) if open_values else {}
    asked = sorted(evidence.unknown, key=lambda unknown: (-unknown.rows, unknown.value))
    return tuple(
        _doubt(evidence, unknown, candidates[unknown.value])
        for unknown in asked
        if candidates.get(unknown.value) and _is_value(unknown.value, candidates[unknown.value])
    )


def _is_value(text: str, candidates: tuple[tuple[str, float], ...]) -> bool:
    words = max(len(known.split()) for known, _ in candidates)
    return showable(text, _LONGEST, words + _WORDS_MORE)


def _doubt(evidence: ResolutionEvidence, unknown: UnknownValue, candidates: tuple[tuple[str, float], ...]) -> Doubt:
    found = tuple(
        Option(name=known, text=f"it is {known}", evidence=f"support {support:.2f}") for known, support in candidates
    )
    rows = f"it stands in {unknown.rows} rows of {unknown.files} files"
    where = f"column {evidence.column} of table {evidence.table}"
    return Doubt(
        subject=unknown.value,
        question="Which value of the list is it?",
        facts=(f"the value: {unknown.value}", where, rows),
        options=(*found, Option(name=STAYS, text="none of them, or not clear", evidence="the value stays as it is")),
    )


def settle(evidence: ResolutionEvidence, answer: Resolutions, choices: Mapping[str, Choice]) -> Resolutions:
    """Return the answer with the chosen values."""
    support = _supported(evidence, choices)
    return answer.model_copy(
        update={
            "values": tuple(
                _chosen(value, choices[value.value], dict(support.get(value.value, ())))
                if value.value in choices
                else value
                for value in answer.values
            )
        }
    )


def _chosen(value: ValueResolution, choice: Choice, support: Mapping[str, float]) -> ValueResolution:
    confidence = support.get(choice.option or "", 0.0)
    vote = Ballot(voter=BY_MODEL, choice=choice.option, confidence=confidence, reason=f"{choice.by}: {choice.reason}")
    reason = f"{value.reason}; {choice.by} chose among the candidates: {choice.reason}"
    votes = (*value.votes, vote)
    change = {"resolved": choice.option, "operator": BY_MODEL, "votes": votes, "reason": reason}
    return value.model_copy(update=change | {"confidence": confidence})


def accounts(evidence: ResolutionEvidence, answer: Resolutions) -> tuple[Account, ...]:
    """Tell what each value became."""
    asked = {unknown.value: unknown for unknown in evidence.unknown}
    return tuple(
        Account(
            subject=f"{evidence.table}.{evidence.column}: {value.value!r}",
            answer=value.resolved if value.resolved is not None else "stays as it is",
            confidence=value.confidence,
            reason=value.reason,
            evidence=f"in {asked[value.value].rows} rows of {asked[value.value].files} files",
            votes=value.votes,
        )
        for value in answer.values
    )


VALUE_RESOLUTION: DecisionPoint[ResolutionEvidence, Resolutions] = DecisionPoint(
    kind="value_resolution",
    version="1",
    expert=resolve_values,
    check=check,
    accounts=accounts,
    doubts=doubts,
    settle=settle,
)
