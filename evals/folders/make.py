"""Writing a generated folder and telling what is true about it; and the deliveries of sources that drift."""

import csv
import io
import random
from collections.abc import Sequence
from pathlib import Path

import yaml

from evals.folders.contracts import folder_contract
from evals.folders.damaged import damaged_tables
from evals.folders.habits import Habit, habit_of
from evals.folders.lines import Line, lines_of
from evals.folders.spec import OF_FILES, FolderSpec, FolderTruth, InjectedFault, Mess, TrueRow
from evals.folders.told import FileTold, TableTold
from evals.reasoning.domains import DOMAINS
from evals.reasoning.worlds import Made, World

INPUT = "input"
CONTRACT = "contract.odcs.yaml"

_PER_DELIVERY = 97  # keeps the rows of one delivery apart from those of the next


def make_folder(spec: FolderSpec, out: Path) -> FolderTruth:
    """Write `out/input/` and `out/contract.odcs.yaml` and return what is true; ValueError where the fault cannot be."""
    world, tables, truth = _made(spec, out)
    (out / INPUT).mkdir(parents=True, exist_ok=True)
    for file in (file for table in tables for file in table.files):
        (out / INPUT / file.name).write_bytes(file.content)
    document = yaml.safe_dump(folder_contract(spec, world), sort_keys=False, allow_unicode=True)
    (out / CONTRACT).write_text(document, encoding="utf-8")
    return truth


def truth_of(spec: FolderSpec, out: Path) -> FolderTruth:
    """Return what is true of the folder that `make_folder` writes to `out`, writing nothing."""
    return _made(spec, out)[2]


def sequence(spec: FolderSpec, runs: int) -> tuple[FolderSpec, ...]:
    """Return the specifications of `runs` deliveries of the same sources, from the drift of `spec` on."""
    return tuple(
        spec.model_copy(update={"drift": spec.drift + run, "name": f"{spec.name}-{run + 1}"}) for run in range(runs)
    )


def _made(spec: FolderSpec, out: Path) -> tuple[World, list[TableTold], FolderTruth]:
    world = DOMAINS[spec.domain](spec.seed + _PER_DELIVERY * spec.drift, spec.rows, spec.files)
    faults: tuple[InjectedFault, ...] = ()
    if spec.fault:
        tables, faults = damaged_tables(spec, world)
    else:
        tables = [_table(spec, made, first=made is world.tables[0]) for made in world.tables]
    truth = FolderTruth(
        spec=spec,
        contract=str(out / CONTRACT),
        sources=str(out / INPUT),
        keys={made.name: tuple(p["name"] for p in made.properties if p.get("primaryKey")) for made in world.tables},
        lines={table.name: sum(file.lines for file in table.files) for table in tables},
        rows=tuple(row for table in tables for file in table.files for row in file.rows)
        if all(file.in_place for table in tables for file in table.files)
        else (),
        mapping={file.name: file.mapping for table in tables for file in table.files},
        faults=faults,
    )
    return world, tables, truth


def _table(spec: FolderSpec, made: Made, *, first: bool) -> TableTold:
    rates = _rates(spec)
    columns = [p["name"] for p in made.properties]
    kinds = {p["name"]: p["logicalType"] for p in made.properties}
    files = lines_of(made, rates, f"{spec.seed} {spec.drift} {made.name}", first=first)
    told = []
    for slot, (sheet, lines) in enumerate(zip(made.sheets, files, strict=True)):
        habit = habit_of(spec, made.name, slot, columns)
        order = [*columns, *(f"+{name}" for name in habit.extra)]
        if habit.shuffled:
            random.Random(habit.shuffled).shuffle(order)  # noqa: S311  made-up files
        told.append(
            FileTold(
                name=sheet.name,
                content=_content(habit, order, kinds, lines),
                lines=len(lines),
                mapping={name: column for column, name in habit.names.items()},
                rows=tuple(_true(made.name, sheet.name, at, line) for at, line in enumerate(lines)),
            )
        )
    return TableTold(made.name, tuple(told))


def _rates(spec: FolderSpec) -> dict[Mess, float]:
    """Return the shares of rows, which change from delivery to delivery."""
    chance = random.Random(f"{spec.seed} {spec.drift} rates")  # noqa: S311
    factor = 1.0 if not spec.drift else chance.uniform(0.5, 1.5)
    return {kind: rate * factor for kind, rate in spec.mess.items() if kind not in OF_FILES}


def _true(table: str, file: str, at: int, line: Line) -> TrueRow:
    return TrueRow(table=table, file=file, line=at + 2, ends=line.ends, values=line.values, damaged=line.damaged)


def _content(habit: Habit, order: Sequence[str], kinds: dict[str, str], lines: Sequence[Line]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", delimiter=habit.delimiter)
    writer.writerow([name[1:] if name.startswith("+") else habit.names[name] for name in order])
    for number, line in enumerate(lines):
        if line.broken:
            extra = line.broken if len(line.broken) < len(order) else (*line.broken, *("x" for _ in habit.extra))
            writer.writerow(extra)
        else:
            writer.writerow([_cell(habit, kinds, line, name, number) for name in order])
    try:
        return text.getvalue().encode(habit.encoding)
    except UnicodeEncodeError:  # a name that the old encoding has no letter for
        return text.getvalue().encode("utf-8-sig")


def _cell(habit: Habit, kinds: dict[str, str], line: Line, name: str, number: int) -> str:
    if name.startswith("+"):
        return f"{name[1:4]}{number % 7}"
    if name in line.written:
        return line.written[name]
    value = line.values[name]
    return "" if value is None else habit.written(value, kinds[name])
