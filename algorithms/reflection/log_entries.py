"""Lessons and the decision log: what the log holds is the log's to decide, and lessons refer to its entries."""

from collections.abc import Iterable, Iterator, Sequence

from algorithms.reflection.learning import lesson_id_of
from algorithms.reflection.statistics import lower_bound
from algorithms.reflection.subjects import subject_of
from state.decision_log import Adopted, LogEntry
from state.experience import Experience
from state.lessons import Ground, KnownFormat, KnownMapping, Lesson, LessonStatus, LessonValue, Scope, StandingRepair


def with_entries(lessons: Iterable[Lesson], entries: Sequence[LogEntry], adopted: Adopted) -> Iterator[Lesson]:
    """Yield the lessons, each with the entry of the log that holds the same, where there is one."""
    for lesson in lessons:
        yield lesson.model_copy(update={"entry": _entry(lesson.value, entries, adopted)})


def _entry(value: LessonValue, entries: Sequence[LogEntry], adopted: Adopted) -> int | None:
    if isinstance(value, KnownMapping):
        known = adopted.of(value.table)
        if not all(source in known.get(target, {}) for source, target in value.matches.items()):
            return None
        return _last(
            entry.index
            for entry in entries
            if entry.proposal.mapping is not None
            and entry.proposal.mapping.table == value.table
            and entry.proposal.mapping.matches.items() & value.matches.items()
        )
    if isinstance(value, KnownFormat):
        readings = adopted.rule(value.table, value.column, value.source).readings
        held = all(readings.get(name) == said for name, said in value.readings.items())
        return _rule_entry(value, entries) if held else None
    return _rule_entry(value, entries) if isinstance(value, StandingRepair) else None


def _rule_entry(value: KnownFormat | StandingRepair, entries: Sequence[LogEntry]) -> int | None:
    about = (value.table, value.column, value.source)
    rules = ((entry.index, entry.proposal.rule) for entry in entries)
    return _last(index for index, rule in rules if rule and (rule.table, rule.column, rule.source) == about)


def _last(indices: Iterable[int]) -> int | None:
    return max(indices, default=None)


def standing_repairs(
    contract: str, entries: Sequence[LogEntry], adopted: Adopted, runs: Sequence[Experience]
) -> Iterator[Lesson]:
    """Yield a lesson for each standing repair rule in force; its evidence are the runs in which it was adopted."""
    at = {run.run_id: run.at for run in runs}
    for table, columns in adopted.rules.items():
        for column, sources in columns.items():
            for source, rule in sources.items():
                if not rule.values:
                    continue
                value = StandingRepair(table=table, column=column, source=source)
                scope, evidence = Scope(contract=contract), tuple(sorted({rule.runs[text] for text in rule.values}))
                yield Lesson(
                    lesson_id=lesson_id_of(value, scope, Ground.VERIFIED),
                    kind=value.kind,
                    subject=subject_of(value),
                    value=value,
                    scope=scope,
                    ground=Ground.VERIFIED,
                    runs=evidence,
                    trials=len(evidence),
                    successes=len(evidence),
                    bound=lower_bound(len(evidence), len(evidence)),
                    entry=_rule_entry(value, entries),
                    status=LessonStatus.IN_FORCE,
                    since=max((at[run] for run in evidence if run in at), default=None),
                )
