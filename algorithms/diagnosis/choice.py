"""Which of the causes that were tested is taken: competing ones are told apart, and what follows from others falls."""

from collections.abc import Sequence

from algorithms.diagnosis.bars import PASSED, judge
from algorithms.diagnosis.ranking import ORDER
from state.diagnosis import Cause, Hypothesis
from state.symptoms import TestResult

_OVERLAP = 0.6
_WEAKER = 0.3  # how much weaker an earlier cause may fit and still explain a later one
_COVERED = 0.4  # share of the violations that a cause must explain
_BESIDE = 0.6  # of the score that a cause keeps which does not touch the column complained of
_WHOLE = frozenset((
    Cause.WRONG_DELIMITER, Cause.SHIFTED_COLUMNS, Cause.TRUNCATED_FILE, Cause.MIXED_GRANULARITY, Cause.DUPLICATED_LOAD,
    Cause.WRONG_ENCODING,
))  # fmt: skip
"""Causes that concern whole rows, so that any column may be complained of."""


def weigh(
    results: Sequence[TestResult], column: str | None, violations: int = 0
) -> tuple[tuple[Hypothesis, TestResult], ...]:
    """Return tested hypotheses with what was measured, best first.

    `column` is the one that is complained of, with so many `violations`: a cause beside them, or of a few of them
    only, explains less.
    """
    judged = [(_covering(_beside(judge(result), column), result, violations), result) for result in results]
    return tuple(sorted(judged, key=lambda each: (-each[0].score, ORDER.index(each[0].cause))))


def choose(
    weighed: Sequence[tuple[Hypothesis, TestResult]],
) -> tuple[tuple[Hypothesis, TestResult] | None, tuple[str, ...]]:
    """Return the cause that is taken, None where none passes, and in words why others are not."""
    passed = [each for each in weighed if each[0].score >= PASSED]
    reasons: list[str] = []
    left = []
    for hypothesis, result in passed:
        by = next(
            (other for other in passed if other[1] is not result and _explains(other, (hypothesis, result))), None
        )
        if by is None:
            left.append((hypothesis, result))
        else:
            reasons.append(f"{hypothesis.cause.value} follows from {by[0].cause.value}: they concern the same rows")
    return (left[0] if left else passed[0] if passed else None), tuple(reasons)


def is_settled(chosen: Hypothesis, open_ones: Sequence[Hypothesis]) -> bool:
    """Whether no cause that is not tested yet could be taken instead: by a better score, or as what brings it about."""
    place = ORDER.index(chosen.cause)
    return not any(
        each.score >= chosen.score or (ORDER.index(each.cause) < place and each.score >= chosen.score - _WEAKER)
        for each in open_ones
    )


def _beside(hypothesis: Hypothesis, column: str | None) -> Hypothesis:
    if column is None or hypothesis.cause in _WHOLE or column in hypothesis.columns or not hypothesis.columns:
        return hypothesis
    return hypothesis.model_copy(update={"score": round(hypothesis.score * _BESIDE, 3)})


def _covering(hypothesis: Hypothesis, result: TestResult, violations: int) -> Hypothesis:
    covered = min(1.0, result.rows.count / (_COVERED * violations)) if violations else 1.0
    if hypothesis.cause in _WHOLE or covered == 1:
        return hypothesis
    return hypothesis.model_copy(update={"score": round(hypothesis.score * covered, 3)})


def _explains(cause: tuple[Hypothesis, TestResult], effect: tuple[Hypothesis, TestResult]) -> bool:
    """Whether an earlier cause concerns the rows of a later one and fits nearly as well."""
    earlier = ORDER.index(cause[0].cause) < ORDER.index(effect[0].cause)
    return earlier and cause[0].score >= effect[0].score - _WEAKER and _overlap(cause[1], effect[1]) >= _OVERLAP


def _overlap(cause: TestResult, effect: TestResult) -> float:
    """Return what share of the effect's rows are the cause's, as far as the samples tell."""
    wide, narrow = set(cause.rows.sample), effect.rows.sample
    if not narrow:
        return 0.0
    if cause.rows.count > len(wide):  # the sample holds the first rows: beyond its last one the files have to tell
        reach = max(wide, default=0)
        known = [row for row in narrow if row <= reach]
        within = sum(row in wide for row in known)
        same = set(cause.rows.files) & set(effect.rows.files)
        within += len(narrow) - len(known) if same else 0
        return within / len(narrow)
    return sum(row in wide for row in narrow) / len(narrow)
