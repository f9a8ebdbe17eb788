"""Which causes the symptoms of a table speak for, before anything is tested, and which follow from others."""

from collections.abc import Sequence

from state.diagnosis import Cause, Hypothesis
from state.symptoms import Symptom, SymptomKind, TableEvidence

SUSPECTED: dict[SymptomKind, dict[Cause, float]] = {
    SymptomKind.REJECTS: {Cause.WRONG_DELIMITER: 0.9, Cause.SHIFTED_COLUMNS: 0.6, Cause.WRONG_ENCODING: 0.4,
                          Cause.TRUNCATED_FILE: 0.4},
    SymptomKind.UNMAPPED: {Cause.WRONG_DELIMITER: 1.0},
    SymptomKind.GARBLED: {Cause.WRONG_ENCODING: 1.0},
    SymptomKind.ENDING: {Cause.TRUNCATED_FILE: 1.0},
    SymptomKind.UNREADABLE: {Cause.SHIFTED_COLUMNS: 0.6, Cause.SENTINEL: 0.5, Cause.CHANGED_DATE_ORDER: 0.5,
                             Cause.SWAPPED_COLUMNS: 0.5, Cause.MIXED_GRANULARITY: 0.3},
    SymptomKind.PLACEHOLDER: {Cause.SENTINEL: 1.0},
    SymptomKind.UNLISTED: {Cause.NEW_CATEGORY: 0.9, Cause.SHIFTED_COLUMNS: 0.4, Cause.SWAPPED_COLUMNS: 0.4,
                           Cause.SENTINEL: 0.4, Cause.MIXED_GRANULARITY: 0.3},
    SymptomKind.MISFIT: {Cause.SHIFTED_COLUMNS: 0.8, Cause.SWAPPED_COLUMNS: 0.8},
    SymptomKind.LEVEL: {Cause.CHANGED_UNIT: 0.9, Cause.SWAPPED_COLUMNS: 0.6, Cause.MIXED_GRANULARITY: 0.3,
                        Cause.TIME_ZONE_SHIFT: 0.2, Cause.CHANGED_DATE_ORDER: 0.2},
    SymptomKind.FAR: {Cause.OUTLIERS_BY_FACTOR: 0.9, Cause.SENTINEL: 0.6, Cause.CHANGED_UNIT: 0.4,
                      Cause.MIXED_GRANULARITY: 0.4, Cause.SHIFTED_COLUMNS: 0.3},
    SymptomKind.CLOCK: {Cause.TIME_ZONE_SHIFT: 1.0, Cause.SWAPPED_COLUMNS: 0.4},
    SymptomKind.DISORDER: {Cause.CHANGED_DATE_ORDER: 1.0},
    SymptomKind.REPEATED: {Cause.DUPLICATED_LOAD: 1.0},
    SymptomKind.KEY: {Cause.BROKEN_KEY: 0.9, Cause.DUPLICATED_LOAD: 0.5, Cause.SENTINEL: 0.2},
    SymptomKind.TOTALS: {Cause.MIXED_GRANULARITY: 1.0},
    SymptomKind.FROZEN: {},
    SymptomKind.COMPLAINT: {},
}  # fmt: skip
"""How strongly each symptom speaks for a cause, 1 where hardly anything else makes it."""

COMPLAINTS: dict[str, tuple[Cause, ...]] = {
    "reject": (Cause.WRONG_DELIMITER, Cause.SHIFTED_COLUMNS, Cause.WRONG_ENCODING, Cause.TRUNCATED_FILE),
    "mapping": (Cause.WRONG_DELIMITER,),
    "required": (Cause.SENTINEL, Cause.SHIFTED_COLUMNS, Cause.WRONG_DELIMITER),
    "type": (Cause.SHIFTED_COLUMNS, Cause.SENTINEL, Cause.CHANGED_DATE_ORDER, Cause.SWAPPED_COLUMNS),
    "minimum": (Cause.CHANGED_UNIT, Cause.OUTLIERS_BY_FACTOR, Cause.SENTINEL, Cause.SWAPPED_COLUMNS),
    "maximum": (Cause.CHANGED_UNIT, Cause.OUTLIERS_BY_FACTOR, Cause.SENTINEL, Cause.SWAPPED_COLUMNS),
    "pattern": (Cause.SHIFTED_COLUMNS, Cause.SWAPPED_COLUMNS, Cause.BROKEN_KEY, Cause.SENTINEL),
    "validValues": (Cause.NEW_CATEGORY, Cause.SHIFTED_COLUMNS, Cause.SENTINEL, Cause.SWAPPED_COLUMNS),
    "invalidValues": (Cause.NEW_CATEGORY, Cause.SHIFTED_COLUMNS, Cause.SENTINEL, Cause.SWAPPED_COLUMNS),
    "primaryKey": (Cause.BROKEN_KEY, Cause.DUPLICATED_LOAD),
    "unique": (Cause.BROKEN_KEY, Cause.DUPLICATED_LOAD),
    "relationship": (Cause.BROKEN_KEY,),
}
"""Which causes a failing rule speaks for, by the last word of its id or its kind."""

_COMPLAINT = 0.5
ORDER: tuple[Cause, ...] = (
    Cause.WRONG_DELIMITER, Cause.WRONG_ENCODING, Cause.TRUNCATED_FILE, Cause.SHIFTED_COLUMNS, Cause.MIXED_GRANULARITY,
    Cause.DUPLICATED_LOAD, Cause.SWAPPED_COLUMNS, Cause.SENTINEL, Cause.CHANGED_UNIT, Cause.TIME_ZONE_SHIFT,
    Cause.CHANGED_DATE_ORDER, Cause.OUTLIERS_BY_FACTOR, Cause.NEW_CATEGORY, Cause.BROKEN_KEY,
)  # fmt: skip
"""From what happens to whole files, over whole rows, to single columns: the earlier may bring about the later."""


def rank(evidence: TableEvidence, complaint: str) -> tuple[Hypothesis, ...]:
    """Return the causes that the symptoms, and the rule that failed, speak for; best first."""
    weights: dict[Cause, float] = {}
    reasons: dict[Cause, list[str]] = {}
    columns: dict[Cause, list[str]] = {}
    for symptom in evidence.symptoms:
        for cause, weight in SUSPECTED[symptom.kind].items():
            # Symptoms are taken as independent: what neither explains is left.
            weights[cause] = 1 - (1 - weights.get(cause, 0.0)) * (1 - weight * symptom.strength)
            reasons.setdefault(cause, []).append(symptom.told)
            columns.setdefault(cause, []).extend(symptom.columns)
    for cause in COMPLAINTS.get(complaint.rsplit(".", 1)[-1], ()):
        weights[cause] = 1 - (1 - weights.get(cause, 0.0)) * (1 - _COMPLAINT)
        reasons.setdefault(cause, []).append(f"the rule {complaint} failed")
    found = [
        Hypothesis(
            cause=cause,
            columns=tuple(dict.fromkeys(columns.get(cause, ()))),
            score=round(min(1.0, weight), 3),
            evidence="; ".join(reasons[cause])[:300],
        )
        for cause, weight in weights.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.score, ORDER.index(each.cause))))


def is_wrong(symptoms: Sequence[Symptom], least: float = 0.5) -> bool:
    """Whether the symptoms alone say that something is wrong, whatever it is."""
    return any(symptom.strength >= least for symptom in symptoms)
