"""Decision: what a value outside its list becomes. One record a value, so that each carries its own votes."""

from algorithms.resolution import resolve_values
from nodes.decide import Account, DecisionPoint
from state.resolution import ResolutionEvidence, Resolutions


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
    return "a value is not answered" if len(answered) < len(asked) else None


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
    kind="value_resolution", version="1", expert=resolve_values, check=check, accounts=accounts
)
