"""`millwright lessons`: what past runs taught; which runs and figures a lesson stands on; a person's word on it."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from algorithms.reflection.adaptations import what
from app.progress import printable
from app.render import print_json
from app.settings import load_settings
from state.errors import SetupError
from state.lessons import Lesson, LessonStatus
from state.reflection import Reflected, ReflectionTask
from state.values import Value
from tools.experience import read_experiences
from tools.lessons import read_lessons, say
from tools.store import has_store, opened_store

_WORDS = {"pin": LessonStatus.PINNED, "forget": LessonStatus.FORGOTTEN, "unpin": None}


class LessonOptions(Value):
    """What is asked about lessons, or said about one."""

    explain: str = ""
    pin: str = ""
    unpin: str = ""
    forget: str = ""
    every: bool = False
    reflect: bool = False
    as_json: bool = False


def show_lessons(options: LessonOptions) -> int:
    """List or explain lessons, or do what a person says about one; 0 unless something cannot be done.

    Raises SetupError where there is no such lesson, or more than one thing is asked for.
    """
    said = {name: getattr(options, name) for name in _WORDS if getattr(options, name)}
    if len(said) + bool(options.explain) + options.reflect > 1:
        raise SetupError(
            "one of --explain, --pin, --unpin, --forget, --reflect at a time", hint="millwright lessons --help"
        )
    home = Path(load_settings().home).absolute()
    if options.reflect:
        _reflect(home)
    for word, lesson_id in said.items():
        _say(home, word, lesson_id)
    if options.explain or said:
        _explain(home, options.explain or next(iter(said.values())), as_json=options.as_json)
    else:
        _list(home, options)
    return 0


def _reflect(home: Path) -> None:
    """Reflect on all runs that ended and were not reflected on yet: those of older versions, or killed before it."""
    from graphs.reflection import graph

    found = graph.invoke({"reflecting": ReflectionTask()}, context=load_settings().context())
    reflected: Reflected = found["reflected"]
    if reflected.problem:
        raise SetupError(f"the runs could not be reflected on: {reflected.problem}", where=str(home))


def _read(home: Path) -> tuple[Lesson, ...]:
    if not has_store(home):
        return ()
    with opened_store(home) as store:
        return read_lessons(store)


def _say(home: Path, word: str, lesson_id: str) -> None:
    lesson = _one(_read(home), lesson_id)
    if word == "unpin" and lesson.status is not LessonStatus.PINNED:
        raise SetupError(f"lesson {lesson_id!r} is {lesson.status.value}, not pinned", hint="millwright lessons --all")
    with opened_store(home) as store:
        say(store, lesson_id, _WORDS[word], datetime.now(UTC))


def _one(lessons: Sequence[Lesson], lesson_id: str) -> Lesson:
    for lesson in lessons:
        if lesson.lesson_id == lesson_id:
            return lesson
    near = get_close_matches(lesson_id, [lesson.lesson_id for lesson in lessons], n=1)
    hint = f"did you mean {near[0]}?" if near else "millwright lessons --all lists them"
    raise SetupError(f"there is no lesson {lesson_id!r}", hint=hint)


def _list(home: Path, options: LessonOptions) -> None:
    lessons = _read(home)
    if options.as_json:
        print_json({"lessons": [_told(lesson) for lesson in lessons]})
        return
    shown = [lesson for lesson in lessons if lesson.in_force or options.every]
    left = Counter(lesson.status.value for lesson in lessons if lesson not in shown)
    lines = list(_lines(shown)) or ["no lesson in force: runs that end are reflected on, and what they prove is listed"]
    if left:
        lines.append("not in force: " + ", ".join(f"{count} {status}" for status, count in sorted(left.items())))
        lines.append("  (millwright lessons --all lists them)")
    sys.stdout.write("\n".join(printable(line) for line in lines) + "\n")


def _told(lesson: Lesson) -> dict[str, object]:
    return {**lesson.model_dump(mode="json"), "told": what(lesson.value), "in_force": lesson.in_force}


def _lines(lessons: Sequence[Lesson]) -> Iterator[str]:
    """Yield the lessons by contract, those in force first, then by what they are expected to gain."""
    for contract in sorted({lesson.scope.contract for lesson in lessons}):
        yield f"{contract or 'all contracts'}:"
        own = [lesson for lesson in lessons if lesson.scope.contract == contract]
        for lesson in sorted(own, key=lambda one: (not one.in_force, one.status, -one.gain, one.lesson_id)):
            state = "" if lesson.status is LessonStatus.IN_FORCE else f"{lesson.status.value}; "
            why = lesson.retired_because or lesson.lacks
            yield f"  {lesson.lesson_id}  {what(lesson.value)}"
            yield f"      {state}{_evidence(lesson)}" + (f"; {why}" if why else "")


def _evidence(lesson: Lesson) -> str:
    shown = f"shown by {lesson.successes} of {lesson.trials} runs, at least {lesson.bound:.0%}"
    gain = f"; expected gain {lesson.gain:.2f} s a run" if lesson.gain else ""
    return f"{lesson.ground.value}: {shown}{gain}"


def _explain(home: Path, lesson_id: str, *, as_json: bool) -> None:
    lesson = _one(_read(home), lesson_id)
    with opened_store(home) as store:
        runs = read_experiences(store, lesson.scope.contract)
    used = [run.run_id for run in runs if any(use.lesson_id == lesson_id for use in run.used)]
    if as_json:
        print_json({**_told(lesson), "used_by": used})
        return
    at = {run.run_id: f"{run.at:%Y-%m-%d %H:%M}" for run in runs}
    lines = [
        what(lesson.value),
        f"  id        {lesson.lesson_id}",
        f"  status    {lesson.status.value}" + (f" since {lesson.since:%Y-%m-%d %H:%M} UTC" if lesson.since else ""),
        *(f"            {why}" for why in (lesson.retired_because, lesson.lacks) if why),
        f"  about     {lesson.subject}; contract {lesson.scope.contract or 'any'}",
        f"  files     {', '.join(lesson.scope.family.names[:5]) or 'of any kind'}",
        f"  evidence  {_evidence(lesson)}",
        *(f"  tests     {line}" for line in _tests(lesson)),
        *(f"  run       {run_id}  {at.get(run_id, 'not in the buffer any more')}" for run_id in lesson.runs[-10:]),
        f"  used by   {', '.join(used[-10:]) or 'no run yet'}",
        *([f"  log       entry {lesson.entry} of the decision log says the same, and decides"] if lesson.entry else []),
    ]
    sys.stdout.write("\n".join(printable(line) for line in lines) + "\n")


def _tests(lesson: Lesson) -> Iterator[str]:
    if lesson.p is not None and lesson.q is not None:
        yield f"p {lesson.p:.2g}, false discovery rate {lesson.q:.2g}"
    if lesson.holdout is not None:
        held = lesson.holdout
        confirmed = "confirm it" if held.confirms else "do not confirm it"
        yield f"the newest {held.trials} runs {confirmed}: {held.successes} of them show it"
