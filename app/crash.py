"""What is kept of an internal error, so that it can be reported without showing a traceback to everybody."""

import tempfile
import traceback
from pathlib import Path

from app.progress import printable


def keep_traceback(error: BaseException) -> Path:
    """Write the traceback of `error` to a new temporary file and return its path."""
    lines = "".join(traceback.format_exception(error)).splitlines()
    with tempfile.NamedTemporaryFile("w", prefix="millwright-", suffix=".log", delete=False, encoding="utf-8") as log:
        log.write("".join(f"{printable(line)}\n" for line in lines))  # an error may hold a value from data
    return Path(log.name)
