"""All lessons of one contract after its buffer was looked at: what is new, what changed, what gave way."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from algorithms.reflection.contradictions import against_contract, clashes
from algorithms.reflection.judging import judge
from algorithms.reflection.learning import KEPT_RUNS, is_forgotten, replay, retired, without_outdated
from algorithms.reflection.log_entries import standing_repairs, with_entries
from algorithms.reflection.observations import Key, Observation, observe
from algorithms.reflection.promotion import key_of, promoted
from algorithms.reflection.statistics import lower_bound
from state.contract import Contract
from state.decision_log import Adopted, LogEntry
from state.experience import Experience
from state.lessons import Ground, Lesson, LessonKind, LessonStatus, Pattern


class Known(NamedTuple):
    """What is known of a contract besides its runs."""

    stored: Sequence[Lesson]  # its lessons as reflection left them, without what a person said
    forgotten: Mapping[str, datetime]  # lessons that a person had forgotten -> when
    contract: Contract | None = None  # as the newest run had it; None where it cannot be read any more
    entries: Sequence[LogEntry] = ()  # of its decision log
    adopted: Adopted = Adopted()


class Adapted(NamedTuple):
    """What becomes of the lessons of a contract."""

    lessons: tuple[Lesson, ...]  # all of them
    changed: tuple[Lesson, ...]  # those that are not as they were stored
    dropped: tuple[str, ...]  # candidates that are none any more
    clashes: tuple[str, ...]  # in words


def observed(runs: Sequence[Experience], known: Known) -> tuple[Observation, ...]:
    """Return what runs, oldest first, showed; of what was retired or forgotten only what later runs did."""
    cutoffs = _cutoffs(known)
    return tuple(each for each in observe(runs) if each.key not in cutoffs or runs[each.run].at > cutoffs[each.key])


def adapt(
    runs: Sequence[Experience], patterns: Sequence[Pattern], observations: Sequence[Observation], known: Known
) -> Adapted:
    """Return the lessons of a contract after its runs, oldest first and at least one, and the patterns in them."""
    proved = replay(runs, known.stored, known.forgotten)
    lessons = {lesson.lesson_id: lesson for lesson in without_outdated(proved.values(), runs)}
    lessons |= _statistical(runs, patterns, observations, known)
    lessons |= _standing(runs, known)
    before = {lesson.lesson_id: lesson for lesson in known.stored}
    checked = (_within_contract(lesson, runs[-1], known.contract) for lesson in lessons.values())
    entered = with_entries(checked, known.entries, known.adopted)
    told = tuple(_as_before(lesson, before.get(lesson.lesson_id)) for lesson in entered)
    candidates = {key for key, lesson in before.items() if lesson.status is LessonStatus.CANDIDATE}
    return Adapted(
        lessons=told,
        changed=tuple(lesson for lesson in told if before.get(lesson.lesson_id) != lesson),
        dropped=tuple(sorted(candidates - {lesson.lesson_id for lesson in told})),
        clashes=tuple(
            f"{clash.gives_way.lesson_id} gives way to {clash.holds.lesson_id}: {clash.why}" for clash in clashes(told)
        ),
    )


def _cutoffs(known: Known) -> dict[Key, datetime]:
    """Return the time up to which nothing counts, by what is observed."""
    found: dict[Key, datetime] = {}
    for lesson in known.stored:
        ended = (lesson.retired_at, known.forgotten.get(lesson.lesson_id))
        key, last = key_of(lesson.value), max((at for at in ended if at), default=None)
        if lesson.ground is Ground.STATISTICAL and key is not None and last is not None:
            found[key] = max(last, found.get(key, last))
    return found


def _statistical(
    runs: Sequence[Experience], patterns: Sequence[Pattern], observations: Sequence[Observation], known: Known
) -> dict[str, Lesson]:
    """Return the lessons that stand on many runs: those known, as later runs leave them, and those found now."""
    stored = [
        lesson
        for lesson in known.stored
        if lesson.ground is Ground.STATISTICAL
        and lesson.status is not LessonStatus.CANDIDATE
        and not is_forgotten(lesson, known.forgotten)
    ]
    before = {lesson.lesson_id: lesson for lesson in stored}
    lessons = {lesson.lesson_id: lesson for lesson in without_outdated(stored, runs)}
    for fresh in promoted(patterns, observations, runs):
        old = lessons.get(fresh.lesson_id)
        if old is None:
            lessons[fresh.lesson_id] = fresh
        elif fresh.in_force and old.in_force:
            lessons[fresh.lesson_id] = fresh.model_copy(update={"since": old.since})
        elif fresh.in_force and not before[fresh.lesson_id].in_force:  # not what ended just now
            lessons[fresh.lesson_id] = fresh
    return lessons


def _standing(runs: Sequence[Experience], known: Known) -> dict[str, Lesson]:
    """Return the lessons that refer to standing repair rules: in force while the log has them and no run objects."""
    found = {}
    for lesson in standing_repairs(runs[-1].contract, known.entries, known.adopted, runs):
        later = [run for run in runs if lesson.since is None or run.at > lesson.since]
        said = [(run, judge(lesson, run)) for run in later]
        against = next((run for run, each in said if each is False), None)
        confirmed = [run.run_id for run, each in said if each]
        shown = {
            "runs": (*lesson.runs, *confirmed)[-KEPT_RUNS:],
            "trials": lesson.trials + len(confirmed),
            "successes": lesson.successes + len(confirmed),
            "bound": lower_bound(lesson.successes + len(confirmed), lesson.trials + len(confirmed)),
        }
        lesson = lesson.model_copy(update=shown)  # noqa: PLW2901  the same lesson with what runs said
        if against is not None:
            lesson = retired(lesson, against.at, f"run {against.run_id} contradicts it")  # noqa: PLW2901
        found[lesson.lesson_id] = lesson
    for lesson in known.stored:
        revoked = lesson.kind is LessonKind.STANDING_REPAIR and lesson.lesson_id not in found
        if revoked and lesson.status is LessonStatus.IN_FORCE:
            found[lesson.lesson_id] = retired(lesson, runs[-1].at, "the decision log has no such rule any more")
    return found


def _within_contract(lesson: Lesson, newest: Experience, contract: Contract | None) -> Lesson:
    """Return a lesson, retired where the contract says otherwise."""
    against = against_contract(lesson.value, contract) if contract is not None and lesson.in_force else ""
    return retired(lesson, newest.at, against) if against else lesson


def _as_before(lesson: Lesson, before: Lesson | None) -> Lesson:
    """Return a lesson as it is stored where it ended before for the same reason: that is no news."""
    ended = before is not None and before.status is lesson.status is LessonStatus.RETIRED
    return before if before and ended and before.retired_because == lesson.retired_because else lesson
