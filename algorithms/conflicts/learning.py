"""Which way to settle a conflict: by precedent, else by what each way promises here and kept of its promises before.

A ruling teaches about every way that would have ruled the same, not only about the one that was used. What counts is
what came of it by the figures, as against what the figures promised.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from algorithms.conflicts.settling import settled_by_each
from algorithms.conflicts.table import quality, table_of
from state.conflicts import AUTO, Conflict, ConflictAnalysis, ConflictKind, PastRuling, Settling

KEPT = 0.05
"""A precedent stands where not more than this was missing of the quality that was expected."""

_PRIOR = 2.0
"""Rulings that kept their promise which every way is given to begin with, so that one bad ruling proves little."""

_REMEMBERED = 500
"""Rulings of a kind that are learned from: the latest."""


class Chosen(NamedTuple):
    """A way to settle, and why."""

    way: Settling
    why: str


def choose(conflict: Conflict, analysis: ConflictAnalysis, history: Sequence[PastRuling]) -> Chosen:
    """Return the way that is named, or for `auto` the one that promises most by what is known."""
    if conflict.strategy != AUTO:
        return Chosen(Settling(conflict.strategy), "the settings name it")
    others = [past for past in history if past.run_id != conflict.run_id or not conflict.run_id]
    precedent = next((past for past in reversed(others) if past.case_id == conflict.case_id), None)
    if precedent is not None and precedent.outcome >= precedent.expected - KEPT:
        return Chosen(precedent.strategy, f"run {precedent.run_id or '(none)'} ruled so on the same case, and it held")
    kept = reliability(analysis.kind, others)
    table = table_of(conflict)
    promised = {way: quality(table, number) for way, number in settled_by_each(conflict).items()}
    way = max(Settling, key=lambda each: (round(promised[each] * kept[each], 9), -list(Settling).index(each)))
    seen = sum(past.kind is analysis.kind for past in others)
    return Chosen(
        way,
        f"of conflicts that are {analysis.kind.value} {seen} were ruled before; here it promises a quality of "
        f"{promised[way]:.3f}, and {kept[way]:.3f} of its promises held",
    )


def reliability(kind: ConflictKind, history: Sequence[PastRuling]) -> Mapping[Settling, float]:
    """Return by way which share of the promised quality came true in conflicts of a kind; 1 where none is known."""
    known = [past for past in history if past.kind is kind][-_REMEMBERED:]
    found = {}
    for way in Settling:
        mine = [past for past in known if past.would.get(way.value, "") == past.option or past.strategy is way]
        promised = _PRIOR + sum(past.expected for past in mine)
        found[way] = (_PRIOR + sum(past.outcome for past in mine)) / promised
    return found
