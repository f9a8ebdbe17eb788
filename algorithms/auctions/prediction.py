"""How long a task will take: the plan's estimate, corrected by what such tasks took before.

The logarithm of measured over estimated seconds is a line in the logarithms of rows and bytes, for each kind of task
and engine. Its three coefficients have a normal prior around zero, so that without history the estimate stands, and a
few measurements correct it a little; the variance of a measurement is learned with them (normal-inverse-gamma,
conjugate). A kind that is hardly known is taken to be as all tasks of its skill are, and these as all tasks: an
engine that was never tried must not seem fast because the machine is slow. Measurements fade by age, because machines
and files change.

Source: Bayesian linear regression with a conjugate prior, C. Bishop, Pattern Recognition and Machine Learning (2006),
section 3.3; A. Gelman et al., Bayesian Data Analysis (2013), section 14.2.
"""

from collections.abc import Iterable, Sequence
from math import exp, log, log1p, sqrt
from typing import Final, NamedTuple

from state.auctions import Fulfilment

LEAST: Final = 0.002
"""Seconds below which a measurement says nothing: the clock of a busy machine."""

_WEIGHTS: Final = (1.0, 0.1, 0.1)  # standard deviations of the coefficients before anything is known: factor 2.7, 10 %
_SPREAD: Final = 0.5  # of the logarithm of a measurement, before anything is known
_BELIEF: Final = 4.0  # measurements that this spread is worth
_TRUSTED: Final = 2.0  # measurements of a kind that weigh as much as all that is known of others
_FADE: Final = 0.985
_MIDDLE: Final = 9.0  # of the logarithms of rows and bytes, so that the coefficients hang less on each other
_RIDGE: Final = [
    (_SPREAD / _WEIGHTS[0]) ** 2,
    0.0,
    0.0,
    (_SPREAD / _WEIGHTS[1]) ** 2,
    0.0,
    (_SPREAD / _WEIGHTS[2]) ** 2,
]
_NINE_OF_TEN: Final = 1.2816  # quantile of the normal distribution

Kind = tuple[str, str]  # skill, engine
Features = tuple[float, float, float]  # 1, and the logarithms of rows and bytes, moved to their middle


class Prediction(NamedTuple):
    """Seconds in the middle, seconds within which nine of ten are done, and how many measurements speak for it."""

    seconds: float
    deadline: float
    known: int


class Times:
    """What tasks of each kind took; grows with every measurement. A prediction takes microseconds."""

    def __init__(self, history: Iterable[Fulfilment] = ()) -> None:
        self._sums: dict[Kind, _Sums] = {}
        for each in history:
            self.learn(each)

    def learn(self, done: Fulfilment) -> None:
        """Take in a task that was done; one that failed tells nothing of its time."""
        if done.ended == "failed" or done.estimate <= 0:
            return
        residual = log(max(LEAST, done.seconds)) - log(max(LEAST, done.estimate))
        for kind in _levels(done.skill, done.engine):
            self._sums.setdefault(kind, _Sums()).add(_features(done.rows, done.size), residual)

    def predict(self, skill: str, engine: str, *, estimate: float, rows: int = 0, size: int = 0) -> Prediction:
        """Return what a task will take by the estimate of its plan and its size."""
        features = _features(rows, size)
        shift, spread, known = 0.0, _unknown(features), 0
        for kind in _levels(skill, engine):
            sums = self._sums.get(kind)
            known = sums.number if sums else 0
            if sums:
                mean, deviation = sums.at(features)
                shift, spread = shift + sums.trust * (mean - shift), spread + sums.trust * (deviation - spread)
        seconds = max(LEAST, estimate) * exp(shift)
        return Prediction(seconds, seconds * exp(_NINE_OF_TEN * spread), known)


def _levels(skill: str, engine: str) -> tuple[Kind, ...]:
    """Return what a measurement belongs to: all tasks (how fast the machine is), those of its skill, of its kind."""
    return (("", ""), (skill, ""), (skill, engine))


class _Sums:
    """Sufficient statistics of one kind, as plain numbers: three coefficients are too few for a library of matrices."""

    def __init__(self) -> None:
        self.number = 0
        self._outer = [0.0] * 6  # of the features: 00, 01, 02, 11, 12, 22
        self._moment = [0.0] * 3
        self._square, self._weight = 0.0, 0.0
        self._solved: tuple[Features, list[float], float] | None = None

    def add(self, features: Features, residual: float) -> None:
        a, b, c = features
        self._outer = [
            _FADE * x + y for x, y in zip(self._outer, (a * a, a * b, a * c, b * b, b * c, c * c), strict=True)
        ]
        self._moment = [_FADE * x + residual * y for x, y in zip(self._moment, features, strict=True)]
        self._square = _FADE * self._square + residual * residual
        self._weight = _FADE * self._weight + 1
        self.number += 1
        self._solved = None

    @property
    def trust(self) -> float:
        """Return how much this is trusted, against what is known of all tasks around: 0 to 1."""
        return self._weight / (self._weight + _TRUSTED)

    def at(self, features: Features) -> tuple[float, float]:
        """Return the mean and the standard deviation of the logarithm."""
        if self._solved is None:
            inverse = _inverse([x + y for x, y in zip(self._outer, _RIDGE, strict=True)])
            mean = _times(inverse, self._moment)
            left = max(0.0, self._square - _dot(mean, self._moment)) / (_SPREAD * _SPREAD)
            self._solved = mean, inverse, _SPREAD * _SPREAD * (_BELIEF + left) / (_BELIEF + self._weight)
        mean, inverse, variance = self._solved
        return _dot(mean, features), sqrt(variance * (1 + _dot(features, _times(inverse, features))))


def _inverse(m: list[float]) -> list[float]:
    """Return the inverse of a symmetric positive definite matrix; six numbers, as in `_Sums`."""
    a, b, c, d, e, f = m
    one, two, three = d * f - e * e, c * e - b * f, b * e - c * d
    whole = a * one + b * two + c * three
    return [
        one / whole,
        two / whole,
        three / whole,
        (a * f - c * c) / whole,
        (b * c - a * e) / whole,
        (a * d - b * b) / whole,
    ]


def _times(m: list[float], v: Sequence[float]) -> Features:
    a, b, c, d, e, f = m
    x, y, z = v
    return a * x + b * y + c * z, b * x + d * y + e * z, c * x + e * y + f * z


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(left, right, strict=True))


def _features(rows: int, size: int) -> Features:
    return 1.0, (log1p(rows) - _MIDDLE) if rows else 0.0, (log1p(size) - _MIDDLE) if size else 0.0


def _unknown(features: Features) -> float:
    spread = sum((weight * value) ** 2 for weight, value in zip(_WEIGHTS, features, strict=True))
    return sqrt(_SPREAD * _SPREAD + spread)
