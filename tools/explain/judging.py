"""Decisions: who decided what, on which evidence, and who voted how."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from state.decisions import DecidedBy, Decision
from state.explanation import Judgement, Link, Section
from tools.checks.rule import counted

MOST_JUDGEMENTS = 150

_KINDS = {
    "source_dialect": "How files are read",
    "column_mapping": "Which column is which",
    "value_format": "How values are read",
    "value_resolution": "What values outside their list become",
    "cell_repair": "What the repair council found",
    "conflict": "How clashing aims were settled",
    "failure_response": "What was done after a failure",
}
_UNRESOLVED = "stays as it is"


def judgement(decision: Decision, note: str = "", step: str = "") -> Judgement:
    """Return a decision as it is told; specialists that abstained are counted by whoever shows the votes."""
    return Judgement(
        decision_id=decision.decision_id,
        kind=decision.kind,
        subject=decision.subject,
        answer=decision.answer,
        decided_by=decision.decided_by.value,
        method=decision.method,
        confidence=decision.confidence,
        reason=decision.reason,
        evidence=decision.evidence,
        votes=decision.votes,
        fallback=decision.fallback or "",
        note=note,
        links=(Link(target=step, label="the step in which it was decided"),) if step else (),
    )


def decision_sections(
    decisions: Sequence[Decision], used: Mapping[str, int], steps: Mapping[str, str] = MappingProxyType({})
) -> tuple[Section, ...]:
    """Return a section for each kind of decision; `used` gives the changed cells that rest on a decision.

    `steps` gives the anchor of the step in which a decision was made.

    Of very many decisions those of persons, those without an answer and those that changed most cells are shown.
    """
    kinds = list(dict.fromkeys([*_KINDS, *(decision.kind for decision in decisions)]))
    sections = []
    for kind in kinds:
        members = [decision for decision in decisions if decision.kind == kind]
        if members:
            sections.append(_section(kind, members, used, steps))
    return tuple(sections)


def _section(kind: str, members: Sequence[Decision], used: Mapping[str, int], steps: Mapping[str, str]) -> Section:
    ranked = sorted(
        members,
        key=lambda decision: (
            decision.decided_by is not DecidedBy.PERSON,
            decision.answer != _UNRESOLVED,
            -used.get(decision.decision_id, 0),
        ),
    )
    shown = ranked[:MOST_JUDGEMENTS]
    more = len(members) - len(shown)
    lead = [_lead(members)]
    if more:
        lead.append(f"{counted(more, 'decision')} more: see decisions in run.json.")
    return Section(
        key=f"decisions-{_slug(kind)}",
        title=_KINDS.get(kind, kind.replace("_", " ").capitalize()),
        lead=tuple(lead),
        judgements=tuple(
            judgement(decision, _note(used.get(decision.decision_id, 0)), steps.get(decision.decision_id, ""))
            for decision in shown
        ),
    )


def _lead(members: Sequence[Decision]) -> str:
    who: dict[str, int] = {}
    for decision in members:
        who[decision.decided_by.value] = who.get(decision.decided_by.value, 0) + 1
    told = ", ".join(f"{count:,} by {_who(name)}" for name, count in who.items())
    left = sum(decision.answer == _UNRESOLVED for decision in members)
    tail = f"; {left} found too little evidence and were left as they are" if left else ""
    return f"{counted(len(members), 'decision')}: {told}{tail}."


def _who(name: str) -> str:
    return {"expert": "the expert rules", "model": "a chat model", "person": "a person", "council": "the council"}.get(
        name, name
    )


def _note(cells: int) -> str:
    return f"{cells:,} cells changed" if cells > 1 else "1 cell changed" if cells else ""


def _slug(text: str) -> str:
    return "".join(character if character.isalnum() and character.isascii() else "-" for character in text.lower())


def about(decisions: Iterable[Decision], *subjects: str) -> tuple[Decision, ...]:
    """Return the decisions about one of the subjects, or about a value of one ("orders.status: 'x'")."""
    return tuple(
        decision
        for decision in decisions
        if any(decision.subject == subject or decision.subject.startswith(f"{subject}: ") for subject in subjects)
    )
