"""What to do next: what the sender should mend, what the contract could say, and which command tells more."""

import shlex
from collections.abc import Sequence
from itertools import groupby

from state.decisions import Decision
from state.explanation import Command, Mark, Passage, Section
from tools.checks.rule import counted
from tools.explain.aside import Group
from tools.explain.headers import variant_files
from tools.explain.material import Material
from tools.explain.rules import RuleAbout, about_rule, rules_about

_MOST_POINTS = 40
_MOST_VALUES = 6
_MOST_PLACES = 4
_MOST_HINTS = 3
_LASTING = frozenset({"contract_sql", "accounting", "data"})  # failures that the same run meets again
_REMEDIES = {
    "reject": "Ask the sender to write the line with as many fields as the header has, and to quote text that holds the"
    " delimiter or a line break.",
    "required": "Ask the sender to fill {column}; if it may be empty, the contract should not require it.",
    "relationship": "Ask the sender for the record that is referred to, or for the right reference.",
    "primaryKey": "Ask the sender which of the rows holds, or say in the contract which one wins (millwright.keep).",
    "unique": "Ask the sender which of the rows holds.",
    "type": "Ask the sender for {column} in a form that can be read as the contract says.",
    "mapping": "Ask the sender whether these files belong to this table.",
    "drift": "Add the column to the contract, or ask the sender to leave it out.",
}


def advice_section(material: Material, groups: Sequence[Group], tables: Sequence[str]) -> Section:
    """Return findings on some tables for the sender and the contract's owner, then commands that go on from here."""
    known = rules_about(material)
    points = [_point(material, members, known) for members in _by_rule(groups)]
    points += _drift_points(material, tables)
    lead = [] if points else ["Nothing has to be mended."]
    if len(points) > _MOST_POINTS:
        lead.append(f"The first {_MOST_POINTS} of {counted(len(points), 'finding')}, those of most rows first.")
    return Section(
        key="next",
        title="What to do next",
        lead=tuple(lead),
        points=tuple(points[:_MOST_POINTS]),
        commands=commands(material, groups, tables),
    )


def _by_rule(groups: Sequence[Group]) -> list[list[Group]]:
    """Return the reasons that share a rule together, the rule of most rows first."""
    ordered = sorted(groups, key=lambda group: (group.table, group.rule))
    rules = [list(members) for _, members in groupby(ordered, key=lambda group: (group.table, group.rule))]
    ranked = [sorted(members, key=lambda group: -group.rows) for members in rules]
    return sorted(ranked, key=lambda members: -members[0].rule_rows)


def _point(material: Material, groups: Sequence[Group], known: dict[str, RuleAbout]) -> Passage:
    """Return one finding: what, where, and what would mend it."""
    column, kind = about_rule(known, groups[0].table, groups[0].rule, groups[0].reason)
    places = [_where(group) for group in groups[:_MOST_PLACES]]
    left = len(groups) - len(places)
    where = "; ".join(places) + (f"; and {counted(left, 'reason')} more" if left > 0 else "")
    remedy = _remedy(material, groups, kind, column)
    return Passage(title=_what(groups, kind, column), text=f"{where}. {remedy}", mark=Mark.WARN)


def _where(group: Group) -> str:
    """Return the places of one reason, led by the value where there is one."""
    first = group.examples[0] if group.examples else None
    value = f"{group.value!r}: " if group.value not in (None, "null") else ""
    if first is None or first.file is None:
        return f"{value}{counted(group.rows, 'row')} of {group.table}"
    lines = [str(each.line) for each in group.examples if each.file == first.file]
    here = f"{first.file} line {lines[0]}" if len(lines) == 1 else f"{first.file} lines {', '.join(lines)}"
    left = group.rows - len(lines)
    if not left:
        return value + here
    more = f" in {counted(group.files, 'file')}" if group.files > 1 else ""
    return f"{value}{here} and {counted(left, 'more row')}{more}"


def _what(groups: Sequence[Group], kind: str, column: str) -> str:
    rows, about = groups[0].rule_rows, groups[0].table + (f".{column}" if column else "")
    if kind == "reject":
        reasons = _listed([group.reason for group in groups])
        return f"{groups[0].table}: {counted(rows, 'line')} cannot be read as a record ({reasons})"
    if kind == "required":
        return f"{about}: {counted(rows, 'row')} without a value"
    values = [group.value for group in groups if group.value is not None]
    if kind == "list" and values:
        return f"{about}: {counted(rows, 'row')} with {_values(groups)}, not in the list"
    if values:
        return f"{about}: {counted(rows, 'row')} with {_values(groups)}; {groups[0].reason.partition(', found')[0]}"
    return f"{about}: {counted(rows, 'row')}; {groups[0].reason}"


def _values(groups: Sequence[Group]) -> str:
    if len(groups) == 1:
        return repr(groups[0].value)
    return _listed([f"{group.value!r}" + (f" ({group.rows:,} ×)" if group.rows > 1 else "") for group in groups])


def _listed(texts: Sequence[str]) -> str:
    shown, left = list(dict.fromkeys(texts))[:_MOST_VALUES], len(set(texts)) - _MOST_VALUES
    return ", ".join(shown) + (f" and {left:,} more" if left > 0 else "")


def _remedy(material: Material, groups: Sequence[Group], kind: str, column: str) -> str:
    if kind == "list":
        hints = [hint for group in groups[:_MOST_HINTS] if (hint := _hint(material.decisions, group, column))]
        why = f" Why the crew did not resolve them: {'; '.join(hints)}." if hints else ""
        return f"Ask the sender for values of the list, or add these to it in the contract ({groups[0].rule}).{why}"
    words = _REMEDIES.get(
        kind, "Ask the sender to correct {column}, or change the rule {rule} if such values are right."
    )
    return words.format(column=column or "the value", rule=groups[0].rule)


def _hint(decisions: Sequence[Decision], group: Group, column: str) -> str:
    """Return what the council said of a value it could not resolve."""
    subject = f"{group.table}.{column}: {group.value!r}"
    return next(
        (f"{group.value!r}, {each.reason}" for each in decisions if each.subject == subject and each.reason), ""
    )


def _drift_points(material: Material, tables: Sequence[str]) -> list[Passage]:
    """Return what columns without a place in the contract, or without a source, ask for."""
    points = []
    for table in tables:
        new: dict[str, list[str]] = {}
        missing: dict[str, list[str]] = {}
        for mapping in material.mappings:
            if mapping.table == table:
                for source in mapping.unmapped_sources:
                    new.setdefault(source, []).append(mapping.variant_id)
                for target in mapping.unmapped_targets:
                    missing.setdefault(target, []).append(mapping.variant_id)
        points += _points_of(material, f"{table}: not in the contract", new, _NEW)
        points += _points_of(material, f"{table}: no column in the files feeds", missing, _MISSING)
    return points


_NEW = (
    "If it is wanted, add it to the contract; if it is a column of the contract under another name, add that name to"
    " millwright.aliases; else nothing has to be done."
)
_MISSING = (
    "They are published as null for the rows of these files. If the files have them under another name, add that name"
    " to millwright.aliases; else ask the sender to deliver them."
)


def _points_of(material: Material, title: str, columns: dict[str, list[str]], remedy: str) -> list[Passage]:
    """Return one finding for all columns that the same header variants have too much or too little."""
    variants: dict[tuple[str, ...], list[str]] = {}
    for column, places in columns.items():
        variants.setdefault(tuple(places), []).append(column)
    return [
        Passage(title=f"{title}: {_listed(names)}", text=f"In {_files_of(material, places)}. {remedy}", mark=Mark.WARN)
        for places, names in variants.items()
    ]


def _files_of(material: Material, variants: Sequence[str]) -> str:
    names = [name for variant_id in variants for name in variant_files(material, variant_id)]
    left = len(names) - _MOST_PLACES
    shown = ", ".join(names[:_MOST_PLACES]) + (f" and {counted(left, 'more file')}" if left > 0 else "")
    return f"{shown} (header {', '.join(variants)})"


def commands(material: Material, groups: Sequence[Group], tables: Sequence[str]) -> tuple[Command, ...]:
    """Return the commands that tell more of this run, or go on from it."""
    run_id = shlex.quote(material.run_id)
    found = []
    table = next((name for name in tables if name in material.published), next(iter(tables), None))
    if table:
        found.append(
            Command(
                line=f"millwright explain {run_id} --table {shlex.quote(table)} --row 1",
                purpose=f"where row 1 of {table} comes from, and everything that was done to it",
            )
        )
    example = next((each for group in groups for each in group.examples if each.file), None)
    if example:
        found.append(
            Command(
                line=f"millwright explain {run_id} --file {shlex.quote(str(example.file))} --line {example.line}",
                purpose="why that line is in quarantine",
            )
        )
    if material.run["status"] in ("failed", "budget_spent"):
        found.append(_go_on(material))
    elif groups:
        found += _again(material, groups[0].table)
    if material.run["status"] == "waiting":
        found.append(Command(line=f"millwright resume {run_id} --answer JSON", purpose="answer what the run asks"))
    return tuple(found)


def _go_on(material: Material) -> Command:
    """Return how a stopped run goes on: anew where the same run would meet the same failure."""
    if any(step["status"] == "failed" and step["failure"] in _LASTING for step in material.run["step_reports"]):
        return Command(line=_run_line(material), purpose="run anew, once what made the step fail is corrected")
    line = f"millwright resume {shlex.quote(material.run_id)}"
    return Command(line=line, purpose="continue the run from where it stopped")


def _run_line(material: Material, more: str = "") -> str:
    given = " ".join(shlex.quote(source) for source in material.run["sources"].get("given", ())) or "SOURCE..."
    contract, out = shlex.quote(material.run["contract"]["path"]), shlex.quote(material.run["out"])
    return f"millwright run {contract} {given}{more} --out {out}"


def _again(material: Material, table: str) -> tuple[Command, Command]:
    """Return how rows are corrected by a person and delivered: as a source beside the original files, in a new run."""
    file = f"{table}_corrected.xlsx"
    line = f"millwright export {shlex.quote(material.run_id)} --table {shlex.quote(table)} --to {shlex.quote(file)}"
    return (
        Command(line=line, purpose=f"the rows of {table} in quarantine as a workbook, to correct them there"),
        Command(line=_run_line(material, f" {shlex.quote(file)}"), purpose="deliver again with what was corrected"),
    )
