"""The catalogue of suites by name."""

from evals.covid19 import Covid19
from evals.draft import DraftSuite
from evals.gate.suite import Gate
from evals.protocol import Suite
from state.errors import SetupError

SUITES: dict[str, type[Suite]] = {suite.name: suite for suite in (Covid19, DraftSuite, Gate)}


def find_suite(name: str) -> Suite:
    """Return the suite called `name`; SetupError names the suites there are."""
    if name not in SUITES:
        raise SetupError(f"there is no suite {name!r}", hint=f"suites: {', '.join(sorted(SUITES))}")
    return SUITES[name]()
