"""Lands sources in the workspace: every line becomes part of a record, a reject, the header or a blank line."""

from collections.abc import Iterator, Sequence

import duckdb

from state.sources import FileBooks, Inventory, Reading, SourceFile, Variant, Wanted
from tools.sources.careful import load_batches, load_careful
from tools.sources.fast import engine_can_read, load_fast
from tools.sources.parquet import load_parquet
from tools.sources.readers import read_values
from tools.sources.transactions import close_books, landing_settings, prepare, transaction

_GROUP_FILES, _GROUP_BYTES = 64, 1 << 22


def land(
    connection: duckdb.DuckDBPyConnection, inventory: Inventory, *, file_ids: Sequence[int] | None = None
) -> tuple[FileBooks, ...]:
    """Fill `land.files`, `land.<variant>` and `land.rejects` with the files (all unless `file_ids` says which).

    Returns the books of the files by their id. Landing a file again replaces what is there of it; a file is landed when
    it stands in `land.files`, so after a crash the call is simply repeated. The connection must not be in a
    transaction. Raises AccountingError when the lines of a file do not add up, SourceError when it cannot be read.
    """
    chosen = sorted(set(file_ids)) if file_ids is not None else [file.file_id for file in inventory.files]
    files = [file for file in inventory.files if file.file_id in set(chosen)]
    books: list[FileBooks] = []
    with landing_settings(connection):
        prepare(connection, inventory.variants, chosen)
        for variant in inventory.variants:
            members = [file for file in files if file.file_id in set(variant.file_ids)]
            books += _land_variant(connection, variant, members, inventory.wanted)
        for file in files:
            if file.reading is Reading.EMPTY:
                books.append(_land_empty(connection, file))
    return tuple(sorted(books, key=lambda book: book.file_id))


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
        close_books(connection, file, None, books)
    return books
