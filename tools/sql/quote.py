"""Quoting of identifiers and literals for SQL text the project composes."""


def ident(name: str) -> str:
    """Return `name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Return `value` as a quoted SQL string literal."""
    return "'" + value.replace("'", "''") + "'"
