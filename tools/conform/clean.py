"""The one way text is cleaned before it is compared or published, as SQL."""


def clean_text_sql(text_sql: str) -> str:
    """Return SQL for the text of `text_sql` in NFC, trimmed, with every run of white space as one blank."""
    return rf"trim(regexp_replace(nfc_normalize({text_sql}), '[\s\pZ]+', ' ', 'g'))"
