"""The catalogue of suites by name."""

from evals.covid19 import Covid19
from evals.protocol import Suite
from evals.speed import Speed
from state.errors import SetupError

SUITES: dict[str, type[Suite]] = {Covid19.name: Covid19, Speed.name: Speed}


def find_suite(name: str, *, rows: int | None = None) -> Suite:
    """Return the suite called `name`, of `rows` where it makes its own input; SetupError where that cannot be."""
    if name not in SUITES:
        raise SetupError(f"there is no suite {name!r}", hint=f"suites: {', '.join(sorted(SUITES))}")
    if rows is None:
        return SUITES[name]()
    if name != Speed.name:
        raise SetupError(f"suite {name!r} has no number of rows", where="--rows", hint=f"it is for suite {Speed.name}")
    return Speed(rows)
