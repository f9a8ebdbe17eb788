"""Sequences of deliveries: what the sources are like, what is wrong with them each time, and who is asked."""

import random
from pathlib import Path
from typing import Final

from evals.folders.make import make_folder, sequence, truth_of
from evals.folders.spec import FolderSpec, FolderTruth, Mess
from evals.reasoning.domains import DOMAINS
from state.run import Approve
from state.values import Value

RUNS: Final = 5
_ROWS, _FILES = 120, 3
_MESS: Final = {
    Mess.HEADERS: 0.4, Mess.ALIASES: 0.5, Mess.DATES: 0.5, Mess.NUMBERS: 0.4, Mess.DIALECT: 0.3, Mess.COLUMNS: 0.4,
    Mess.BLANKS: 0.02, Mess.MISSPELT: 0.02, Mess.REPEATS: 0.02, Mess.INVALID: 0.01,
}  # fmt: skip
_FAULTS: Final = {
    "delimiter": ("delimiter_file", ("#",)),
    "unit": ("unit", ("part:1000", "part:100")),
}
KINDS: Final = ("delimiter", "unit", "mess", "mess asked", "delimiter asked", "unit asked")
"""What a sequence is like: a file that is cut otherwise, one in another unit, or sources that write as they please;
asked: a person agrees to changes."""


class Scene(Value):
    """One sequence of deliveries of the same sources."""

    name: str
    kind: str
    specs: tuple[FolderSpec, ...]
    approve: Approve

    @property
    def faulty(self) -> bool:
        """Whether something is wrong that a run must recover from."""
        return "mess" not in self.kind


def scene_of(seed: int, runs: int = RUNS) -> Scene:
    """Return the sequence of a seed: kinds take turns, domains are drawn among those where the fault can happen."""
    kind = KINDS[seed % len(KINDS)]
    chance = random.Random(f"learning {seed}")  # noqa: S311  made-up sources
    domains = chance.sample(sorted(DOMAINS), len(DOMAINS))
    first = next(spec for domain in domains for spec in _specs(seed, kind, domain, chance) if _possible(spec, runs))
    approve = Approve.CHANGES if kind.endswith("asked") else Approve.AUTO
    return Scene(name=f"{seed:03d}-{kind.replace(' ', '-')}", kind=kind, specs=sequence(first, runs), approve=approve)


def deliver(scene: Scene, folder: Path) -> list[FolderTruth]:
    """Write all deliveries of a sequence and return what is true about each."""
    return [make_folder(spec, folder / spec.name) for spec in scene.specs]


def _specs(seed: int, kind: str, domain: str, chance: random.Random) -> list[FolderSpec]:
    base = FolderSpec(name=f"s{seed}", seed=seed, domain=domain, rows=_ROWS, files=_FILES)
    if kind.startswith("mess"):
        return [base.model_copy(update={"mess": _MESS})]
    fault, variants = _FAULTS[kind.partition(" ")[0]]
    return [
        base.model_copy(update={"fault": fault, "variant": variant})
        for variant in chance.sample(variants, len(variants))
    ]


def _possible(spec: FolderSpec, runs: int) -> bool:
    """Return whether the fault can happen in every delivery."""
    try:
        for each in sequence(spec, runs):
            truth_of(each, Path())
    except ValueError:
        return False
    return True
