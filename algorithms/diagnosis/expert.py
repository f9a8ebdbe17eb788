"""The expert on diagnoses: looks once, tests the likeliest causes side by side, names one or says that none fits."""

import json
from typing import Any

from algorithms.diagnosis.choice import choose, is_settled, weigh
from algorithms.diagnosis.evidence import CaseEvidence, object_of
from algorithms.diagnosis.ranking import is_wrong, rank
from algorithms.diagnosis.remedies import remedy_for
from state.diagnosis import Cause, Diagnosis, Hypothesis
from state.reasoning import ActionCall, ActionKind, Proposal, ReasoningStep, ReasoningTask, Thought
from state.symptoms import SymptomKind

TASK_KIND = "diagnose"
"""The kind of task that this policy is for."""

_AT_ONCE = 6
_LIKELY = 0.25  # rank from which a cause is tested in the first round
_POSSIBLE = 0.08  # rank from which it is tested when none of those passed
_ATTEMPTS = 2  # to look at the table
_ALARMING = frozenset((
    SymptomKind.REJECTS, SymptomKind.UNMAPPED, SymptomKind.GARBLED, SymptomKind.UNREADABLE, SymptomKind.MISFIT,
    SymptomKind.REPEATED, SymptomKind.KEY, SymptomKind.FROZEN, SymptomKind.TOTALS, SymptomKind.UNLISTED,
))  # fmt: skip
"""Symptoms that do not occur in sound data; the others may be how the data are."""


class ExpertPolicy:
    """Diagnoses a table from evidence that it asks for."""

    def propose(self, task: ReasoningTask, steps: tuple[ReasoningStep, ...]) -> Proposal:
        """Return the next thought and its actions; never asks for the same test twice."""
        case = _Case(task, steps)
        if case.evidence is None:
            return case.give_up() if case.looks >= _ATTEMPTS else case.look()
        wanted = case.next_tests()
        if wanted and len(steps) < task.max_steps - 1:
            return case.test(wanted)
        return case.conclude()


class _Case:
    """What is known so far, read from the steps."""

    def __init__(self, task: ReasoningTask, steps: tuple[ReasoningStep, ...]) -> None:
        self.task, self.number = task, len(steps) + 1
        self.complaint = object_of(task.details)
        known = CaseEvidence(task.subject, steps)
        self.evidence, self.looks, self.results, self.failed = known.schema, known.looks, known.results, known.failed
        self.ranked: tuple[Hypothesis, ...] = rank(self.evidence, self.rule) if self.evidence else ()
        count = self.complaint.get("count")
        violations = count if isinstance(count, int) and self.column else 0
        self.weighed = weigh(tuple(self.results.values()), self.column, violations)

    @property
    def rule(self) -> str:
        """The rule that failed; empty where the case began without one."""
        return str(self.complaint.get("rule") or "")

    @property
    def column(self) -> str | None:
        """The column that is complained of."""
        column = self.complaint.get("column")
        return str(column) if column else None

    @property
    def wrong(self) -> bool:
        """Whether something is wrong, whatever it is."""
        if self.complaint.get("count"):
            return True
        symptoms = self.evidence.symptoms if self.evidence else ()
        return is_wrong([symptom for symptom in symptoms if symptom.kind in _ALARMING])

    def next_tests(self) -> tuple[Hypothesis, ...]:
        """Return the hypotheses to test next: likely ones first, the merely possible ones when none passed."""
        tried = {cause.value for cause in self.results} | set(self.failed)
        open_ones = [hypothesis for hypothesis in self.ranked if hypothesis.cause.value not in tried]
        likely = [hypothesis for hypothesis in open_ones if hypothesis.score >= _LIKELY]
        chosen = choose(self.weighed)[0]
        if likely and not (chosen and is_settled(chosen[0], likely)):
            return tuple(likely[:_AT_ONCE])
        if self.wrong and chosen is None:
            return tuple(each for each in open_ones if each.score >= _POSSIBLE)[:_AT_ONCE]
        return ()

    def look(self) -> Proposal:
        """Ask what the table is like."""
        about = f"the rule {self.rule} fails in {self.complaint.get('count', '?')} rows" if self.rule else ""
        thought = Thought(
            known=(about,) if about else (),
            gaps=("what the table, its files and columns are like, and what is odd about them",),
            next="look at the table once: files, columns, symptoms",
            risks=tuple(f"looking failed: {error}" for error in self.failed.values()),
            confidence=0.1,
        )
        return Proposal(thought=thought, actions=(self._call(ActionKind.ANALYSE_SCHEMA, {"table": self.task.subject}),))

    def test(self, hypotheses: tuple[Hypothesis, ...]) -> Proposal:
        """Ask for the tests of some hypotheses side by side."""
        names = ", ".join(f"{each.cause.value} ({each.score:.2f})" for each in hypotheses)
        thought = Thought(
            known=self._known(),
            gaps=tuple(f"whether {each.cause.value} explains: {each.evidence[:160]}" for each in hypotheses),
            next=f"test {names}; they do not depend on each other",
            risks=("several causes may fit the same rows: the one that brings about the others counts",),
            confidence=round(0.3 + 0.3 * max((each[0].score for each in self.weighed), default=0.0), 3),
        )
        calls = tuple(
            self._call(
                ActionKind.VALIDATE_DATA,
                {"table": self.task.subject, "cause": each.cause.value, "columns": []},
                place,
            )
            for place, each in enumerate(hypotheses)
        )
        return Proposal(thought=thought, actions=calls)

    def conclude(self) -> Proposal:
        """End with the cause that fits best, with nothing wrong, or with not knowing."""
        chosen, reasons = choose(self.weighed)
        hypotheses = tuple(hypothesis for hypothesis, _ in self.weighed) + tuple(
            each for each in self.ranked if each.cause not in self.results
        )
        if chosen is not None:
            hypothesis, result = chosen
            diagnosis = Diagnosis(
                table=self.task.subject, cause=hypothesis.cause, columns=result.columns, rows=result.rows,
                confidence=hypothesis.score, remedy=remedy_for(result), hypotheses=hypotheses[:8],
                reason=hypothesis.evidence,
            )  # fmt: skip
            return self._end(diagnosis, reasons)
        cause = Cause.UNKNOWN if self.wrong else Cause.NOTHING_WRONG
        best = self.weighed[0][0] if self.weighed else None
        nearest = f"; the nearest, {best.cause.value}, scores {best.score:.2f} of 0.5" if best and best.score else ""
        reason = (
            f"something is wrong ({self._what()}), and none of {len(self.results)} tested causes explains it{nearest}"
            if self.wrong
            else f"no rule fails, and none of {len(self.results)} tested causes is there{nearest}"
        )
        confidence = round(1 - (best.score if best else 0.0), 3)
        return self._end(
            Diagnosis(
                table=self.task.subject, cause=cause, confidence=confidence, hypotheses=hypotheses[:8], reason=reason
            ),
            (),
        )

    def give_up(self) -> Proposal:
        """End without having seen the table."""
        reason = f"the table could not be looked at: {'; '.join(self.failed.values())}"[:300]
        return self._end(Diagnosis(table=self.task.subject, cause=Cause.UNKNOWN, reason=reason), ())

    def _end(self, diagnosis: Diagnosis, reasons: tuple[str, ...]) -> Proposal:
        thought = Thought(
            known=(*self._known(), *reasons)[:12],
            next=f"end with {diagnosis.cause.value}: {diagnosis.reason[:300]}",
            risks=tuple(f"{cause} could not be tested: {error}" for cause, error in self.failed.items())[:5],
            confidence=diagnosis.confidence,
        )
        call = ActionCall(
            call_id=f"{self.number}.0", name=ActionKind.FINAL_RESULT, arguments=diagnosis.model_dump_json()
        )
        return Proposal(thought=thought, actions=(call,))

    def _known(self) -> tuple[str, ...]:
        evidence = self.evidence
        told = (
            [f"{evidence.rows} rows in {evidence.files_in_all} files, {evidence.rejects} rejects"] if evidence else []
        )
        told += [symptom.told for symptom in (evidence.symptoms if evidence else ())][:5]
        told += [f"{each.cause.value} scores {each.score:.2f}: {each.evidence[:200]}" for each, _ in self.weighed[:6]]
        return tuple(told)

    def _what(self) -> str:
        if self.rule:
            return f"rule {self.rule}, {self.complaint.get('count', '?')} rows"
        symptoms = [s for s in (self.evidence.symptoms if self.evidence else ()) if s.kind in _ALARMING]
        return symptoms[0].told[:160] if symptoms else "see the symptoms"

    def _call(self, kind: ActionKind, arguments: dict[str, Any], place: int = 0) -> ActionCall:
        return ActionCall(call_id=f"{self.number}.{place}", name=kind.value, arguments=json.dumps(arguments))
