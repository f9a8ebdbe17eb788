"""The story of one cell: the text in the file, every operator in order, who decided, and what stands there now."""

from state.contract import Column, LogicalType
from state.explanation import Fact, Mark, Passage
from tools.explain.changing import operator_words
from tools.explain.material import Material
from tools.explain.proposed import votes_in_words
from tools.explain.staged import Cell, Finding, StagedRow, cleaned

_RESOLVE, _REPAIR = "resolve:", "repair:"


def cell_passages(material: Material, row: StagedRow, cell: Cell) -> tuple[Passage, ...]:
    """Return what happened to a cell, in order."""
    name = cell.column.name
    if row.table.derived:
        return (*_computed(row, cell, f"computed by the SQL of {row.table.name}"), _outcome(material, row, cell))
    if cell.column.transform_logic:
        return (*_computed(row, cell, f"computed by the contract's SQL for {name}"), _outcome(material, row, cell))
    if cell.match is None:
        text = "No column of this file's header feeds it, so there is no value."
        return (Passage(title="not in the file", text=text, mark=Mark.WARN), _outcome(material, row, cell))
    landed = Passage(
        title=f"in the file: {row.place}, column {cell.match.source}",
        text=_mapped(cell),
        before=None,
        after=cell.landed,
        changed=False,
    )
    told = "blank" if cell.landed is None else "the text there"
    first = landed.model_copy(update={"before": cell.landed, "title": f"{landed.title}: {told}"})
    return (first, *_operators(material, cell), *unchanged_passages(cell), _outcome(material, row, cell))


def _mapped(cell: Cell) -> str:
    match = cell.match
    if match is None:
        return ""
    grounds = {"name": "its name", "alias": "a known name of the column"}.get(match.reason, match.reason)
    other = f"; the next best was {match.runner_up}" if match.runner_up else ""
    return f"It feeds {cell.column.name} because of {grounds} (score {match.score:.2f}{other})."


def _computed(row: StagedRow, cell: Cell, title: str) -> tuple[Passage, ...]:
    logic = row.table.transform_logic if row.table.derived else cell.column.transform_logic
    passage = Passage(title=title, text=" ".join((logic or "").split()))
    if cell.operator is None or row.table.derived:
        return (passage,)
    return (passage, _change(cell, cell.before, cell.value))


def _operators(material: Material, cell: Cell) -> tuple[Passage, ...]:
    """Return the operators that changed a landed text, in the order in which they are applied.

    The change log keeps the last one; that text was cleaned before it was resolved is told from the text itself.
    """
    if cell.operator is None:
        return ()
    if cell.finding is not None and cell.operator.startswith(_REPAIR):
        return _repaired(cell, cell.finding)
    if not cell.operator.startswith(_RESOLVE):
        return (_change(cell, cell.landed, cell.value),)
    text = cell.landed or ""
    clean = cleaned(material, cell.column, text)
    steps = [_change(cell, clean, cell.value)]
    if clean != text:
        kind = "trim" if " ".join(text.split()) == clean else "unicode"
        steps.insert(0, _step(kind, text, clean))
    return tuple(steps)


def _repaired(cell: Cell, finding: Finding) -> tuple[Passage, ...]:
    """Return how a text was read, where that was not as it stands, and how the council repaired it."""
    told = f"{finding.evidence}. Votes: {votes_in_words(finding.votes)}. Confidence {finding.confidence:.2f}"
    text = f"{told}; {finding.reason}." if finding.reason else f"{told}."
    repair = _step(cell.operator or "", finding.before, cell.value).model_copy(update={"text": text})
    if finding.before == cell.landed:
        return (repair,)
    read = Passage(title="read as the type of the column", before=cell.landed, after=finding.before, changed=True)
    return (read, repair)


def unchanged_passages(cell: Cell) -> tuple[Passage, ...]:
    """Return what the council found in a cell that it did not change."""
    finding = cell.finding
    if finding is None or finding.outcome == "applied":
        return ()
    text = f"{finding.evidence}. Votes: {votes_in_words(finding.votes)}. Not changed: {finding.reason}."
    what = "calls it wrong" if finding.after is None else "proposes another value"
    title = f"the repair council {what} (confidence {finding.confidence:.2f})"
    changed = finding.after is not None
    return (Passage(title=title, text=text, before=finding.before, after=finding.after, changed=changed),)


def _change(cell: Cell, before: str | None, after: str | None) -> Passage:
    return _step(cell.operator or "", before, after)


def _step(operator: str, before: str | None, after: str | None) -> Passage:
    mark = Mark.BAD if operator == "unreadable" else Mark.NONE
    title = f"{operator}: {operator_words(operator)}"
    return Passage(title=title, before=before, after=after, changed=True, mark=mark)


def _outcome(material: Material, row: StagedRow, cell: Cell) -> Passage:
    """Return what stands in the table at the end."""
    ending, name = row.ending, row.table.name
    rules = [rule for rule, _ in ending.rules if cell.column.name in rule.split(".")]
    if ending.rules:
        because = "a rule on this column" if rules else "a rule on other cells of the row"
        return Passage(
            title=f"quarantined with its row by {because}",
            text="; ".join(f"{rule}: {reason}" for rule, reason in ending.rules),
            mark=Mark.WARN,
        )
    if ending.merged_into is not None:
        return Passage(title="merged with its row into another one", mark=Mark.WARN)
    if name in material.published:
        return _standing(cell, f"published in row {ending.number:,} of {name}", Mark.GOOD)
    return _standing(
        cell, f"row {ending.number:,} of the staged rows of {name}; nothing of it was published", Mark.WARN
    )


def _standing(cell: Cell, where: str, mark: Mark) -> Passage:
    unchanged = "" if cell.operator else "It was not changed."
    return Passage(title=where, text=unchanged, before=cell.value, mark=mark)


def column_facts(column: Column) -> tuple[Fact, ...]:
    """Return what the contract says of the column."""
    facts = [
        Fact(label="type", value=_type(column.logical_type, column.physical_type)),
        Fact(label="meaning", value=column.description or ""),
        Fact(label="must be given", value="yes" if column.required else ""),
    ]
    return tuple(fact for fact in facts if fact.value)


def _type(logical: LogicalType, physical: str | None) -> str:
    return f"{logical.value} ({physical})" if physical else logical.value
