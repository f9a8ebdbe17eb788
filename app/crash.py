"""What becomes of an error that no command expected: one line where the machine failed, else a file to report."""

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


def told_of_machine(error: Exception) -> str:
    """Return the line for an error of the machine (a full disk, a file that cannot be used); empty for all others."""
    from tools.disk import machine_error

    told = machine_error(error, place=tempfile.gettempdir(), again="try again")
    return told.line() if told else ""
