"""The settings of the repair council: the two bars and the priors, the same for every table.

The figures were fixed on generated tables with generated errors (suite `cleaning` without `--data`), never on a benchmark.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CouncilSettings:
    """What the council needs to know before it sees a table."""

    repair_bar: float = 0.60  # from this chance on that the value is right a cell is repaired
    propose_bar: float = 0.40  # from this chance on it is proposed; below the cell is left alone
    error_rate: float = 0.01  # share of a column's cells that are wrong, before the table is looked at
    prior_cells: float = 50.0  # how many cells a prior of a cell's own value counts for
    rare_factor: float = 15.0  # how much oftener a rare value of a repetitive column is wrong
    blank_error: float = 0.6  # share of blank cells that are wrong in a column that is hardly ever blank
    calibration_cells: float = 20.0  # how many cells a dependency's own calibration counts for
    correlation: float = 0.9  # among voters of one specialist
    most_dependencies: int = 6  # that vote on a column
    largest_fan: int = 6  # columns that pairs of determinants are drawn from, for one dependent column
    least_error_rate: float = 0.0005  # bounds of the share of wrong cells that is concluded from the dependencies
    most_error_rate: float = 0.3
    least_exception: float = 0.1  # share of the cells that contradict a dependency that are natural exceptions at least
    flag_bar: float = (
        0.75  # from this chance on that it is wrong a cell is flagged, where nothing is known for its place
    )
    spread: float = 2.5  # how many times as many wrong cells as the middle column one may have
