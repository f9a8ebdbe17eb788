"""The evidence of a run for the members of the council: they look at what was landed and published, not at scores."""

from collections.abc import Mapping, Sequence

import duckdb

from algorithms.adopted_names import claimed_names
from algorithms.names import normal_name
from state.contract import Table
from state.decision_log import PairFindings
from tools.intake import Intake
from tools.profile import profile_landed
from tools.sources.in_place import is_in_place, sample_relation
from tools.sql.quote import ident
from tools.workspace import raw_name, row_file


def pair_findings(
    connection: duckdb.DuckDBPyConnection, table: Table, intake: Intake, variant_id: str, matches: Mapping[str, str]
) -> tuple[PairFindings, ...]:
    """Return what is known about source columns of a header variant that fed columns of a table.

    `matches` goes from source column to column of the contract.
    """
    files = dict(intake.variants_of(table.name))[variant_id]
    counts = _counts(connection, table, tuple(matches.values()), files)
    columns, relation = intake.inventory.variant(variant_id).columns, f"land.{ident(variant_id)}"
    landed = sample_relation(relation) if is_in_place(connection, relation) else relation
    profiles = {each.name: each for each in profile_landed(connection, landed, columns, file_ids=files)}
    claimed = claimed_names(table)
    found = []
    for (source, target), (filled, carried) in zip(matches.items(), counts, strict=True):
        kind, profile = table.column(target).logical_type, profiles.get(source)
        found.append(
            PairFindings(
                source=source,
                target=target,
                claimed_by=claimed.get(normal_name(source), ""),
                letters=sum(letter.isalpha() for letter in source),
                filled=filled,
                carried=carried,
                kind=kind.value,
                typed=profile.type_share.get(kind.value, 0.0) if profile and profile.filled else None,
            )
        )
    return tuple(found)


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
