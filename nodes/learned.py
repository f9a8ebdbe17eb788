"""Where lessons enter a run: read once after the files are known, then part of what the run goes by."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from algorithms.learned_mappings import with_learned
from algorithms.learned_plans import conditions_used, estimates_used
from algorithms.reflection.contradictions import against_contract
from algorithms.reflection.families import family_of
from nodes.known_readings import read_as_known
from state.contract import Contract
from state.experience import LessonUse
from state.lessons import KnownFormat, KnownMapping, Lesson
from state.plans import Plan
from state.run import RunContext
from tools.intake import Intake
from tools.lessons import lessons_in_force
from tools.lessons_used import lessons_of, read_lessons, read_uses, record_use, write_lessons
from tools.sources.match import match_tables
from tools.workspace import open_workspace


def settle_lessons(contract: Contract, intake: Intake, context: RunContext, folder: Path) -> tuple[Lesson, ...]:
    """Return the lessons that a run goes by: those that were settled before, or those in force now, kept for later.

    What the contract speaks against is not among them, be it pinned: it may have changed since its last run.
    """
    if context.patterns.reflection == "off":
        return ()
    settled = read_lessons(folder)
    if settled is None:
        headers = [variant.fingerprint for variant in intake.inventory.variants]
        family = family_of(headers, (file.name for file in intake.inventory.files))
        in_force = lessons_in_force(context.knowledge, contract.id, family)
        settled = tuple(lesson for lesson in in_force if not against_contract(lesson.value, contract))
        write_lessons(folder, settled)
    return settled


def taught(
    contract: Contract, intake: Intake, folder: Path, lessons: Sequence[Lesson], optional: Sequence[str]
) -> tuple[Contract, Intake]:
    """Return contract and intake with what lessons know of the sources; a file read anew may feed another table."""
    if not lessons:
        return contract, intake
    known = read_as_known(intake, contract, folder, lessons)
    if known.intake is not intake:
        matched = match_tables(known.intake.inventory, contract, optional=optional)
        intake = known.intake.model_copy(update={"table_files": matched.files, "unused": matched.unused})
    uses = (*known.uses, *spoken(contract, intake, lessons))
    return with_learned(contract, lessons), intake.model_copy(update={"uses": uses})


def spoken(contract: Contract, intake: Intake, lessons: Sequence[Lesson]) -> Iterator[LessonUse]:
    """Yield the lessons on formats and mappings that have a vote in this run: the log's own are told by the log."""
    tables = {table.name for table in contract.tables}
    headers = {variant.fingerprint for variant in intake.inventory.variants}
    for lesson in lessons:
        value = lesson.value
        if lesson.entry is not None or getattr(value, "table", None) not in tables:
            continue
        if isinstance(value, KnownFormat):
            said = ", ".join(f"{name} {choice}" for name, choice in value.readings.items())
            step, told = f"format:{value.table}", f"speaks for {said} in {value.column}"
        elif isinstance(value, KnownMapping) and value.header in headers:
            said = ", ".join(f"{source!r} is {target}" for source, target in value.matches.items())
            step, told = f"map:{value.table}", f"speaks for {said}"
        else:
            continue
        yield LessonUse(lesson_id=lesson.lesson_id, kind=lesson.kind.value, steps=(step,), effect=told[:300])


def tell_lessons(plan: Plan, folder: Path) -> Plan:
    """Return a plan that names the lessons it goes by: what they changed about it is put on record."""
    lessons = lessons_of(folder)
    if not lessons or plan.metadata is None:
        return plan
    with open_workspace(folder) as connection:
        for use in (*estimates_used(plan, lessons), *conditions_used(plan, lessons)):
            record_use(connection, use)
        used = tuple(dict.fromkeys(use.lesson_id for use in read_uses(connection)))
    return plan.model_copy(update={"metadata": plan.metadata.model_copy(update={"lessons": used})})


def uses_of(folder: Path) -> tuple[LessonUse, ...]:
    """Return what lessons were used for so far in a run, by its folder."""
    if not lessons_of(folder):
        return ()
    with open_workspace(folder) as connection:
        return read_uses(connection)
