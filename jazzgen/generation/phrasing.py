"""Where a line breathes: how long its phrases and its pauses are.

A phrase runs from its first onset to the end of its last note; a pause of a beat or more parts it
from the next (`BREATH_TICKS`). Shorter rests belong to the phrase.
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.base import LENGTH
from jazzgen.encoding.interval import END, FIRST_LENGTH, LENGTHS, REST
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.generation.density import LogWeights
from jazzgen.generation.played import BREATH_TICKS, Played

_SHAPE: Final = 3.0
"""Of the Weibull distribution of phrase lengths: the standard deviation is 0.36 of the mean."""

_LISTENING: Final = 0.5
"""How much the network's own wish to rest moves the end of a phrase; 0: not at all, 1: wholly."""

_USUAL_WISH: Final = 0.05
"""Probability of a rest after a note before anything is known of the network."""

_MEMORY_TICKS: Final = 240
"""Time over which those wishes are averaged, ten beats."""

_SHORT_RESTS: Final = 0.6
"""Share of its rests that a network keeps within a phrase."""

_SPREAD: Final = 0.3
"""Standard deviation of the logarithm of a pause's length."""

_LENGTHS: Final = np.array(LENGTHS)


class Phrasing:
    """Steers towards phrases and pauses of typical lengths.

    After each note the line pauses with the probability with which a phrase of a Weibull
    distribution, having got so far, ends before the next: unlikely at first, ever likelier later.
    Where the network would rather rest, phrases end more readily, so that they end at musical
    places. Pauses are drawn from the network's own, weighted by a bell on the logarithm of their
    length.
    """

    def __init__(self, phrase_ticks: float | None, breath_ticks: float | None) -> None:
        """Begins a solo.

        Args:
            phrase_ticks: mean length of a phrase; None leaves phrases to the network.
            breath_ticks: typical length of a pause, at least `BREATH_TICKS`; None leaves pauses
                to the network.
        """
        self._scale = None if phrase_ticks is None else phrase_ticks / math.gamma(1 + 1 / _SHAPE)
        self._breath = breath_ticks
        self._wish: float = _USUAL_WISH**_LISTENING  # mean of the wishes so far
        self._heard = 0  # ticks of the phrase being played, up to the last note
        self._pausing = 0.0  # probability that the rest just begun is a pause

    def log_weights(
        self, played: Played, tick: int, phase: int, odds: npt.NDArray[np.float64]
    ) -> LogWeights:
        """What is added to the log-probabilities of the value due at `tick`.

        Args:
            played: the line so far.
            tick: where the value is due.
            phase: `EVENT` or `LENGTH`.
            odds: float64 `(78,)`, the probabilities to be weighted; they sum to 1.
        """
        weights = np.zeros(N_VALUES)
        if played.phrase_start is None:
            return weights
        silence = tick - played.sounded_until
        if phase == LENGTH:
            if played.resting:
                weights[FIRST_LENGTH:END] = self._pause(silence, odds[FIRST_LENGTH:END])
        elif 0.0 < odds[REST] < 1.0:
            if silence:
                weights[REST] = self._go_on_resting(silence)
            elif self._scale is not None:
                wanted = self._end_of_phrase(tick - played.phrase_start, float(odds[REST]))
                weights[REST] = _logit(wanted) - _logit(float(odds[REST]))
        return weights

    def _end_of_phrase(self, ticks: int, wish: float) -> float:
        """The probability with which to rest after a note, `ticks` into a phrase."""
        assert self._scale is not None
        before = self._heard if self._heard < ticks else 0  # another phrase has begun
        self._heard = ticks
        ends = -math.expm1((before / self._scale) ** _SHAPE - (ticks / self._scale) ** _SHAPE)
        listened: float = wish**_LISTENING
        ends = min(ends * listened / self._wish, 0.97)
        # By time, not by notes: a network wishes for rests after long notes, when more is due.
        self._wish += -math.expm1((before - ticks) / _MEMORY_TICKS) * (listened - self._wish)
        stays = (1 - ends) * _SHORT_RESTS * wish
        self._pausing = ends / (ends + stays)
        return min(ends + stays, 0.99)

    def _go_on_resting(self, silence: int) -> float:
        """Log-weight of a further rest."""
        if silence < BREATH_TICKS:
            return 0.0 if self._scale is None else -4.0
        if self._breath is None:
            return 0.0
        return float(np.clip(10 * math.log(0.9 * self._breath / silence), -5, 5))

    def _pause(self, silence: int, odds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Log-weights `(27,)` of the lengths of a rest."""
        total = silence + _LENGTHS
        long = total >= BREATH_TICKS
        weighted = odds.copy()
        if self._breath is not None:
            bell = np.exp(-((np.log(total / self._breath) / _SPREAD) ** 2) / 2)
            weighted[long] *= bell[long] + 1e-9
        # How much goes to pauses and how much to short rests is settled apart from their lengths.
        pauses = float(odds[long].sum() / max(odds.sum(), 1e-300))
        if self._scale is not None:
            pauses = self._pausing if silence == 0 else 1.0
        for which, share in ((long, pauses), (~long, 1 - pauses)):
            if (mass := weighted[which].sum()) > 0:
                weighted[which] *= share / mass
        with np.errstate(divide="ignore", invalid="ignore"):
            log_weights = np.log(weighted) - np.log(odds)
        return np.where(odds > 0, log_weights, 0.0)


def _logit(p: float) -> float:
    return math.log(p / (1 - p))
