"""Rows that were not published: what is in quarantine and by which rule, what was merged, with examples."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from state.explanation import Grid, Section
from tools.checks.rule import counted
from tools.explain.changing import cut
from tools.explain.material import Material
from tools.explain.rules import RuleAbout, about_rule, rules_about
from tools.sql.quote import ident, literal

_MOST_GROUPS = 1_000
_MOST_CHARACTERS = 200  # of a raw value
_MOST_REASONS = 60
_EXAMPLES = 3
_SHOWN_FIELDS = 6
_SYSTEM = frozenset({"_reason", "_rule", "_file", "_line", "_raw", "_extra"})


class Example(NamedTuple):
    """One row in quarantine."""

    file: str | None
    line: int | None
    raw: str | None  # the line of a reject
    fields: dict[str, str]  # raw text by contract column, blank ones left out

    def place(self) -> str:
        """Return where the row stands."""
        return f"{self.file} line {self.line}" if self.file else "(no file)"

    def text(self, first: str) -> str:
        """Return the row's raw values, the column `first` before all others."""
        if self.raw is not None:
            return cut(self.raw, 160)
        names = sorted(self.fields, key=lambda name: name != first)
        shown = [f"{name}={cut(self.fields[name], 40)}" for name in names[:_SHOWN_FIELDS]]
        return ", ".join([*shown, "…"] if len(names) > _SHOWN_FIELDS else shown)


class Group(NamedTuple):
    """Rows of a table in quarantine for one reason."""

    table: str
    rule: str  # several rules are joined by "; "
    reason: str
    rows: int
    files: int
    examples: tuple[Example, ...]
    rule_rows: int  # rows of the table in quarantine by the same rule, whatever the value
    reasons: int  # distinct reasons of the table, those that are not told included

    @property
    def value(self) -> str | None:
        """The offending value as the reason names it; None when it names none."""
        _, found, value = self.reason.partition(", found ")
        alone = "; " not in self.rule and not self.rule.endswith(".primaryKey")
        return value if found and alone else None


def quarantine_groups(material: Material, table: str) -> tuple[Group, ...]:
    """Return the commonest reasons for which rows of the table are in quarantine, a bounded number of them."""
    source = material.side("quarantine", table)
    if source is None:
        return ()
    columns = [row[0] for row in material.rows(f"describe select * from {source}")]
    fields = ", ".join(
        f"{literal(name)}, left({ident(name)}, {_MOST_CHARACTERS})" for name in columns if name not in _SYSTEM
    )
    entry = (
        f"{{'file': _file, 'line': _line, 'raw': left(_raw, {_MOST_CHARACTERS}), "
        f"'fields': json_object({fields})::varchar}}"
    )
    found = material.rows(
        "select _rule, _reason, count(*) as rows, count(distinct _file), "
        f"arg_min({entry}, {{'file': coalesce(_file, ''), 'line': coalesce(_line, 0)}}, {_EXAMPLES}), "
        "(sum(count(*)) over (partition by _rule))::bigint, count(*) over () "
        f"from {source} group by _rule, _reason order by rows desc, _rule, _reason limit {_MOST_GROUPS}"
    )
    return tuple(
        Group(table, rule or "", reason or "", rows, files, tuple(map(_example, examples)), rule_rows, reasons)
        for rule, reason, rows, files, examples, rule_rows, reasons in found
    )


def _example(entry: dict[str, Any]) -> Example:
    fields = json.loads(entry["fields"])
    known = {name: value for name, value in fields.items() if value is not None and name}
    return Example(entry["file"], entry["line"], entry["raw"], known)


def quarantine_section(material: Material, groups: Sequence[Group]) -> Section:
    """Tell what is in quarantine: the rows each rule costs, then every reason with examples."""
    title = "Quarantine"
    if not groups:
        return Section(key="quarantine", title=title, lead=("No row is in quarantine.",))
    tables = list(dict.fromkeys(group.table for group in groups))
    paths = ", ".join(material.side_path("quarantine", table) for table in tables)
    known = rules_about(material)
    grids = []
    for table in tables:
        members = [group for group in groups if group.table == table]
        grids += [_cost(material, table, members), _reasons(material, table, members, known)]
    lead = f"All rows set aside, with raw values, reason, file and line, in the folder of the run: {paths}"
    return Section(key="quarantine", title=title, lead=(lead,), grids=tuple(grids))


def _cost(material: Material, table: str, groups: Sequence[Group]) -> Grid:
    """Return the number of rows each rule costs; a row that breaks several counts for each of them."""
    costs: dict[str, int] = {}
    for rules, rows in {group.rule: group.rule_rows for group in groups}.items():
        for rule in rules.split("; "):
            costs[rule] = costs.get(rule, 0) + rows
    read = material.run["tables"].get(table, {}).get("rows_read", 0)
    ranked = sorted(costs.items(), key=lambda item: -item[1])
    return Grid(
        caption=f"{table}: what each rule costs",
        head=("rule", "rows", "share of rows read"),
        rows=tuple(
            (rule, f"{rows:,}", f"{100 * rows / read:.3f} %" if read else "") for rule, rows in ranked[:_MOST_REASONS]
        ),
        numeric=(1, 2),
        more=f"and {counted(len(ranked) - _MOST_REASONS, 'more rule')}" if len(ranked) > _MOST_REASONS else "",
    )


def _reasons(material: Material, table: str, groups: Sequence[Group], known: dict[str, RuleAbout]) -> Grid:
    rows = []
    for group in groups[:_MOST_REASONS]:
        first = about_rule(known, table, group.rule, group.reason).column
        examples = "\n".join(f"{each.place()}: {each.text(first)}" for each in group.examples)
        more = group.rows - len(group.examples)
        rows.append((f"{group.rows:,}", group.reason, examples + (f"\nand {more:,} more" if more > 0 else "")))
    left = groups[0].reasons - len(rows)
    return Grid(
        caption=f"{table}: why, with examples",
        head=("rows", "reason", "file, line and raw values"),
        rows=tuple(rows),
        numeric=(0,),
        raw=(2,),
        more=f"and {counted(left, 'more reason')}: see {material.side_path('quarantine', table)}" if left > 0 else "",
    )


def merged_section(material: Material, tables: Sequence[str]) -> Section:
    """Tell which rows were merged into others, with examples."""
    grids = []
    for table in tables:
        source = material.side("merged", table)
        total = material.rows(f"select count(*) from {source}")[0][0] if source else 0
        if not total:
            continue
        rows = material.rows(f"select row_id, file, line, kept_file, kept_line from {source} limit {_EXAMPLES + 2}")
        grids.append(
            Grid(
                caption=f"{table}: {counted(total, 'row')} merged",
                head=("key", "merged row", "into"),
                rows=tuple(
                    (key or "", f"{file} line {line}", f"{kept} line {at}") for key, file, line, kept, at in rows
                ),
                raw=(0,),
                more=f"and {total - len(rows):,} more: see {material.side_path('merged', table)}"
                if total > len(rows)
                else "",
            )
        )
    return Section(key="merged", title="Merged duplicates", grids=tuple(grids))
