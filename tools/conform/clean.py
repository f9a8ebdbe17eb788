"""The one way text is cleaned before it is compared or published, as SQL."""

PLAIN_TEXT = "[!-~]+( [!-~]+)*"
"""Texts that cleaning leaves as they are, told fast: printable ASCII, single blanks inside."""

_INVISIBLE = (
    r"[\x00-\x08\x0e-\x1f\x7f-\x{84}\x{86}-\x{9f}\x{ad}\x{200b}\x{200e}\x{200f}\x{202a}-\x{202e}"
    r"\x{2060}\x{2066}-\x{2069}\x{feff}]"
)
"""Control characters, marks of direction, blanks of no width. Joiners (U+200C, U+200D) stay: they spell words."""

_BLANK = r"[ \t\x0b\x0c\pZ\x{85}]"
"""White space within a line. Line breaks are content: an address or a comment is written in lines."""


def clean_text_sql(text_sql: str) -> str:
    """Return SQL for the text of `text_sql` in NFC, without invisible characters, its white space as in `blanks_sql`.

    `text_sql` is repeated: it should be a column or a name bound by `tools.conform.binding`.
    """
    cleaned = blanks_sql(f"regexp_replace(nfc_normalize({text_sql}), '{_INVISIBLE}', '', 'g')")
    return _unless_plain(text_sql, cleaned)


def kept_text_sql(text_sql: str) -> str:
    """Return SQL for the text as `clean_text_sql` gives it, but with the white space inside as it is."""
    cleaned = trimmed_sql(f"regexp_replace(nfc_normalize({text_sql}), '{_INVISIBLE}', '', 'g')")
    return _unless_plain(text_sql, cleaned)


def trimmed_sql(text_sql: str) -> str:
    """Return SQL for the text without blanks and line breaks around it."""
    return f"regexp_replace({text_sql}, '^({_BLANK}|[\\r\\n])+|({_BLANK}|[\\r\\n])+$', '', 'g')"


def blanks_sql(text_sql: str) -> str:
    """Return SQL for the text with every run of blanks as one, every line break as LF, and neither around it."""
    lines = f"regexp_replace({text_sql}, '{_BLANK}*(\\r\\n|\\r|\\n){_BLANK}*', chr(10), 'g')"
    return f"trim(regexp_replace({lines}, '{_BLANK}+', ' ', 'g'), ' ' || chr(10))"


def _unless_plain(text_sql: str, cleaned: str) -> str:
    """Return SQL for `cleaned` where it would change more than blanks around the text: it costs ten times as much."""
    cut = f"trim({text_sql}, ' ')"
    return (
        f"case when regexp_full_match({text_sql}, '{PLAIN_TEXT}') then {text_sql} "
        f"when regexp_full_match({cut}, '{PLAIN_TEXT}') then {cut} else {cleaned} end"
    )
