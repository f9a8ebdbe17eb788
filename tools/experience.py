"""The experience buffer in the store: one entry a run, under its id: it counts once however often it is kept.

Runs of a contract lie together; labels of the store's namespaces cannot hold every id, so that a digest stands for it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from algorithms.reflection.pruning import to_prune
from state.experience import Experience
from state.values import digest
from tools.lessons import read_lessons

if TYPE_CHECKING:
    from langgraph.store.base import BaseStore

EXPERIENCE: Final = ("millwright", "experience")

REFLECTED: Final = 200
"""Runs of a contract that are looked at: more show no more of what holds today, and each run would take longer."""

_MOST: Final = 100_000


def keep_experience(store: "BaseStore", run: Experience) -> None:
    """Keep what a run left; what is known of the same run is replaced."""
    store.put((*EXPERIENCE, _label(run.contract)), run.run_id, run.model_dump(mode="json"), index=False)


def read_experiences(store: "BaseStore", contract: str = "", most: int = REFLECTED) -> tuple[Experience, ...]:
    """Return the newest runs of a contract (by id), or of all, oldest first.

    Entries of other versions are left out.
    """
    prefix = (*EXPERIENCE, _label(contract)) if contract else EXPERIENCE
    return tuple(sorted(_read(store, prefix, most), key=lambda run: (run.at, run.run_id)))


def known_runs(store: "BaseStore") -> frozenset[str]:
    """Return the ids of all runs in the buffer; those that another version kept are to be reflected on again."""
    return frozenset(run.run_id for run in _read(store, EXPERIENCE))


def prune_experiences(store: "BaseStore", most: int) -> int:
    """Drop what cannot be read, then what teaches least, while there are more than `most` runs; return how many."""
    if not store.search(EXPERIENCE, limit=1, offset=most):
        return 0
    runs = {run.run_id: run for run in _read(store, EXPERIENCE)}
    foreign = [item for item in store.search(EXPERIENCE, limit=_MOST) if item.key not in runs]
    for item in foreign:
        store.delete(item.namespace, item.key)
    evidence = {run_id for lesson in read_lessons(store) if lesson.in_force for run_id in lesson.runs}
    dropped = to_prune(tuple(runs.values()), most, evidence)
    for run_id in dropped:
        store.delete((*EXPERIENCE, _label(runs[run_id].contract)), run_id)
    return len(foreign) + len(dropped)


def _read(store: "BaseStore", prefix: tuple[str, ...], most: int = _MOST) -> Iterator[Experience]:
    items = store.search(prefix, limit=_MOST)  # in the order of writing, to the second: reflected on at once they tie
    for item in sorted(items, key=lambda item: str(item.value.get("at", "")), reverse=True)[:most]:
        try:
            yield Experience.model_validate(item.value)
        except ValidationError:  # of another version
            continue


def _label(contract: str) -> str:
    return digest(contract)[:16]
