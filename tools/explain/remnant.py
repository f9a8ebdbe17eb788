"""Rows and lines of a run whose workspace is gone: what the side tables and the published table still tell."""

import json
from pathlib import Path
from typing import Any

from state.errors import RunError
from state.explanation import Explanation, Fact, Grid, Mark, Passage, Section
from tools.explain.changing import operator_words
from tools.explain.judging import judgement
from tools.explain.material import Material
from tools.explain.run_story import about_run
from tools.outputs.destination import RECEIPT, target_name
from tools.outputs.parquet import parts, table_sha256
from tools.sql.quote import ident, literal

_NO_ORIGIN = (
    "The workspace of the run is gone: the text of cells that were not changed, and the line of a row without a changed"
    " cell, cannot be told."
)
_MOST_FIELDS = 200


def explain_published_row(material: Material, table: str, number: int, column: str | None) -> Explanation:
    """Return what is still known of a row of a published table.

    Raises RunError when nothing was published of it, the file is not the run's any more, or there is no such row.
    """
    source, rows = _published(material, table), material.published[table]
    if not 1 <= number <= rows:
        raise RunError(f"there is no row {number} in {table}: it has {rows:,} rows (published)")
    cursor = material.engine.execute(f"select columns(*)::varchar from {source} limit 1 offset {number - 1}")
    names = [entry[0] for entry in cursor.description or ()]
    values = dict(zip(names, cursor.fetchone() or (), strict=True))
    if column is not None and column not in values:
        raise RunError(f"there is no column {column!r} in {table}", hint=f"its columns: {', '.join(names)}")
    changes = [change for change in _changes(material, table, values) if column in (None, change["column"])]
    file = next((f"{change['file']} line {change['line']}" for change in changes if change["file"]), "")
    wanted = {change["evidence"] for change in changes}
    decisions = tuple(judgement(each) for each in material.decisions if each.decision_id in wanted)
    shown = {name: value for name, value in values.items() if column in (None, name)}
    sections = (
        Section(key="history", title="What happened to it", passages=_passages(changes, file)),
        Section(key="decisions", title="Decisions it rests on", judgements=decisions),
        Section(key="cells", title="Cells of the row", grids=(_values_grid(shown, f"Row {number:,} as published"),)),
    )
    where = f"; from {file}" if file else ""
    return Explanation(
        run_id=material.run_id,
        kind="row" if column is None else "cell",
        title=f"{column} in row {number:,} of {table}" if column else f"Row {number:,} of {table}",
        verdict=f"Published as row {number:,} of {table}{where}.",
        mark=Mark.GOOD,
        about=about_run(material),
        sections=tuple(section for section in sections if not section.empty),
        untold=(_NO_ORIGIN,),
    )


def _published(material: Material, table: str) -> str:
    """Return SQL that reads the published table, when it is still the one the run wrote."""
    if table not in material.published:
        raise RunError(f"nothing of {table} was published, and the workspace of the run is gone", where=material.run_id)
    path = Path(material.run["out"]) / target_name(table)
    receipt = material.folder / RECEIPT
    hashes = json.loads(receipt.read_bytes())["tables"] if receipt.is_file() else {}
    if table not in hashes or table_sha256(path) != hashes[table]["sha256"]:
        raise RunError(
            "the published table is not the one this run wrote, and its workspace is gone",
            where=str(path),
            hint="explain the run that wrote it",
        )
    return f"read_parquet([{', '.join(literal(str(part)) for part in parts(path))}])"


def number_with_key(material: Material, table: str, key: str) -> int:
    """Return the number of the published row whose key is written like that; RunError when there is none."""
    source, names = _published(material, table), material.key_of(table)
    if not names:
        raise RunError(f"{table} has no key", hint="take --row")
    text = " || ', ' || ".join(f"{literal(name + '=')} || coalesce({ident(name)}::varchar, '')" for name in names)
    query = f"select number from (select row_number() over () as number, {text} as key from {source}) where key = ?"
    row = material.engine.execute(query, [key]).fetchone()
    if row is None:
        raise RunError(f"no row of {table} has {key!r}", hint=f"write its whole key: {', '.join(names)}")
    return int(row[0])


def explain_side_line(material: Material, file: str, line: int) -> Explanation:
    """Return what the side tables tell of a line of a file."""
    for table in material.tables:
        for kind, told in (("quarantine", _from_quarantine), ("merged", _from_merged), ("changes", _from_changes)):
            source = material.side(kind, table)
            found = told(material, table, source, file, line) if source else None
            if found is not None:
                return found
    known = file in material.run["sources"].get("file_names", ())
    if not known:
        raise RunError(f"the run read no file {file!r}", hint="give the name as the report writes it")
    return _line_page(
        material,
        file,
        line,
        "It is in no side table: it was published with no cell changed, or it is blank or a header.",
        Mark.NONE,
        (),
    )


def _from_quarantine(material: Material, table: str, source: str, file: str, line: int) -> Explanation | None:
    found = _records(material, f"select * from {source} where _file = {literal(file)} and _line = {int(line)}")
    if not found:
        return None
    return _line_page(
        material, file, line, f"Quarantined: {found[0]['_reason']}.", Mark.WARN, (side_section(table, found[0]),)
    )


def _from_merged(material: Material, table: str, source: str, file: str, line: int) -> Explanation | None:
    found = _records(material, f"select * from {source} where file = {literal(file)} and line = {int(line)}")
    if not found:
        return None
    into = f"{found[0]['kept_file']} line {found[0]['kept_line']}"
    text = f"Merged as a duplicate ({found[0]['row_id']}) into {into}, for {table}."
    return _line_page(material, file, line, text, Mark.WARN, ())


def _from_changes(material: Material, table: str, source: str, file: str, line: int) -> Explanation | None:
    found = _records(material, f"select * from {source} where file = {literal(file)} and line = {int(line)}")
    if not found:
        return None
    passages = _passages(found, f"{file} line {line}")
    section = Section(key="history", title="What happened to it", passages=passages)
    state = "Published in" if table in material.published else "Withheld with the whole of"
    text = f"{state} {table} ({found[0]['row_id'] or 'no key'})."
    return _line_page(material, file, line, text, Mark.GOOD, (section,))


def side_section(table: str, row: dict[str, Any]) -> Section:
    """Return a row of a quarantine table as it lies there."""
    facts = [
        Fact(label="table", value=table),
        Fact(label="reason", value=row["_reason"] or ""),
        Fact(label="rule", value=row["_rule"] or ""),
        Fact(label="file", value=row["_file"] or "none: its table is made from other tables"),
        Fact(label="line", value="" if row["_line"] is None else str(row["_line"])),
        Fact(label="fields the contract does not know", value=row["_extra"] or ""),
    ]
    values = {name: value for name, value in row.items() if not name.startswith("_") and value is not None}
    return Section(
        key="aside",
        title="As it lies in quarantine",
        facts=tuple(fact for fact in facts if fact.value),
        grids=(_values_grid(values, "Raw values under the contract's column names"),) if values else (),
        code=row["_raw"] or "",
    )


def _line_page(
    material: Material, file: str, line: int, verdict: str, mark: Mark, sections: tuple[Section, ...]
) -> Explanation:
    return Explanation(
        run_id=material.run_id,
        kind="line",
        title=f"{file}, line {line}",
        verdict=verdict,
        mark=mark,
        about=about_run(material),
        sections=sections,
        untold=(_NO_ORIGIN,),
    )


def _changes(material: Material, table: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the changes of a published row, found by its key; none for a table without one."""
    source, names = material.side("changes", table), material.key_of(table)
    if source is None or not names:
        return []
    key = ", ".join(f"{name}={values[name] or ''}" for name in names)
    return _records(material, f"select * from {source} where row_id = {literal(key)}")


def _passages(changes: list[dict[str, Any]], place: str) -> tuple[Passage, ...]:
    first = (Passage(title=f"read from {place}"),) if place else ()
    return (
        *first,
        *(
            Passage(
                title=f"{change['column']}, {change['operator']}: {operator_words(change['operator'])}",
                text=change.get("reason") or "",
                before=change["before"],
                after=change["after"],
                changed=True,
            )
            for change in changes
        ),
    )


def _records(material: Material, query: str) -> list[dict[str, Any]]:
    cursor = material.engine.execute(query)
    names = [entry[0] for entry in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _values_grid(values: dict[str, Any], caption: str) -> Grid:
    rows = tuple((name, "" if value is None else str(value)) for name, value in list(values.items())[:_MOST_FIELDS])
    left = len(values) - _MOST_FIELDS
    more = f"and {left} more columns" if left > 0 else ""
    return Grid(caption=caption, head=("column", "value"), rows=rows, raw=(1,), more=more)
