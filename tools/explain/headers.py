"""Drift: which files had which header, and what became of every column of it."""

from collections.abc import Sequence

from state.explanation import Grid, Mark, Section
from state.mapping import ColumnMapping, ColumnMatch
from tools.checks.rule import counted
from tools.explain.material import Json, Material

MOST_VARIANTS = 30
_MOST_FILES = 8
_MOST_COLUMNS = 60
_MOST_ACROSS = 5


def headers_section(material: Material, tables: Sequence[str]) -> Section:
    """Tell for each of the tables which files have which header, and which column feeds which of the contract."""
    grids = []
    for table in tables:
        variants = [mapping for mapping in material.mappings if mapping.table == table]
        variants.sort(key=lambda mapping: -_files(material, mapping.variant_id))
        if variants:
            grids += [_files_grid(material, table, variants), _compared(table, variants)]
    if tuple(tables) == material.tables:
        grids += _without_table(material)
    if not grids:
        return Section(key="headers", title="Headers and drift")
    sources = material.run["sources"]
    lead = (
        f"{counted(sources['files'], 'file')} with {counted(len(sources['variants']), 'list')} of column names.",
        "A score below 1 beside a name says that the match was a judgement, told below.",
    )
    return Section(key="headers", title="Headers and drift", lead=lead, grids=tuple(grids))


def _files_grid(material: Material, table: str, variants: Sequence[ColumnMapping]) -> Grid:
    shown = variants[:MOST_VARIANTS]
    return Grid(
        caption=f"{table}: which files have which header",
        head=("header", "files", "drift"),
        rows=tuple((each.variant_id, _named_files(material, each.variant_id), drift_line(each)) for each in shown),
        marks=tuple(Mark.WARN if each.unmapped_sources or each.unmapped_targets else Mark.GOOD for each in shown),
        more=_left(len(variants), MOST_VARIANTS, "header variant"),
    )


def _compared(table: str, variants: Sequence[ColumnMapping]) -> Grid:
    """Return contract columns down, header variants across: the column of the file that feeds each."""
    shown = variants[:_MOST_ACROSS]
    matches = {each.variant_id: {match.target: match for match in each.matches} for each in shown}
    targets = list(
        dict.fromkeys(
            name for each in shown for name in (*(match.target for match in each.matches), *each.unmapped_targets)
        )
    )
    rows: list[tuple[str, ...]] = []
    marks = []
    for target in targets:
        found = [matches[each.variant_id].get(target) for each in shown]
        rows.append((target, *(_cell(match) for match in found)))
        marks.append(Mark.GOOD if all(found) else Mark.WARN)
    for source in dict.fromkeys(name for each in shown for name in each.unmapped_sources):
        rows.append(("(not in the contract)", *(source if source in each.unmapped_sources else "" for each in shown)))
        marks.append(Mark.WARN)
    return Grid(
        caption=f"{table}: which column of the file feeds which column of the contract",
        head=("in the contract", *(each.variant_id for each in shown)),
        rows=tuple(rows[:_MOST_COLUMNS]),
        raw=tuple(range(1, len(shown) + 1)),
        marks=tuple(marks[:_MOST_COLUMNS]),
        more="; ".join(
            part
            for part in (
                _left(len(variants), _MOST_ACROSS, "header variant"),
                _left(len(rows), _MOST_COLUMNS, "column"),
            )
            if part
        ),
    )


def _cell(match: ColumnMatch | None) -> str:
    if match is None:
        return "— missing"
    return match.source if match.score >= 1 else f"{match.source} ({match.score:.2f})"


def _left(number: int, most: int, noun: str) -> str:
    return f"and {counted(number - most, 'more ' + noun)}: see mappings in run.json" if number > most else ""


def drift_line(mapping: ColumnMapping) -> str:
    """Return in one line what is new, missing and renamed in a header variant."""
    renamed = [f"{match.source} as {match.target}" for match in mapping.matches if match.reason != "name"]
    parts = [
        f"renamed: {', '.join(renamed)}" if renamed else "",
        f"new: {', '.join(mapping.unmapped_sources[:20])}" if mapping.unmapped_sources else "",
        f"missing: {', '.join(mapping.unmapped_targets[:20])}" if mapping.unmapped_targets else "",
    ]
    return "; ".join(part for part in parts if part) or "none: every column by its name"


def variant_files(material: Material, variant_id: str) -> tuple[str, ...]:
    """Return the names of the files with that header."""
    variant = material.run["sources"]["variants"].get(variant_id, {})
    return tuple(material.file_name(file_id) for file_id in variant.get("file_ids", ()))


def _named_files(material: Material, variant_id: str) -> str:
    names, files = variant_files(material, variant_id), _files(material, variant_id)
    if not names:
        return counted(files, "file")
    shown = ", ".join(names) if len(names) <= _MOST_FILES else f"{names[0]}, {names[1]}, … {names[-1]}"
    return f"{counted(files, 'file')} ({shown})"


def _files(material: Material, variant_id: str) -> int:
    return int(material.run["sources"]["variants"].get(variant_id, {}).get("files", 0))


def _without_table(material: Material) -> list[Grid]:
    """Return the header variants that no mapping tells of: those of files that feed no table, or of a run cut short."""
    known = {mapping.variant_id for mapping in material.mappings}
    variants: dict[str, Json] = material.run["sources"]["variants"]
    rows = [
        (name, _named_files(material, name), ", ".join(variant["columns"]))
        for name, variant in variants.items()
        if name not in known
    ]
    if not rows:
        return []
    return [
        Grid(
            caption="Headers that were not mapped",
            head=("header", "files", "columns"),
            rows=tuple(rows[:MOST_VARIANTS]),
            raw=(2,),
            more=f"and {len(rows) - MOST_VARIANTS} more" if len(rows) > MOST_VARIANTS else "",
        )
    ]
