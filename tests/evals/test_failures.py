"""The suite of injected failures: those that no other test plays end as their strategies say, and a lie is found."""

from pathlib import Path

import pytest

from evals.failures.injected import FAILURES, Failure
from evals.failures.play import Ending, play
from evals.failures.suite import RunFailures, fault_of
from state.errors import SetupError

_PLAYED = (
    "a source vanishes after the scan",
    "a source gets other columns after the scan",
    "one file is of lower quality",
    "the engine is out of memory",
    "SQL of the contract runs over its time",
    "the process is killed within a step",
    "the workspace is overwritten",
    "a row is lost",
    "the budget is spent",
)


@pytest.mark.parametrize("failure", [each for each in FAILURES if each.name in _PLAYED], ids=lambda each: each.name)
def test_a_failure_ends_as_its_strategy_says(tmp_path: Path, failure: Failure) -> None:
    ending = play(failure, tmp_path / "job", "on")
    assert not fault_of(ending)


def test_without_strategies_a_failure_stops_the_run(tmp_path: Path) -> None:
    failure = next(each for each in FAILURES if each.name == "the engine is out of memory")
    ending = play(failure, tmp_path / "job", "off")
    assert (ending.end, ending.strategies) == ("failed", ("stop",))


def _ending(**update: object) -> Ending:
    good = Ending(
        failure="a read fails once",
        mode="on",
        failed_as="transient",
        strategies=("retry",),
        attempts=2,
        end="published",
        problem="",
        lines={"orders": 3},
        read={"orders": 3},
        ends={"orders": 3},
        published=True,
        same=True,
        traced=True,
    )
    return good.model_copy(update=update)


@pytest.mark.parametrize(
    "wrong",
    [
        {"end": "failed"},
        {"strategies": ("stop",)},
        {"failed_as": "disk"},
        {"read": {"orders": 2}, "ends": {"orders": 2}},
        {"ends": {"orders": 2}},
        {"read": {}},
        {"same": False},
        {"traced": False},
    ],
)
def test_whatever_is_wrong_with_an_ending_is_a_fault(wrong: dict[str, object]) -> None:
    assert not fault_of(_ending())
    assert fault_of(_ending(**wrong))


def test_the_suite_takes_no_data() -> None:
    with pytest.raises(SetupError, match="makes its own data"):
        RunFailures().tasks(Path("data"), None)
    assert [task.task_id for task in RunFailures().tasks(None, None)] == ["on", "retry", "off"]
    assert len(FAILURES) >= 12
