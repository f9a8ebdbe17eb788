"""What a person is asked, as plain JSON of bounded size with the schema of the answer in it."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from state.approval import AskedRef, Change, ChangeKind, ChangesAnswer, PlanAnswer
from state.goal import DraftsAnswer, GoalDrafts
from state.plans import Plan
from tools.approval import GOAL_QUESTION, PLAN_QUESTION, changes_path, read_question

Json = dict[str, Any]

_MOST_SHOWN = 40
_MOST_BYTES = 24_000
"""Of the changes in one question; all of them stand in its list."""
_LONGEST = 200
_STEPS_SHOWN = 60
_PASSED_OVER_SHOWN = 40


def plan_question(run_id: str, plan: Plan, path: str) -> Json:
    """Return what is asked about a plan: its steps in their order, what was passed over, and the likeliest failures."""
    risky = sorted((step for step in plan.steps if step.probability < 1.0), key=lambda step: step.probability)
    passed = [f"{choice.task}: {text}" for choice in plan.choices for text in choice.passed_over]
    return {
        "kind": "plan",
        "run_id": run_id,
        "question": PLAN_QUESTION,
        "title": f"{plan.goal}: {len(plan.steps)} steps",
        "seconds": round(plan.seconds, 3),
        "probability": round(plan.probability, 4),
        "confidence": round(plan.metadata.confidence if plan.metadata else plan.probability, 4),
        "contingencies": [f"{one.step_id}: {_short(one.instead)}" for one in plan.contingencies],
        "steps": [
            {"step": step.step_id, "after": list(step.after[:20]), "seconds": round(step.seconds, 3)}
            for step in plan.steps[:_STEPS_SHOWN]
        ],
        "total": len(plan.steps),
        "risks": [f"{step.step_id} fails with chance {1 - step.probability:.2f}" for step in risky[:5]],
        "passed_over": [_short(text) for text in passed[:_PASSED_OVER_SHOWN]],
        "list": path,
        "answer_schema": PlanAnswer.model_json_schema(),
        "example": {"reply": "accept"},
    }


def drafts_question(run_id: str, drafts: GoalDrafts, path: str) -> Json:
    """Return what is asked about SQL that was drafted: each expression whole, with what it makes of a few rows."""
    offered = drafts.offered
    return {
        "kind": "drafts",
        "run_id": run_id,
        "question": GOAL_QUESTION,
        "title": f"SQL drafted for {', '.join(draft.gap.subject for draft in offered)}"[:200],
        "goal": drafts.goal,
        "drafts": [
            {
                "for": draft.gap.subject,
                "type": draft.gap.type or "table",
                "description": _short(draft.gap.description),
                "sql": draft.sql,
                "reason": draft.reason,
                "by": draft.by,
                "samples": [sample.model_dump(mode="json") for sample in draft.samples],
            }
            for draft in offered
        ],
        "list": path,
        "answer_schema": DraftsAnswer.model_json_schema(),
        "example": {"rest": "accept"},
    }


def changes_question(run_id: str, folder: Path, asked: AskedRef) -> Json:
    """Return what is asked about changes: a bounded page of them, and where all of them are listed."""
    _, changes = read_question(folder, asked.question_id)
    shown = _page(changes)
    kinds = {kind.value: sum(1 for change in changes if change.kind is kind) for kind in ChangeKind}
    return {
        "kind": "changes",
        "run_id": run_id,
        "question": asked.question_id,
        "title": f"{asked.table}: {len(changes)} changes",
        "table": asked.table,
        "changes": shown,
        "shown": len(shown),
        "total": len(changes),
        "kinds": {kind: count for kind, count in kinds.items() if count},
        "list": str(changes_path(folder, asked.question_id)),
        "refused": asked.refused,
        "answer_schema": ChangesAnswer.model_json_schema(),
        "example": {"rest": "accept"},
    }


def _page(changes: Sequence[Change]) -> list[Json]:
    """Return the first changes that fit, each with its texts cut."""
    page: list[Json] = []
    size = 0
    for change in changes[:_MOST_SHOWN]:
        shown = dict(_shown(change))
        size += len(json.dumps(shown, ensure_ascii=True))
        if size > _MOST_BYTES:
            break
        page.append(shown)
    return page


def _shown(change: Change) -> Iterator[tuple[str, Any]]:
    for name, value in change.model_dump(mode="json", exclude={"votes"}).items():
        if isinstance(value, str):
            yield name, _short(value)
        elif isinstance(value, list):
            yield name, [_short(item) for item in value]
        else:
            yield name, value
    yield "votes", [f"{vote.voter}: {_short(str(vote.choice))} {vote.confidence:.2f}" for vote in change.votes[:3]]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
