"""Which version of an expert decides: the one in service, or one on trial for its share of the subjects.

A version that is not built in is an entry `package.module:function`, named by the card it was deployed with. Versions
that are not the built-in one work behind a bulkhead: where one raises, is late or contradicts its evidence, the version
before decides, and the record says so.
"""

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from nodes.bulkhead import Failed, within
from state.errors import SetupError
from state.roster import Standing
from state.values import Value
from tools.agents.roster import current

if TYPE_CHECKING:
    from nodes.decide import DecisionPoint

Answer = TypeVar("Answer", bound=Value)

TRIAL_SECONDS = 30.0
"""How long a version that is not built in may take for one decision."""


class Judged(NamedTuple, Generic[Answer]):
    """An expert's answer, and by which version."""

    answer: Answer
    version: str
    refused: str = ""  # version whose answer was not taken
    fault: str = ""  # why


def judged(point: "DecisionPoint[Any, Answer]", evidence: Any) -> Judged[Answer]:  # noqa: ANN401  any point's evidence
    """Return the answer of the version that decides on the subject of the evidence."""
    roster = current()
    trial = roster.trials.get(point.card.id)
    if trial is None:
        standing = roster.standing.get(point.card.id)
        if standing is None or standing.version == point.version:
            return Judged(point.expert(evidence), point.version)
        return _tried(point, evidence, standing, lambda: Judged(point.expert(evidence), point.version))
    # The subject is in the words of the record, which need an answer: that of the version in service is at hand then.
    steady = _steady(point, evidence, trial.old)
    subject = next((each.subject for each in point.accounts(evidence, steady.answer)), "")
    return _tried(point, evidence, trial.new, lambda: steady) if trial.chooses_new(subject) else steady


def _steady(point: "DecisionPoint[Any, Answer]", evidence: Any, standing: Standing) -> Judged[Answer]:  # noqa: ANN401
    if standing.version == point.version:
        return Judged(point.expert(evidence), point.version)
    return _tried(point, evidence, standing, lambda: Judged(point.expert(evidence), point.version))


def _tried(
    point: "DecisionPoint[Any, Answer]",
    evidence: Any,  # noqa: ANN401  any point's evidence
    new: Standing,
    steady: Callable[[], Judged[Answer]],
) -> Judged[Answer]:
    """Return the answer of a version that is not built in; the steady one where it has none that passes the check."""
    expert, fault = expert_of(point, new)
    if not fault:
        given = within(lambda: expert(evidence), TRIAL_SECONDS, f"{point.kind}-{new.version}")
        if isinstance(given, Failed):
            fault = given.reason
        else:
            refusal = within(lambda: point.check(evidence, given.answer), TRIAL_SECONDS, f"{point.kind}-check")
            fault = refusal.reason if isinstance(refusal, Failed) else refusal.answer or ""
            if not fault:
                return Judged(given.answer, new.version)
    return steady()._replace(refused=new.version, fault=f"version {new.version} was not taken: {fault}")


def expert_of(point: "DecisionPoint[Any, Answer]", standing: Standing) -> tuple[Callable[[Any], Answer], str]:
    """Return the expert of a version; the built-in one, and why, where it cannot be had."""
    if standing.version == point.version:
        return point.expert, ""
    if standing.version in point.versions:
        return point.versions[standing.version], ""
    if not standing.entry:
        return point.expert, f"this program has no version {standing.version} of {point.card.id}"
    try:
        return load_expert(standing.entry), ""
    except SetupError as error:
        return point.expert, error.line()


@lru_cache(maxsize=64)
def load_expert(entry: str) -> Callable[[Any], Any]:
    """Return the function that an entry names; SetupError where there is none."""
    module, separator, name = entry.partition(":")
    if not separator or not module or not name:
        raise SetupError(f"{entry!r} is no entry", where="entry", hint="write package.module:function")
    try:
        found = getattr(import_module(module), name, None)
    except Exception as error:  # a module may raise anything while it is imported; it rises as what to mend
        raise SetupError(f"{entry!r} cannot be loaded: {error}", where="entry", hint="install its package") from error
    if not callable(found):
        raise SetupError(f"{module!r} has no function {name!r}", where="entry", hint="write package.module:function")
    return found  # type: ignore[no-any-return]
