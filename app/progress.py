"""Progress on standard error: a display on a terminal, plain lines elsewhere."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, TextIO

_WORDS = {
    "scanned": "scanned {files} files, {variants} header variants, {lines} lines",
    "rescanned": "{first} changed while it was read: scanning again",
    "hierarchy": "{kind}: {orders} orders for {workers} workers in {teams} teams, {detail}",
    "delegated": "delegated: {detail}",
    "redelegated": "given to another worker: {detail}",
    "landed": "landed {files} of {of} files",
    "goal": "goal: {detail}",
    "planned": "planned {steps} steps{note}",
    "step": "{step}: {detail}",
    "apart": "performed one by one, as one process could not do all: {steps}",
    "answered": "{question} answered: {reply}",
    "replan": "replanned {event_id}: {action}, {reason}",
    "diagnosis": "diagnosed {detail}",
    "critique": "criticised {detail}",
    "recovery": "recovery of {detail}",
    "repair_council": "repair council on {detail}",
    "verified": "verified: {passed} checks passed, {failed} failed",
    "warning": "warning: {detail}",
    "published": "published {tables} tables",
}


class Progress:
    """Shows the events of a run while they happen."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._status: Any = None
        self._console: Any = None
        self._running: list[str] = []

    def __enter__(self) -> Self:
        """Start the display when there is a terminal."""
        if self._stream.isatty():
            from rich.console import Console

            self._console = Console(file=self._stream, highlight=False, markup=False, emoji=False)
            self._status = self._console.status("starting")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the display away."""
        if self._status is not None:
            self._status.stop()

    def hear(self, event: Mapping[str, Any]) -> None:
        """Show one event; one of an unknown kind is not shown."""
        line = told(event)
        self._note(event)
        if not line:
            self._show(", ".join(self._running))
            return
        if self._status is None:
            self._stream.write(line + "\n")
            self._stream.flush()
        else:
            self._console.print(line)
            self._show(", ".join(self._running) or line)

    def _note(self, event: Mapping[str, Any]) -> None:
        """Note which steps run now."""
        if event["event"] == "begun":
            self._running.append(str(event["step"]))
        elif event["event"] == "step" and event["step"] in self._running:
            self._running.remove(str(event["step"]))

    def _show(self, text: str) -> None:
        """Say on a terminal what goes on."""
        if self._status is not None and text:
            from rich.text import Text

            self._status.update(Text(printable(text)))  # a plain string would be read as markup


def told(event: Mapping[str, Any]) -> str:
    """Return an event in words that are safe to print; empty for one of an unknown kind."""
    words = _WORDS.get(str(event["event"]))
    return printable(words.format_map(event)) if words is not None else ""


def printable(text: str) -> str:
    """Return text without control characters, so that values from data cannot drive the terminal."""
    return "".join(character if character.isprintable() else "�" for character in text)
