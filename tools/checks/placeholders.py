"""Placeholders of the standard in SQL rules: `{object}`, `${table}`, `{property}`, `${column}` and their synonyms."""

import re

from tools.sql.quote import ident, literal

_TABLE = ("object", "table", "model")
_COLUMN = ("property", "column", "field")
_SCHEMA = re.compile(r"([\"`]?)\$?\{schema\}\1\s*\.\s*|\$\{schema\}", re.IGNORECASE)
_NAME = re.compile(rf"(?P<quote>[\"'`]?)\$?\{{(?P<name>{'|'.join(_TABLE + _COLUMN)})\}}(?P=quote)", re.IGNORECASE)
_UNKNOWN = re.compile(r"\$\{(?!schema\})[^}]*\}", re.IGNORECASE)


def fill_placeholders(query: str, *, table: str, column: str | None) -> tuple[str, str | None]:
    """Return `query` with its placeholders filled, and the first placeholder nothing is known for.

    Names become quoted identifiers, also where the query quotes the placeholder itself; within single quotes they
    become text. The schema disappears: tables are known by their plain names. A semicolon at the end is dropped.
    """
    names = dict.fromkeys(_TABLE, table) | dict.fromkeys(_COLUMN, column)
    unknown = [match[0] for match in _NAME.finditer(query) if names[match["name"].lower()] is None]
    unknown += [match[0] for match in _UNKNOWN.finditer(_NAME.sub("", query))]

    def name(match: re.Match[str]) -> str:
        value = names[match["name"].lower()] or ""
        return literal(value) if match["quote"] == "'" else ident(value)

    filled = _NAME.sub(name, _SCHEMA.sub("", query)).strip().rstrip(";").rstrip()
    return filled, unknown[0] if unknown else None
