"""What is kept of an internal error, so that it can be reported without showing a traceback to everybody."""

import tempfile
import traceback
from pathlib import Path


def keep_traceback(error: BaseException) -> Path:
    """Write the traceback of `error` to a new temporary file and return its path."""
    with tempfile.NamedTemporaryFile("w", prefix="millwright-", suffix=".log", delete=False) as log:
        log.write("".join(traceback.format_exception(error)))
    return Path(log.name)
