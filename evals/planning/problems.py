"""Finds planning problems in a folder: pairs of a domain and a problem in HDDL."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from state.errors import SetupError


class Pair(NamedTuple):
    """A domain and a problem; the name is the problem's path below the folder."""

    name: str
    domain: Path
    problem: Path


def find_pairs(folder: Path | None) -> tuple[Pair, ...]:
    """Return the pairs below a folder, or those of the unified-planning package; SetupError where there is none."""
    root = folder or _packaged()
    pairs = tuple(pair for path in sorted({one.parent for one in root.rglob("*.hddl")}) for pair in _pairs(root, path))
    if not pairs:
        hint = "a folder is a problem when it holds domain.hddl and problem.hddl"
        raise SetupError("there is no domain with a problem in HDDL", where=str(root), hint=hint)
    return pairs


def _pairs(root: Path, folder: Path) -> Iterator[Pair]:
    """Yield every problem of a folder with its own domain (`NAME-domain.hddl`) or the folder's (`domain.hddl`)."""
    common = folder / "domain.hddl"
    for problem in sorted(folder.glob("*.hddl")):
        if problem == common or problem.stem.endswith("-domain"):
            continue
        own = problem.with_name(f"{problem.stem}-domain.hddl")
        domain = own if own.exists() else common
        if domain.exists():
            yield Pair(str(problem.relative_to(root)), domain, problem)


def _packaged() -> Path:
    spec = find_spec("unified_planning")
    if spec is None or spec.origin is None:
        hint = "give a folder with --data, or install unified-planning"
        raise SetupError("there are no problems: the package unified-planning is not installed", hint=hint)
    return Path(spec.origin).parent / "test" / "hddl"
