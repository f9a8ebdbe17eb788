"""How an agent keeps its contracts, as a Beta distribution of the chance that it keeps the next.

An overrun counts half against it, a failure in full; what is older fades by a factor for each contract since, so that
an agent can mend its name, and lose it. Without history it is trusted as much as an agent that kept four of five.

Source: A. Josang and R. Ismail, The Beta reputation system, Bled eCommerce Conference (2002); forgetting as there.
"""

from collections.abc import Iterable
from math import sqrt
from typing import Final

from state.auctions import Ended, Fulfilment, Reputation

FADE: Final = 0.97
"""What is left of a contract's weight after the next one."""

_KEPT, _BROKEN = 4.0, 1.0  # before anything is known
_HALF: Final = 0.5


def after(reputation: Reputation, ended: Ended) -> Reputation:
    """Return the reputation after one more contract."""
    return Reputation(
        kept=FADE * reputation.kept + (ended is Ended.KEPT),
        overrun=FADE * reputation.overrun + (ended is Ended.OVERRUN),
        failed=FADE * reputation.failed + (ended is Ended.FAILED),
    )


def reliability(reputation: Reputation) -> float:
    """Return the expected chance that a contract is kept."""
    good, bad = _counts(reputation)
    return good / (good + bad)


def least_reliability(reputation: Reputation) -> float:
    """Return the chance less one standard deviation of what is not known."""
    good, bad = _counts(reputation)
    whole = good + bad
    return max(0.0, good / whole - sqrt(good * bad / (whole * whole * (whole + 1))))


def reputations(history: Iterable[Fulfilment]) -> dict[str, Reputation]:
    """Return the reputation of every agent in a history, which is in the order of time."""
    found: dict[str, Reputation] = {}
    for each in history:
        found[each.agent_id] = after(found.get(each.agent_id, Reputation()), each.ended)
    return found


def _counts(reputation: Reputation) -> tuple[float, float]:
    good = _KEPT + reputation.kept + _HALF * reputation.overrun
    return good, _BROKEN + reputation.failed + _HALF * reputation.overrun
