"""What a decision costs where messages are signed: messages and rounds against the papers, decisions a second."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from algorithms.consensus.authentication import Authenticator, derived_codes, derived_signatures
from algorithms.consensus.pbft_certificates import Committee
from algorithms.consensus.pbft_group import PbftGroup
from algorithms.consensus.stake_certificates import Stakes
from algorithms.consensus.stake_group import StakeGroup
from evals.consensus.part import Figure
from state.faults import FaultSchedule
from state.pbft import PbftSettings
from state.signed import SignedMessage
from state.stake import StakeSettings

_CLIENT = 1_001
_NEVER = 10_000  # ticks: statuses are no part of a decision
_MOST_ROUNDS = 200
_DECISIONS: dict[str, dict[int, int]] = {  # measured, by way and number of members
    "signatures": {4: 40, 7: 20, 10: 10, 31: 2},
    "codes": {4: 40, 7: 40, 10: 20, 31: 8, 64: 3, 100: 2},
}
_DERIVED: dict[str, Callable[[str, Iterable[int]], dict[int, Authenticator]]] = {
    "signatures": derived_signatures,
    "codes": derived_codes,
}


def pbft_counts(size: int) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Return the messages of one request in the normal case, and the rounds until its client knows; and what is stated.

    One request, n - 1 pre-prepares, (n - 1)^2 prepares, n (n - 1) commits and n replies (section 4.2): 2 n^2 - n + 1
    messages in five rounds.
    """
    group = _pbft(size, "codes")
    group.ask(_CLIENT, "once")
    measured = _counted(group.play_round, lambda: bool(group.clients[_CLIENT].answered))
    n = size
    parts = {"Request": 1, "PrePrepare": n - 1, "Prepare": (n - 1) ** 2, "Commit": n * (n - 1), "Reply": n}
    return measured, {**parts, "all": 2 * n * n - n + 1, "rounds": 5}


def stake_counts(size: int) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Return the messages of one request without faults, and the rounds until all decided; and what is stated.

    The request to n - 1, the proposal to n - 1, and n (n - 1) prevotes and precommits: 2 (n^2 - 1) messages in four
    rounds, three of them (propose, prevote, precommit) those of the algorithm.
    """
    group = _stake(size, "codes")
    group.play_round()
    asker = 2 if _first_leader(group) != 2 else 1  # noqa: PLR2004  who leads would save a round
    group.ask(asker, "once")
    measured = _counted(group.play_round, lambda: all(kept.state.height for kept in group.storage.values()))
    n = size
    parts = {"Request": n - 1, "Proposal": n - 1, "Vote": 2 * n * (n - 1)}
    return measured, {**parts, "all": 2 * (n * n - 1), "rounds": 4}


def pbft_rates() -> tuple[Figure, ...]:
    """Measure decisions a second of all members together in one process, one request at a time."""
    return _rates("pbft", _pbft_seconds)


def stake_rates() -> tuple[Figure, ...]:
    """Measure decisions a second of all members together in one process, one request at a time."""
    return _rates("stake", _stake_seconds)


def _rates(protocol: str, seconds_for: Callable[[int, str, int], float]) -> tuple[Figure, ...]:
    figures: list[Figure] = []
    for way, sizes in _DECISIONS.items():
        first = 0.0
        for size, decisions in sizes.items():
            rate = decisions / seconds_for(size, way, decisions)
            first = first or rate
            name = f"{protocol}, {way}, n = {size}"
            figures.append(Figure(name=f"{name}: decisions", value=rate, unit="a second", n=decisions))
            figures.append(Figure(name=f"{name}: of the rate with 4", value=rate / first, unit="times", n=decisions))
    return tuple(figures)


def _pbft_seconds(size: int, way: str, decisions: int) -> float:
    group = _pbft(size, way)
    group.play_round()
    for number in range(decisions):
        group.ask(_CLIENT, f"{number}")
    started = time.perf_counter()
    while len(group.clients[_CLIENT].answered) < decisions:
        group.play_round()
    return time.perf_counter() - started


def _stake_seconds(size: int, way: str, decisions: int) -> float:
    group = _stake(size, way)
    group.play_round()
    for number in range(decisions):
        group.ask(1, f"{number}")
    started = time.perf_counter()
    while min(kept.state.height for kept in group.storage.values()) < decisions:
        group.play_round()
    return time.perf_counter() - started


def _pbft(size: int, way: str) -> PbftGroup:
    members = tuple(range(1, size + 1))
    settings = PbftSettings(request_ticks=_NEVER, status_ticks=_NEVER)
    keys = _DERIVED[way]("costs", (*members, _CLIENT))
    return PbftGroup(FaultSchedule(), keys, Committee(members), settings)


def _stake(size: int, way: str) -> StakeGroup:
    stakes = dict.fromkeys(range(1, size + 1), 1)
    settings = StakeSettings(step_ticks=_NEVER, status_ticks=_NEVER, most_requests=1)
    return StakeGroup(FaultSchedule(), _DERIVED[way]("costs", stakes), stakes, settings)


def _first_leader(group: StakeGroup) -> int:
    return Stakes(tuple(sorted(group.stakes.items()))).leader(group.settings.seed, 1, 0)


def _counted(play: Callable[[], object], done: Callable[[], bool]) -> dict[str, int]:
    """Play until it is done; return the messages by kind, all of them, and the rounds that messages took."""
    kinds: Counter[str] = Counter()
    rounds = 0
    while not done() and rounds < _MOST_ROUNDS:
        sent: tuple[SignedMessage, ...] = getattr(play(), "sent", ())
        kinds.update(type(message.signed.statement).__name__ for message in sent)
        rounds += 1
    return {**kinds, "all": kinds.total(), "rounds": rounds - 1}
