"""A name for a value inside one SQL expression, so that it is computed once and only where it is needed.

The engine has no LET. A subquery would be computed for every row; a lambda over a list of one stays inside its CASE
branch, so rows that take the fast branch do not pay for it.
"""


def bind(name: str, value_sql: str, body_sql: str) -> str:
    """Return SQL for `body_sql` in which `name` stands for `value_sql`."""
    return f"list_transform([{value_sql}], lambda {name}: {body_sql})[1]"


def extract(text_sql: str, pattern: str, names: tuple[str, ...]) -> str:
    """Return SQL for a struct with the groups of `pattern` (RE2) in the text; all are '' where it does not match."""
    quoted = pattern.replace("'", "''")
    fields = ", ".join(f"'{name}'" for name in names)
    return f"regexp_extract({text_sql}, '{quoted}', [{fields}])"


def matches(text_sql: str, pattern: str) -> str:
    """Return SQL for whether the whole text matches `pattern` (RE2)."""
    return f"regexp_full_match({text_sql}, '{pattern.replace(chr(39), chr(39) * 2)}')"
