"""Answers that a person gave in earlier runs, given again where the same is asked of the same source.

The same is asked where kind, table, column, the source columns and, of values, the value are the same. An answer is
only given again where the data do not speak against it, and where what is proposed is what the person agreed to, or is
the very proposal that the person replaced: anything else is asked about.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from state.approval import (
    Change,
    ChangeKind,
    ChangesAnswer,
    FormatProposal,
    Proposals,
    Reply,
    ResolutionProposal,
    Settled,
)
from state.experience import AnswerExperience
from state.formats import DateOrder, FormatEvidence
from state.lessons import KnownAnswers, Lesson

Subject = tuple[str, str, str, tuple[str, ...], str]
"""Kind, table, column, source columns by name, and the value that is replaced."""


_MOST: Final = 1_000  # answers about one table that are remembered


class Known(NamedTuple):
    """An answer that is given again, and the lesson it comes from."""

    lesson_id: str
    answer: AnswerExperience


def subject_of(change: Change, proposals: Proposals) -> Subject:
    """Return what a change is about, told so that a later run of the same source says it in the same words."""
    return change.kind.value, change.table, change.column, _sources(change, proposals), change.value or ""


def _sources(change: Change, proposals: Proposals) -> tuple[str, ...]:
    if change.kind is ChangeKind.MAPPING and change.proposal is not None:
        return (change.proposal,)
    if change.kind is ChangeKind.MAPPING:  # nothing feeds it: agreed to in view of all that could
        variant = change.where.partition(":")[0]
        columns = (each.evidence.sources for each in proposals.mappings if each.answer.variant_id == variant)
        return tuple(sorted(source.name for sources in columns for source in sources))
    fed: list[FormatProposal | ResolutionProposal] = [*proposals.formats, *proposals.resolutions]
    names = {name.partition("/")[2] for each in fed if each.answer.column == change.column for name in each.sources}
    return tuple(sorted(names))


def answers_given(
    changes: Mapping[str, Change], proposals: Proposals, settled: Mapping[str, Settled], by: str, run_id: str
) -> Iterator[AnswerExperience]:
    """Yield what a person settled about changes, in the words of later runs; what was settled both ways is left out."""
    said: dict[Subject, set[tuple[str | None, str | None, Reply]]] = {}
    for change_id, word in settled.items():
        if change_id in changes and changes[change_id].kind is not ChangeKind.REPAIR:
            subject = subject_of(changes[change_id], proposals)
            said.setdefault(subject, set()).add((word.proposal, word.value, word.reply))
    for (kind, table, column, sources, value), words in said.items():
        if len({stands for _, stands, _ in words}) == 1:
            proposal, stands, reply = min(words, key=str)
            yield AnswerExperience(
                table=table,
                column=column,
                change=ChangeKind(kind),
                sources=sources,
                value=value,
                proposal=proposal,
                stands=stands,
                reply=reply,
                by=by,
                run_id=run_id,
            )


def known_answers(changes: Iterable[Change], proposals: Proposals, lessons: Sequence[Lesson]) -> dict[str, Known]:
    """Return by change the answer that is given again; changes that must be asked about are not in it."""
    known = {
        subject: Known(lesson.lesson_id, answer)
        for lesson in lessons
        if isinstance(lesson.value, KnownAnswers)
        for answer in lesson.value.answers
        for subject in _subjects(answer)
    }
    found = {}
    for change in changes:
        each = known.get(subject_of(change, proposals))
        if each is not None and _fits(change, each.answer) and not _contradicted(change, each.answer, proposals):
            found[change.change_id] = each
    return found


def joined(before: KnownAnswers, after: KnownAnswers) -> KnownAnswers:
    """Return all answers about a table, of those to the same the newer word; of too many the newest."""
    newest = {_about(each): each for each in after.answers}
    older = {_about(each): each for each in before.answers if _about(each) not in newest}
    return after.model_copy(update={"answers": tuple((newest | older).values())[:_MOST]})


def as_answer(known: Mapping[str, Known], changes: Mapping[str, Change]) -> ChangesAnswer:
    """Return known answers as a person would give them; who gave them, and in which runs, stands beside them."""
    accepted = [key for key, each in known.items() if changes[key].proposal == each.answer.stands]
    rejected = [
        key
        for key, each in known.items()
        if key not in accepted and each.answer.reply is Reply.REJECT and changes[key].rejected == each.answer.stands
    ]
    edited = {key: each.answer.stands for key, each in known.items() if key not in (*accepted, *rejected)}
    people = sorted({each.answer.by for each in known.values() if each.answer.by})
    runs, ids = (
        sorted({each.answer.run_id for each in known.values()}),
        sorted({each.lesson_id for each in known.values()}),
    )
    return ChangesAnswer(
        accept=tuple(accepted),
        reject=tuple(rejected),
        edit=edited,
        by=", ".join(people)[:200],
        note=f"{ANSWERED} from {_few(runs)} ({_few(ids)})"[:1_000],
    )


ANSWERED = "answered by lesson"
"""Begins the note of an answer that nobody was asked for."""


def _fits(change: Change, answer: AnswerExperience) -> bool:
    return change.proposal in (answer.stands, answer.proposal)


def _contradicted(change: Change, answer: AnswerExperience, proposals: Proposals) -> bool:
    """Return whether values of this run read only in the other order of day and month than the answer says."""
    if change.kind not in (ChangeKind.DATE_ORDER, ChangeKind.DOTTED_ORDER):
        return False
    evidence = next((each.evidence for each in proposals.formats if each.answer.column == change.column), None)
    return evidence is None or bool(_against(evidence, answer.stands, dotted=change.kind is ChangeKind.DOTTED_ORDER))


def _against(evidence: FormatEvidence, order: str | None, *, dotted: bool) -> int:
    day = evidence.dotted_day_first_only if dotted else sum(evidence.day_first_only.values())
    month = evidence.dotted_month_first_only if dotted else sum(evidence.month_first_only.values())
    return {DateOrder.DAY_FIRST.value: month, DateOrder.MONTH_FIRST.value: day}.get(order or "", day + month)


def _subjects(answer: AnswerExperience) -> Iterator[Subject]:
    """Yield what an answer is about; what a person let stand instead may be what is proposed the next time."""
    yield _about(answer)
    if answer.change is ChangeKind.MAPPING and answer.stands is not None:
        yield answer.change.value, answer.table, answer.column, (answer.stands,), answer.value


def _about(answer: AnswerExperience) -> Subject:
    return answer.change.value, answer.table, answer.column, answer.sources, answer.value


def _few(names: Sequence[str]) -> str:
    most = 3
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
