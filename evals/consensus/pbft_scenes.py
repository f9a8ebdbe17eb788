"""Scenes of PBFT that chance hardly ever plays: who hears whom is set step by step."""

from collections.abc import Callable, Mapping

from algorithms.consensus.pbft import Replica
from algorithms.consensus.pbft_group import MakePbft
from evals.consensus.pbft_runs import TRAITOR_CLIENT, group_with
from evals.consensus.pbft_safety import PbftObserver
from evals.consensus.safety import SafetyError
from state.faults import FaultSchedule
from state.pbft import Commit, PbftSettings, Reply, Request
from state.signed import SignedMessage

_FIRST, _SECOND = 1_001, 1_002  # clients
_TICKS = 6  # that a request waits

Hears = Callable[[SignedMessage], bool]


class _Stage:
    """Four members; of what is sent only that arrives which a scene lets through."""

    def __init__(self, make: MakePbft, kinds: Mapping[int, str] | None = None) -> None:
        settings = PbftSettings(request_ticks=_TICKS, status_ticks=1_000)
        self.group = group_with(4, kinds or {}, FaultSchedule(), settings, make=make)
        self.observer = PbftObserver(kinds or {}, TRAITOR_CLIENT)

    def play(self, rounds: int, hears: Hears) -> None:
        """Play rounds in which only some messages arrive."""
        for _ in range(rounds):
            self.observer.watch(self.group, self.group.play_round())
            self.group.held = [held for held in self.group.held if hears(held[1])]

    def restart(self, *members: int) -> None:
        """Stop members; they start again in the next round."""
        for member in members:
            del self.group.replicas[member]


def _among(*heard: int) -> Hears:
    return lambda message: {message.sender, message.recipient} <= set(heard)


def _only(*ways: tuple[int, int]) -> Hears:
    return lambda message: (message.sender, message.recipient) in ways


def _but(kind: type, to: set[int], hears: Hears) -> Hears:
    """Return what is heard without statements of a kind to some."""
    return lambda message: (
        hears(message) and not (isinstance(message.signed.statement, kind) and message.recipient in to)
    )


def two_certificates(make: MakePbft = Replica) -> str:
    """Let one place be prepared twice, in two views, and the second be decided by one member alone.

    The third view must take the later certificate. Return the property that does not hold, or nothing.
    """
    stage = _Stage(make)
    first_three = _but(Request, {1, 3}, lambda message: _among(1, 2, 3)(message) or _only((_SECOND, 2))(message))
    try:
        stage.group.ask(_FIRST, "first")
        stage.play(1, _only((_FIRST, 1)))
        stage.group.ask(_SECOND, "second")
        stage.play(1, _only((1, 3), (1, 4)))  # the pre-prepare; the second primary never hears of the first request
        stage.play(1, _only((3, 4)))  # prepared at the fourth alone
        for _ in range(8 * _TICKS):
            if not stage.group.storage[1].state.sequence:
                stage.play(1, _but(Commit, {2, 3}, first_three))  # in the second view, decided at the first alone
        stage.play(8 * _TICKS, _among(2, 3, 4))
    except SafetyError as error:
        return error.name
    return ""


def restart_after_prepared(make: MakePbft = Replica) -> str:
    """Let one member decide, and the three others, who prepared the same, restart and go on without it."""
    stage = _Stage(make)
    try:
        stage.group.ask(_FIRST, "first")
        stage.play(4, _but(Commit, {2, 3, 4}, _but(Reply, {_FIRST}, _among(1, 2, 3, 4, _FIRST))))
        stage.restart(2, 3, 4)
        stage.group.ask(_SECOND, "second")
        stage.play(8 * _TICKS, _among(2, 3, 4, _SECOND))
    except SafetyError as error:
        return error.name
    return ""


def two_stories(traitors: int, make: MakePbft = Replica) -> str:
    """Let the first so many of four members collude: one is one too few to break agreement, two are enough."""
    stage = _Stage(make, dict.fromkeys(range(1, traitors + 1), "colluding"))
    try:
        stage.group.ask(_FIRST, "first")
        stage.play(4 * _TICKS, lambda _: True)
    except SafetyError as error:
        return error.name
    return ""


SCENES: dict[str, Callable[[MakePbft], str]] = {
    "two certificates for one place": two_certificates,
    "a restart after the second phase": restart_after_prepared,
}
