"""The course of a run: every attempt of a step with its award, bids, messages, decisions, votes and what followed.

Each event leads on: a decision to its votes and back to its step, an attempt to its place in the plan, a failure to the
attempt that came of its ruling.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from state.auctions import Award
from state.decisions import Decision
from state.explanation import Event, Link, Mark, Section
from state.messages import ReceiptStatus
from state.orders import Heard
from tools.checks.rule import counted
from tools.conversation import read_conversation
from tools.explain.anchors import anchor, attempt_anchor, check_anchor, decision_anchor, step_anchors
from tools.explain.changing import cut
from tools.explain.material import Material
from tools.explain.thinking import diagnosis_events

_MOST_ATTEMPTS = 250
_MOST_DECISIONS = 30  # of one step that are told here; all stand in their own sections
_MOST_BALLOTS = 12
_MOST_CHECKS = 60
_LONGEST = 140  # characters of a title
_MARKS = {"done": Mark.GOOD, "failed": Mark.BAD, "waiting": Mark.WARN, "outdated": Mark.WARN}

Json = Mapping[str, Any]


def course_section(material: Material) -> Section:
    """Tell everything that happened, in order."""
    section = Section(key="course", title="What happened, step by step")
    events = tuple(_Course(material).events())
    if not events:
        return section
    left = len(material.run["trace"]) - _MOST_ATTEMPTS
    lead = ["Open an entry to see who bid, ordered, decided and voted in it; links lead to what it rests on."]
    if left > 0:
        lead.append(f"{counted(left, 'more attempt')}: see trace in run.json.")
    return section.model_copy(update={"lead": tuple(lead), "events": events})


class _Course:
    """What is known of a run, by the step that it belongs to."""

    def __init__(self, material: Material) -> None:
        run = material.run
        self._material, self._run = material, run
        self._trace: list[Json] = sorted(
            (entry for entry in run["trace"] if "started" in entry), key=lambda entry: entry["started"]
        )[:_MOST_ATTEMPTS]
        self._first = self._trace[0]["started"] if self._trace else 0.0
        self._anchors = step_anchors(material)
        self._decisions: dict[str, list[Decision]] = {}
        steps = run.get("decided_in", {})
        for decision in material.decisions:
            self._decisions.setdefault(steps.get(decision.decision_id, ""), []).append(decision)
        self._rulings = {ruling["replan_id"]: ruling for ruling in run["replanning"]}
        self._heard = _by_attempt(read_conversation(material.folder))
        self._last = {entry["step_id"]: entry["attempt"] for entry in self._trace}

    def events(self) -> Iterator[Event]:
        """Yield what happened in its order; what is known by its plan alone stands before the first step of it."""
        if not self._trace and not self._run["plan"]:
            return
        told = {f"{entry['step_id']}#{entry['attempt']}" for entry in self._trace}
        timed = [(entry["started"], 3, self._attempt(entry)) for entry in self._trace]
        timed += [(self._begins(plan["revision"]), 2, self._plan(plan)) for plan in self._run.get("plans", ())]
        timed += [(self._begins(0), 2, _approval(each)) for each in self._run.get("approvals", ()) if _of_plan(each)]
        timed += [
            (self._begins(ruling.get("revision")), 1, self._ruling(ruling))
            for key, ruling in self._rulings.items()
            if key not in told
        ]
        timed += [(at, 0, event) for at, event in diagnosis_events(self._material)]
        yield from (event for _, _, event in sorted(timed, key=lambda each: each[:2]))
        yield from self._end()

    def _begins(self, revision: int | None) -> float:
        """Return when the first step of a plan began; after all others where none did."""
        begun = [entry["started"] for entry in self._trace if entry.get("revision") == revision]
        return min(begun, default=0.0 if revision == 0 else float("inf"))

    def _plan(self, plan: Json) -> Event:
        changed = "; ".join(
            f"{word} {', '.join(plan[word])}" for word in ("added", "removed", "changed") if plan.get(word)
        )
        steps = f": {counted(plan['steps'], 'step')}" if "steps" in plan else ""
        return Event(
            anchor=anchor("plan", str(plan["revision"])),
            kind="plan",
            title=f"plan {plan['revision'] + 1}{steps}",
            text="; ".join(text for text in (f"because of {plan['trigger']}", changed) if text),
            links=(Link(target="network", label="its tasks"), Link(target="plan", label="its steps")),
        )

    def _attempt(self, entry: Json) -> Event:
        step_id, key = entry["step_id"], f"{entry['step_id']}#{entry['attempt']}"
        attempt = f", attempt {entry['attempt']}" if entry["attempt"] > 1 else ""
        details = {report.step_id: report.detail for report in self._material.steps}
        text = entry["error"] or (details.get(step_id, "") if entry["attempt"] == self._last[step_id] else "")
        last = entry["attempt"] == self._last[step_id]
        parts = (
            *_award(entry),
            *(_message(each) for each in self._heard.get(key, ())),
            *(self._decision(each) for each in (self._decisions.get(step_id, ()) if last else ())[:_MOST_DECISIONS]),
            *(_approval(each) for each in self._run.get("approvals", ()) if last and _asked_in(each, step_id)),
            *((self._ruling(self._rulings[key]),) if key in self._rulings else ()),
        )
        return Event(
            anchor=attempt_anchor(step_id, entry["attempt"]),
            kind="step",
            title=f"{step_id}{attempt}",
            text=text,
            when=f"{entry['started'] - self._first:.2f}",
            mark=_MARKS.get(entry["status"], Mark.NONE),
            links=(Link(target=anchor("leaf", step_id), label="in the plan"), *self._outcome(step_id)),
            parts=parts,
        )

    def _outcome(self, step_id: str) -> tuple[Link, ...]:
        """Return where what a step did can be read row by row."""
        kind = step_id.partition(":")[0]
        where = {"conform": "changes", "repair": "proposals", "dedupe": "merged", "quarantine": "quarantine"}.get(kind)
        return (Link(target=where, label="its rows"),) if where else ()

    def _decision(self, decision: Decision) -> Event:
        for_it = [ballot for ballot in decision.votes if ballot.choice is not None]
        ballots = tuple(
            Event(
                anchor=anchor("ballot", f"{decision.decision_id} {place}"),
                kind="vote",
                title=f"{ballot.voter}: {ballot.choice}",
                text=ballot.reason,
            )
            for place, ballot in enumerate(for_it[:_MOST_BALLOTS])
        )
        silent = len(decision.votes) - len(for_it)
        voted = f"; {counted(len(for_it), 'vote')}, {silent} abstained" if decision.votes else ""
        return Event(
            anchor=anchor("decided", decision.decision_id),
            kind="ruling" if decision.kind == "conflict" else "decision",
            title=cut(f"{decision.subject} → {decision.answer}", _LONGEST),
            text=f"{decision.kind.replace('_', ' ')} by {decision.decided_by.value}, {decision.confidence:.2f}{voted}",
            links=(Link(target=decision_anchor(decision.decision_id), label="why, and who voted how"),),
            parts=ballots,
        )

    def _ruling(self, ruling: Json) -> Event:
        step_id, _, attempt = str(ruling["replan_id"]).rpartition("#")
        number = int(attempt) + 1 if attempt.isdigit() else 0
        links = [Link(target="failures", label="all rulings")]
        if 0 < number <= self._last.get(step_id, 0):
            links.insert(0, Link(target=attempt_anchor(step_id, number), label="the next attempt"))
        if ruling.get("revision") is not None:
            links.insert(0, Link(target=anchor("plan", str(ruling["revision"])), label="the new plan"))
        return Event(
            anchor=anchor("ruling", ruling["replan_id"]),
            kind="repair" if ruling["action"] in ("recover", "take_back") else "replan",
            title=f"replan {step_id}: {ruling['action'].replace('_', ' ')}",
            text="; ".join(str(ruling[name]) for name in ("trigger", "reason") if ruling.get(name)),
            mark=Mark.BAD if ruling["action"] == "stop" else Mark.WARN,
            links=tuple(links),
            parts=tuple(
                Event(anchor=anchor("instead", f"{ruling['replan_id']} {text}"), kind="not taken", title=text)
                for text in ruling.get("alternatives", ())
            ),
        )

    def _end(self) -> Iterator[Event]:
        bad = [check for check in self._run["checks"] if check["result"] != "passed"]
        if self._run["checks"]:
            passed = len(self._run["checks"]) - len(bad)
            yield Event(
                anchor="verified",
                kind="check",
                title=f"verified: {passed} of {counted(len(self._run['checks']), 'rule')} hold",
                mark=Mark.BAD if any(check["result"] in ("failed", "error") for check in bad) else Mark.GOOD,
                links=(Link(target="checks", label="all rules"),),
                parts=tuple(self._check(check) for check in bad[:_MOST_CHECKS]),
            )
        if self._run["receipt"]:
            tables = self._run["receipt"]["tables"]
            yield Event(
                anchor="published",
                kind="publish",
                title=f"published {counted(len(tables), 'table')}",
                text=", ".join(f"{table}: {rows:,} rows" for table, rows in tables.items()),
                mark=Mark.GOOD,
                links=(Link(target="outputs", label="where they lie"),),
            )

    def _check(self, check: Json) -> Event:
        step = self._anchors.get(f"quarantine:{check['table']}")
        links = [Link(target=check_anchor(check["rule"]), label="the verdict")]
        if step:
            links.append(Link(target=step, label="the step that set rows aside"))
        return Event(
            anchor=anchor("judged", check["rule"]),
            kind="check",
            title=f"{check['rule']}: {check['result']}",
            text=counted(check["count"], "violation") if check["count"] else "",
            mark=Mark.WARN if check["result"] == "warning" else Mark.BAD,
            links=tuple(links),
        )


def _award(entry: Json) -> Iterator[Event]:
    if not entry.get("award"):
        return
    award, key = Award.model_validate(entry["award"]), f"{entry['step_id']}#{entry['attempt']}"
    yield Event(
        anchor=anchor("award", key),
        kind="award",
        title=f"awarded to {award.agent_id} for {award.price:.2f} s",
        text=f"{award.mechanism}: {award.why}",
        links=(Link(target="awards", label="all awards"),),
        parts=tuple(
            Event(
                anchor=anchor("bid", f"{key} {bid.agent_id} {bid.engine}"),
                kind="bid",
                title=f"{bid.agent_id} ({bid.engine}): {bid.cost:.2f} s",
                text=f"done within {bid.deadline:.2f} s with confidence {bid.confidence:.2f}",
            )
            for bid in award.bids
        ),
    )


def _message(heard: Heard) -> Event:
    message, receipt = heard.message, heard.receipt
    lost = receipt.status is ReceiptStatus.ACCEPTED
    links = (Link(target=anchor("message", message.in_reply_to), label="the order"),) if message.in_reply_to else ()
    return Event(
        anchor=anchor("message", message.message_id),
        kind="message",
        title=f"{message.sender} to {message.recipient}: {message.kind.value}",
        text="lost" if lost else f"{receipt.status.value} {receipt.reason}".strip(),
        when=datetime.fromtimestamp(message.sent_at).astimezone().strftime("%H:%M:%S"),
        mark=Mark.WARN if lost else Mark.NONE,
        links=links,
    )


def _approval(approval: Json) -> Event:
    said = ", ".join(f"{count} {reply}" for reply, count in approval["changes"].items()) or approval.get("reply", "")
    return Event(
        anchor=anchor("approval", approval["question_id"]),
        kind="approval",
        title=f"{approval['question_id']} answered by {approval['by'] or 'a person'}",
        text=said,
    )


def _of_plan(approval: Json) -> bool:
    """Return whether a question was about the plan or a goal, and so of no step."""
    return approval["question_id"].partition("#")[0] in ("plan", "goal")


def _asked_in(approval: Json, step_id: str) -> bool:
    """Return whether a question was asked by a step: `approve` asks about its table, `repair` by its own name."""
    asked = approval["question_id"].partition("#")[0]
    return step_id in (asked, f"approve:{asked}")


def _by_attempt(conversation: Sequence[Heard]) -> dict[str, list[Heard]]:
    """Return the messages by the attempts of the steps that they are about."""
    found: dict[str, list[Heard]] = {}
    for heard in conversation:
        number = heard.message.message_id.rpartition("#")[2].partition("~")[0]
        for each in heard.message.lineage:
            found.setdefault(f"{each.step_id}#{number}", []).append(heard)
    return found
