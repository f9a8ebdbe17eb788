"""Votes as a part of the suite `consensus`: learned weights beside an oracle's, and voters of which some lie."""

from collections.abc import Callable, Mapping
from functools import partial

from evals.consensus.part import Figure, Found
from evals.consensus.vote_accuracy import CONDITIONS, SYSTEMATIC, Condition, behind_oracle, measure
from evals.consensus.vote_bugs import BUGS
from evals.consensus.vote_runs import broken_by_one_more, drawn_vote, find_bug, united_vote
from evals.consensus.vote_speed import seconds_a_decision

_SEEDS = 20
_NEAR = 0.01  # of the oracle's accuracy
_VOTES = {4: 1_000, 7: 500, 10: 150, 31: 6}  # drawn, by the number of voters
_SIGNED = (4, 7, 10)  # voters whose decisions are timed with real signatures


class VotePart:
    """Do learned weights decide as well as known ones, and do f traitors change nothing."""

    @property
    def groups(self) -> Mapping[str, str]:
        """The scores over all tasks of a kind."""
        return {
            "weights: ": f"conditions in which learned weights are within {_NEAR} of the oracle's",
            "confusions: ": "conditions of systematic errors in which Dawid-Skene comes nearer to the oracle",
            "votes safe: ": "votes with at most f traitors in which every property held",
            "votes f+1: ": "numbers of voters for which f traitors break nothing and f+1 do",
            "votes counted: ": "numbers of voters with the messages and steps of the paper",
            "vote bug: ": "planted bugs of the vote found",
        }

    def tasks(self) -> tuple[str, ...]:
        """Return the ids of its tasks."""
        return tuple(_tasks())

    def solve(self, task_id: str, events: int) -> Found:  # noqa: ARG002  votes are drawn, not events
        """Do a task."""
        return _tasks()[task_id]()


VOTES = VotePart()


def _tasks() -> dict[str, Callable[[], Found]]:
    """Return the work of each task by its id."""
    tasks: dict[str, Callable[[], Found]] = {"votes timed": _timed}
    tasks |= {f"weights: {each.name}": partial(_weights, each) for each in CONDITIONS}
    tasks |= {f"confusions: {each.name}": partial(_confusions, each) for each in SYSTEMATIC}
    for kind, work in (("safe", _safe), ("f+1", _one_more), ("counted", _counted)):
        tasks |= {f"votes {kind}: n={number}": partial(work, number) for number in _VOTES}
    return tasks | {f"vote bug: {name}": partial(_bug, name) for name in BUGS}


def _weights(condition: Condition) -> Found:
    """Learned weights without truth, beside weights from earlier outcomes, the plain majority and the best voter."""
    measured = measure(condition, _SEEDS)
    lost, low, high = behind_oracle(measured, "one coin")
    told = f"one coin is {lost:.4f} behind the oracle ({low:.4f} to {high:.4f}, bootstrap 95 % over {_SEEDS} seeds)"
    return Found(asked=1, right=int(lost <= _NEAR), told=(told, _in_words(measured)))


def _confusions(condition: Condition) -> Found:
    """Voters that take one class for a certain other: the full model is made for them."""
    measured = measure(condition, _SEEDS)
    lost = {way: behind_oracle(measured, way) for way in ("Dawid-Skene", "one coin")}
    told = "; ".join(
        f"{way} is {each[0]:.4f} behind the oracle ({each[1]:.4f} to {each[2]:.4f})" for way, each in lost.items()
    )
    return Found(asked=1, right=int(lost["Dawid-Skene"][0] < lost["one coin"][0]), told=(told, _in_words(measured)))


def _in_words(measured: Mapping[str, tuple[float, ...]]) -> str:
    return ", ".join(f"{way} {sum(values) / len(values):.4f}" for way, values in measured.items())


def _safe(number: int) -> Found:
    votes = [drawn_vote(seed, number) for seed in range(_VOTES[number])]
    broken = [vote.violation for vote in votes if vote.violation]
    told = (
        f"{len(votes)} votes of at most {max(vote.rounds for vote in votes)} rounds, "
        f"{sum(vote.fallbacks > 0 for vote in votes)} ended by a simple majority, "
        f"somebody is named in {sum(bool(vote.named) for vote in votes)}"
    )
    return Found(asked=len(votes), right=len(votes) - len(broken), told=(told, *broken[:3]))


def _one_more(number: int) -> Found:
    tolerance = (number - 1) // 3
    held, broken = broken_by_one_more(number, tolerance), broken_by_one_more(number, tolerance + 1)
    shown = held.violation is None and len(broken.winners) > 1
    told = f"{tolerance} traitors: {held.violation or 'nothing breaks'}; {tolerance + 1}: {broken.violation}"
    return Found(asked=1, right=int(shown), told=(told,))


def _counted(number: int) -> Found:
    """Everyone sends its ballot to all; in the second step everyone passes each on to all who have not signed it."""
    vote, tolerance = united_vote(number), (number - 1) // 3
    expected = number * (number - 1) + number * (number - 1) * (number - 2)
    right = vote.violation is None and (vote.messages, vote.steps) == (expected, tolerance + 1)
    told = f"{vote.messages} messages in {vote.steps} steps; the paper: {expected} in f+1 = {tolerance + 1}"
    figure = Figure(name=f"messages of a vote of {number}", value=vote.messages, unit="messages", n=1)
    return Found(asked=1, right=int(right), told=(told,), figures=(figure,))


def _timed() -> Found:
    figures = tuple(
        Figure(name=f"a vote of {number} with Ed25519", value=seconds_a_decision(number), unit="s", n=1)
        for number in _SIGNED
    )
    return Found(asked=0, right=0, figures=figures)


def _bug(name: str) -> Found:
    found = find_bug(BUGS[name])
    if found is None:
        return Found(asked=1, right=0, told=("not found",))
    return Found(asked=1, right=1, told=(f"{found[0]}, after {found[1]} votes",))
