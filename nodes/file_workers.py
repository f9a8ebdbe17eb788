"""The workers of a hierarchy: agents that scan and land files, reached through the hub, each order within its time.

What is wrong with a worker is told by the run context for rehearsal; else every worker does what it is ordered.
"""

import contextvars
import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from queue import Empty, SimpleQueue

from pydantic import ValidationError

from algorithms.delegation.rules import refusal
from algorithms.hub.signing import signed
from nodes.boundary import failure_line
from state.agents import AgentCard, Role
from state.delegation import Order, OrderKind, OrderReport, OrderStatus, Rank
from state.errors import SetupError
from state.messages import Message, MessageKind
from tools.hub.local import LocalHub
from tools.hub.serving import serve
from tools.signing import key_ring

COORDINATOR = "coordinator"

Work = Callable[[Order], OrderReport]
"""Does what is ordered and says how it ended; raises where it cannot."""


class FileWorker:
    """A worker as the hub knows it: one order a message, one report a reply."""

    def __init__(self, name: str) -> None:
        self._card = AgentCard(
            id=name, version="1", role=Role.WORKER, skills=(OrderKind.SCAN.value, OrderKind.LAND.value)
        )
        self.works: dict[str, Work] = {}

    @property
    def card(self) -> AgentCard:
        """The worker's card."""
        return self._card

    def handle(self, message: Message) -> Message:
        """Do what is ordered and reply with the report; what goes wrong is the report."""
        order, work = Order.model_validate_json(message.content["order"]), self.works.pop(message.message_id)
        refused = refusal(order.kind, order.rank, Rank.WORKER)
        if refused:
            report = _unable(order, refused)
        else:
            try:
                report = work(order)
            except Exception as error:  # noqa: BLE001  the worker boundary: whatever a worker raises is its failure
                report = _unable(order, failure_line(error)[:300], final=isinstance(error, SetupError))
        return Message(
            message_id=f"{message.message_id}:reply",
            kind=MessageKind.RESPONSE,
            sender=self._card.id,
            recipient=message.sender,
            subject=message.subject,
            conversation=message.conversation,
            in_reply_to=message.message_id,
            content={"report": report.model_dump_json()},
        )

    def probe(self) -> bool:
        """Return that the worker is able to work."""
        return True


def _unable(order: Order, problem: str, *, final: bool = False) -> OrderReport:
    return OrderReport(
        key=order.key,
        attempt=order.attempt,
        worker=order.worker,
        status=OrderStatus.FAILED,
        problem=problem,
        final=final,
    )


class Crew:
    """Leads, workers and their hub within this process; at most `slots` orders are worked on at once.

    A worker does one order after the other. One that is late is stuck: its other orders are late at once, and its slot
    is free for others.
    """

    def __init__(self, workers: Sequence[str], leads: Sequence[str], slots: int) -> None:
        self._workers = {name: FileWorker(name) for name in workers}
        self._signers, verifier = key_ring((*workers, *leads))
        self._hub = LocalHub(verifier)
        for lead in leads:
            self._hub.register(AgentCard(id=lead, version="1", role=Role.COORDINATOR, skills=()))
        for worker in self._workers.values():
            self._hub.register(worker.card)
        self._free, self._slots = threading.Condition(), slots
        self._busy: set[str] = set()
        self._stuck: set[str] = set()
        self._sent = 0

    def carry_out(self, order: Order, work: Work) -> OrderReport:
        """Hand an order over and return the report; LATE when there is none in time, or the worker is stuck."""
        with self._free:
            self._free.wait_for(lambda: order.worker in self._stuck or self._can_begin(order.worker))
            if order.worker in self._stuck:
                return _late(order, "it has not come back from another order", time.time(), 0.0)
            self._busy.add(order.worker)
        started = time.time()
        try:
            return self._within_time(order, work, started)
        finally:
            with self._free:
                self._busy.discard(order.worker)
                self._free.notify_all()

    def _can_begin(self, worker: str) -> bool:
        return len(self._busy) < self._slots and worker not in self._busy

    def _within_time(self, order: Order, work: Work, started: float) -> OrderReport:
        """Let the worker work in a thread of its own, which is left to itself when it is late."""
        message = self._send(order)
        worker, answers = self._workers[order.worker], SimpleQueue[OrderReport]()
        worker.works[message.message_id] = work

        def answer() -> None:
            began = time.thread_time()
            serve(self._hub, worker, self._signers[order.worker])
            cpu = time.thread_time() - began
            answers.put(self._reply(order, message).model_copy(update={"cpu": cpu}))

        context = contextvars.copy_context()
        threading.Thread(target=lambda: context.run(answer), name=order.worker, daemon=True).start()
        try:
            report = answers.get(timeout=order.seconds or None)
        except Empty:
            with self._free:
                self._stuck.add(order.worker)
            return _late(order, f"no report within {order.seconds:g} s", started, time.time() - started)
        return report.model_copy(update={"started": started, "seconds": time.time() - started})

    def _send(self, order: Order) -> Message:
        with self._free:
            self._sent += 1
            number = self._sent  # an order that is repeated after a kill is another message
        message = Message(
            message_id=f"{order.key}#{order.attempt}@{number}",
            kind=MessageKind.DELEGATION,
            sender=order.lead,
            recipient=order.worker,
            subject=order.kind.value,
            conversation=order.key,
            response_required=True,
            content={"order": order.model_dump_json()},
            sent_at=time.time(),
        )
        receipt = self._hub.send(signed(message, self._signers[order.lead]))
        if not receipt.kept:
            raise SetupError(f"the hub does not take the order: {receipt.reason}", where=order.key)
        return message

    def _reply(self, order: Order, message: Message) -> OrderReport:
        """Return the report among the replies; one that is no report, or of another order, is a failure."""
        for reply in self._hub.replies(message.message_id):
            try:
                report = OrderReport.model_validate_json(reply.content.get("report", ""))
            except ValidationError:
                return _unable(order, "its reply is no report")
            if (report.key, report.attempt, report.worker) != (order.key, order.attempt, order.worker):
                return _unable(order, "it reports on another order")
            return report
        return _unable(order, "its reply did not arrive")


def _late(order: Order, problem: str, started: float, seconds: float) -> OrderReport:
    return OrderReport(
        key=order.key,
        attempt=order.attempt,
        worker=order.worker,
        status=OrderStatus.LATE,
        problem=problem,
        started=started,
        seconds=seconds,
    )


def worker_names(count: int) -> tuple[str, ...]:
    """Return the names of the workers of a hierarchy."""
    return tuple(f"worker-{number:02d}" for number in range(1, count + 1))


_hiring = threading.Lock()


def crew_of(assignment: str, workers: int, leads: tuple[str, ...], slots: int) -> Crew:
    """Return the crew of an assignment (folder and key) in this process."""
    with _hiring:  # two that ask at once must not get two crews
        return _crew(assignment, workers, leads, slots)


@lru_cache(maxsize=4)
def _crew(_assignment: str, workers: int, leads: tuple[str, ...], slots: int) -> Crew:
    return Crew(worker_names(workers), leads, slots)
