"""The fate of one line of an input file: published, merged, quarantined, a reject, the header, or blank."""

from state.contract import Table
from state.errors import RunError
from state.explanation import Command, Explanation, Fact, Mark, Section
from state.sources import SourceFile
from tools.checks.rule import counted
from tools.explain.material import Material
from tools.explain.row_story import ending_sentence, explain_row
from tools.explain.run_story import about_run
from tools.explain.staged import read_row
from tools.intake import Intake
from tools.provenance import row_beginning_at

_SHOWN = 5


def explain_line(material: Material, name: str, line: int) -> Explanation:
    """Return what became of a physical line; RunError when there is no such file or line."""
    intake = _intake(material)
    file = find_file(intake, name)
    if not 1 <= line <= file.lines:
        raise RunError(f"there is no line {line} in {file.name}: it has {counted(file.lines, 'line')}")
    if line <= file.header_lines:
        text = ", ".join(file.header) or "(blank)"
        return _plain(material, file, line, "It is part of the header.", (Fact(label="columns", value=text),))
    tables = [table for table in material.tables if file.file_id in intake.table_files.get(table, ())]
    if not tables:
        return _plain(
            material, file, line, "Its file feeds no table of the contract, so it was not read.", (), Mark.WARN
        )
    reject = _reject(material, file, line)
    if reject is not None:
        return reject
    variant = next(each.variant_id for each in intake.inventory.variants if file.file_id in each.file_ids)
    found = row_beginning_at(material.engine, file.file_id, variant, line)
    if found is None:
        return _plain(material, file, line, "It is blank: it holds no record.")
    return _record(material, [material.table(table) for table in tables], found[0], (file, line, found[1]))


def _intake(material: Material) -> Intake:
    if material.intake is None:
        raise RunError(
            "lines cannot be told without the workspace of the run", where=material.run_id, hint="see its side tables"
        )
    return material.intake


def find_file(intake: Intake, name: str) -> SourceFile:
    """Return the input file of that name, path or unambiguous end of its name; RunError when there is none."""
    files = intake.inventory.files
    exact = [file for file in files if name in (file.name, file.path)]
    found = exact or [file for file in files if file.path.endswith(f"/{name}")]
    if len(found) == 1:
        return found[0]
    if found:
        raise RunError(
            f"several files are called {name!r}: {', '.join(file.name for file in found[:_SHOWN])}",
            hint="give more of the path",
        )
    some = ", ".join(file.name for file in files[:_SHOWN]) + (", ..." if len(files) > _SHOWN else "")
    raise RunError(f"the run read no file {name!r}", hint=f"its files: {some}")


def _record(material: Material, tables: list[Table], row_id: int, place: tuple[SourceFile, int, int]) -> Explanation:
    """Tell a landed record, for each table that its file feeds."""
    file, line, begins = place
    staged = [table for table in tables if material.staged(table.name)]
    if not staged:
        text = "It was read as a record, but the run stopped before it was staged."
        return _plain(material, file, line, text, (), Mark.WARN)
    stories = [explain_row(material, table, row_id) for table in staged]
    sentence, mark = ending_sentence(material, read_row(material, staged[0], row_id))
    if begins != line:
        sentence = f"It belongs to the record that begins in line {begins}. {sentence}"
    sections = stories[0].sections
    if len(stories) > 1:
        sections = tuple(
            section.model_copy(update={"key": f"t{at}-{section.key}", "title": f"{table.name}: {section.title}"})
            for at, (table, story) in enumerate(zip(staged, stories, strict=True))
            for section in story.sections
        )
        others = [f"{table.name}: {story.verdict}" for table, story in zip(staged, stories, strict=True)]
        sentence = " ".join(others)
    return stories[0].model_copy(
        update={
            "kind": "line",
            "title": f"{file.name}, line {line}",
            "verdict": sentence,
            "mark": mark,
            "sections": sections,
        }
    )


def _reject(material: Material, file: SourceFile, line: int) -> Explanation | None:
    rows = material.rows(
        f"select line, lines, raw, reason from land.rejects where file_id = {file.file_id} "
        f"and {int(line)} between line and line + lines - 1 limit 1"
    )
    if not rows:
        return None
    first, lines, raw, reason = rows[0]
    facts = (
        Fact(label="reason", value=reason),
        Fact(label="lines", value=f"{first} to {first + lines - 1}" if lines > 1 else str(first)),
        Fact(label="header", value=f"{counted(len(file.header), 'column')}: {', '.join(file.header)}"),
    )
    text = f"Quarantined: it could not be read as a record ({reason})."
    return _plain(material, file, line, text, facts, Mark.WARN, code=raw or "")


def _plain(
    material: Material,
    file: SourceFile,
    line: int,
    verdict: str,
    facts: tuple[Fact, ...] = (),
    mark: Mark = Mark.NONE,
    code: str = "",
) -> Explanation:
    books = Fact(label="file", value=file.name, note=f"{file.lines:,} lines, read with {file.dialect.evidence}")
    command = Command(line=f"millwright explain {material.run_id}", purpose="the story of the whole run")
    section = Section(key="line", title="The line", facts=(*facts, books), code=code, commands=(command,))
    return Explanation(
        run_id=material.run_id,
        kind="line",
        title=f"{file.name}, line {line}",
        verdict=verdict,
        mark=mark,
        about=about_run(material),
        sections=(section,),
    )
