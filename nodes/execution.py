"""Performing the steps of a plan side by side, until none is ready or somebody else must act before the next.

Whenever a step ends, its report and its line of the trace are put into the ledger in one transaction, and the most
urgent of the steps that are ready then is begun: no step waits for the end of a round. Killed anywhere, the next life
finds in the ledger what was done. Where a step fails nothing more is begun, and what runs is finished; each failed step
is ruled on, one after the other, before the plan goes on. A step that asks a person waits, and the others go on.
"""

import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from threading import Event
from typing import NamedTuple

from typing_extensions import TypedDict

from algorithms.dag import ready
from algorithms.dispatch import next_steps, urgency
from algorithms.learned_plans import learned_conditions
from nodes.awarding import Auction, Awarding, Now
from nodes.bulkhead import in_thread
from nodes.events import emit
from nodes.perform import (
    MODELS,
    Attempt,
    adjusted_context,
    attempt,
    attempt_together,
    never_performed,
    prepares,
    replan_id,
)
from nodes.step_orders import MOST_ORDERS, DirectOrders, HubOrders, Orders, traced_order
from nodes.steps.work import Composed
from nodes.telling import MOST_DECISIONS, tell_award, tell_decisions
from state.budget import Spent, check_budget, total
from state.errors import BudgetExhausted
from state.hub import HubSettings
from state.orders import StepOrder
from state.plans import PlanRef, Step
from state.repair_council import CouncilTask
from state.reports import Progress, Replan, StepReport, StepStatus, TraceEntry
from state.run import RunContext, RunRequest, RunStatus
from state.supervisor import ExecutorOutput
from tools.agents.live import live
from tools.conversation import conversation_ref, placed_before
from tools.ledger import first_decisions, read_messages, read_reports, read_trace, record_attempt
from tools.lessons_used import lessons_of
from tools.models.answers import read_answers_kept, total_use
from tools.plans import read_plan
from tools.records import read_record
from tools.workspace import open_workspace

_PART = "execute"
"""The name under which execution is told in what a run has spent."""


class PerformInput(TypedDict, total=False):
    """Keys performing reads."""

    request: RunRequest
    plan: PlanRef
    progress: Progress
    replans: dict[str, Replan]
    spent: dict[str, Spent]


class Begun(NamedTuple):
    """Steps that are being performed: their order, and when it was placed first (of the monotonic clock)."""

    steps: tuple[Step, ...]
    order: StepOrder
    began: float


class Execution:
    """How far the plan is, and the steps that are being performed.

    What it does rises where the run's ledger cannot be read or written.
    """

    def __init__(
        self, state: PerformInput, context: RunContext, folder: Path, composed: Composed, auction: Auction
    ) -> None:
        self._context, self._folder, self._composed = context, folder, composed
        self._plan = read_plan(state["plan"])
        self._recorded = read_record(Path(context.home), state["request"].run_id).created_at.timestamp()
        self._replans, self._spent = state.get("replans", {}), state.get("spent", {})
        self._steps = {step.step_id: step for step in self._plan.steps if prepares(step)}
        known = learned_conditions(lessons_of(folder), list(self._steps.values()))
        self._contexts = {each: adjusted_context(context, each, self._replans, known) for each in self._steps}
        self._alone = {
            step_id for step_id, step in self._steps.items() if step.apart or self._contexts[step_id] != context
        }
        asked = state["progress"].asked if "progress" in state else ()
        self._asked = {each.step_id: each for each in asked}
        self._convened: dict[str, CouncilTask] = {}  # those that the state knows of have been looked at
        self._awarding = Awarding(context, folder, self._plan, self._alone, auction)
        self._latest = urgency(self._awarding.foreseen())
        self._most = min(context.parallel_steps, context.threads)
        self._run_id = state["request"].run_id
        self.orders = self._way()
        self._running: dict[Future[tuple[Attempt, ...] | None], Begun] = {}
        self._split: set[str] = set()  # steps that could not be performed together with those they are fused with
        self._over: BudgetExhausted | None = None
        self._last: StepReport | None = None
        with open_workspace(folder, threads=context.threads, memory=context.memory) as connection:
            self._reports, trace = read_reports(connection), read_trace(connection)
            self._placed = placed_before(read_messages(connection))
            self._models = total_use(read_answers_kept(connection)).spent
        self._heard = conversation_ref(self._run_id, ())
        self._used = Spent(steps=len(trace), seconds=sum(entry.seconds for entry in trace))

    def go_on(self, stopped: Event) -> None:
        """Begin what is ready whenever a step ends, until a step fails, the budget is spent or nothing is ready."""
        try:
            while True:
                if not stopped.is_set() and self._failed() is None:
                    self._begin()
                if not self._running:
                    return
                look = self._context.begin_seconds / 4
                ended, _ = wait(self._running, timeout=look, return_when=FIRST_COMPLETED)
                for future in sorted(ended, key=lambda each: self._latest[self._running[each].steps[0].step_id]):
                    begun = self._running.pop(future)
                    self._join(begun, self._joined(begun, future.result()))
                if not ended:
                    self._redelegate()
        finally:
            wait(self._running)

    def note_conversation(self) -> None:
        """Note what was said in the run so far, this time and before."""
        with open_workspace(self._folder, threads=self._context.threads, memory=self._context.memory) as connection:
            self._heard = conversation_ref(self._run_id, read_messages(connection), self.orders.told, self.orders.fault)

    def told(self) -> ExecutorOutput:
        """Return how far the plan is now, what was spent, and why nothing more may be."""
        waiting = any(step.step_id in self._steps for step in ready(self._plan, self._done()))
        last = f"{self._last.step_id}: {self._last.detail or self._last.error}"[:300] if self._last else ""
        asked = tuple(self._asked[step_id] for step_id in self._steps if step_id in self._asked)
        convened = tuple(self._convened[step_id] for step_id in self._steps if step_id in self._convened)
        spent = self._spent.get(_PART, Spent()).model_copy(update=self._used.model_dump(include={"steps", "seconds"}))
        update: ExecutorOutput = {
            "progress": Progress(
                done=len(self._done()),
                waiting=waiting,
                last=last,
                failed=self._failed(),
                asked=asked,
                convened=convened,
            ),
            "spent": {_PART: spent, MODELS: self._models},
        }
        if self._heard.sent:
            update["messages"] = {self._run_id: self._heard}
        if self._over is not None:
            update |= {"status": RunStatus.BUDGET_SPENT, "problem": self._over.line()}
        return update

    def _begin(self) -> None:
        """Begin as many of the ready steps as may run beside the running ones."""
        running = {step.step_id for begun in self._running.values() for step in begun.steps}
        waiting = {*self._asked, *self._convened}
        free = {step_id: self._latest[step_id] for step_id in self._steps if step_id not in waiting}
        contested = [step for step in ready(self._plan, self._done()) if step.step_id in free.keys() - running]
        now = Now(self._done(), running, self._used_with_running().seconds)
        beside = self._awarding.beside(self._groups([step for step in contested if self._is_fresh(step)]), now)
        alone = self._alone - beside
        most = self._awarding.places + len(running) - len(self._running)  # those performed together take one place
        found = next_steps(self._plan, self._done(), running, alone=alone, most=most, latest=free)
        groups = self._groups(found)
        share = self._share(len(self._running) + len(groups))
        self._awarding.award(groups, now)
        for group in groups:
            try:
                check_budget(self._context.budget, self._used_with_running())
            except BudgetExhausted as over:
                self._over = over
                return
            steps = group[: self._allowed()]  # what began before it is used up by now
            for each in steps:
                before = self._reports.get(each.step_id)
                number = before.attempt + 1 if before else 1
                emit("begun", f"{each.step_id}#{number}:begun", step=each.step_id)
            first = self._reports.get(steps[0].step_id)
            attempted = first.attempt + 1 if first else 1
            order = StepOrder(
                order_id=self._order_id(steps[0], attempted),
                steps=tuple(each.step_id for each in steps),
                worker=self._awarding.begin(steps),
                attempt=attempted,
                threads=min(self._contexts[steps[0].step_id].threads, share),
                worked=self._used_with_running(),
            )
            for each in steps:
                tell_award(each.step_id, attempted, self._awarding.award_of(each))
            self._place(Begun(steps, order, time.monotonic()))

    def _groups(self, steps: Sequence[Step]) -> list[tuple[Step, ...]]:
        """Return the steps in groups that are performed together, each step in one of them."""
        groups: list[tuple[Step, ...]] = []
        taken: set[str] = set()
        for step in steps:
            if step.step_id not in taken:
                groups.append(self._fused(step))
                taken.update(each.step_id for each in groups[-1])
        return groups

    def _fused(self, step: Step) -> tuple[Step, ...]:
        """Return the step with those that are performed together with it now."""
        if step.together is None or not self._is_fresh(step):
            return (step,)
        found, done, most = [step], self._done() | {step.step_id}, self._allowed()
        for other in self._steps.values():
            fused = other.together == step.together and other is not step and self._is_fresh(other)
            if fused and done.issuperset(other.after):
                found.append(other)
                done.add(other.step_id)
        return tuple(found[:most])

    def _allowed(self) -> int:
        """Return how many more steps the budget lets begin."""
        steps = self._context.budget.steps
        return len(self._steps) if steps is None else steps - self._used_with_running().steps

    def _perform_apart(self, steps: Sequence[Step]) -> None:
        """Perform fused steps one by one from now on: one process could not do them all, and did nothing of any.

        Where that was a process of its own, they are performed with the workspace to themselves first.
        """
        if self._awarding.given_up(steps):
            return
        self._split.update(step.step_id for step in steps)
        named = ", ".join(step.step_id for step in steps)
        emit("apart", f"{steps[0].step_id}:apart", steps=named)

    def _is_fresh(self, step: Step) -> bool:
        """Return whether the step was neither tried nor ruled on, so that it can be performed with others."""
        context = self._contexts[step.step_id]
        return context == self._context and not {step.step_id} & (self._reports.keys() | self._asked | self._split)

    def _way(self) -> Orders:
        """Return the way to the workers that the settings say."""
        context = self._context
        if context.patterns.hub == "off":
            return DirectOrders(self._attempt)
        return HubOrders(self._run_id, self._most, self._attempt, HubSettings(), context.hub_faults)

    def _order_id(self, step: Step, attempted: int) -> str:
        """Return an id that no order had before, in an earlier life of the run neither."""
        name = f"{self._run_id}/{step.step_id}#{attempted}"
        self._placed[name] = self._placed.get(name, 0) + 1
        return f"{name}~{self._placed[name]}"

    def _place(self, begun: Begun) -> None:
        work, order = traced_order(begun.order, self.orders.place(begun.order)), begun.order
        live().ordered(order.worker, order.order_id, self._allowed_seconds(begun))
        self._running[in_thread(work, order.worker)] = begun

    def _joined(self, begun: Begun, result: tuple[Attempt, ...] | None) -> tuple[Attempt, ...] | None:
        """Return what was reported on an order, and note how its worker kept it."""
        attempts, order = self.orders.join(begun.order, result), begun.order
        failed = any(each.report.status is StepStatus.FAILED for each in attempts or ())
        live().settled(order.worker, order.order_id, done=not failed)
        return attempts

    def _allowed_seconds(self, begun: Begun) -> float:
        """Return within how many seconds an order is to be done: as awarded, and never less than a worker may wait."""
        return max(self._context.begin_seconds, self._awarding.deadline(begun.steps))

    def _redelegate(self) -> None:
        """Take orders back from workers that hang before they begin, and give them to others."""
        for future, begun in list(self._running.items()):
            order = begun.order
            if self.orders.fence.waits(order) > self._context.begin_seconds and self.orders.fence.revoke(order):
                del self._running[future]  # its thread is left to itself: it does nothing any more
                live().settled(order.worker, order.order_id, done=False)
                self._awarding.hangs(begun.steps)
                emit("hangs", f"{order.order_id}:hangs", step=order.steps[0], worker=order.worker)
                self._join(begun, self.orders.join(order, None))

    def _attempt(self, order: StepOrder) -> tuple[Attempt, ...]:
        """Perform the steps of an order."""
        steps = tuple(self._steps[step_id] for step_id in order.steps)
        own = self._contexts[steps[0].step_id].model_copy(update={"threads": order.threads})
        context = self._awarding.terms(steps[0], own)
        beside = self._awarding.is_beside(steps[0])
        if len(steps) > 1 or beside:
            return attempt_together(steps, self._folder, context, beside=beside)
        (step,) = steps
        return (attempt(step, self._reports.get(step.step_id), self._folder, context, order.worked, self._composed),)

    def _join(self, begun: Begun, attempts: tuple[Attempt, ...] | None) -> None:
        """Put what was reported on record; order again what nobody reported on."""
        steps, order = begun.steps, begun.order
        if attempts is None and order.placed < MOST_ORDERS:
            order_id = self._order_id(steps[0], order.attempt)
            changes = {"placed": order.placed + 1, "order_id": order_id, "worker": self._awarding.begin(steps)}
            again = order.model_copy(update=changes)
            emit("reordered", again.order_id, step=steps[0].step_id, lost=order.order_id)
            self._place(begun._replace(order=again))
            return
        if attempts is None:
            attempts = tuple(never_performed(step, self._reports.get(step.step_id), order.placed) for step in steps)
        if not attempts:
            self._perform_apart(steps)
        for step, attempted in zip(steps, attempts, strict=False):
            self._end(step, attempted)

    def _end(self, step: Step, ended: Attempt) -> None:
        """Put a report and its line of the trace on record."""
        report = ended.report
        self._reports[step.step_id] = report
        threads = self._share(len(self._running))
        with open_workspace(self._folder, threads=threads, memory=self._context.memory) as connection:
            record_attempt(connection, report, self._awarding.told(step, self._trace(ended)), self.orders.heard())
            self._models = total_use(read_answers_kept(connection)).spent
            if report.status is StepStatus.OUTDATED:  # others may be, too
                self._reports = read_reports(connection)
            decided = first_decisions(connection, step.step_id, MOST_DECISIONS)
        tell_decisions(step.step_id, decided)
        if ended.asked is not None:
            self._asked[step.step_id] = ended.asked
        if ended.convened is not None:
            self._convened[step.step_id] = ended.convened
        self._used = self._used.plus(Spent(steps=1, seconds=report.seconds))
        self._last = report
        told = report.detail or f"attempt {report.attempt} failed, {report.error}"
        emit(
            "step",
            f"{step.step_id}#{report.attempt}",
            step=step.step_id,
            status=report.status.value,
            detail=told,
            seconds=round(report.seconds, 6),
            failure=report.failure.value if report.failure else "",
        )

    def _trace(self, ended: Attempt) -> TraceEntry:
        done, report = self._done(), ended.report
        return TraceEntry(
            step_id=report.step_id,
            attempt=report.attempt,
            status=report.status,
            failure=report.failure,
            error=report.error,
            seconds=report.seconds,
            started=max(0.0, ended.began - self._recorded),
            revision=self._plan.revision,
            completed=sum(step.step_id in done for step in self._plan.steps),
            remaining=sum(step.step_id not in done for step in self._plan.steps),
        )

    def _share(self, running: int) -> int:
        """Return the threads of the engine beside which so many steps, each in a thread of its own, use no more."""
        return max(1, self._context.threads - max(0, running - 1))

    def _done(self) -> set[str]:
        return {step_id for step_id, report in self._reports.items() if report.status is StepStatus.DONE}

    def _failed(self) -> StepReport | None:
        """Return the first step of the plan that failed and was not ruled on since."""
        for step_id in self._steps:
            report = self._reports.get(step_id)
            if report is not None and report.status is StepStatus.FAILED and replan_id(report) not in self._replans:
                return report
        return None

    def _used_with_running(self) -> Spent:
        now = time.monotonic()
        begun = sum(now - each.began for each in self._running.values())
        steps = sum(len(each.steps) for each in self._running.values())
        used = {**self._spent, _PART: self._used.plus(Spent(steps=steps, seconds=begun))}
        return total({part: spent for part, spent in used.items() if part != MODELS})
