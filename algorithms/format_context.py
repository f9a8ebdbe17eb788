"""What the columns of a table tell about each other: a program writes all dates and numbers of a file alike."""

from collections.abc import Iterable, Mapping, Sequence

from state.formats import FormatContext, FormatEvidence


def with_context(
    evidences: Sequence[FormatEvidence], headers: Mapping[str, Sequence[str]], adopted: Mapping[str, FormatContext]
) -> tuple[FormatEvidence, ...]:
    """Return the evidence on all columns of a table, each with what is known besides its own texts.

    `headers` are what the sources call the columns; `adopted` holds by column what the decision log says.
    """
    days, months = ([each.day_first_only for each in evidences], [each.month_first_only for each in evidences])
    every_day, every_month = _sums(days), _sums(months)
    comma, point = sum(each.decimal_comma for each in evidences), sum(each.decimal_point for each in evidences)
    found = []
    for each in evidences:
        files = {*each.day_first_only, *each.month_first_only, *each.ambiguous}
        context = adopted.get(each.column, FormatContext()).model_copy(
            update={
                "headers": tuple(dict.fromkeys(headers.get(each.column, ()))),
                "day_first_beside": _rest(every_day, each.day_first_only, files),
                "month_first_beside": _rest(every_month, each.month_first_only, files),
                "comma_beside": comma - each.decimal_comma,
                "point_beside": point - each.decimal_point,
            }
        )
        found.append(each.model_copy(update={"context": context}))
    return tuple(found)


def _sums(counts: Iterable[Mapping[int, int]]) -> dict[int, int]:
    found: dict[int, int] = {}
    for each in counts:
        for file_id, rows in each.items():
            found[file_id] = found.get(file_id, 0) + rows
    return found


def _rest(every: Mapping[int, int], own: Mapping[int, int], files: Iterable[int]) -> dict[int, int]:
    """Return by file the rows of the other columns, where there are any."""
    rest = {file_id: every.get(file_id, 0) - own.get(file_id, 0) for file_id in files}
    return {file_id: rows for file_id, rows in rest.items() if rows}
