"""Intervals by resampling whole solos.

Notes of one solo are not independent, so solos are drawn with replacement, all notes of a solo
together (cluster bootstrap; Efron & Tibshirani, An Introduction to the Bootstrap, 1993). Every
figure here is a ratio of sums over solos: a mean is one with a denominator of 1 for each solo that
has a value.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

RESAMPLES: Final = 2000

_LEVEL: Final = 95  # percent


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval.

    Attributes:
        value: NaN where there is nothing to measure.
        low: 2.5th percentile of the resamples; NaN with fewer than two solos.
        high: 97.5th percentile.
    """

    value: float
    low: float
    high: float

    @property
    def has_interval(self) -> bool:
        """Whether there were solos enough to resample."""
        return not math.isnan(self.low)


def draws(solos: int, seed: int) -> FloatArray:
    """How often each solo is drawn in each resample.

    Args:
        solos: their number, at least 1.
        seed: another seed, other draws.

    Returns:
        float64 `(RESAMPLES, solos)`; rows sum to `solos`.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    return rng.multinomial(solos, np.full(solos, 1 / solos), RESAMPLES).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Ratio:
    """A figure that is a sum over solos by another sum over solos.

    Attributes:
        over: float64 `(solos,)`.
        under: float64 `(solos,)`, at least 0; 0 where the solo has no say.
    """

    over: FloatArray
    under: FloatArray

    @classmethod
    def mean(cls, values: npt.ArrayLike) -> "Ratio":
        """The mean over the solos whose value is not NaN."""
        array = np.asarray(values, dtype=np.float64)
        known = ~np.isnan(array)
        return cls(np.where(known, array, 0.0), known.astype(np.float64))

    @property
    def value(self) -> float:
        """Over all solos; NaN where `under` sums to 0."""
        total = float(self.under.sum())
        return float(self.over.sum()) / total if total else math.nan

    def resampled(self, drawn: FloatArray) -> FloatArray:
        """Its value in each resample.

        Args:
            drawn: float64 `(resamples, solos)`, from `draws`.

        Returns:
            float64 `(resamples,)`, NaN where no solo with a say was drawn.
        """
        over, under = drawn @ self.over, drawn @ self.under
        result: FloatArray = np.divide(
            over, under, out=np.full(len(under), math.nan), where=under > 0
        )
        return result

    def estimate(self, drawn: FloatArray) -> Estimate:
        """The value with its interval."""
        enough = np.count_nonzero(self.under) > 1
        return interval(self.value, self.resampled(drawn) if enough else np.empty(0))


def interval(value: float, resampled: FloatArray) -> Estimate:
    """A value with the percentiles of its resamples; those that are NaN do not count.

    Args:
        value: of all solos.
        resampled: float64 `(resamples,)`; empty where there is nothing to resample.
    """
    known = resampled[~np.isnan(resampled)]
    if math.isnan(value) or not len(known):
        return Estimate(value, math.nan, math.nan)
    tail = (100 - _LEVEL) / 2
    low, high = np.percentile(known, (tail, 100 - tail)).tolist()
    return Estimate(value, low, high)
