"""The rows of a table as a diagnosis looks at them: the text as it was, and what it was read as; staged or only landed.

Of a table with more than `MOST_ROWS` rows every n-th is looked at, in blocks' order; counts are then multiplied by n.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from algorithms.diagnosis.relations import Codes, groups_of_both, groups_of_numbers, groups_of_texts
from state.contract import Column, LogicalType
from tools.conform.landed import relation_sql, rows_of_files
from tools.diagnosis.subject import Subject, fields_by_variant
from tools.sql.quote import ident
from tools.workspace import is_staged, raw_name, row_file

MOST_ROWS = 300_000
"""Rows that one query looks at."""

NUMBERS = (LogicalType.NUMBER, LogicalType.INTEGER)
MOMENTS = (LogicalType.DATE, LogicalType.TIMESTAMP)
_MOST_PAIRED = 5  # columns of texts that are looked at by twos
_DATE_PATTERNS = "['%Y-%m-%d', '%d/%m/%Y', '%m/%d/%Y', '%d.%m.%Y', '%d-%m-%Y', '%Y/%m/%d', '%Y%m%d']"


@dataclass(frozen=True)
class Rows:
    """Rows in their order: ids, files, and by column the texts (None: blank) and the numbers (NaN: none).

    The number of a date or timestamp is its seconds since 1970.
    """

    columns: tuple[Column, ...]
    row: NDArray[np.int64]
    file: NDArray[np.int64]
    every: int  # only each so many-th row is here
    texts: dict[str, NDArray[np.object_]] = field(default_factory=dict)
    numbers: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.row)

    @cached_property
    def counts(self) -> dict[str, Counter[str | None]]:
        """Rows by text, for every column."""
        return {name: Counter(texts.tolist()) for name, texts in self.texts.items()}

    @cached_property
    def groups(self) -> dict[tuple[str, ...], Codes]:
        """Groups of like rows by the columns that make them: a text, two texts, a number, the time between two."""
        texts = {name: codes for name in self.texts if (codes := self._of_text(name)) is not None}
        moments = self.of_type((LogicalType.TIMESTAMP,))
        found: dict[tuple[str, ...], Codes | None] = {
            **{(name,): codes for name, codes in texts.items()},
            **{(name,): groups_of_numbers(self.numbers[name]) for name in self.of_type(NUMBERS)},
            **{(a, b): groups_of_both(texts[a], texts[b]) for a, b in combinations(list(texts)[:_MOST_PAIRED], 2)},
            **{(a, b): groups_of_numbers(self.numbers[b] - self.numbers[a]) for a, b in combinations(moments, 2)},
        }
        return {names: codes for names, codes in found.items() if codes is not None}

    def _of_text(self, name: str) -> Codes | None:
        typed = self.column(name).logical_type in (*NUMBERS, *MOMENTS)
        return None if typed else groups_of_texts(self.texts[name])

    def column(self, name: str) -> Column:
        """Return a column; KeyError when it was not asked for."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def of_type(self, types: Sequence[LogicalType]) -> tuple[str, ...]:
        """Return the names of the columns of some types."""
        return tuple(column.name for column in self.columns if column.logical_type in types)


def rows_sql(connection: duckdb.DuckDBPyConnection, subject: Subject, columns: Sequence[Column]) -> str:
    """Return SQL for `_row`, the text `x0`, `x1`, ... of each column as it was, and its number `n0`, `n1`, ..."""
    if is_staged(connection, subject.table.name):
        return _staged_sql(connection, subject, columns)
    return _landed_sql(connection, subject, columns)


def load_rows(
    connection: duckdb.DuckDBPyConnection, subject: Subject, columns: Sequence[Column], *, texts: bool = True
) -> Rows:
    """Return the rows of the table with these columns, numbers and, where wanted, texts."""
    source = rows_sql(connection, subject, columns)
    counted = connection.execute(f"select count(*) from ({source})").fetchone()
    every = -(-int(counted[0] if counted else 0) // MOST_ROWS) or 1
    fields = [f"n{place}" for place in range(len(columns))] + [f"x{place}" for place in range(len(columns)) if texts]
    picked = f"where hash(_row) % {every} = 0" if every > 1 else ""
    found: dict[str, Any] = connection.execute(
        f"select {', '.join(('_row', row_file('_row') + ' as _f', *fields))} from ({source}) {picked} order by _row"
    ).fetchnumpy()
    kept = tuple(columns)
    return Rows(
        columns=kept,
        row=np.asarray(found["_row"], np.int64),
        file=np.asarray(found["_f"], np.int64),
        every=every,
        texts={column.name: _texts(found[f"x{place}"]) for place, column in enumerate(kept)} if texts else {},
        numbers={column.name: _numbers(found[f"n{place}"]) for place, column in enumerate(kept)},
    )


def _texts(found: Any) -> NDArray[np.object_]:  # noqa: ANN401  an array of the engine, masked or not
    texts = np.array(np.ma.getdata(found), object)
    texts[np.ma.getmaskarray(found)] = None  # filling with None would fill with the type's usual "?"
    return texts


def _numbers(found: Any) -> NDArray[np.float64]:  # noqa: ANN401  an array of the engine, masked or not
    numbers = np.ma.filled(np.ma.asarray(found, np.float64), np.nan)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _staged_sql(connection: duckdb.DuckDBPyConnection, subject: Subject, columns: Sequence[Column]) -> str:
    relation = f"stage.{ident(subject.table.name)}"
    there = {row[0] for row in connection.execute(f"select column_name from (describe {relation})").fetchall()}
    fields = []
    for place, column in enumerate(columns):
        raw = f"{ident(raw_name(column.name))}" if raw_name(column.name) in there else "null::varchar"
        fields.append(f"coalesce({raw}, {ident(column.name)}::varchar) as x{place}")
        fields.append(f"{_typed_number(column)} as n{place}")
    return f"select _row, {', '.join(fields) or 'null'} from {relation}"


def _typed_number(column: Column) -> str:
    name = ident(column.name)
    if column.logical_type in NUMBERS:
        return f"try_cast({name} as double)"
    if column.logical_type in MOMENTS:
        return f"epoch(try_cast({name} as timestamp))"
    return "null::double"


def _landed_sql(connection: duckdb.DuckDBPyConnection, subject: Subject, columns: Sequence[Column]) -> str:
    files = dict(subject.intake.variants_of(subject.table.name))
    selects = []
    for variant_id, fields in fields_by_variant(connection, subject).items():
        listed = []
        for place, column in enumerate(columns):
            text = f"c{fields[column.name]}" if column.name in fields else "null::varchar"
            listed += [f"{text} as x{place}", f"{_read_number(column, text)} as n{place}"]
        where = rows_of_files(files[variant_id])
        selects.append(
            f"select _row, {', '.join(listed) or 'null'} from {relation_sql(f'land.{variant_id}')} where {where}"
        )
    nothing = ", ".join(f"null::varchar as x{place}, null::double as n{place}" for place in range(len(columns)))
    return " union all ".join(selects) or f"select null::bigint as _row, {nothing or 'null'} where false"


def _read_number(column: Column, text: str) -> str:
    if column.logical_type in NUMBERS:
        return f"try_cast(replace(trim({text}), ',', '') as double)"
    if column.logical_type in MOMENTS:
        read = f"coalesce(try_cast(trim({text}) as timestamp), try_strptime(trim({text}), {_DATE_PATTERNS}))"
        return f"epoch({read})"
    return "null::double"
