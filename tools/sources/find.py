"""Finds the input files named by SOURCE arguments: files, folders and globs. Opens none of them for reading."""

import glob
import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from state.errors import SourceError
from state.values import Value
from tools.outputs.destination import RUNS, is_destination

_TEXTS = (".csv", ".tsv", ".txt", ".psv", ".tab", ".json", ".jsonl", ".ndjson")
KINDS = (*_TEXTS, ".parquet", ".xlsx", ".xlsm", ".zip")
KNOWN_SUFFIXES = (*KINDS, *(f"{kind}.gz" for kind in _TEXTS))

_MAGIC = "*?["
_LOCK = "~$"  # Excel's sign that a workbook is open, beside the workbook


class FoundFile(Value):
    """One input file: its absolute path and the name that `_file` shows."""

    path: str
    name: str


class FoundSources(Value):
    """The input files in the order of their names, and files of given folders that are of no known kind."""

    files: tuple[FoundFile, ...]
    ignored: tuple[str, ...] = ()


def find_sources(sources: Sequence[str]) -> FoundSources:
    """Return the files that `sources` name; a file named twice is taken once, under its first name.

    A folder is searched recursively for the known kinds, without hidden files and folders; a file named directly is
    taken whatever its extension is. Names are unique: clashes get the name of the parent folder in front.
    Raises SourceError for what is missing, unreadable, without any file, or a link that leads outside.
    """
    if not sources:
        raise SourceError("no source is given", hint="name a file, a folder or a quoted glob")
    taken: dict[str, tuple[Path, str]] = {}
    ignored: list[str] = []
    for source in sources:
        for path, name in _expand(source, ignored):
            taken.setdefault(os.path.realpath(path), (path, name))
    files = [FoundFile(path=str(path), name=name) for path, name in _unique_names(list(taken.values()))]
    return FoundSources(files=tuple(sorted(files, key=lambda file: file.name)), ignored=tuple(sorted(set(ignored))))


def _expand(source: str, ignored: list[str]) -> list[tuple[Path, str]]:
    path = Path(source).expanduser().absolute()
    if path.is_dir():
        return _folder(path, ignored)
    # A file may be called "a[1].csv": what exists under that very name is no glob.
    if os.path.lexists(path):
        _check_file(path)
        return [(path, path.name)]
    if any(sign in source for sign in _MAGIC):
        return _glob(path, ignored)
    raise SourceError("does not exist", where=source, hint="check the path")


def _folder(folder: Path, ignored: list[str]) -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    for path in _walk(folder):
        _check_inside(path, folder)
        if path.name.startswith(_LOCK):
            continue
        if not path.name.lower().endswith(KNOWN_SUFFIXES) or not path.is_file():
            ignored.append(str(path))
            continue
        _check_file(path)
        found.append((path, path.relative_to(folder).as_posix()))
    if not found:
        raise SourceError(
            "no file of a known kind in this folder", where=str(folder), hint=f"known kinds: {', '.join(KINDS)} and .gz"
        )
    return found


def _glob(pattern: Path, ignored: list[str]) -> list[tuple[Path, str]]:
    base = _fixed_part(pattern)
    found: list[tuple[Path, str]] = []
    for match in sorted(glob.glob(str(pattern), recursive=True)):  # noqa: PTH207  pathlib's skips nothing hidden
        path = Path(match)
        _check_inside(path, base)
        if path.is_dir():
            continue
        if not path.is_file():
            ignored.append(str(path))
            continue
        _check_file(path)
        found.append((path, path.name))
    if not found:
        raise SourceError("no file matches this glob", where=str(pattern), hint="quote the glob and check the folder")
    return found


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the visible files and linked folders below `folder`, sorted; folders that cannot be listed are errors.

    Destinations of runs below it are passed over: what was published is no source of the next run.
    """

    def refuse(error: OSError) -> None:
        raise SourceError("cannot be listed", where=str(error.filename), hint="check its permissions") from error

    for parent, folders, names in os.walk(folder, onerror=refuse):
        outputs = {name for name in folders if name == RUNS or is_destination(Path(parent, name))}
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in outputs)
        linked = [name for name in folders if Path(parent, name).is_symlink()]
        for name in sorted([*names, *linked]):
            if not name.startswith("."):
                yield Path(parent, name)


def _fixed_part(pattern: Path) -> Path:
    """Return the folder a glob starts from: what stands before its first wildcard."""
    parts: list[str] = []
    for part in pattern.parts[:-1]:
        if any(sign in part for sign in _MAGIC):
            break
        parts.append(part)
    return Path(*parts)


def _check_inside(path: Path, folder: Path) -> None:
    # Only links can lead outside, but any folder on the way may be one.
    real = os.path.realpath(path)
    if not Path(real).is_relative_to(os.path.realpath(folder)):
        raise SourceError(
            f"is a link that leads outside the given folder, to {real!r}",
            where=str(path),
            hint="name the file it leads to as a source of its own",
        )


def _check_file(path: Path) -> None:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise SourceError("is not a regular file", where=str(path), hint="name a file, a folder or a glob")
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise SourceError("is a link to a missing file", where=str(path), hint="remove or mend the link") from error
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise SourceError(f"cannot be read: {reason}", where=str(path), hint="check its permissions") from error


def _unique_names(files: list[tuple[Path, str]]) -> list[tuple[Path, str]]:
    """Put as many parent folders in front of clashing names as it takes to tell them apart."""
    names = [name for _, name in files]
    while clashes := {name for name, count in Counter(names).items() if count > 1}:
        longer = [
            _with_parent(path, name) if name in clashes else name for (path, _), name in zip(files, names, strict=True)
        ]
        if longer == names:
            names = [str(path) if name in clashes else name for (path, _), name in zip(files, names, strict=True)]
            break
        names = longer
    return [(path, name) for (path, _), name in zip(files, names, strict=True)]


def _with_parent(path: Path, name: str) -> str:
    """Return `name`, which is the end of `path`, with one folder more."""
    depth = len(Path(name).parts) + 1
    return Path(*path.parts[-depth:]).as_posix() if depth < len(path.parts) else path.as_posix()
