"""`events.jsonl`: the run as events, one JSON object a line, each event once even when a resumed run repeats an act."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from state.errors import SetupError


class EventLog:
    """Appends events to a file; an event whose `event_id` is in it already is left out."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: set[str] = set()

    def __enter__(self) -> Self:
        """Open the file, which may end in half a line after a kill: that line is closed and ignored by readers."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        torn = False
        if self._path.exists():
            content = self._path.read_bytes()
            torn = bool(content) and not content.endswith(b"\n")
            self._seen = {event_id for event_id in map(_event_id, content.splitlines()) if event_id}
        # Names of files that are not UTF-8 hold lone surrogates: written as the escapes that JSON knows.
        self._stream = self._path.open("a", encoding="utf-8", errors="backslashreplace")
        if torn:
            self._stream.write("\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file with all events on disk."""
        try:
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as full:
            if error is None:
                raise self._unwritable(full) from full
        finally:
            with suppress(OSError):  # closing writes what is left
                self._stream.close()

    def append(self, event: Mapping[str, Any]) -> None:
        """Write one event with the time it was heard, unless it is in the file already."""
        if str(event["event_id"]) in self._seen:
            return
        self._seen.add(str(event["event_id"]))
        line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **event}
        try:
            self._stream.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._stream.flush()
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> SetupError:
        what = f"the run's events cannot be written: {error.strerror}"
        return SetupError(
            what, where=str(self._path), hint=f"make room, then millwright resume {self._path.parent.name}"
        )


def _event_id(line: bytes) -> str:
    try:
        return str(json.loads(line).get("event_id", ""))
    except (ValueError, AttributeError):
        return ""


def prepare_destination(out: Path) -> None:
    """Make the destination folder; SetupError when it cannot be a folder that is written to."""
    try:
        (out / "_runs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"the destination cannot be made: {error.strerror}", where=str(out), hint="give another --out"
        ) from error
    if not os.access(out, os.W_OK | os.X_OK):
        raise SetupError("the destination cannot be written to", where=str(out), hint="give another --out")
