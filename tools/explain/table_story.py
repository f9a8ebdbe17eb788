"""The story of a table, and of one column of it in all rows."""

from state.contract import Table
from state.explanation import Explanation, Fact, Grid, Mark, Section
from state.mapping import ColumnMapping
from state.run import TableAccount
from tools.checks.rule import counted
from tools.explain.advice import advice_section
from tools.explain.aside import merged_section, quarantine_groups, quarantine_section
from tools.explain.cell_story import column_facts
from tools.explain.changing import cells_by_decision, changes_section
from tools.explain.checking import checks_section
from tools.explain.headers import drift_line, headers_section, variant_files
from tools.explain.judging import about, decision_sections
from tools.explain.material import Material
from tools.explain.planning import plan_section
from tools.explain.proposed import proposals_section
from tools.explain.run_story import about_run

_MOST_FILES = 6


def explain_table(material: Material, name: str) -> Explanation:
    """Return what came in for a table, what was done to it, and what was published of it."""
    groups = quarantine_groups(material, name)
    sentence, mark = _verdict(material, name)
    own = [f"{name}/{mapping.variant_id}" for mapping in material.mappings if mapping.table == name]
    columns = {decision.subject for decision in material.decisions if decision.subject.startswith(f"{name}.")}
    decisions = about(material.decisions, *own, *columns)
    sections = [
        _made_from(material, name),
        advice_section(material, groups, (name,)),
        plan_section(material, (name,)),
        headers_section(material, (name,)),
        checks_section([check for check in material.checks if check.table == name]),
        changes_section(material, (name,)),
        proposals_section(material, (name,)),
        quarantine_section(material, groups),
        merged_section(material, (name,)),
        *decision_sections(decisions, cells_by_decision(material, (name,))),
    ]
    return Explanation(
        run_id=material.run_id,
        kind="table",
        title=f"Table {name}",
        verdict=sentence,
        mark=mark,
        figures=_figures(material, name),
        about=about_run(material),
        sections=tuple(section for section in sections if not section.empty),
    )


def _verdict(material: Material, name: str) -> tuple[str, Mark]:
    account = material.run["tables"].get(name)
    if account is None:
        return f"Nothing was published of {name}: the run stopped before its rows were counted.", Mark.BAD
    if name in material.published:
        return f"Published: {account['rows_published']:,} of {account['rows_read']:,} rows read.", Mark.GOOD
    blocking = [check for check in material.checks if check.blocking and check.table == name]
    if blocking:
        return f"Not published: {counted(len(blocking), 'rule')} of it are broken or could not be checked.", Mark.BAD
    return "Not published: it meets its rules, but tables are published together and another one does not.", Mark.WARN


def _figures(material: Material, name: str) -> tuple[Fact, ...]:
    account = material.run["tables"].get(name)
    if account is None:
        return ()
    kept = set(TableAccount.model_fields) - {"table", "derived", "rows_in"}
    keys = [key for key in account if key in kept or key == "rows_withheld"]
    words = {key: key.removeprefix("rows_").replace("_", " ") for key in keys}
    return tuple(Fact(label=words[key], value=f"{account[key]:,}") for key in keys)


def _made_from(material: Material, name: str) -> Section:
    table = material.contract.table(name) if material.contract else None
    if table is None or not table.derived:
        return Section(key="inputs", title="What it is made from")
    inputs = material.run["tables"].get(name, {}).get("rows_in", {})
    facts = tuple(Fact(label=source, value=f"{rows:,} rows read") for source, rows in inputs.items())
    return Section(key="inputs", title="What it is made from", facts=facts, code=(table.transform_logic or "").strip())


def explain_column(material: Material, table: Table, column: str) -> Explanation:
    """Return how a column was found in every header variant, how it was read, resolved and checked."""
    name, subject = table.name, f"{table.name}.{column}"
    decisions = about(material.decisions, subject)
    checks = [check for check in material.checks if check.table == name and check.column == column]
    groups = [group for group in quarantine_groups(material, name) if f".{column}." in f".{group.rule}."]
    sections = [
        _found_in(material, table, column),
        _read_as(material, name, column),
        changes_section(material, (name,), column),
        proposals_section(material, (name,), column),
        quarantine_section(material, groups) if groups else Section(key="quarantine", title=""),
        checks_section(checks) if checks else Section(key="checks", title=""),
        *decision_sections(decisions, cells_by_decision(material, (name,))),
    ]
    sentence, mark = _verdict(material, name)
    return Explanation(
        run_id=material.run_id,
        kind="column",
        title=f"Column {column} of {name}",
        verdict=sentence,
        mark=mark,
        about=about_run(material),
        sections=tuple(section for section in sections if not section.empty),
    )


def _found_in(material: Material, table: Table, column: str) -> Section:
    logic = table.column(column).transform_logic
    mappings = [mapping for mapping in material.mappings if mapping.table == table.name]
    rows = tuple(_variant_row(material, mapping, column) for mapping in mappings)
    marks = tuple(Mark.GOOD if row[2] else Mark.WARN for row in rows)
    grid = Grid(
        caption="Which column of the file feeds it, header by header",
        head=("header", "files", "in the file", "score", "why", "next best"),
        rows=rows,
        numeric=(3,),
        raw=(2,),
        marks=() if logic else marks,
    )
    code = logic or (table.transform_logic if table.derived else "") or ""
    lead = ("It is computed by the contract's SQL.",) if code else ()
    return Section(
        key="mapping",
        title="Where it comes from",
        lead=lead,
        facts=column_facts(table.column(column)),
        grids=(grid,) if rows and not code else (),
        code=code.strip(),
    )


def _variant_row(material: Material, mapping: ColumnMapping, column: str) -> tuple[str, ...]:
    files = variant_files(material, mapping.variant_id)
    more = f" and {len(files) - _MOST_FILES} more" if len(files) > _MOST_FILES else ""
    named = ", ".join(files[:_MOST_FILES]) + more
    match = next((match for match in mapping.matches if match.target == column), None)
    if match is None:
        return (mapping.variant_id, named, "", "", f"missing; {drift_line(mapping)}", "")
    reason = {"name": "by name", "alias": "by a known name"}.get(match.reason, match.reason)
    return (mapping.variant_id, named, match.source, f"{match.score:.2f}", reason, match.runner_up or "")


def _read_as(material: Material, table: str, column: str) -> Section:
    """Tell the format of the column, with the files that are read otherwise than others."""
    found = next(
        (each for each in material.run.get("formats", ()) if (each["table"], each["column"]) == (table, column)), None
    )
    if found is None:
        return Section(key="format", title="How it is read")
    facts = [
        Fact(label="as", value=found["logical_type"]),
        Fact(label="decimal sign", value=found["decimal"] if found["logical_type"] in ("number", "integer") else ""),
        Fact(label="thousands sign", value=found["thousands"] or ""),
        Fact(label="unit left out", value=found["unit"] or ""),
        Fact(label="read as no value", value=", ".join(found["null_tokens"])),
        Fact(label="pattern", value=found["pattern"] or ""),
        Fact(label="confidence", value=f"{found['confidence']:.2f}"),
    ]
    rows = tuple(
        ((group["date_order"] or "any").replace("_", " "), _files(material, group["file_ids"]), group["evidence"])
        for group in found["groups"]
    )
    grid = Grid(caption="Order of day and month, by files", head=("order", "files", "evidence"), rows=rows)
    return Section(
        key="format",
        title="How it is read",
        facts=tuple(fact for fact in facts if fact.value),
        grids=(grid,) if rows else (),
    )


def _files(material: Material, file_ids: list[int]) -> str:
    names = [material.file_name(file_id) for file_id in file_ids[:_MOST_FILES]]
    return ", ".join(names) + (f" and {len(file_ids) - _MOST_FILES} more" if len(file_ids) > _MOST_FILES else "")
