"""Reads sources whose values are cut already, whatever their kind, in batches of records and rejects."""

from collections.abc import Iterator

from state.sources import Kind, SourceFile, Wanted
from tools.sources.careful import Batch, read_batches
from tools.sources.excel_sources import read_sheet
from tools.sources.json_lines import read_json_lines
from tools.sources.json_sources import read_json
from tools.sources.parquet import read_parquet
from tools.sources.paths import asked_tree
from tools.sources.returned import take_back


def read_values(file: SourceFile, wanted: Wanted) -> Iterator[Batch]:
    """Yield the records of the source, its fields in the order of its header."""
    if file.returned:
        given = file.model_copy(update={"header": file.returned, "returned": ()})
        yield from take_back(file, _read(given, wanted))
    else:
        yield from _read(file, wanted)


def _read(file: SourceFile, wanted: Wanted) -> Iterator[Batch]:
    if file.kind is Kind.JSON_LINES:
        return read_json_lines(file, asked_tree(wanted))
    if file.kind is Kind.JSON:
        return read_json(file, wanted)
    if file.kind is Kind.EXCEL:
        return read_sheet(file)
    if file.kind is Kind.PARQUET:
        return read_parquet(file, wanted)
    return read_batches(file, len(file.header))
