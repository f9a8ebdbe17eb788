"""Drift: which files had which header, and what became of every column of it."""

from state.explanation import Grid, Mark, Section
from state.mapping import ColumnMapping
from tools.checks.rule import counted
from tools.explain.material import Json, Material

MOST_VARIANTS = 30
_MOST_FILES = 8
_MOST_COLUMNS = 60


def headers_section(material: Material) -> Section:
    """Tell the header variants of every table, the commonest first."""
    grids, left = [], 0
    for table in material.tables:
        variants = [mapping for mapping in material.mappings if mapping.table == table]
        variants.sort(key=lambda mapping: -_files(material, mapping.variant_id))
        grids += [variant_grid(material, mapping) for mapping in variants[:MOST_VARIANTS]]
        left += max(0, len(variants) - MOST_VARIANTS)
    sources = material.run["sources"]
    lead = [
        f"{counted(sources['files'], 'file')} with {counted(len(sources['variants']), 'list')} of column names."
        " Names are compared with the contract's; a column of another name is renamed, one the contract does not know is"
        " new, one that no column of the file feeds is missing."
    ]
    if left:
        lead.append(f"{counted(left, 'header variant')} more: see mappings in run.json.")
    return Section(
        key="headers", title="Headers and drift", lead=tuple(lead), grids=(*_without_table(material), *grids)
    )


def variant_grid(material: Material, mapping: ColumnMapping) -> Grid:
    """Return every column of one header variant: what it is in the contract, on which grounds."""
    rows: list[tuple[str, ...]] = []
    marks = []
    for match in mapping.matches:
        same = match.source == match.target
        rows.append((_state(same=same), match.source, match.target, _grounds(match.reason), f"{match.score:.2f}"))
        marks.append(Mark.GOOD)
    for source in mapping.unmapped_sources:
        rows.append(("new", source, "", "not in the contract", ""))
        marks.append(Mark.WARN)
    for target in mapping.unmapped_targets:
        rows.append(("missing", "", target, "published as null for these files", ""))
        marks.append(Mark.WARN)
    return Grid(
        caption=f"{mapping.table}, header {mapping.variant_id}: {_named_files(material, mapping.variant_id)}",
        head=("column", "in the file", "in the contract", "why", "score"),
        rows=tuple(rows[:_MOST_COLUMNS]),
        numeric=(4,),
        raw=(1,),
        marks=tuple(marks[:_MOST_COLUMNS]),
        more=_more(len(rows)),
    )


def _more(columns: int) -> str:
    left = columns - _MOST_COLUMNS
    return f"and {counted(left, 'column')} more: see mappings in run.json" if left > 0 else ""


def drift_line(mapping: ColumnMapping) -> str:
    """Return in one line what is new, missing and renamed in a header variant."""
    renamed = [f"{match.source} as {match.target}" for match in mapping.matches if match.source != match.target]
    parts = [
        f"renamed: {', '.join(renamed)}" if renamed else "",
        f"new: {', '.join(mapping.unmapped_sources[:20])}" if mapping.unmapped_sources else "",
        f"missing: {', '.join(mapping.unmapped_targets[:20])}" if mapping.unmapped_targets else "",
    ]
    return "; ".join(part for part in parts if part) or "every column under the contract's name"


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


def _state(*, same: bool) -> str:
    return "same name" if same else "renamed"


def _grounds(reason: str) -> str:
    return {"name": "by name", "alias": "by a known name"}.get(reason, reason)


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
