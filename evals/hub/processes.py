"""A producer and consumers as processes on one Redis; consumers are killed, and others take their place."""

import multiprocessing
import os
import random
import signal
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

from evals.hub.crew import CONSUMER, SETTINGS, enrol, keys, message_of
from evals.hub.effects import EffectDatabase, Effects
from state.messages import ReceiptStatus
from state.values import Value
from tools.hub.redis_streams import RedisHub, connect
from tools.signing import Ed25519Signer, Ed25519Verifier

_FORK = multiprocessing.get_context("fork")  # a new consumer is there at once
_BATCH = 50  # messages that a consumer takes at once
_LOOK = 0.1  # seconds between two looks at the processes
_PATIENCE = 3_600.0


class Killing(Value):
    """How much is sent, and how often consumers are killed."""

    messages: int
    consumers: int = 3
    every: float = 1.0  # seconds between two kills at random, on average; endless: none
    between: float = 0.001  # chance that a consumer is killed after an effect, before it is acknowledged
    recording: bool = True  # ids of messages with their effect; without is the planted bug
    seed: int = 1


class Killed(Value):
    """How it ended."""

    sent: int
    effects: int
    messages: int  # with an effect
    seconds: float  # from the first message sent to the last effect
    killed_at_random: int
    killed_between: int
    dead: int  # letters

    @property
    def wrong(self) -> int:
        """Messages without an effect, and effects too many."""
        return Effects(self.effects, self.messages, 0).wrong(self.sent)


def play(url: str, folder: Path, killing: Killing) -> Killed:
    """Send everything, kill consumers meanwhile, and return once every message had an effect and none is waiting."""
    draw, (signer, verifier) = random.Random(killing.seed), keys()  # noqa: S311  drawn faults
    database = EffectDatabase(folder / "effects.sqlite")
    with connect(url) as client:
        hub = RedisHub(client, verifier, SETTINGS, namespace=folder.name)
        enrol(hub)
        began = time.monotonic()
        producer = _begun(_produce, url, folder, killing, signer, verifier)
        crew = [_consumer(url, folder, killing, verifier, place) for place in range(killing.consumers)]
        at_random, between, born, next_kill = 0, 0, killing.consumers, began + _wait(draw, killing)
        while producer.is_alive() or hub.unsettled(CONSUMER):
            time.sleep(_LOOK)
            if time.monotonic() >= next_kill:
                draw.choice(crew).kill()
                at_random, next_kill = at_random + 1, time.monotonic() + _wait(draw, killing)
            for place, process in enumerate(crew):
                if not process.is_alive():
                    process.join()
                    crew[place] = _consumer(url, folder, killing, verifier, born)
                    born += 1
            if time.monotonic() - began > _PATIENCE:
                break
        seconds = time.monotonic() - began
        for process in (producer, *crew):
            process.kill()
            process.join()
        between = len(list(folder.glob("between-*")))
        found, dead = database.read(), len(hub.dead_letters())
        database.close()
    return Killed(
        sent=killing.messages,
        effects=found.effects,
        messages=found.messages,
        seconds=seconds,
        killed_at_random=at_random,
        killed_between=between,
        dead=dead,
    )


def _wait(draw: random.Random, killing: Killing) -> float:
    """Return the seconds to the next kill."""
    return draw.expovariate(1 / killing.every) if killing.every < float("inf") else float("inf")


def _begun(work: object, *arguments: object) -> BaseProcess:
    process = _FORK.Process(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
    process.start()
    return process


def _consumer(url: str, folder: Path, killing: Killing, verifier: Ed25519Verifier, number: int) -> BaseProcess:
    return _begun(_consume, url, folder, killing, verifier, number)


def _produce(url: str, folder: Path, killing: Killing, signer: Ed25519Signer, verifier: Ed25519Verifier) -> None:
    """Send everything; a full mailbox is waited for."""
    with connect(url) as client:
        hub = RedisHub(client, verifier, SETTINGS, namespace=folder.name)
        for number in range(killing.messages):
            message = message_of(number, signer)
            while hub.send(message).status is ReceiptStatus.FULL:
                time.sleep(0.05)


def _consume(url: str, folder: Path, killing: Killing, verifier: Ed25519Verifier, number: int) -> None:
    """Take messages, let each have its effect, acknowledge; die by chance in between."""
    draw = random.Random(f"{killing.seed} {number}")  # noqa: S311
    database = EffectDatabase(folder / "effects.sqlite")
    with connect(url) as client:
        hub = RedisHub(client, verifier, SETTINGS, namespace=folder.name, consumer=str(number))
        while True:
            messages = hub.receive(CONSUMER, _BATCH)
            if not messages:
                time.sleep(0.02)
            for message in messages:
                database.apply(message, recording=killing.recording)
                if draw.random() < killing.between:
                    (folder / f"between-{number}").touch()
                    os.kill(os.getpid(), signal.SIGKILL)
                hub.acknowledge(CONSUMER, message.message_id)
