"""What models answered in a run, kept in its workspace the moment it is known: asked once, counted once.

Written on a connection of its own: the transaction of a step that is killed or rolled back does not take it along.
"""

from collections.abc import Sequence

import duckdb

from state.doubts import Choice
from state.models import ModelUse
from state.values import Value


class Kept(Value):
    """The record of one question: the choice in a doubt, or the use alone where something else was asked."""

    kind: str  # of the decision, or of what asked
    use: ModelUse
    choice: Choice | None = None


def keep_answer(connection: duckdb.DuckDBPyConnection, question: str, kept: Kept) -> None:
    """Keep an answer durably; one that is there already for the question stays."""
    with connection.cursor() as own:
        own.execute(
            "insert or ignore into ops.answers select ?, (select count(*) from ops.answers), ?",
            [question, kept.model_dump_json()],
        )


def find_choice(connection: duckdb.DuckDBPyConnection, question: str) -> Choice | None:
    """Return what was chosen when the question was put before; None when it was not."""
    with connection.cursor() as own:
        row = own.execute("select record from ops.answers where question = ?", [question]).fetchone()
    return Kept.model_validate_json(row[0]).choice if row else None


def read_answers_kept(connection: duckdb.DuckDBPyConnection) -> tuple[Kept, ...]:
    """Return all records, in the order they were made."""
    with connection.cursor() as own:
        rows = own.execute("select record from ops.answers order by seq").fetchall()
    return tuple(Kept.model_validate_json(row[0]) for row in rows)


def total_use(kept: Sequence[Kept]) -> ModelUse:
    """Return the sum of what was used."""
    total = ModelUse()
    for each in kept:
        total = total.plus(each.use)
    return total
