"""Times of day: the column's way of writing them, and other ways brought to it."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

_STYLED: Final = re.compile(r"(\d{1,2}):(\d{2})(:\d{2})?(\s?)(a\.m\.|p\.m\.|am|pm|a|p)?", re.IGNORECASE)
_WITHIN: Final = re.compile(
    r"(?<![\d:])(\d{1,2}):(\d{2})(?::(\d{2}))?(?!\d|:\d)\s*([ap])?(?:\.?m\b\.?|(?![a-z]))?", re.IGNORECASE
)
_NOON: Final = 12


class ClockStyle(NamedTuple):
    """How a time is written."""

    padded: bool  # 07:05
    seconds: bool
    gap: str  # between digits and marker
    marker: str  # of the morning, "" for 24 hours


class Clock(NamedTuple):
    """A time of day; `sure` is False where nothing says which half of the day it is."""

    hour: int  # 0..23
    minute: int
    second: int
    sure: bool


def clock_style(texts: Sequence[str], counts: Sequence[int]) -> tuple[ClockStyle, int] | None:
    """Return the commonest style of texts that are nothing but a time, and how many rows have it; None without any."""
    styles: Counter[ClockStyle] = Counter()
    for text, count in zip(texts, counts, strict=True):
        style = _style(text)
        if style:
            styles[style] += count
    if not styles:
        return None
    padded = Counter({style: count for style, count in styles.items() if style.padded})
    style, _ = min(styles.items(), key=lambda item: (-item[1], item[0]))
    alike = sum(count for other, count in styles.items() if other[1:] == style[1:])
    leading = sum(count for other, count in padded.items() if other[1:] == style[1:])
    return ClockStyle(leading > 0 and style.padded, *style[1:]), alike


def follows(text: str, style: ClockStyle) -> bool:
    """Whether the text is written in the style; two digits in the hour say nothing about padding."""
    own = _style(text)
    return (
        own is not None
        and own[1:] == style[1:]
        and (own.padded == style.padded or int(text.split(":", maxsplit=1)[0]) > 9)
    )


def find_clock(text: str) -> Clock | None:
    """Return the only time in a text; None where there is none, more than one, or an impossible one."""
    found = list(_WITHIN.finditer(text))
    if len(found) != 1:
        return None
    hour, minute, second, half = found[0].groups()
    number = int(hour)
    if int(minute) > 59 or number > 23 or (half and not 1 <= number <= _NOON):  # noqa: PLR2004
        return None
    if half:
        number = number % _NOON + (_NOON if half in "pP" else 0)
    return Clock(number, int(minute), int(second or 0), bool(half) or not 1 <= number <= _NOON)


def write_clock(clock: Clock, style: ClockStyle) -> str | None:
    """Return the time in the style; None where the style needs the half of the day and it is not known."""
    hour, marker = clock.hour, ""
    if style.marker:
        if not clock.sure:
            return None
        marker = style.gap + (style.marker if hour < _NOON else _afternoon(style.marker))
        hour = (hour - 1) % _NOON + 1
    digits = f"{hour:02d}" if style.padded else str(hour)
    return f"{digits}:{clock.minute:02d}" + (f":{clock.second:02d}" if style.seconds else "") + marker


def _style(text: str) -> ClockStyle | None:
    match = _STYLED.fullmatch(text)
    if not match:
        return None
    hour, _, seconds, gap, marker = match.groups()
    morning = (marker or "").replace("p", "a").replace("P", "A")
    padded = len(hour) == 2 and (hour[0] == "0" or not marker)  # noqa: PLR2004
    return ClockStyle(padded, seconds is not None, gap if marker else "", morning)


def _afternoon(marker: str) -> str:
    return marker.replace("a", "p").replace("A", "P")
