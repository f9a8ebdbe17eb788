"""What was found afterwards about the decisions of a run: by checks of answers, by verification and by persons.

A decision about a column is found wrong where verification fails a rule of that column, or set aside more of its rows
than a share; where nothing was verified nothing is known. An answer that its check refused was wrong. What a person
decided otherwise was wrong, what a person accepted was right.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from state.decisions import DecidedBy, Decision
from state.operation_agents import Outcome

MOST_ASIDE = 0.02
"""Share of a table's rows that may be set aside for a column before what was decided about it counts as wrong."""

_KINDS = frozenset({"value_format", "value_resolution", "column_mapping"})
_ACCEPTED = "accept"


class Verified(NamedTuple):
    """What verification found: failed and passed rules by (table, column), rows set aside by it, rows read by table."""

    failed: Counter[tuple[str, str]]
    passed: Counter[tuple[str, str]]
    aside: Counter[tuple[str, str]]
    rows: Mapping[str, int]


def verified(checks: Iterable[Mapping[str, object]], aside: Mapping[str, int], rows: Mapping[str, int]) -> Verified:
    """Return what checks (as in run.json) and rows set aside, by rule, come to for each column."""
    failed: Counter[tuple[str, str]] = Counter()
    passed: Counter[tuple[str, str]] = Counter()
    for check in checks:
        if check.get("column") and check.get("result") in ("passed", "failed"):
            counts = failed if check["result"] == "failed" else passed
            counts[str(check["table"]), str(check["column"])] += 1
    by_column: Counter[tuple[str, str]] = Counter()
    for rule, count in aside.items():
        table, _, rest = rule.partition(".")
        by_column[table, rest.partition(".")[0]] += count
    return Verified(failed, passed, by_column, rows)


def outcomes(
    run_id: str, decisions: Sequence[Decision], found: Verified, now: datetime
) -> dict[str, tuple[Outcome, ...]]:
    """Return the outcomes by the agent that decided: `expert:<kind>`, or `model`."""
    persons = {(each.kind, each.subject): each.reason for each in decisions if each.decided_by is DecidedBy.PERSON}
    by_agent: dict[str, list[Outcome]] = {}
    for decision in decisions:
        if not decision.version or decision.decided_by is DecidedBy.PERSON:
            continue
        expert = f"expert:{decision.kind}"
        if decision.refused:
            told = _outcome(run_id, decision, decision.refused, now, right=False, by="check")
            refused = told.model_copy(update={"decision_id": f"{decision.decision_id}!"})
            by_agent.setdefault(expert, []).append(refused)
        known = _known(decision, found, persons)
        if known is not None:
            right, by = known
            agent = "model" if decision.decided_by is DecidedBy.MODEL else expert
            told = _outcome(run_id, decision, decision.version, now, right=right, by=by)
            by_agent.setdefault(agent, []).append(told)
    return {agent: tuple(each) for agent, each in by_agent.items()}


def _known(decision: Decision, found: Verified, persons: Mapping[tuple[str, str], str]) -> tuple[bool, str] | None:
    """Return whether a decision was right, and who found that; None where nobody did."""
    if (said := persons.get((decision.kind, decision.subject))) is not None:
        return said.startswith(_ACCEPTED), "person"
    if decision.kind not in _KINDS:
        return None
    table, separator, rest = decision.subject.partition(".")
    if not separator:
        return None
    column = rest.partition(":")[0]
    place = (table, column)
    aside = found.aside[place] / max(1, found.rows.get(table, 0))
    if found.failed[place] or aside > MOST_ASIDE:
        return False, "verification"
    return (True, "verification") if found.passed[place] else None


def _outcome(run_id: str, decision: Decision, version: str, now: datetime, *, right: bool, by: str) -> Outcome:
    return Outcome(
        run_id=run_id,
        decision_id=decision.decision_id,
        kind=decision.kind,
        subject=decision.subject[:300],
        version=version,
        right=right,
        found_by=by,
        at=now,
    )
