"""Lessons from the buffer of past runs: what single runs proved, replayed in time, and what many runs showed.

Everything is computed anew from the buffer, so that reflecting twice on a run, or on runs in another order, gives the
same lessons. What was stored before counts where the buffer cannot say it any more: ids that people know, how long a
lesson has been in force, lessons whose run was pruned, and the time from which on a retired one may be learned again.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from algorithms.known_answers import joined
from algorithms.reflection.certainties import certainties
from algorithms.reflection.families import same_kind
from algorithms.reflection.judging import judge
from algorithms.reflection.retirement import due_for_renewal, ends_at
from algorithms.reflection.statistics import lower_bound
from algorithms.reflection.subjects import identity_of, subject_of
from state.experience import Experience, SourceFamily
from state.lessons import Ground, KnownAnswers, Lesson, LessonKind, LessonStatus, LessonValue, Scope, UsualShare
from state.values import digest

KEPT_RUNS: Final = 50
_MOST_FAMILY: Final = 200


def replay(
    runs: Sequence[Experience], stored: Iterable[Lesson], forgotten: Mapping[str, datetime] | None = None
) -> dict[str, Lesson]:
    """Return the lessons that single runs proved, after all runs (oldest first) had their say, by id.

    `stored` are the lessons known before. One whose first and last word are in the buffer is learned again from there.
    What was `forgotten` at a time is taught by later runs only.
    """
    known = {lesson.lesson_id: lesson for lesson in stored if _is_proved(lesson)}
    forgotten = forgotten or {}
    lessons = {
        key: lesson for key, lesson in known.items() if _is_beyond(lesson, runs) and not is_forgotten(lesson, forgotten)
    }
    counted = {key: _counted(lesson, runs) for key, lesson in lessons.items()}
    for run in runs:
        for key, lesson in lessons.items():
            if lesson.status is LessonStatus.IN_FORCE:
                lessons[key] = _after(lesson, run, counted=run.run_id in counted.get(key, ()))
        for value, gain in certainties(run):
            fresh = _lesson(run, value, gain, known)
            if fresh.lesson_id not in forgotten or run.at > forgotten[fresh.lesson_id]:
                _teach(lessons, fresh, run, counted)
    return lessons


def _is_beyond(lesson: Lesson, runs: Sequence[Experience]) -> bool:
    """Return whether the buffer has not the run that taught a stored lesson, or not the one that ended it, any more.

    Its other evidence is not enough: a run that only confirms a lesson does not teach it.
    """
    at = {run.at for run in runs}
    return lesson.since not in at or (lesson.retired_at is not None and lesson.retired_at not in at)


def is_forgotten(lesson: Lesson, forgotten: Mapping[str, datetime]) -> bool:
    """Return whether a person forgot a lesson and no later run taught it again."""
    at = forgotten.get(lesson.lesson_id)
    return at is not None and (lesson.since is None or lesson.since <= at)


def _counted(lesson: Lesson, runs: Sequence[Experience]) -> frozenset[str]:
    """Return the runs that are counted in a stored lesson: up to the newest of its evidence, of which it names few."""
    newest = max((place for place, run in enumerate(runs) if run.run_id in lesson.runs), default=-1)
    return frozenset(run.run_id for run in runs[: newest + 1])


def _is_proved(lesson: Lesson) -> bool:
    """Return whether single runs teach a lesson; standing repairs are the decision log's."""
    return lesson.ground is Ground.VERIFIED and lesson.kind is not LessonKind.STANDING_REPAIR


def _after(lesson: Lesson, run: Experience, *, counted: bool) -> Lesson:
    """Return a lesson after a run had its say; runs before it, and its own evidence, say nothing new.

    A run that is `counted` in the lesson already can only contradict it: it may have become known late.
    """
    new = run.run_id not in lesson.runs and (lesson.since is None or run.at >= lesson.since)
    said = judge(lesson, run) if new else None
    if ends_at(lesson, [said]) is not None:
        return retired(lesson, run.at, f"run {run.run_id} contradicts it")
    if said is None or counted:
        return lesson
    shown = lesson.model_copy(update={"trials": lesson.trials + 1, "successes": lesson.successes + 1})
    bound = lower_bound(shown.successes, shown.trials)
    return shown.model_copy(update={"runs": (*lesson.runs, run.run_id)[-KEPT_RUNS:], "bound": bound})


def _teach(lessons: dict[str, Lesson], fresh: Lesson, run: Experience, counted: Mapping[str, Collection[str]]) -> None:
    """Put what a run proved among the lessons: a new one, or one that says so already, or did once."""
    old = _same(fresh, lessons.values())
    if old is None:
        lessons[fresh.lesson_id] = fresh
        return
    if any(at is not None and run.at < at for at in (old.since, old.retired_at)):
        return  # there is a newer word on it
    fresh = fresh.model_copy(update={"value": _joined(old.value, fresh.value)})
    if old.status is not LessonStatus.IN_FORCE or old.value != fresh.value:
        lessons[old.lesson_id] = fresh.model_copy(update={"lesson_id": old.lesson_id})
    elif run.run_id not in old.runs and run.run_id not in counted.get(old.lesson_id, ()):
        confirmed = {"runs": (*old.runs, run.run_id)[-KEPT_RUNS:], "trials": old.trials + 1}
        lessons[old.lesson_id] = _wider(old.model_copy(update={**confirmed, "successes": old.successes + 1}), run)
    else:
        lessons[old.lesson_id] = _wider(old, run)


def _joined(before: LessonValue, after: LessonValue) -> LessonValue:
    """Return what a run proved with what others proved before, of what grows from run to run; else the newer word."""
    if isinstance(before, KnownAnswers) and isinstance(after, KnownAnswers):
        return joined(before, after)
    if isinstance(before, UsualShare) and isinstance(after, UsualShare):
        return after if after.most > before.most else before
    return after


def _lesson(run: Experience, value: LessonValue, gain: float, known: Mapping[str, Lesson]) -> Lesson:
    scope = Scope(contract=run.contract, family=run.family)
    fresh = Lesson(
        lesson_id=lesson_id_of(value, scope, Ground.VERIFIED),
        kind=value.kind,
        subject=subject_of(value),
        value=value,
        scope=scope,
        ground=Ground.VERIFIED,
        runs=(run.run_id,),
        trials=1,
        successes=1,
        bound=lower_bound(1, 1),
        gain=round(gain, 4),
        status=LessonStatus.IN_FORCE,
        since=run.at,
    )
    before = _same(fresh, known.values())
    return fresh.model_copy(update={"lesson_id": before.lesson_id}) if before else fresh


def lesson_id_of(value: LessonValue, scope: Scope, ground: Ground) -> str:
    """Return the id of a lesson: its kind, and a digest of what it is about and where it holds, not of what it says."""
    return f"{value.kind.value}-{digest([identity_of(value), scope, ground.value])[:8]}"


def _same(lesson: Lesson, others: Iterable[Lesson]) -> Lesson | None:
    """Return the one of the others that is about the same, for the same contract and files of its kind."""
    about = identity_of(lesson.value)
    for other in others:
        if (
            other.ground is lesson.ground
            and identity_of(other.value) == about
            and other.scope.contract == lesson.scope.contract
            and same_kind(other.scope.family, lesson.scope.family)
        ):
            return other
    return None


def _wider(lesson: Lesson, run: Experience) -> Lesson:
    """Return a lesson that holds for the files of one more run: a family grows with the files that confirm it."""
    family = lesson.scope.family
    headers, names = ({*family.headers, *run.family.headers}, {*family.names, *run.family.names})
    grown = SourceFamily(headers=tuple(sorted(headers)[:_MOST_FAMILY]), names=tuple(sorted(names)[:_MOST_FAMILY]))
    return lesson.model_copy(update={"scope": lesson.scope.model_copy(update={"family": grown})})


def retired(lesson: Lesson, at: datetime, because: str) -> Lesson:
    """Return a lesson that is not believed any more."""
    return lesson.model_copy(update={"status": LessonStatus.RETIRED, "retired_at": at, "retired_because": because})


def without_outdated(lessons: Iterable[Lesson], runs: Sequence[Experience]) -> Iterator[Lesson]:
    """Yield lessons as the runs since they came in force leave them: as they are, or retired."""
    for lesson in lessons:
        yield _outdated(lesson, runs) if lesson.status is LessonStatus.IN_FORCE else lesson


def _outdated(lesson: Lesson, runs: Sequence[Experience]) -> Lesson:
    later = [run for run in runs if lesson.since is not None and run.at > lesson.since]
    if lesson.ground is Ground.STATISTICAL:
        ended = ends_at(lesson, [judge(lesson, run) for run in later])
        if ended is not None:
            return retired(
                lesson, later[ended].at, f"it stopped holding: run {later[ended].run_id} and those before it"
            )
    by_itself = max((run.at for run in later if run.run_id in lesson.runs and not _used(lesson, run)), default=None)
    since = [run for run in later if by_itself is None or run.at > by_itself]
    if due_for_renewal(lesson, [_used(lesson, run) for run in since]):
        return retired(lesson, since[-1].at, f"{len(since)} runs went by it: whether it is still needed is tried anew")
    return lesson


def _used(lesson: Lesson, run: Experience) -> bool:
    return any(use.lesson_id == lesson.lesson_id for use in run.used)
