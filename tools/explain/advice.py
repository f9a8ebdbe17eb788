"""What to do next: what the sender should mend, what the contract could say, and which command tells more."""

import shlex
from collections.abc import Sequence

from state.checks import CheckResult, Verdict
from state.decisions import Decision
from state.explanation import Command, Mark, Passage, Section
from tools.checks.rule import counted
from tools.explain.aside import Group
from tools.explain.material import Material

_MOST_POINTS = 40
_LISTS = ("invalidValues", "validValues")
_NO_LIMIT = frozenset({"reject", "mapping", "drift", "primaryKey"})


def advice_section(material: Material, groups: Sequence[Group]) -> Section:
    """Return concrete findings for the sender and the contract's owner, then commands that go on from here."""
    checks = {check.rule: check for check in material.checks}
    points = [_point(material, group, checks.get(group.rule)) for group in groups]
    points += _drift_points(material)
    shown = points[:_MOST_POINTS]
    lead = []
    if not points:
        lead.append("Nothing has to be mended.")
    if len(points) > _MOST_POINTS:
        lead.append(f"The first {_MOST_POINTS} of {counted(len(points), 'finding')}, those of most rows first.")
    return Section(
        key="next",
        title="What to do next",
        lead=tuple(lead),
        points=tuple(shown),
        commands=commands(material, groups),
    )


def _point(material: Material, group: Group, check: CheckResult | None) -> Passage:
    """Return one finding: where, what, and what would mend it."""
    return Passage(title=f"{_where(group)}: {_what(group, check)}", text=_remedy(material, group, check), mark=Mark.WARN)


def _where(group: Group) -> str:
    first = group.examples[0] if group.examples else None
    if first is None or first.file is None:
        return group.table
    lines = [str(each.line) for each in group.examples if each.file == first.file]
    here = f"{first.file} line {', '.join(lines)}" if len(lines) == 1 else f"{first.file} lines {', '.join(lines)}"
    if group.files > 1:
        return f"{here} and {counted(group.files - 1, 'more file')}"
    return f"{here}{', …' if group.rows > len(lines) else ''}"


def _what(group: Group, check: CheckResult | None) -> str:
    rows, column = counted(group.rows, "row"), check.column if check else None
    kind = check.kind if check else group.rule.rsplit(".", 1)[-1]
    if kind == "reject":
        return f"{counted(group.rows, 'line')} cannot be read as a record: {group.reason}"
    if kind in _LISTS and column and group.value is not None:
        return f"{rows} with {column} {group.value!r}, which is not in the list"
    if kind == "required" and column:
        return f"{rows} without a value for {column}"
    if kind == "relationship" and group.value is not None:
        return f"{rows} with {group.value}, which {group.reason.partition(' exist in ')[2].partition(', found')[0]} lacks"
    if column and group.value is not None:
        return f"{rows} with {column} {group.value!r}: {group.reason.partition(', found')[0]}"
    return f"{rows}: {group.reason}"


def _remedy(material: Material, group: Group, check: CheckResult | None) -> str:
    kind = check.kind if check else group.rule.rsplit(".", 1)[-1]
    column = check.column if check and check.column else ""
    if kind == "reject":
        return "Ask the sender to write the line with as many fields as the header has, and to quote fields that hold the delimiter."
    if kind in _LISTS:
        hint = _hint(material.decisions, group, column)
        return f"Ask the sender for a value of the list{hint}, or add {group.value!r} to it in the contract ({group.rule})."
    if kind == "required":
        return f"Ask the sender to fill {column}; or, if it may be empty, take `required` away from it in the contract."
    if kind == "relationship":
        return "Ask the sender for the record that is referred to, or for the right reference."
    if kind == "primaryKey":
        return "Ask the sender which of the rows holds; or say in the contract which one wins (millwright.keep)."
    if kind == "type":
        return f"Ask the sender for a {column} that can be read as the contract says."
    if kind in _NO_LIMIT:
        return "Ask the sender whether these rows belong to this table."
    return f"Ask the sender to correct {column or 'the value'}, or change the rule {group.rule} if such values are right."


def _hint(decisions: Sequence[Decision], group: Group, column: str) -> str:
    """Return what the council said of a value it could not resolve."""
    subject = f"{group.table}.{column}: {group.value!r}"
    for decision in decisions:
        if decision.subject == subject and decision.reason:
            return f" (it was not resolved: {decision.reason})"
    return ""


def _drift_points(material: Material) -> list[Passage]:
    """Return what columns without a place, or without a source, ask for."""
    points = []
    for check in material.checks:
        if check.result is Verdict.PASSED or check.kind not in ("drift", "mapping"):
            continue
        if check.kind == "drift":
            text = "Add the column to the contract if it is wanted, as a name in millwright.aliases of the column it is, or ask the sender to leave it out."
        else:
            text = "Where a column has another name in these files, add that name to millwright.aliases of the contract's column."
        points.append(Passage(title=f"{check.table}: {check.detail}", text=text, mark=Mark.WARN))
    return points


def commands(material: Material, groups: Sequence[Group]) -> tuple[Command, ...]:
    """Return the commands that tell more of this run, or go on from it."""
    run_id = shlex.quote(material.run_id)
    found = []
    table = next(iter(material.published), next(iter(material.tables), None))
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
    if groups:
        found.append(_again(material, groups[0].table))
    if material.run["status"] in ("failed", "budget_spent"):
        found.append(Command(line=f"millwright resume {run_id}", purpose="continue the run from where it stopped"))
    if material.run["status"] == "waiting":
        found.append(Command(line=f"millwright resume {run_id} --answer JSON", purpose="answer what the run asks"))
    return tuple(found)


def _again(material: Material, table: str) -> Command:
    """Return how rows that somebody corrected are delivered: beside the original files, in a new run."""
    given = " ".join(shlex.quote(source) for source in material.run["sources"].get("given", ())) or "SOURCE..."
    contract, out = shlex.quote(material.run["contract"]["path"]), shlex.quote(material.run["out"])
    return Command(
        line=f"millwright run {contract} {given} CORRECTED --out {out}",
        purpose=(
            f"deliver again with the rows of {material.side_path('quarantine', table)} corrected: CORRECTED is a file"
            f" of them under the contract's column names, its name fit for millwright.sources of {table}"
        ),
    )
