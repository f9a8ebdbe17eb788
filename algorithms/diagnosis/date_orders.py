"""Exchanged day and month: for every date, whether it fits its neighbours better the other way round."""

import numpy as np

from algorithms.diagnosis.blocks import Mask, Numbers, Places, blocks, spans
from algorithms.diagnosis.levels import surprise
from state.values import Value

_LEAST_GAIN = 10.0
_CERTAIN = 6.0  # gain of a date that reads one way only
_WINDOW = 15  # unambiguous dates on each side
_LEAST_SCALE = 4.0  # days


class OrderFit(Value):
    """How well an exchange of day and month explains the dates of a part."""

    gain: float = 0.0
    fitting: float = 0.0  # share of the dates in the part, of those that read both ways, that fit better exchanged
    outside: float = 0.0  # the same outside the part
    share: float = 0.0  # of the rows that are in the part
    unread: int = 0  # rows of the part that read the other way only


def fit_order(given: Numbers, other: Numbers, file: Places, telling: Mask) -> tuple[OrderFit, Mask]:
    """Return how well exchange explains, and which rows are concerned.

    `given` and `other` are both readings of every date in days, NaN where there is no such day. A date in which
    exchange changes nothing has the same in both. `telling` says where a date that reads one way only speaks against
    the other order: in dates written with the year first it does not, since only what reads both ways was exchanged.
    """
    known_given, known_other = ~np.isnan(given), ~np.isnan(other)
    both = known_given & known_other & (given != other)
    scores = np.zeros(len(given))
    scores[~known_given & known_other] = _CERTAIN
    scores[known_given & ~known_other] = np.where(telling[known_given & ~known_other], -_CERTAIN, 0.0)
    for start, stop in spans(file):
        part = slice(start, stop)
        centre, scale = _neighbourhood(given[part], other[part])
        here = surprise((given[part] - centre) / scale) - surprise((other[part] - centre) / scale)
        scores[part] = np.where(both[part], np.nan_to_num(here), scores[part])
    inside, gain = blocks(scores, file, _LEAST_GAIN)
    chosen = inside & (both | (~known_given & known_other))
    if not chosen.any():
        return OrderFit(), chosen
    better = both & (np.nan_to_num(scores) > 1)
    unread = ~known_given & known_other
    # Where some read the other way only, those that read both ways need not tell anything: what reads as given does.
    against = known_given & ~known_other & telling if (unread & inside).any() else both & ~better
    speaking = better | unread if not (unread & inside).any() else unread
    fit = OrderFit(
        gain=gain,
        fitting=_share(speaking & inside, (speaking | against) & inside),
        outside=_share(speaking & ~inside, (speaking | against) & ~inside),
        share=float(chosen.sum() / max(1, int((known_given | known_other).sum()))),
        unread=int((inside & ~known_given & known_other).sum()),
    )
    return fit, chosen


def _share(some: Mask, every: Mask) -> float:
    return float(some.sum() / every.sum()) if every.any() else 1.0 if some.any() else 0.0


def _neighbourhood(given: Numbers, other: Numbers) -> tuple[Numbers, Numbers]:
    """Return middle and scale of the dates around every row of a file that read one way only, whichever.

    In files by day the nearest rows tell, in files of a month all of the file: the narrower one is taken. Dates in
    which day and month are the same number tell nothing: they lie where exchanged ones do.
    """
    sure = np.where(np.isnan(other), given, np.where(np.isnan(given), other, np.nan))
    known = sure[~np.isnan(sure)]
    if len(known) < 3:  # noqa: PLR2004  too few to say where dates lie
        return np.full(len(given), np.nan), np.ones(len(given))
    whole = float(np.median(known)), _scale(known)
    local = _rolling(sure)
    residual = sure - local
    near = _scale(residual[~np.isnan(residual)])
    if near < 0.5 * whole[1]:
        return local, np.full(len(given), near)
    return np.full(len(given), whole[0]), np.full(len(given), whole[1])


def _scale(known: Numbers) -> float:
    low, high = np.quantile(known, [0.1, 0.9])
    return max(float(high - low) / 2.56, _LEAST_SCALE)


def _rolling(sure: Numbers) -> Numbers:
    """Return the median of the nearest unambiguous dates for every row."""
    places = np.flatnonzero(~np.isnan(sure))
    dates = sure[places]
    width = min(2 * _WINDOW + 1, len(dates))
    views = np.lib.stride_tricks.sliding_window_view(dates, width)
    middles = np.median(views, axis=1)
    at = np.clip(np.searchsorted(places, np.arange(len(sure))) - width // 2, 0, len(middles) - 1)
    return np.asarray(middles[at])
