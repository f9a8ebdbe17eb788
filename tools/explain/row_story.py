"""The story of one row, or of one cell of it: from the line of a file to the published table."""

from state.contract import Table
from state.errors import RunError
from state.explanation import Command, Explanation, Grid, Judgement, Mark, Passage, Section
from tools.checks.rule import counted
from tools.explain.cell_story import cell_passages, column_facts, unchanged_passages
from tools.explain.changing import operator_words
from tools.explain.checking import checks_section
from tools.explain.derived import inputs_section
from tools.explain.judging import judgement
from tools.explain.material import Material
from tools.explain.rules import about_rule, rules_about
from tools.explain.run_story import about_run
from tools.explain.staged import StagedRow, decisions_on, read_row
from tools.provenance import merged_into, number_of, origin_of, row_at, rows_of_same_key, rows_with_key
from tools.sql.quote import ident

_MOST_MERGED = 20
_MOST_NUMBERS = 5


def explain_row(material: Material, table: Table, row_id: int, column: str | None = None) -> Explanation:
    """Return the story of a staged row, or of its cell in `column`.

    Raises RunError when the table has no such column.
    """
    row = read_row(material, table, row_id)
    if column is None:
        sections = [_history_section(material, row), _origin_section(row), *_decisions(material, row, _touched(row))]
    else:
        known_column(table, column)
        sections = [_cell_section(material, row, column), *_decisions(material, row, [column])]
        sections += [_rules_section(material, row, column), _origin_section(row)]
    if table.derived:
        sections.insert(1, inputs_section(material, row))
    sentence, mark = ending_sentence(material, row)
    return Explanation(
        run_id=material.run_id,
        kind="row" if column is None else "cell",
        title=_title(row, column),
        verdict=sentence,
        mark=mark,
        about=about_run(material),
        sections=tuple(section for section in sections if not section.empty),
    )


def known_column(table: Table, column: str) -> None:
    """Raise RunError when the table has no such column."""
    names = [each.name for each in table.columns]
    if column not in names:
        raise RunError(f"there is no column {column!r} in {table.name}", hint=f"its columns: {', '.join(names)}")


def row_by_number(material: Material, table: Table, number: int) -> int:
    """Return the id of the row with that number; RunError when it is out of range, or nothing was staged."""
    require_staged(material, table)
    row_id = row_at(material.engine, table, number)
    if row_id is None:
        total = material.rows(f"select count(*) from live.{ident(table.name)}")[0][0]
        which = "published" if table.name in material.published else "staged, nothing of it was published"
        raise RunError(
            f"there is no row {number} in {table.name}: it has {counted(total, 'row')} ({which})",
            hint="rows are counted from 1",
        )
    return row_id


def row_by_key(material: Material, table: Table, key: str) -> int:
    """Return the id of the one row with the values of `key`, such as "customer_id=12, day=2024-03-01".

    Raises RunError when it names no column, or no row or several have these values.
    """
    require_staged(material, table)
    found = rows_with_key(material.engine, table, parse_key(table, key))
    if not found:
        raise RunError(
            f"no row to publish of {table.name} has {key!r}",
            hint="it may be in quarantine: --quarantined N, or --file and --line",
        )
    if len(found) > 1:
        numbers = ", ".join(str(number_of(material.engine, table, row_id)) for row_id in found[:_MOST_NUMBERS])
        more = " and more" if len(found) > _MOST_NUMBERS else ""
        raise RunError(
            f"several rows of {table.name} have {key!r}: {numbers}{more}", hint="name more columns, or take --row"
        )
    return found[0]


def parse_key(table: Table, key: str) -> dict[str, str]:
    """Return the values of "column=value, column=value"; a value may hold commas, not ", column="."""
    values: dict[str, str] = {}
    name = ""
    for part in key.split(", "):
        head, sign, rest = part.partition("=")
        if sign and head.strip() in {column.name for column in table.columns}:
            name = head.strip()
            values[name] = rest
        elif name:
            values[name] += f", {part}"
        else:
            raise RunError(f"{key!r} names no column of {table.name}", where="--key", hint='write "column=value"')
    return values


def require_staged(material: Material, table: Table) -> None:
    """Raise RunError when no row of the table was ever staged."""
    if not material.staged(table.name):
        raise RunError(
            f"no row of {table.name} was staged: the run stopped before", hint=f"millwright explain {material.run_id}"
        )


def _title(row: StagedRow, column: str | None) -> str:
    number, name = row.ending.number, row.table.name
    which = f"row {number:,} of {name}" if number is not None else f"{row.place}, for {name}"
    return f"{column} in {which}" if column else which[0].upper() + which[1:]


def ending_sentence(material: Material, row: StagedRow) -> tuple[str, Mark]:
    """Return what became of a row, in one sentence."""
    ending, name, key = row.ending, row.table.name, f" ({row.key})" if row.key else ""
    if ending.rules:
        known = rules_about(material)
        reasons = "; ".join(
            _with_column(about_rule(known, name, rule, reason).column, reason) for rule, reason in ending.rules
        )
        return f"Quarantined: {reasons}.", Mark.WARN
    if ending.merged_into is not None:
        into = origin_of(material.engine, ending.merged_into)
        where = f"{into.file} line {into.line}" if into else "another row"
        number = number_of(material.engine, row.table, ending.merged_into)
        tail = f", which is row {number:,} of {name}" if number is not None else ""
        return f"Merged as a duplicate{key} into {where}{tail}.", Mark.WARN
    if name in material.published:
        return f"Published as row {ending.number:,} of {name}{key}{_from(row)}.", Mark.GOOD
    return (
        f"Not published, as nothing of {name} was: row {ending.number:,} of the staged rows{key}{_from(row)}.",
        Mark.WARN,
    )


def _from(row: StagedRow) -> str:
    return f", from {row.place}" if row.origin else ""


def _with_column(column: str, reason: str) -> str:
    return f"{column}: {reason}" if column else reason


def _origin_section(row: StagedRow) -> Section:
    """Tell every cell: the text in the file, the value now, what changed it."""
    rows = tuple(
        (
            cell.column.name,
            cell.match.source if cell.match else _no_source(row, cell.column.transform_logic),
            "" if cell.landed is None else cell.landed,
            "" if cell.value is None else cell.value,
            f"{cell.operator}: {operator_words(cell.operator)}" if cell.operator else "",
        )
        for cell in row.cells
    )
    extra = tuple(("(not in the contract)", name, text, "", "left out") for name, text in row.extra)
    grid = Grid(
        caption=f"Cells of the row{_from(row)}",
        head=("column", "in the file", "text there", "value now", "changed by"),
        rows=(*rows, *extra),
        raw=(2, 3),
    )
    return Section(key="cells", title="All cells of the row", grids=(grid,))


def _no_source(row: StagedRow, logic: str | None) -> str:
    return "(computed)" if row.table.derived or logic else "(missing)"


def _history_section(material: Material, row: StagedRow) -> Section:
    """Tell what happened to the row, in order."""
    table, passages = row.table, []
    if row.origin:
        header = f"header {row.origin.variant_id}"
        passages.append(
            Passage(
                title=f"read from {row.place}",
                text=f"{header}; its columns were matched by name or judgement, told below",
            )
        )
    for cell in row.cells:
        if cell.operator:
            title = f"{cell.column.name}, {cell.operator}: {operator_words(cell.operator)}"
            text = cell.finding.evidence if cell.finding and cell.finding.outcome == "applied" else ""
            passages.append(Passage(title=title, text=text, before=cell.before, after=cell.value, changed=True))
        passages += [
            each.model_copy(update={"title": f"{cell.column.name}: {each.title}"}) for each in unchanged_passages(cell)
        ]
    total, places = merged_into(material.engine, table, row.row_id, _MOST_MERGED)
    if total:
        shown = ", ".join(f"{place.file} line {place.line}" for place in places)
        more = f" and {total - len(places)} more" if total > len(places) else ""
        passages.append(Passage(title=f"{counted(total, 'duplicate')} merged into it", text=shown + more))
    passages.append(_last(material, row))
    return Section(
        key="history", title="What happened to it", passages=tuple(passages), commands=_ask_on(material, row)
    )


def _last(material: Material, row: StagedRow) -> Passage:
    sentence, mark = ending_sentence(material, row)
    told = [f"rule {rule}" for rule, _ in row.ending.rules]
    if any(rule == f"{row.table.name}.primaryKey" for rule, _ in row.ending.rules):
        others = rows_of_same_key(material.engine, row.table, row.row_id, _MOST_MERGED)
        told += [f"the same key: {', '.join(f'{each.file} line {each.line}' for each in others)}"] if others else []
    return Passage(title=sentence.rstrip("."), text="; ".join(told), mark=mark)


def _ask_on(material: Material, row: StagedRow) -> tuple[Command, ...]:
    changed = next((cell.column.name for cell in row.cells if cell.operator), None)
    if row.ending.number is None or changed is None:
        return ()
    line = f"millwright explain {material.run_id} --table {row.table.name} --row {row.ending.number} --column {changed}"
    return (Command(line=line, purpose=f"how {changed} came to its value, with the votes"),)


def _cell_section(material: Material, row: StagedRow, column: str) -> Section:
    cell = row.cell(column)
    return Section(
        key="cell",
        title=f"How {column} came to its value",
        facts=column_facts(cell.column),
        passages=cell_passages(material, row, cell),
    )


def _rules_section(material: Material, row: StagedRow, column: str) -> Section:
    checks = [each for each in material.checks if each.table == row.table.name and each.column == column]
    if not checks:
        return Section(key="checks", title="Rules on the column")
    return checks_section(checks).model_copy(update={"title": "Rules on the column", "lead": ()})


def _touched(row: StagedRow) -> list[str]:
    """Return the columns whose cells were changed, or for which the row is in quarantine."""
    broken = {part for rule, _ in row.ending.rules for part in rule.split(".")}
    return [cell.column.name for cell in row.cells if cell.operator or cell.finding or cell.column.name in broken]


def _decisions(material: Material, row: StagedRow, columns: list[str]) -> tuple[Section, ...]:
    found: tuple[Judgement, ...] = tuple(judgement(each) for each in decisions_on(material, row, columns))
    title = "Decisions it rests on"
    return (Section(key="decisions", title=title, judgements=found),)
