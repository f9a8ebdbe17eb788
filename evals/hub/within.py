"""The same within one process: a consumer that fails between effect and acknowledgement, and the pace."""

import random
import time
from pathlib import Path

from evals.hub.crew import CONSUMER, SETTINGS, enrol, keys, message_of
from evals.hub.effects import EffectDatabase
from evals.hub.processes import Killed, Killing
from state.messages import ReceiptStatus
from tools.hub.local import LocalHub

_BATCH = 100


def play(folder: Path, killing: Killing) -> Killed:
    """Send and consume in turns; by chance a consumer is lost after an effect, and its messages come again."""
    draw, (signer, verifier) = random.Random(killing.seed), keys()  # noqa: S311  drawn faults
    clock = _Clock()
    hub = LocalHub(verifier, SETTINGS, clock)
    enrol(hub)
    database = EffectDatabase(folder / "effects.sqlite")
    began, between = time.monotonic(), 0
    for number in range(killing.messages):
        message = message_of(number, signer)
        while hub.send(message).status is ReceiptStatus.FULL:  # lost consumers have it in hand: it comes again
            clock.now += SETTINGS.visibility
            between += _consume(hub, database, killing, draw)
        if number % _BATCH == _BATCH - 1:
            between += _consume(hub, database, killing, draw)
    while _waits(hub, clock):
        between += _consume(hub, database, killing, draw)
    found = database.read()
    database.close()
    return Killed(
        sent=killing.messages,
        effects=found.effects,
        messages=found.messages,
        seconds=time.monotonic() - began,
        killed_at_random=0,
        killed_between=between,
        dead=len(hub.dead_letters()),
    )


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _waits(hub: LocalHub, clock: _Clock) -> bool:
    """Let the visibility time pass; return whether anything is still to be settled."""
    clock.now += SETTINGS.visibility
    return hub.unsettled(CONSUMER) > 0


def _consume(hub: LocalHub, database: EffectDatabase, killing: Killing, draw: random.Random) -> int:
    for message in hub.receive(CONSUMER, _BATCH):
        database.apply(message, recording=killing.recording)
        if draw.random() < killing.between:
            return 1  # as if killed: neither this one nor the rest is acknowledged
        hub.acknowledge(CONSUMER, message.message_id)
    return 0
