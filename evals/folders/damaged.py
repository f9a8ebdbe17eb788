"""The tables of a folder with a fault: the first as the fault leaves it, the others as they are."""

import csv
import io
from collections.abc import Sequence

from evals.draft_data import Sheet
from evals.folders.spec import Fate, FolderSpec, InjectedFault, TrueRow
from evals.folders.told import FileTold, TableTold
from evals.reasoning.cases import KINDS
from evals.reasoning.damage import DamagedFile, Target
from evals.reasoning.worlds import World

_ANY = (Fate.PUBLISHED, Fate.QUARANTINED, Fate.MERGED)


def damaged_tables(spec: FolderSpec, world: World) -> tuple[list[TableTold], tuple[InjectedFault, ...]]:
    """Return the tables and the fault; ValueError where it cannot happen in these files."""
    kind, damage = KINDS[spec.fault]
    target = Target(world, spec.seed)
    if not damage(target, spec.variant or kind.variants[0]):
        raise ValueError(f"the fault {spec.fault!r} cannot happen in the domain {spec.domain!r}")
    first, *others = world.tables
    before = {sheet.name: sheet for sheet in first.sheets}
    tables = [TableTold(first.name, tuple(_damaged(first.name, file, before.get(file.name)) for file in target.files))]
    tables += [TableTold(made.name, tuple(_sound(made.name, sheet) for sheet in made.sheets)) for made in others]
    hit = {file.name: tuple(sorted(file.lines_hit())) for file in target.files if file.hit}
    return tables, (InjectedFault(cause=kind.cause, table=first.name, lines=hit),)


def _damaged(table: str, file: DamagedFile, before: Sheet | None) -> FileTold:
    kept = before is not None and len(before.rows) == len(file.rows) and file.header == list(before.header)
    rows = before.rows if kept and before is not None else ()
    return FileTold(
        name=file.name,
        content=file.content(),
        lines=len(file.rows),
        mapping={name: name for name in file.header},
        rows=_rows(table, file.name, file.header, rows, file.hit),
        in_place=kept,
    )


def _sound(table: str, sheet: Sheet) -> FileTold:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([sheet.header, *sheet.rows])
    return FileTold(
        name=sheet.name,
        content=text.getvalue().encode(),
        lines=len(sheet.rows),
        mapping={name: name for name in sheet.header},
        rows=_rows(table, sheet.name, sheet.header, sheet.rows, set()),
    )


def _rows(
    table: str, file: str, header: Sequence[str], rows: Sequence[Sequence[str]], hit: set[int]
) -> tuple[TrueRow, ...]:
    return tuple(
        TrueRow(
            table=table,
            file=file,
            line=at + 2,
            ends=_ANY if at in hit else (Fate.PUBLISHED,),
            values={name: cell or None for name, cell in zip(header, row, strict=True)},
        )
        for at, row in enumerate(rows)
    )
