"""Bytes that are no UTF-8 within a UTF-8 text: found in text decoded with `surrogateescape`, shown as backslash-xNN."""

import re

NO_UTF8 = "bytes that are no UTF-8"
"""Reason of a reject that holds such bytes."""

_ESCAPED = re.compile("[\udc80-\udcff]")


def is_damaged(text: str) -> bool:
    """Whether the text, decoded with `surrogateescape`, held bytes that are no UTF-8."""
    return not text.isascii() and _ESCAPED.search(text) is not None


def count_damage(text: str) -> int:
    """Return the number of bytes that were no UTF-8."""
    return 0 if text.isascii() else len(_ESCAPED.findall(text))


def show_damage(text: str) -> str:
    r"""Return the text with each such byte as `\xNN`, so that it can be stored and read."""
    return _ESCAPED.sub(lambda match: f"\\x{ord(match[0]) - 0xDC00:02x}", text)
