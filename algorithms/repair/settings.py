"""The settings of the repair council: the two bars and the priors, the same for every table.

The figures were fixed on generated tables with generated errors (`evals/cleaning/calibrate.py`), never on a benchmark.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CouncilSettings:
    """What the council needs to know before it sees a table."""

    repair_bar: float = 0.80  # from this chance on that the value is right a cell is repaired
    propose_bar: float = 0.50  # from this chance on it is proposed; below the cell is left alone
    error_prior: float = 0.01  # share of a column's cells that are wrong, before the table is looked at
    error_prior_cells: float = 50.0  # how many cells that prior counts for
    largest_fan: int = 6  # columns a pair of determinants is drawn from, for one dependent column
    most_findings: int = 2_000_000  # cells told; more are left out, and a note says so
