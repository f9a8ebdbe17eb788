"""What can be done about a cause, on which columns and files, and how."""

from state.diagnosis import AffectedRows, Cause, Remedy, RemedyKind
from state.symptoms import TestResult

_KINDS: dict[Cause, RemedyKind] = {
    Cause.WRONG_DELIMITER: RemedyKind.REREAD,
    Cause.WRONG_ENCODING: RemedyKind.REREAD,
    Cause.SHIFTED_COLUMNS: RemedyKind.SET_ASIDE,
    Cause.CHANGED_UNIT: RemedyKind.REFORMAT,
    Cause.CHANGED_DATE_ORDER: RemedyKind.REFORMAT,
    Cause.NEW_CATEGORY: RemedyKind.ASK,
    Cause.DUPLICATED_LOAD: RemedyKind.MERGE,
    Cause.BROKEN_KEY: RemedyKind.SET_ASIDE,
    Cause.TRUNCATED_FILE: RemedyKind.ASK,
    Cause.SENTINEL: RemedyKind.RESOLVE,
    Cause.SWAPPED_COLUMNS: RemedyKind.REMAP,
    Cause.MIXED_GRANULARITY: RemedyKind.SET_ASIDE,
    Cause.OUTLIERS_BY_FACTOR: RemedyKind.SET_ASIDE,
    Cause.TIME_ZONE_SHIFT: RemedyKind.REFORMAT,
}

_REASONS: dict[Cause, str] = {
    Cause.WRONG_DELIMITER: "read these lines with the delimiter they are written with",
    Cause.WRONG_ENCODING: "read the files in the encoding they are written in",
    Cause.SHIFTED_COLUMNS: "the rows stand in other columns; they go to quarantine with their text",
    Cause.CHANGED_UNIT: "undo the factor in these rows",
    Cause.CHANGED_DATE_ORDER: "read these dates with day and month exchanged",
    Cause.NEW_CATEGORY: "a person says whether the list is to hold the new values",
    Cause.DUPLICATED_LOAD: "keep the first of each repeated row",
    Cause.BROKEN_KEY: "rows without a valid key go to quarantine until whoever sends them mends it",
    Cause.TRUNCATED_FILE: "the rest of the file is missing: ask for it again",
    Cause.SENTINEL: "these values become null",
    Cause.SWAPPED_COLUMNS: "feed each column from the other one in these rows",
    Cause.MIXED_GRANULARITY: "rows of another grain go to quarantine, for they would be counted twice",
    Cause.OUTLIERS_BY_FACTOR: "the cells are likely off by a factor: to quarantine until a person confirms it",
    Cause.TIME_ZONE_SHIFT: "move these times back",
}


def remedy_for(result: TestResult) -> Remedy:
    """Return the remedy of a cause that its test found."""
    kind = _KINDS.get(result.cause, RemedyKind.NONE)
    parameters = {name: text for name, text in result.parameters.items() if text and name != "files"}
    if result.cause is Cause.WRONG_ENCODING and float(result.figures.get("lost", 0.0)) > 0.5:  # noqa: PLR2004  most
        return Remedy(
            kind=RemedyKind.ASK, columns=result.columns, files=files_of(result.rows), parameters=parameters,
            reason="letters are lost and nothing brings them back: ask for the files again",
        )  # fmt: skip
    if result.cause is Cause.NEW_CATEGORY and parameters.get("known"):
        kind = RemedyKind.RESOLVE
    if result.cause is Cause.BROKEN_KEY and parameters.get("mended_by"):
        kind = RemedyKind.REFORMAT
    return Remedy(
        kind=kind, columns=result.columns, files=files_of(result.rows), parameters=parameters,
        reason=_REASONS.get(result.cause, ""),
    )  # fmt: skip


def files_of(rows: AffectedRows) -> tuple[str, ...]:
    """Return the names of the files that affected rows are in."""
    return tuple(name for name in rows.files if name)
