"""The catalogue of suites by name."""

from evals.ablation.suite import Ablation
from evals.auctions.suite import Auctions
from evals.cleaning.suite import Cleaning
from evals.conflicts.suite import Conflicts
from evals.consensus.suite import Consensus
from evals.covid19 import Covid19
from evals.crew.suite import Crew
from evals.draft import DraftSuite
from evals.failures.suite import RunFailures
from evals.games.suite import Games
from evals.gate.suite import Gate
from evals.hierarchy.suite import Hierarchy
from evals.hub.suite import HubSuite
from evals.learning.suite import Learning
from evals.loops.suite import Loops
from evals.mapping.suite import MappingSuite
from evals.metrics.suite import Metrics
from evals.model_faults.suite import ModelFaults
from evals.operation_faults.suite import OperationFaults
from evals.plan_choice import PlanChoice
from evals.planning.disturbance import Disturbance
from evals.planning.speed import PlanningSpeed
from evals.planning.suite import Planning
from evals.protocol import Seeded, Suite, Timed
from evals.queue.suite import Queue
from evals.react.suite import React
from evals.reasoning.models import ReasoningModels
from evals.reasoning.suite import Reasoning
from evals.speed import Speed
from evals.trajectories.suite import Trajectories
from state.errors import SetupError

_ALL: tuple[type[Suite], ...] = (
    Ablation,
    Auctions,
    Cleaning,
    Conflicts,
    Consensus,
    Covid19,
    Crew,
    Disturbance,
    DraftSuite,
    Games,
    Gate,
    HubSuite,
    Hierarchy,
    Learning,
    Loops,
    MappingSuite,
    Metrics,
    ModelFaults,
    OperationFaults,
    PlanChoice,
    Planning,
    PlanningSpeed,
    Queue,
    React,
    Reasoning,
    ReasoningModels,
    RunFailures,
    Speed,
    Trajectories,
)

SUITES: dict[str, type[Suite]] = {suite.name: suite for suite in _ALL}


def find_suite(name: str, *, rows: int | None = None) -> Suite:
    """Return the suite called `name`, of `rows` where it makes its own input; SetupError where that cannot be."""
    if name not in SUITES:
        raise SetupError(f"there is no suite {name!r}", hint=f"suites: {', '.join(sorted(SUITES))}")
    if rows is None:
        return SUITES[name]()
    makers: dict[str, type[Auctions | HubSuite | PlanChoice | Speed]] = {
        maker.name: maker for maker in (Auctions, HubSuite, PlanChoice, Speed)
    }
    if name not in makers:
        hint = f"it is for {', '.join(makers)}"
        raise SetupError(f"suite {name!r} has no number of rows", where="--rows", hint=hint)
    return makers[name](rows)


def limit_time(suite: Suite, seconds: float) -> None:
    """Set the time for each task; SetupError where the suite has no such limit or the time is no positive number."""
    if not isinstance(suite, Timed):
        raise SetupError(f"the suite {suite.name!r} has no time limit", hint="leave out --seconds")
    if not 0 < seconds < float("inf"):
        raise SetupError(f"{seconds:g} seconds are no time to work in", hint="give --seconds above 0")
    suite.seconds = seconds


def set_seeds(suite: Suite, seeds: int) -> None:
    """Set from how many seeds each case is made; SetupError where the suite has none."""
    if not isinstance(suite, Seeded):
        raise SetupError(f"the suite {suite.name!r} has no seeds", hint="leave out --seeds")
    suite.seeds = seeds
