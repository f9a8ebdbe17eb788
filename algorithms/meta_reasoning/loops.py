"""Loops among the steps of a case: an action with the same outcome again, and cycles of several actions.

Legitimate repetition is left out before anything is counted: waiting for a state that is said to be pending, and trying
again what failed in passing, a few times. Pages and scans differ in their arguments or answers and are no repetition.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from algorithms.meta_reasoning.canonical import Deed, deeds
from state.meta_reasoning import Finding, Pattern
from state.reasoning import ActionKind, Observation, ReasoningStep

LONGEST_PERIOD = 6
MOST_RETRIES = 4
"""Failures in passing of one action in a row that are no more than bad luck."""

_TWICE, _THRICE, _OFTEN = 2, 3, 5
_HELPFUL = 0.4
"""Quality from which an observation of something new gives a reason to look at the old again."""

_TRANSIENT = re.compile(
    r"\b(time[ds]?[ -]?out|429|50[0234]|too many requests|rate limit\w*|temporar\w+|transient|unavailable|busy|locked"
    r"|connection (was )?(reset|refused|closed)|try again|retry after)\b",
    re.IGNORECASE,
)
_WAITING = frozenset(
    {"pending", "queued", "running", "waiting", "in progress", "in_progress", "processing", "scheduled"}
)
_STATE_KEYS = ("status", "state")
_THINKING = frozenset({ActionKind.REASON.value, ActionKind.PLAN.value})


@dataclass(frozen=True, slots=True)
class Turn:
    """One step as loops see it: steps with equal labels did the same and got the same."""

    number: int
    label: int
    helpful: bool  # it is the first of its label and helped


def is_transient(observation: Observation) -> bool:
    """Return whether an action failed in a way that may pass."""
    return observation.failed and _TRANSIENT.search(observation.error) is not None


def turns(steps: Sequence[ReasoningStep]) -> tuple[Turn, ...]:
    """Return the steps that count, labelled; steps that only repeat what may be repeated are left out."""
    known: list[tuple[Deed, ...]] = []
    found: list[Turn] = []
    retries = 0
    for step in steps:
        retries = retries + 1 if _all(step, is_transient) else 0
        if 0 < retries <= MOST_RETRIES or _all(step, _is_pending):
            continue
        done = deeds(step)
        label = next((at for at, before in enumerate(known) if _same(before, done)), len(known))
        new = label == len(known)
        if new:
            known.append(done)
        found.append(Turn(step.number, label, new and _helps(step)))
    return tuple(found)


def find_repeated(found: Sequence[Turn]) -> Finding | None:
    """Return a finding where the last step did what was done before, with nothing helpful learned in between."""
    if not found:
        return None
    last = found[-1].label
    places = [at for at, turn in enumerate(found) if turn.label == last]
    idle = 1
    for before, after in reversed(list(pairwise(places))):
        if any(turn.helpful for turn in found[before + 1 : after]):
            break
        idle += 1
    if idle < _TWICE:
        return None if len(places) < _OFTEN else _repeated(found, places, len(places))
    return _repeated(found, places[-idle:], idle)


def find_cycle(found: Sequence[Turn]) -> Finding | None:
    """Return the shortest cycle of two to six actions that the last steps went through twice or more."""
    labels = [turn.label for turn in found]
    for period in range(2, LONGEST_PERIOD + 1):
        rounds = 1
        while labels[-period * (rounds + 1) : len(labels) - period * rounds] == labels[-period:]:
            rounds += 1
        if rounds >= _TWICE and len(set(labels[-period:])) > 1:
            return Finding(
                pattern=Pattern.CYCLE,
                steps=tuple(turn.number for turn in found[-period * rounds :]),
                severity=1.0 if rounds >= _THRICE else 0.8,
                detail=f"{period} actions in turns, {rounds} times with the same outcomes",
                period=period,
            )
    return None


def learned(steps: Sequence[ReasoningStep]) -> tuple[bool, ...]:
    """Return for every step whether it brought an outcome that none before it brought; thinking alone brings none."""
    old: list[Deed] = []
    told = []
    for step in steps:
        new = [done for done in deeds(step) if not done.failed and done.tool not in _THINKING]
        fresh = [done for done in new if not any(done.repeats(each) for each in old)]
        old += fresh
        told.append(bool(fresh))
    return tuple(told)


def _repeated(found: Sequence[Turn], places: Sequence[int], times: int) -> Finding:
    return Finding(
        pattern=Pattern.REPEATED_ACTION,
        steps=tuple(found[at].number for at in places),
        severity={_TWICE: 0.4, _THRICE: 0.8}.get(times, 1.0),
        detail=f"the same action with the same outcome, {times} times",
        period=1,
    )


def _same(one: tuple[Deed, ...], other: tuple[Deed, ...]) -> bool:
    """Return whether two steps did the same, in whatever order."""
    left = list(other)
    for done in one:
        match = next((each for each in left if each.repeats(done)), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def _helps(step: ReasoningStep) -> bool:
    return any(not seen.failed and seen.quality >= _HELPFUL for seen in step.observations)


def _all(step: ReasoningStep, test: Callable[[Observation], bool]) -> bool:
    return bool(step.observations) and all(test(seen) for seen in step.observations)


def _is_pending(observation: Observation) -> bool:
    """Return whether an answer says that it has to be asked for again."""
    try:
        content = json.loads(observation.content)
    except ValueError:
        return False
    if observation.failed or not isinstance(content, dict):
        return False
    return any(str(content.get(key, "")).casefold() in _WAITING for key in _STATE_KEYS)
