"""Finds planning problems in a folder: pairs of a domain and a problem in HDDL.

A domain is shared by the problems of its folder and of those below, or belongs to one problem: by its name
(`NAME-domain.hddl`) or number (`d01.hddl` and `p01.hddl`, also in folders `domains` and `problems`).
"""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from state.errors import SetupError

_HEAD: Final = 20_000  # characters in which a file says what it defines


class Pair(NamedTuple):
    """A domain and a problem; the name is the problem's path below the folder."""

    name: str
    domain: Path
    problem: Path


def find_pairs(folder: Path | None) -> tuple[Pair, ...]:
    """Return the pairs below a folder, or those of the unified-planning package; SetupError where there is none."""
    root = folder or _packaged()
    files = sorted(root.rglob("*.hddl"))
    domains = [path for path in files if _is_domain(path)]
    problems = [path for path in files if path not in set(domains)]
    found = ((problem, _domain_of(problem, domains, root)) for problem in problems)
    pairs = tuple(Pair(str(problem.relative_to(root)), domain, problem) for problem, domain in found if domain)
    if not pairs:
        hint = "a folder is a problem when it holds domain.hddl and problem.hddl"
        raise SetupError("there is no domain with a problem in HDDL", where=str(root), hint=hint)
    return pairs


def _is_domain(path: Path) -> bool:
    """Return whether a file defines a domain; of one that defines nothing the name decides."""
    text = re.sub(r";[^\n]*", " ", path.read_text(encoding="utf-8", errors="replace")[:_HEAD])
    stated = re.search(r"\(\s*define\s*\(\s*(domain|problem)\b", text, re.IGNORECASE)
    return stated[1].lower() == "domain" if stated else "domain" in path.stem.lower()


def _domain_of(problem: Path, domains: list[Path], root: Path) -> Path | None:
    """Return a problem's own domain, by the name or number that they share, or the nearest that is everybody's."""
    beside = problem.parent
    while True:
        near = [path for path in domains if path.parent in (beside, beside / "domains")]
        own = [path for path in near if _core(path) == problem.stem.lower()]
        own = own or [path for path in near if _number(path) and _number(path) == _number(problem)]
        common = [path for path in near if not _number(path)] or (near if len(near) == 1 else [])
        if own or common:
            return (own or common)[0]
        if beside == root:
            return None
        beside = beside.parent


def _core(path: Path) -> str:
    """Return the name of a domain's file without the word: that of the problem it belongs to."""
    return re.sub(r"[-_]?domain[-_]?", "", path.stem.lower())


def _number(path: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", path.stem)))


def _packaged() -> Path:
    spec = find_spec("unified_planning")
    if spec is None or spec.origin is None:
        hint = "give a folder with --data, or install unified-planning"
        raise SetupError("there are no problems: the package unified-planning is not installed", hint=hint)
    return Path(spec.origin).parent / "test" / "hddl"
