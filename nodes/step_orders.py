"""Orders to the workers of a run: through the hub, which is the only way to them, or as a direct call where it is off.

An order is a message to the worker it was awarded to; its reply holds the reports of the steps. Whoever joins the work
looks for the reply: an order without one, e.g. as the hub lost it, is placed again under another id.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol, Self

from pydantic import TypeAdapter

from algorithms.hub.signing import signed
from nodes.crew import crew, watched
from nodes.order_fence import Fence
from nodes.perform import Attempt
from state.agents import AgentCard, Role
from state.errors import StepError
from state.hub import HubFaults, HubSettings
from state.messages import LineageRef, Message, MessageKind, Receipt
from state.orders import Heard, StepOrder
from tools.hub.bounded import BoundedHub
from tools.hub.faults import FaultyHub
from tools.hub.opening import OpenHub, open_hub
from tools.hub.serving import serve
from tools.signing import Ed25519Signer, key_ring

MOST_ORDERS = 5
"""How often one attempt is ordered before it counts as failed."""

PERFORM = "perform"
"""Subject of an order and of its reply."""

_CHIEF = "executor"
_ATTEMPTS = TypeAdapter(tuple[Attempt, ...])

Perform = Callable[[StepOrder], tuple[Attempt, ...]]
"""Performs the steps of an order; nothing where they cannot be performed together."""

Work = Callable[[], tuple[Attempt, ...] | None]
"""What a thread does for an order; None: whether anything was done shows when it is joined."""


class Orders(AbstractContextManager["Orders"], Protocol):
    """The way from the plan to the workers."""

    def place(self, order: StepOrder) -> Work:
        """Place an order with its worker, which is free; return what its thread does."""

    def join(self, order: StepOrder, result: tuple[Attempt, ...] | None) -> tuple[Attempt, ...] | None:
        """Return what was reported once the thread has ended; None where the order did not arrive."""

    def heard(self) -> tuple[Heard, ...]:
        """Return the messages since this was asked last, with what became of them."""

    @property
    def fence(self) -> Fence:
        """What says whether an order was begun, and takes it back where it was not."""

    @property
    def told(self) -> str:
        """Which way it is, and why not the one that was asked for."""

    @property
    def fault(self) -> str:
        """Why it is not the one that was asked for; empty where it is."""


class DirectOrders(AbstractContextManager["DirectOrders"]):
    """Orders as calls, without messages."""

    told = fault = ""

    def __init__(self, perform: Perform) -> None:
        self._perform, self.fence = perform, Fence()

    def __exit__(self, *_error: object) -> None:
        """Hold nothing."""

    def place(self, order: StepOrder) -> Work:
        """Return the call."""
        self.fence.place(order)

        def work() -> tuple[Attempt, ...]:
            self.fence.begin(order)
            return self._perform(order)

        return work

    def join(self, _order: StepOrder, result: tuple[Attempt, ...] | None) -> tuple[Attempt, ...] | None:
        """Return what the call returned."""
        return result

    def heard(self) -> tuple[Heard, ...]:
        """Return nothing."""
        return ()


class StepWorker:
    """An agent of the crew: performs what it is ordered, and reports."""

    def __init__(self, card: AgentCard, perform: Perform, fence: Fence) -> None:
        self._perform, self._fence = perform, fence
        self.card = card

    def probe(self) -> bool:
        """Return that it is able to work: it lives in the process of the run."""
        return True

    def handle(self, message: Message) -> Message:
        """Perform the steps of an order; the reply holds their reports. StepError where it was revoked meanwhile."""
        order = StepOrder.model_validate_json(message.content["order"])
        self._fence.begin(order)
        attempts = self._perform(order)
        return Message(
            message_id=f"{message.message_id}:report",
            kind=MessageKind.RESPONSE,
            sender=self.card.id,
            recipient=message.sender,
            subject=PERFORM,
            content={"attempts": _ATTEMPTS.dump_json(attempts).decode()},
            conversation=message.conversation,
            in_reply_to=message.message_id,
            sent_at=time.time(),
            lineage=tuple(LineageRef(step_id=each.report.step_id) for each in attempts),
        )


class HubOrders(AbstractContextManager["HubOrders"]):
    """Orders through the hub, to the crew of as many places as steps may run at once."""

    def __init__(self, run_id: str, places: int, perform: Perform, settings: HubSettings, faults: HubFaults) -> None:
        self._run_id, self._settings, self._faults = run_id, settings, faults
        self.fence = Fence()
        self._workers = {each.card.id: StepWorker(each.card, perform, self.fence) for each in crew(places, {})}
        self._placed: dict[str, Message] = {}
        self._replies: dict[str, Message] = {}
        self._heard: list[Heard] = []
        self._signers: dict[str, Ed25519Signer] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Open the hub, with a new key for everybody."""
        self._signers, verifier = key_ring((_CHIEF, *self._workers))
        self._open: OpenHub = self._stack.enter_context(open_hub(verifier, self._settings, self._run_id))
        self._hub = BoundedHub(FaultyHub(self._open.hub, self._faults), frozenset({_CHIEF}))
        self._hub.register(AgentCard(id=_CHIEF, version="1", role=Role.COORDINATOR, skills=(PERFORM,)))
        for worker in self._workers.values():
            self._hub.register(worker.card)
            self._stack.enter_context(watched(worker, self._hub))
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the hub."""
        self._stack.close()

    @property
    def told(self) -> str:
        """Which hub it is."""
        return self._open.told

    @property
    def fault(self) -> str:
        """Why it is not the one that was asked for."""
        return self._open.fault

    def place(self, order: StepOrder) -> Work:
        """Send the order to the worker it names, and return that worker's turn at its mailbox."""
        worker = self._workers[order.worker]
        message = Message(
            message_id=order.order_id,
            kind=MessageKind.DELEGATION,
            sender=_CHIEF,
            recipient=worker.card.id,
            subject=PERFORM,
            content={"order": order.model_dump_json()},
            conversation=self._run_id,
            sent_at=time.time(),
            response_required=True,
            lineage=tuple(LineageRef(step_id=step_id) for step_id in order.steps),
        )
        self.fence.place(order)
        self._placed[order.order_id] = signed(message, self._signers[_CHIEF])
        receipt = self._hub.send(self._placed[order.order_id])
        if not receipt.kept:
            raise StepError(f"the hub takes no order: {receipt.reason}", where=order.order_id)

        def work() -> None:
            serve(self._hub, worker, self._signers[worker.card.id])

        return work

    def join(self, order: StepOrder, _result: tuple[Attempt, ...] | None) -> tuple[Attempt, ...] | None:
        """Return the reports of the reply; None where there is none: the order or its reply was lost."""
        message = self._placed.pop(order.order_id)
        while replies := self._hub.receive(_CHIEF, 100):
            for reply in replies:
                self._hub.acknowledge(_CHIEF, reply.message_id)
                if reply.subject == PERFORM:
                    self._replies[reply.in_reply_to] = reply
        if order.order_id not in self._replies:
            # Where it hangs it is not to be handed out to its worker again.
            self._hub.acknowledge(order.worker, order.order_id)
        reply_to_it = self._replies.pop(order.order_id, None)
        self._heard += [Heard(message=each, receipt=self._receipt(each)) for each in (message, reply_to_it) if each]
        return None if reply_to_it is None else _ATTEMPTS.validate_json(reply_to_it.content["attempts"])

    def heard(self) -> tuple[Heard, ...]:
        """Return the messages since this was asked last."""
        found, self._heard = tuple(self._heard), []
        return found

    def _receipt(self, message: Message) -> Receipt:
        """Return what became of a message; one that is not known was accepted and lost."""
        lost = FaultyHub.accepted(message)
        return self._hub.receipt(message.message_id) or lost
