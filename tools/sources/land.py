"""Lands sources in the workspace: every line becomes part of a record, a reject, the header or a blank line."""

from collections.abc import Collection, Iterator, Sequence

import duckdb

from state.sources import FileBooks, Inventory, Reading, SourceFile, Variant, Wanted
from tools.sources.careful import load_batches, load_careful
from tools.sources.fast import LARGE, engine_can_read, load_fast
from tools.sources.in_place import load_in_place
from tools.sources.parquet import load_parquet
from tools.sources.readers import read_values
from tools.sources.transactions import Closing, close_books, in_order, prepare, transaction

_GROUP_FILES, _GROUP_BYTES = 64, 1 << 22


def land(
    connection: duckdb.DuckDBPyConnection,
    inventory: Inventory,
    *,
    file_ids: Sequence[int] | None = None,
    in_place: Collection[str] = (),
) -> tuple[FileBooks, ...]:
    """Fill `land.files`, `land.<variant>` and `land.rejects` with the files (all unless `file_ids` says which).

    A variant named in `in_place` that consists of one large file may become a view over it.

    Returns the books of the files by their id. Landing a file again replaces what is there of it; a file is landed when
    it stands in `land.files`, so after a crash the call is simply repeated. The connection must not be in a
    transaction. Raises AccountingError when the lines of a file do not add up, SourceError when it cannot be read.
    """
    chosen = set(file_ids) if file_ids is not None else {file.file_id for file in inventory.files}
    files = [file for file in inventory.files if file.file_id in chosen]
    books: list[FileBooks] = []
    prepare(connection, inventory.variants, sorted(chosen))
    with in_order(connection):
        for variant in inventory.variants:
            members = _members(variant, files)
            if variant.variant_id in in_place and len(variant.file_ids) == 1:
                books += _land_alone(connection, variant, members, inventory.wanted)
            else:
                books += _land_variant(connection, variant, members, inventory.wanted)
    for file in files:
        if file.reading is Reading.EMPTY:
            books.append(_land_empty(connection, file))
    return tuple(sorted(books, key=lambda book: book.file_id))


def _members(variant: Variant, files: Sequence[SourceFile]) -> list[SourceFile]:
    """Return those of the files that are of the variant."""
    own = set(variant.file_ids)
    return [file for file in files if file.file_id in own]


def _land_alone(
    connection: duckdb.DuckDBPyConnection, variant: Variant, files: Sequence[SourceFile], wanted: Wanted
) -> list[FileBooks]:
    """Land the only file of a variant where it lies, if it is large and the engine's reader exact; else as others."""
    for file in files:
        if file.reading is Reading.FAST and file.size >= LARGE and engine_can_read(file):
            book = load_in_place(connection, variant, file)
            if book:
                return [book]
    return _land_variant(connection, variant, files, wanted)


def _land_variant(
    connection: duckdb.DuckDBPyConnection, variant: Variant, files: Sequence[SourceFile], wanted: Wanted
) -> list[FileBooks]:
    """Land texts with the engine's reader where that is exact, and the rest record by record; then other kinds."""
    fast = [file for file in files if file.reading is Reading.FAST and engine_can_read(file)]
    books = load_fast(connection, variant, fast)
    done = {book.file_id for book in books}
    for group in _together([file for file in files if file.reading is Reading.VALUES]):
        books += load_batches(connection, variant, [(file, read_values(file, wanted)) for file in group])
        done |= {file.file_id for file in group}
    for file in files:
        if file.reading is Reading.COLUMNS:
            books.append(load_parquet(connection, variant, file))
        elif file.file_id not in done:
            books.append(load_careful(connection, variant, file))
    return books


def _together(files: Sequence[SourceFile]) -> Iterator[list[SourceFile]]:
    """Yield the files in groups for one transaction each: what a transaction costs is more than a small file."""
    group: list[SourceFile] = []
    for file in files:
        if group and (len(group) == _GROUP_FILES or sum(each.size for each in group) + file.size > _GROUP_BYTES):
            yield group
            group = []
        group.append(file)
    if group:
        yield group


def _land_empty(connection: duckdb.DuckDBPyConnection, file: SourceFile) -> FileBooks:
    """Write the books of a file that holds nothing but blank lines."""
    books = FileBooks(
        file_id=file.file_id,
        name=file.name,
        lines=file.lines,
        header_lines=0,
        blank_lines=file.blank_lines,
        record_lines=0,
        reject_lines=0,
        records=0,
        rejects=0,
    )
    with transaction(connection):
        close_books(connection, [Closing(file, None, books)])
    return books
