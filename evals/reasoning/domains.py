"""Generated tables of several domains, as whoever sends files would write them; each comes with its contract.

A domain says what its columns are good for (a quantity, a list, a key, ...), so that a fault can be put where it would
happen. Domains in `HELD_OUT` were not looked at while the rules were built.
"""

from collections.abc import Callable

from evals.reasoning.accounts import budget, payroll
from evals.reasoning.measurements import sensors, visits
from evals.reasoning.trade import orders, shipments, stores
from evals.reasoning.worlds import World

DOMAINS: dict[str, Callable[[int, int, int], World]] = {
    each.__name__: each for each in (orders, sensors, visits, stores, budget, shipments, payroll)
}
"""Every domain by its name: from a seed, a number of rows and a number of files."""

HELD_OUT = frozenset(("shipments", "payroll"))
"""Domains that were not looked at while the rules were built."""
