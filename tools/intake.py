"""The artefacts of intake in the run's folder: the parsed contract, the inventory and which file feeds which table."""

from functools import lru_cache
from pathlib import Path

from pydantic import Field

from state.contract import Contract
from state.errors import SourceError
from state.experience import LessonUse
from state.sources import Inventory, SourcesRef
from state.values import Value, digest
from tools.files import is_text, write_durably

CONTRACT_FILE = "contract.json"
INTAKE_FILE = "intake.json"


class Intake(Value):
    """What intake found: all files, their variants, and the files that feed each table."""

    inventory: Inventory
    table_files: dict[str, tuple[int, ...]]
    unused: tuple[str, ...] = ()
    stamps: dict[int, str] = Field(default_factory=dict)  # of the files when they were scanned
    uses: tuple[LessonUse, ...] = ()  # what lessons were used for when they were scanned

    def variants_of(self, table: str) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Return (variant id, file ids) for each variant with files that feed the table."""
        wanted = set(self.table_files.get(table, ()))
        found = []
        for variant in self.inventory.variants:
            files = tuple(file_id for file_id in variant.file_ids if file_id in wanted)
            if files:
                found.append((variant.variant_id, files))
        return tuple(found)


def write_intake(folder: Path, contract: Contract, intake: Intake) -> SourcesRef:
    """Write both artefacts durably and return what state holds of the inputs; records and rejects are still 0.

    SourceError when a file's name is no text: it could be shown neither in `_file` nor in a report.
    """
    for name in (*(file.path for file in intake.inventory.files), *intake.inventory.ignored):
        if not is_text(name):
            shown = name.encode(errors="backslashreplace").decode()
            raise SourceError("the name of the file is not UTF-8", where=shown, hint="rename the file")
    write_contract(folder, contract)
    write_durably(folder / INTAKE_FILE, intake.model_dump_json().encode())
    files = intake.inventory.files
    return SourcesRef(
        path=str(folder / INTAKE_FILE),
        sha256=digest([[file.name, file.sha256] for file in files]),
        files=len(files),
        lines=sum(file.lines for file in files),
        records=0,
        rejects=0,
        variants=sum(bool(variant.file_ids) for variant in intake.inventory.variants),
        landed=False,
    )


def write_contract(folder: Path, contract: Contract) -> None:
    """Write the parsed contract of a run durably."""
    write_durably(folder / CONTRACT_FILE, contract.model_dump_json().encode())


def replace_intake(folder: Path, intake: Intake) -> None:
    """Put another finding in the place of the run's, durably."""
    write_durably(folder / INTAKE_FILE, intake.model_dump_json().encode())


def read_contract(folder: Path) -> Contract:
    """Return the parsed contract of a run."""
    return _contract(str(folder / CONTRACT_FILE), _written(folder / CONTRACT_FILE))


def read_intake(folder: Path) -> Intake:
    """Return what intake found."""
    return _intake(str(folder / INTAKE_FILE), _written(folder / INTAKE_FILE))


def _written(path: Path) -> tuple[int, int, int]:
    """Return what differs when a file was replaced: two writes may fall into one tick of the file system's clock."""
    found = path.stat()
    return found.st_mtime_ns, found.st_ino, found.st_size


@lru_cache(maxsize=4)
def _contract(path: str, _version: tuple[int, int, int]) -> Contract:
    return Contract.model_validate_json(Path(path).read_bytes())


@lru_cache(maxsize=4)
def _intake(path: str, _version: tuple[int, int, int]) -> Intake:
    return Intake.model_validate_json(Path(path).read_bytes())
