"""What an explanation is asked about, and the one way to ask."""

from state.errors import RunError, SetupError
from state.explanation import Explanation, Mark
from state.values import Value
from tools.explain.conversing import explain_messages
from tools.explain.line_fate import explain_line
from tools.explain.material import Material
from tools.explain.remnant import explain_published_row, explain_side_line, number_with_key, side_section
from tools.explain.row_story import explain_row, known_column, row_by_key, row_by_number
from tools.explain.run_story import about_run, explain_run
from tools.explain.table_story import explain_column, explain_table


class Subject(Value):
    """What is asked about: everything left out is the whole run."""

    table: str = ""
    row: int | None = None  # number in the published table, from 1
    key: str = ""  # "column=value, column=value"
    column: str = ""
    file: str = ""
    line: int | None = None
    quarantined: int | None = None  # number in the quarantine table, from 1
    messages: bool = False  # what the agents of the run said to each other

    @property
    def name(self) -> str:
        """A name for a file about it: letters, digits, dots and hyphens."""
        parts = [self.table, *(f"{word}-{part}" for word, part in self._numbers().items() if part), self.column]
        text = "-".join(part for part in parts if part) or ("messages" if self.messages else "run")
        return "".join(c if c.isalnum() or c in "._" else "-" for c in text)[:120]

    def _numbers(self) -> dict[str, object]:
        return {
            "row": self.row,
            "key": self.key,
            "file": self.file,
            "line": self.line,
            "quarantined": self.quarantined,
        }


def explain(material: Material, subject: Subject) -> Explanation:
    """Return the explanation of a subject.

    Raises SetupError for a subject that is not whole, RunError for one that does not exist.
    """
    _check(subject)
    if subject.messages:
        return explain_messages(material)
    if subject.file:
        line = subject.line or 0
        return (
            explain_line(material, subject.file, line)
            if material.whole
            else explain_side_line(material, subject.file, line)
        )
    table = subject.table or _only_table(material, subject)
    return _explain_table(material, table, subject) if table else explain_run(material)


def _explain_table(material: Material, table: str, subject: Subject) -> Explanation:
    _known(material, table)
    if subject.quarantined is not None:
        return _explain_quarantined(material, table, subject.quarantined)
    if subject.row is not None or subject.key:
        return _explain_row(material, table, subject)
    if not subject.column:
        return explain_table(material, table)
    known_column(material.table(table), subject.column)
    return explain_column(material, material.table(table), subject.column)


def _check(subject: Subject) -> None:
    """Refuse subjects that are half or two at once."""
    if bool(subject.file) != (subject.line is not None):
        raise SetupError("a line needs both its file and its number", hint="give --file F --line L")
    ways = [bool(subject.file), subject.row is not None, bool(subject.key), subject.quarantined is not None]
    if sum(ways) > 1:
        raise SetupError(
            "more than one row is asked for", hint="give one of --row, --key, --quarantined, --file with --line"
        )
    if subject.messages and subject != Subject(messages=True):
        raise SetupError("--messages tells of the whole run", hint="leave the other options out")
    if subject.file and (subject.table or subject.column):
        raise SetupError("--file and --line ask about a line of any table", hint="leave --table and --column out")
    if subject.quarantined is not None and subject.column:
        raise SetupError("a row in quarantine is told with all its columns", hint="leave --column out")


def _only_table(material: Material, subject: Subject) -> str:
    """Return the table that is meant where none is named: none when the whole run is asked about."""
    if subject == Subject():
        return ""
    if len(material.tables) == 1:
        return material.tables[0]
    raise SetupError("the run has several tables", hint=f"give --table, one of {', '.join(material.tables)}")


def _known(material: Material, table: str) -> None:
    if table not in material.tables:
        raise RunError(
            f"there is no table {table!r} in run {material.run_id!r}", hint=f"its tables: {', '.join(material.tables)}"
        )


def _explain_row(material: Material, table: str, subject: Subject) -> Explanation:
    if not material.whole:
        number = number_with_key(material, table, subject.key) if subject.key else subject.row or 0
        return explain_published_row(material, table, number, subject.column or None)
    found = material.table(table)
    if subject.column:
        known_column(found, subject.column)
    row_id = (
        row_by_key(material, found, subject.key) if subject.key else row_by_number(material, found, subject.row or 0)
    )
    return explain_row(material, found, row_id, subject.column or None)


def _explain_quarantined(material: Material, table: str, number: int) -> Explanation:
    source = material.side("quarantine", table)
    cursor = material.engine.execute(f"select *, count(*) over () as _total from {source}") if source else None
    rows = cursor.fetchall() if cursor else []
    if not 1 <= number <= len(rows):
        raise RunError(f"there is no row {number} in the quarantine of {table}: it has {len(rows):,}")
    names = [entry[0] for entry in (cursor.description or ())] if cursor else []
    row = dict(zip(names, rows[number - 1], strict=True))
    section, file, line = side_section(table, row), row["_file"], row["_line"]
    more = explain_line(material, file, line).sections if material.whole and file else ()
    return Explanation(
        run_id=material.run_id,
        kind="quarantined",
        title=f"Row {number:,} in the quarantine of {table}",
        verdict=f"Quarantined: {row['_reason']}.",
        mark=Mark.WARN,
        about=about_run(material),
        sections=(section, *more),
    )
