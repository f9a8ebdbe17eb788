"""Finds published tables below a folder, each with the contract it was published under.

A folder with `_runs` holds what runs published there: the last run that published a table says under which contract.
A folder `published` without it belongs to the `contract.odcs.yaml` beside it. The same tables under the same contract,
byte for byte, are found once, with the number of folders they lie in.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from state.errors import SetupError
from state.values import Value
from tools.outputs.destination import target_name
from tools.outputs.parquet import parts

_RUNS, _RUN, _PUBLISHED, _BESIDE = "_runs", "run.json", "published", "contract.odcs.yaml"
_CONTRACTS = ("*.yaml", "*.yml")


class Published(Value):
    """Tables in a folder that one contract is about; `contract` is empty where it is not to be found any more."""

    name: str  # the folder, from the one that was searched
    folder: str
    contract: str
    tables: tuple[str, ...]
    alike: int = 1  # folders with the same bytes under the same contract


def find_published(top: Path) -> tuple[Published, ...]:
    """Return what is published below a folder; SetupError where there is nothing."""
    if not top.is_dir():
        raise SetupError("there is no such folder", where=str(top), hint="give the --out of a suite or a run with --of")
    contracts = {_digest(path): path for kind in _CONTRACTS for path in sorted(top.rglob(kind)) if path.is_file()}
    found: dict[str, Published] = {}
    for published in (*_of_runs(top, contracts), *_beside_contracts(top)):
        key = _content(published)
        known = found.get(key)
        found[key] = published if known is None else known.model_copy(update={"alike": known.alike + 1})
    if not found:
        hint = "not every suite publishes tables; give the --out of one that does, or of a run"
        raise SetupError("no published table lies here", where=str(top), hint=hint)
    return tuple(found.values())


def _of_runs(top: Path, contracts: dict[str, Path]) -> Iterator[Published]:
    for runs in sorted(top.rglob(_RUNS)):
        claimed: set[str] = set()
        for told in _newest_first(runs):
            tables = tuple(
                name for name in told["receipt"]["tables"]
                if name not in claimed and (runs.parent / target_name(name)).exists()
            )  # fmt: skip
            claimed |= set(tables)
            if tables:
                contract = _contract(told["contract"], contracts)
                yield _published(top, runs.parent, contract, tables)


def _newest_first(runs: Path) -> list[dict[str, Any]]:
    told = [json.loads(path.read_text(encoding="utf-8")) for path in runs.glob(f"*/{_RUN}")]
    published = [each for each in told if each["receipt"] and each["contract"]]
    return sorted(published, key=lambda each: str(each["created_at"]), reverse=True)


def _contract(named: dict[str, Any], contracts: dict[str, Path]) -> Path | None:
    """Return a file with the very bytes of the contract: below the folder, or where the run read it."""
    there = Path(named["path"])
    if named["sha256"] in contracts:
        return contracts[named["sha256"]]
    return there if there.is_file() and _digest(there) == named["sha256"] else None


def _beside_contracts(top: Path) -> Iterator[Published]:
    for contract in sorted(top.rglob(_BESIDE)):
        folder = contract.parent / _PUBLISHED
        tables = tuple(path.stem for path in sorted(folder.glob(target_name("*"))))
        if tables and not (folder / _RUNS).exists():
            yield _published(top, folder, contract, tables)


def _published(top: Path, folder: Path, contract: Path | None, tables: tuple[str, ...]) -> Published:
    name = folder.relative_to(top).as_posix()
    return Published(
        name="tables" if name == "." else name,
        folder=str(folder),
        contract=str(contract) if contract else "",
        tables=tables,
    )


def _content(published: Published) -> str:
    """Return the SHA-256 of contract and tables."""
    digest = hashlib.sha256(_digest(Path(published.contract)).encode() if published.contract else b"")
    for name in published.tables:
        for file in parts(Path(published.folder) / target_name(name)):
            digest.update(f"{name} {_digest(file)} ".encode())
    return digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
