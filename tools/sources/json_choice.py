"""Decides what of a JSON document the records are: arrays in it, or the document itself.

The contract decides where it can: what holds more of the columns it asks for. Otherwise an object with a key of its
own (a member called id, or ending with it) is a record, and one without is an envelope around the arrays in it.
"""

from collections.abc import Iterable

from state.sources import Wanted
from tools.sources.json_document import Candidate, Layout

_WELL = 0.5  # of what the best array holds of the contract's columns


def choose_arrays(layout: Layout, wanted: Wanted) -> tuple[Candidate, ...]:
    """Return the arrays of records of a document; none when the document is a record, or several."""
    if layout.top != "object" or not layout.candidates:
        return layout.candidates
    asked = _plain(wanted.values)
    scores = [len(asked & _plain(candidate.keys)) for candidate in layout.candidates]
    own, best = len(asked & _plain(layout.members)), max(scores)
    if own > best or (own == best and _has_key(layout.members)):
        return ()
    return tuple(candidate for candidate, score in zip(layout.candidates, scores, strict=True) if score >= _WELL * best)


def _plain(names: Iterable[str]) -> set[str]:
    return {"".join(letter for letter in name.lower() if letter.isalnum()) for name in names}


def _has_key(members: Iterable[str]) -> bool:
    return any(member.lower().endswith("id") and "." not in member for member in members)
