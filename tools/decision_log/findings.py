"""The evidence of a run for the members of the council: they look at what was landed and published, not at scores."""

from collections.abc import Mapping, Sequence

import duckdb

from algorithms.adopted_names import claimed_names
from algorithms.names import normal_name
from state.contract import Table
from state.decision_log import PairFindings
from state.mapping import SourceColumn
from tools.intake import Intake
from tools.profile import profile_landed
from tools.sql.quote import ident
from tools.workspace import raw_name, row_file

_ROWS = 2_000
"""Rows on which the types of values are told: a share is asked for, not every value."""


class Landing:
    """What was landed for a table; each header variant is profiled once, however many columns are asked about."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: Table, intake: Intake) -> None:
        self._connection, self._table, self._intake = connection, table, intake
        self._files = dict(intake.variants_of(table.name))
        self._claimed = claimed_names(table)
        self._profiles: dict[str, dict[str, SourceColumn]] = {}

    def pair_findings(self, variant_id: str, matches: Mapping[str, str]) -> tuple[PairFindings, ...]:
        """Return what is known about source columns of a header variant that fed columns of the table.

        `matches` goes from source column to column of the contract.
        """
        counts = _counts(self._connection, self._table, tuple(matches.values()), self._files[variant_id])
        profiles = self._profile(variant_id)
        found = []
        for (source, target), (filled, carried) in zip(matches.items(), counts, strict=True):
            kind, profile = self._table.column(target).logical_type, profiles.get(source)
            found.append(
                PairFindings(
                    source=source,
                    target=target,
                    claimed_by=self._claimed.get(normal_name(source), ""),
                    letters=sum(letter.isalpha() for letter in source),
                    filled=filled,
                    carried=carried,
                    kind=kind.value,
                    typed=profile.type_share.get(kind.value, 0.0) if profile and profile.filled else None,
                )
            )
        return tuple(found)

    def _profile(self, variant_id: str) -> dict[str, SourceColumn]:
        if variant_id not in self._profiles:
            columns, relation = self._intake.inventory.variant(variant_id).columns, f"land.{ident(variant_id)}"
            files = self._files[variant_id]
            told = profile_landed(self._connection, relation, columns, file_ids=files, sample_rows=_ROWS)
            self._profiles[variant_id] = {each.name: each for each in told}
        return self._profiles[variant_id]


def _counts(
    connection: duckdb.DuckDBPyConnection, table: Table, columns: Sequence[str], files: Sequence[int]
) -> list[tuple[int, int]]:
    """Return for each column how many published rows of those files had text for it, and of how many it was kept."""
    asked = []
    for column in columns:
        value, text = ident(column), ident(raw_name(column))  # the text is kept where it is not the value's own
        asked += [f"count(*) filter ({value} is not null or trim({text}) <> '')", f"count({value})"]
    some = f"list_contains({[int(file) for file in files]}, {row_file('_row')})"
    row = connection.execute(f"select {', '.join(asked)} from live.{ident(table.name)} where {some}").fetchone() or ()
    return [(int(filled), int(carried)) for filled, carried in zip(row[::2], row[1::2], strict=True)]
