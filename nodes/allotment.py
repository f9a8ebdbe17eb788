"""Who performs a ready step, and with which engine: an auction among the crew, with bids from measured history.

Two questions are put. A derived table may be made with the workspace to itself, which keeps all others waiting, or in a
process of its own on copies of what it reads: that is announced to both engines, and each bids what it costs the run,
with the work of others that it would keep waiting. All other steps have one engine; the workers that are free bid, and
all ready steps are divided at once. Where a step gets no bid it is performed directly, and that is said.
"""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from algorithms.auctions.auctioneer import settle
from algorithms.auctions.bidding import bid
from algorithms.auctions.prediction import Times
from algorithms.auctions.reputation import reputations
from nodes.crew import admitted, agent_at, crew, place_of
from nodes.steps.conforming import guarded_logic
from state.auctions import (
    Announcement,
    AuctionRecord,
    AuctionRequest,
    Award,
    Bid,
    Bidder,
    Engine,
    Fulfilment,
    Mechanism,
    Refusal,
    TaskOffer,
)
from state.contract import Contract
from state.errors import UntrustedSqlError
from state.plans import Step, StepKind
from state.run import RunContext
from tools.auction_history import recent
from tools.conform.beside import FOLDER, forget
from tools.intake import read_contract, read_intake
from tools.sql.order_free import order_free
from tools.sql.sandbox import SandboxLimits

DIRECT = "direct"
"""Mechanism of an award that no auction made."""

Contest = Callable[[AuctionRequest], AuctionRecord]
"""How the choice between engines is put to auction: the graph `auction`, as whoever composes it passes it."""

_LATELY = 100  # contracts
_LEAST_SECONDS = 5.0
_PATIENCE = 10.0  # times its deadline that a process of its own may take before it is given up


class Around(NamedTuple):
    """What goes on beside a step that is to be awarded."""

    free: tuple[int, ...]  # places where nobody works
    waiting: float  # predicted seconds of other work that could be done meanwhile
    budget: float | None  # seconds that are left; None: any
    left: float  # predicted seconds of all work that is left


class Allotment:
    """Awards of one life of a run."""

    def __init__(self, context: RunContext, folder: Path, contest: Contest) -> None:
        forget(folder / FOLDER)  # what a life that was killed left
        self._contest = contest
        self._mechanism = Mechanism(context.patterns.auction)
        history = recent(Path(context.home).absolute())
        self._times = Times(history)
        self._history = list(history)
        places = min(context.parallel_steps, context.threads)
        self._crew = crew(places, reputations(history))
        self._contract = read_contract(folder)
        self._extent = _extents(self._contract, folder)
        self._movable: dict[str, bool] = {}
        self._number = 0

    def predicted(self, step: Step) -> float:
        """Return the seconds that a step is expected to take by the run's engine."""
        rows, size = self._extent.get(step.table or "", (0, 0))
        found = self._times.predict(step.kind.value, Engine.IN_PROCESS, estimate=step.seconds, rows=rows, size=size)
        return found.seconds

    def movable(self, step: Step) -> bool:
        """Return whether a step may be performed in a process of its own and gives the same table there."""
        if step.kind is not StepKind.DERIVE or not step.apart:
            return False
        if step.step_id not in self._movable:
            self._movable[step.step_id] = _is_movable(self._contract, step.table or "")
        return self._movable[step.step_id]

    def engine_for(self, steps: Sequence[Step], around: Around) -> Award:
        """Put the choice of an engine for a step, with those fused with it, to auction."""
        alone = sum(self.predicted(step) for step in steps)
        places = len(self._crew) // 2
        task = self._task(steps, around).model_copy(
            update={
                "engines": (Engine.IN_PROCESS.value, Engine.OWN_PROCESS.value),
                "hindered": {Engine.IN_PROCESS.value: min((places - 1) * alone, around.waiting)},
            }
        )
        request = AuctionRequest(
            mechanism=self._mechanism,
            tasks=(task,),
            bidders=self._at(around.free[:1]),
            history=self._told(task.skill),
        )
        record = self._contest(request)
        return self._awarded(record, task, around)

    def workers_for(self, groups: Sequence[Sequence[Step]], around: Around) -> tuple[Award, ...]:
        """Divide ready steps, each with those fused with it, among the free workers."""
        tasks = tuple(self._task(steps, around) for steps in groups)
        if not tasks:
            return ()
        bidders = [each for each in self._at(around.free) if each.card.engine == Engine.IN_PROCESS]
        said = [bid(each, task, self._times) for each in bidders for task in tasks]
        self._number += 1
        record = settle(
            Announcement(auction_id=f"workers-{self._number}", mechanism=self._mechanism, tasks=tasks),
            [each for each in said if isinstance(each, Bid)],
            refusals=[each for each in said if isinstance(each, Refusal)],
            seed=self._number,
        )
        taken = {award.agent_id for award in record.awards}
        free = [each for each in bidders if each.card.id not in taken]
        return tuple(self._awarded(record, task, around, free) for task in tasks)

    def terms(self, award: Award, context: RunContext) -> RunContext:
        """Return the context in which a process of its own performs: its memory, and how long it may take."""
        whole = SandboxLimits(memory=context.memory).memory_bytes
        seconds = min(context.sql_seconds, max(_LEAST_SECONDS, _PATIENCE * award.deadline))
        memory = f"{whole // max(2, len(self._crew) // 2)}B"
        return context.model_copy(update={"memory": memory, "sql_seconds": seconds, "threads": 1})

    def less_memory(self, context: RunContext, processes: int) -> RunContext:
        """Return the context of the run's engine beside so many processes."""
        whole = SandboxLimits(memory=context.memory).memory_bytes
        share = max(2, len(self._crew) // 2)
        return context.model_copy(update={"memory": f"{whole * max(1, share - processes) // share}B"})

    def learn(self, done: Fulfilment) -> None:
        """Take in how a contract of this run ended."""
        self._times.learn(done)
        self._history.append(done)

    def _told(self, skill: str) -> tuple[Fulfilment, ...]:
        """Return the history that bidders are told: the last contracts, which know the machine, and their own."""
        older = [each for each in self._history[:-_LATELY] if each.skill == skill]
        return (*older, *self._history[-_LATELY:])

    def _task(self, steps: Sequence[Step], around: Around) -> TaskOffer:
        first, estimate = steps[0], sum(step.seconds for step in steps)
        extents = [self._extent.get(step.table or "", (0, 0)) for step in steps]
        reserve = None
        if around.budget is not None:
            share = sum(self.predicted(step) for step in steps) / max(around.left, 1e-9)
            reserve = max(0.0, around.budget) * min(1.0, share)
        return TaskOffer(
            task_id=first.step_id,
            skill=first.kind.value,
            seconds=estimate,
            rows=sum(rows for rows, _ in extents),
            size=sum(size for _, size in extents),
            reserve=reserve,
        )

    def _at(self, places: Collection[int]) -> tuple[Bidder, ...]:
        """Return the agents of places whom the registry lets work; all of them where it lets none."""
        found = tuple(each for each in self._crew if place_of(each.card.id) in places)
        return admitted(found) or found

    def _awarded(self, record: AuctionRecord, task: TaskOffer, around: Around, free: Sequence[Bidder] = ()) -> Award:
        """Return the award with what the history keeps; without one the step is performed directly."""
        known = {"skill": task.skill, "rows": task.rows, "size": task.size}
        for award in record.awards:
            if award.task_id == task.task_id:
                return award.model_copy(update=known)
        found = self._times.predict(
            task.skill, Engine.IN_PROCESS, estimate=task.seconds, rows=task.rows, size=task.size
        )
        agent = free[0].card.id if free else agent_at(around.free[0] if around.free else 1, Engine.IN_PROCESS)
        why = next((each.reason for each in record.refusals if each.task_id == task.task_id), "nobody bid")
        return Award(
            auction_id=record.auction_id,
            task_id=task.task_id,
            agent_id=agent,
            engine=Engine.IN_PROCESS,
            mechanism=DIRECT,
            seconds=found.seconds,
            deadline=found.deadline,
            price=0.0,
            confidence=0.0,
            why=f"performed directly: {why}",
            estimate=task.seconds,
        ).model_copy(update=known)


def shared(award: Award, steps: Sequence[Step]) -> tuple[Award, ...]:
    """Return the award of steps that are performed together as one for each, by their estimates."""
    if len(steps) == 1:
        return (award,)
    whole = sum(step.seconds for step in steps) or 1.0
    found: list[Award] = []
    for step in steps:
        part = step.seconds / whole
        found.append(
            award.model_copy(
                update={
                    "task_id": step.step_id,
                    "seconds": award.seconds * part,
                    "deadline": award.deadline * part,
                    "price": award.price * part,
                    "estimate": award.estimate * part,
                    "rows": award.rows // len(steps),
                    "size": award.size // len(steps),
                    "bids": award.bids if not found else (),
                }
            )
        )
    return tuple(found)


def _extents(contract: Contract, folder: Path) -> dict[str, tuple[int, int]]:
    """Return lines and bytes by table; of a derived table those of what it is made from."""
    intake = read_intake(folder)
    by_id = {file.file_id: file for file in intake.inventory.files}
    found: dict[str, tuple[int, int]] = {}
    for table in contract.tables:
        files = [by_id[file_id] for file_id in intake.table_files.get(table.name, ())]
        found[table.name] = sum(file.lines for file in files), sum(file.size for file in files)
    for table in contract.tables:
        if table.derived:
            inputs = [found.get(name, (0, 0)) for name in table.transform_sources]
            found[table.name] = sum(rows for rows, _ in inputs), sum(size for _, size in inputs)
    return found


def _is_movable(contract: Contract, name: str) -> bool:
    try:
        guarded = guarded_logic(contract, contract.table(name))
    except UntrustedSqlError:
        return False  # the step itself will say so
    return order_free(guarded.sql, [contract.table(table) for table in guarded.tables])
