"""Staging a table again with other types: a draft tries types until the values read as one."""

from collections.abc import Sequence

import duckdb


def forget_receipts(connection: duckdb.DuckDBPyConnection, step_keys: Sequence[str]) -> None:
    """Forget that steps were done, so that they are done anew; only in the throw-away workspace of a draft."""
    connection.execute("delete from ops.receipts where list_contains(?::varchar[], step_key)", [list(step_keys)])
