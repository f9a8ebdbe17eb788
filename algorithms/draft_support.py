"""How much support a rule needs before it is written into a drafted contract.

A rule that held in all of n values is broken by at most a share of 3/n of those to come, with 95 % confidence (rule of
three). With fewer values than `ENOUGH` that share is above one in ten: a violation would mean little. Bounds have slack
beyond what was seen and lists ask for several rows of each value, so that the share to expect of them is smaller still.

Source: J. A. Hanley and A. Lippman-Hand, If nothing goes wrong, is everything all right?, JAMA 249 (1983).
"""

from algorithms.intervals import wilson

ENOUGH = 30
"""Values without exception from which a rule is written: 3/30 is one in ten."""

MOST_BROKEN = 0.01
"""Share of the rows that may break a rule that is written all the same; they are quarantined."""


def most_exceptions(held: int) -> float:
    """Return the greatest share of exceptions to expect where none was seen in `held` values."""
    return min(1.0, 3.0 / held) if held else 1.0


def rarely_broken(broken: int, rows: int) -> bool:
    """Whether so few rows break a rule that it is still one; some support is needed."""
    return rows >= ENOUGH and broken <= MOST_BROKEN * rows


def upper_share(count: int, rows: int) -> float:
    """Return the upper end of the 95 % interval of a share."""
    return wilson(count, rows)[1]


def told_support(held: int) -> str:
    """Return the support in words."""
    return f"at most {100 * most_exceptions(held):.2g} % exceptions to expect"
