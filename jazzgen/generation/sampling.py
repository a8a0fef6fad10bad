"""Drawing one value from the probabilities of the next."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.base import BoolArray
from jazzgen.encoding.context import FloatArray
from jazzgen.encoding.grammar_cleanup import STEPS

Distribution = npt.NDArray[np.float64]
"""float64 `(..., 78)`, sums to 1."""

Weighting = Callable[[Distribution], Distribution]
"""What makes some values of a distribution likelier than others."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How values are drawn.

    Attributes:
        temperature: above 0; see `shape_distribution`.
        top_p: above 0, at most 1; see `shape_distribution`.
        greedy: take the likeliest value instead of drawing: the course exercise's way, one solo
            for a model and changes whatever the seed.
        low: lowest pitch, MIDI 0-127.
        high: highest pitch, at least an octave above.
        calibrated: weigh the draws with the model's calibration, where it has one; a greedy solo
            is never weighed.
        ending: come to an end in the last bar, on a chord tone on a beat, rather than play on to
            the last bar line. A solo of one bar plays on.
        clean_up: of solos in the grammar encoding, the steps of `grammar_cleanup` that are taken;
            interval solos need none.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    greedy: bool = False
    low: int = 46
    high: int = 86
    calibrated: bool = True
    ending: bool = True
    clean_up: tuple[str, ...] = tuple(STEPS)

    def __post_init__(self) -> None:
        if not 0 < self.temperature < math.inf:
            raise ValueError("the temperature must be above 0 and finite")
        if not 0 < self.top_p <= 1:
            raise ValueError("top-p must be above 0 and at most 1")
        if not (self.low >= 0 and self.low + 12 <= self.high <= 127):
            raise ValueError("the range must span an octave or more within MIDI pitches 0-127")
        if unknown := set(self.clean_up) - STEPS.keys():
            raise ValueError(f"no such step: {', '.join(sorted(unknown))} ({', '.join(STEPS)})")

    def to_json(self) -> dict[str, Any]:
        """The settings, for the recipe."""
        return {**asdict(self), "clean_up": list(self.clean_up)}


def shape_distribution(
    probabilities: FloatArray,
    allowed: BoolArray,
    *,
    temperature: float = 1.0,
    top_p: float = 1.0,
    weighted: Weighting | None = None,
) -> Distribution:
    """The distributions that are drawn from.

    Args:
        probabilities: float32 `(..., 78)`, from the network.
        allowed: bool `(..., 78)`; all other values get probability zero.
        temperature: above 0; probabilities are raised to the power of its inverse, so below 1
            the likely becomes likelier.
        top_p: above 0, at most 1; only the fewest values that together have at least this much
            probability stay (nucleus sampling, Holtzman et al. 2020).
        weighted: what is done to the distributions between the two.

    Returns:
        float64 `(..., 78)`, each sums to 1.

    Raises:
        ValueError: when nothing is allowed.
    """
    wanted: Distribution = np.where(allowed, probabilities, 0.0).astype(np.float64)
    highest = wanted.max(axis=-1, keepdims=True)
    vanished = highest == 0
    if vanished.any():  # everything likely is forbidden: nothing tells the rest apart
        if not allowed.any(axis=-1).all():
            raise ValueError("no value can follow")
        wanted = np.where(vanished, allowed, wanted)
        highest = wanted.max(axis=-1, keepdims=True)
    # Relative to the likeliest, no power underflows to zero everywhere.
    wanted /= highest
    if temperature != 1.0:
        wanted **= 1.0 / temperature
    wanted /= wanted.sum(axis=-1, keepdims=True)
    if weighted is not None:
        wanted = weighted(wanted)
    if top_p < 1.0:
        order = np.argsort(-wanted, axis=-1, kind="stable")
        ranked = np.take_along_axis(wanted, order, axis=-1)
        ranked[(np.cumsum(ranked, axis=-1) - ranked >= top_p) & ~vanished] = 0.0
        np.put_along_axis(wanted, order, ranked, axis=-1)
        wanted /= wanted.sum(axis=-1, keepdims=True)
    return wanted


def draw(distribution: Distribution, rng: np.random.Generator) -> int:
    """Draws a value by inverting the cumulative distribution, with one number from `rng`."""
    return int(draw_each(distribution[None], np.array([min(rng.random(), HIGHEST)]))[0])


def draw_each(
    distributions: Distribution, numbers: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Draws a value `(n,)` from each of `(n, 78)` distributions.

    Args:
        distributions: each sums to about 1.
        numbers: `(n,)`, drawn evenly from 0 to `HIGHEST`.
    """
    cumulative = distributions.cumsum(axis=1)
    points = cumulative[:, -1:] * numbers[:, None]
    values: npt.NDArray[np.int64] = (cumulative <= points).sum(axis=1)
    return values


HIGHEST: Final = 1 - 2.0**-52
"""The highest random number: times any sum it is below it, also when rounded, so that no zero
behind the last possible value is ever drawn."""


class Chance:
    """Random numbers of solos side by side, each from a generator of its own.

    Args:
        rows: how many.
    """

    def __init__(self, rows: int) -> None:
        self._rngs = [np.random.default_rng(0)] * rows
        self._rows = np.arange(rows)
        self._ahead = np.zeros((rows, _AHEAD))
        self._at = np.zeros(rows, dtype=np.int64)
        self._enough = 0  # numbers that each row has left, at least

    def begin(self, row: int, rng: np.random.Generator) -> None:
        """Begins a row."""
        np.minimum(rng.random(_AHEAD), HIGHEST, out=self._ahead[row])
        self._rngs[row], self._at[row] = rng, 0

    def move(self, to: int, row: int) -> None:
        """Puts a row in the place of another."""
        self._rngs[to], self._at[to] = self._rngs[row], self._at[row]
        self._ahead[to] = self._ahead[row]

    def shrink(self, rows: int) -> None:
        """Goes on with the first rows alone."""
        del self._rngs[rows:]
        self._rows = self._rows[:rows]
        self._ahead, self._at = self._ahead[:rows], self._at[:rows]

    def numbers(self) -> npt.NDArray[np.float64]:
        """The next number `(rows,)` of each, 0 to `HIGHEST`."""
        if not self._enough:
            for row in np.flatnonzero(self._at == _AHEAD).tolist():
                self.begin(row, self._rngs[row])
            self._enough = _AHEAD - int(self._at.max())
        self._enough -= 1
        numbers: npt.NDArray[np.float64] = self._ahead[self._rows, self._at]
        self._at += 1
        return numbers


_AHEAD: Final = 64
