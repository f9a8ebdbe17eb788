"""Fourteen ways in which a model fails in the middle of the work, and what the workers make of it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from evals.model_server import Act, ChatRequest, Fault, FaultKind, ModelServer, Noisy
from evals.react.chain import STEPS, chain_task, next_act
from graphs.react import graph
from state.models import ModelSettings
from state.react import Ending, ReactInput, ReactOutcome
from state.run import RunContext, RunRequest
from state.values import Value
from tools.cases import case_log

_FAN_OUT = 20
_FIRST = 5  # the request that fails first
_KINDS = (
    FaultKind.RATE_LIMIT,
    FaultKind.SERVER_ERROR,
    FaultKind.TIMEOUT,
    FaultKind.TRUNCATED,
    FaultKind.UNKNOWN_TOOL,
    FaultKind.MALFORMED_ARGUMENTS,
)
_TIMEOUT = 1.5  # seconds of one request
_HELD = 4.0  # seconds for which a request that times out is held
_RUN = "faults"


class Trial(Value):
    """What became of one trial."""

    finished: bool  # every worker gave the right answer
    repeated: int  # tool calls that were performed more than once with success
    requests: int
    faults: dict[str, int]
    endings: dict[str, int]


class _InARow:
    """Fails with the given kind at certain requests, else does what is right."""

    def __init__(self, kind: FaultKind, times: int) -> None:
        self._kind, self._failing = kind, range(_FIRST, _FIRST + times)

    def __call__(self, request: ChatRequest, /) -> Act:
        """Return the fault, made from the right answer, or the right answer."""
        right = next_act(request)
        return Fault(self._kind, of=right, seconds=_HELD) if request.number in self._failing else right


class _Mixed:
    """Fails in all six ways with a given probability together."""

    def __init__(self, seed: int, share: float) -> None:
        self._noisy = Noisy(next_act, seed=seed, faults={kind: share / len(_KINDS) for kind in _KINDS})

    def __call__(self, request: ChatRequest, /) -> Act:
        """Return what the noise makes of the right answer; nothing is held for longer than a trial should take."""
        act = self._noisy(request)
        return Fault(act.kind, of=act.of, seconds=_HELD) if isinstance(act, Fault) else act


TRIALS: dict[str, tuple[int, Callable[[], Callable[[ChatRequest], Act]]]] = {
    **{f"once: {kind.value}": (1, lambda kind=kind: _InARow(kind, 1)) for kind in _KINDS},  # type: ignore[misc]
    "four in a row: server_error": (1, lambda: _InARow(FaultKind.SERVER_ERROR, 4)),
    "four in a row: rate_limit": (1, lambda: _InARow(FaultKind.RATE_LIMIT, 4)),
    **{f"mix 0.1, seed {seed}": (1, lambda seed=seed: _Mixed(seed, 0.1)) for seed in (1, 5, 6)},  # type: ignore[misc]
    "fan-out: four server_error": (_FAN_OUT, lambda: _InARow(FaultKind.SERVER_ERROR, 4)),
    "fan-out: truncated": (_FAN_OUT, lambda: _InARow(FaultKind.TRUNCATED, 1)),
    "fan-out: mix 0.05": (_FAN_OUT, lambda: _Mixed(4, 0.05)),
}
"""Workers and behaviour of the model, by name."""


def settings_for(base_url: str) -> ModelSettings:
    """Return settings with short waits, as nothing is gained by waiting for a simulation."""
    return ModelSettings(name="sim", base_url=base_url, timeout=_TIMEOUT, retry_wait=0.02, retry_wait_most=0.2)


async def work(home: Path, settings: ModelSettings, workers: int, steps: int = STEPS) -> list[ReactOutcome]:
    """Let workers count side by side and return how each ended."""
    request = RunRequest(contract="none", sources=(), out=str(home / "out"), run_id=_RUN)
    context = RunContext(home=str(home), model=settings)
    given: list[ReactInput] = [{"request": request, "task": chain_task(steps, at)} for at in range(workers)]
    ended = await asyncio.gather(*(graph.ainvoke(each, context=context) for each in given))
    return [outcome for each in ended for outcome in each["outcomes"].values()]


def try_out(name: str, home: Path) -> Trial:
    """Return what became of a trial."""
    workers, behaviour = TRIALS[name]
    with ModelServer(behaviour()) as server:
        outcomes = asyncio.run(work(home, settings_for(server.base_url), workers))
        return Trial(
            finished=all(map(is_right, outcomes)),
            repeated=repeated_calls(outcomes),
            requests=server.count,
            faults={kind: count for kind, count in server.acts.items() if kind != "answer"},
            endings=Counter(outcome.ended_by.value for outcome in outcomes),
        )


def is_right(outcome: ReactOutcome) -> bool:
    """Return whether a worker ended with the right number."""
    return outcome.ended_by is Ending.FINAL_RESULT and f'"answer": "{STEPS}"' in outcome.answer


def repeated_calls(outcomes: Sequence[ReactOutcome]) -> int:
    """Return how many calls were performed with success although the same call had been before."""
    repeated = 0
    for outcome in outcomes:
        performed = Counter(
            (call.name, call.arguments)
            for step in case_log(outcome.path).steps()
            for call, seen in zip(step.actions, step.observations, strict=True)
            if not seen.failed
        )
        repeated += sum(count - 1 for count in performed.values())
    return repeated
