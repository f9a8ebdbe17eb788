"""Collecting faults of a contract file: where, what, and whether the contract can still be used."""

from collections.abc import Sequence

from rapidfuzz import process

from state.checks import Fault
from tools.contract.document import Document, Place

TOP = "(top)"
_CLOSE = 75  # similarity (0..100) from which a name is offered as what was meant


class FaultLog:
    """The faults found so far while a document is read; messages carry the line of the place."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._faults: list[Fault] = []

    def error(self, place: Place, message: str) -> None:
        """Note a fault with which the contract cannot be used."""
        self._add(place, message, error=True)

    def warning(self, place: Place, message: str) -> None:
        """Note a fault that leaves the contract usable."""
        self._add(place, message, error=False)

    @property
    def noted(self) -> tuple[Fault, ...]:
        """All faults noted, in order."""
        return tuple(self._faults)

    def _add(self, place: Place, message: str, *, error: bool) -> None:
        line = self._document.line(place)
        self._faults.append(Fault(place=place_text(place), message=f"{message} (line {line})", error=error))


def place_text(place: Place) -> str:
    """Return a place as text: "schema/0/properties/1", "(top)" for the document."""
    return "/".join(str(step) for step in place) or TOP


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return "; did you mean 'x'?" for the nearest known word, "" when none is near."""
    best = process.extractOne(word, known, score_cutoff=_CLOSE, processor=str.casefold)
    return f"; did you mean {best[0]!r}?" if best else ""
