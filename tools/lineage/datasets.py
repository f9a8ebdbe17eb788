"""Datasets: how files, relations of the workspace and outputs are named, by OpenLineage's naming specification.

A file is named by its absolute path in the namespace `file`. The workspace is a database of one run; its relations are
named by the contract, so that the runs of one contract are versions of the same datasets.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from state.sources import SourceFile
from tools.intake import Intake

FILE = "file"
WORKSPACE = "duckdb://workspace"

MOST_FILES = 100
"""Up to so many input files are datasets of their own; of more, those of one header variant are one dataset."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """The name of a dataset."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class FileGroup:
    """One input dataset: a file, or the folder that all files of one or more header variants have in common."""

    dataset: Dataset
    files: tuple[SourceFile, ...]
    columns: tuple[str, ...]  # of all its variants, in order of appearance

    @property
    def grouped(self) -> bool:
        """Whether the dataset stands for several files."""
        return self.dataset.name != file_path(self.files[0]) or len(self.files) > 1


def file_path(file: SourceFile) -> str:
    """Return the name of an input file: its absolute path and, of a file within another, the way inside."""
    cuts = [at for at, char in enumerate(file.name) if char in "/#"]
    for cut in (len(file.name), *reversed(cuts)):
        if f"/{file.path}".endswith(f"/{file.name[:cut]}"):
            return file.path + file.name[cut:]
    return file.path


def input_groups(intake: Intake, landed: Mapping[int, object]) -> tuple[FileGroup, ...]:
    """Return the input datasets of the landed files, in the order of the files.

    Above `MOST_FILES` files a header variant with several files is named by the folder they have in common; variants
    with the same folder are one dataset.
    """
    by_name: dict[str, tuple[list[SourceFile], dict[str, None]]] = {}
    files = {file.file_id: file for file in intake.inventory.files if file.file_id in landed}
    for variant in intake.inventory.variants:
        of_variant = [files[file_id] for file_id in variant.file_ids if file_id in files]
        for name, members in _named(of_variant, grouped=len(files) > MOST_FILES):
            group = by_name.setdefault(name, ([], {}))
            group[0].extend(members)
            group[1].update(dict.fromkeys(variant.columns))
    groups = [
        FileGroup(
            dataset=Dataset(FILE, name),
            files=tuple(sorted(members, key=lambda file: file.file_id)),
            columns=tuple(columns),
        )
        for name, (members, columns) in by_name.items()
    ]
    return tuple(sorted(groups, key=lambda group: group.files[0].file_id))


def _named(files: Sequence[SourceFile], *, grouped: bool) -> list[tuple[str, list[SourceFile]]]:
    if grouped and len(files) > 1:
        return [(os.path.commonpath([os.path.dirname(file_path(file)) for file in files]), list(files))]  # noqa: PTH120
    return [(file_path(file), [file]) for file in files]


def landed_files(intake: Intake, groups: Sequence[FileGroup]) -> dict[str, tuple[str, ...]]:
    """Return the names of the file datasets behind every landed relation."""
    names = {file.file_id: group.dataset.name for group in groups for file in group.files}
    return {
        f"land.{variant.variant_id}": tuple(
            dict.fromkeys(names[file_id] for file_id in variant.file_ids if file_id in names)
        )
        for variant in intake.inventory.variants
    }


def workspace_dataset(job: str, relation: str) -> Dataset:
    """Return the dataset of a relation of the workspace, e.g. "stage.orders"."""
    return Dataset(WORKSPACE, f"{job}.{relation}")


def output_dataset(path: Path) -> Dataset:
    """Return the dataset of a file that a run writes."""
    return Dataset(FILE, str(path))
