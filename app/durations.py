"""Lengths of time as people write them: 90s, 15m, 24h, 7d."""

import re
from datetime import timedelta

from state.errors import SetupError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_MOST = timedelta(days=3650)


def duration(text: str, option: str) -> timedelta:
    """Return a length of time; SetupError names the option whose text is none."""
    found = _DURATION.fullmatch(text.strip())
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not 0 < seconds <= _MOST.total_seconds():
        raise SetupError(f"{text!r} is no length of time", where=option, hint="write 90s, 15m, 24h or 7d")
    return timedelta(seconds=seconds)
