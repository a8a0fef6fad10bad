"""Drawing one value from the probabilities of the next."""

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.base import BoolArray
from jazzgen.encoding.context import FloatArray


def shape_distribution(
    probabilities: FloatArray, allowed: BoolArray, *, temperature: float = 1.0, top_p: float = 1.0
) -> npt.NDArray[np.float64]:
    """The distribution that is drawn from.

    Args:
        probabilities: float32 `(78,)`, from the network.
        allowed: bool `(78,)`; all other values get probability zero.
        temperature: above 0; probabilities are raised to the power of its inverse, so below 1
            the likely becomes likelier.
        top_p: above 0, at most 1; only the fewest values that together have at least this much
            probability stay (nucleus sampling, Holtzman et al. 2020).

    Returns:
        float64 `(78,)`, sums to 1.

    Raises:
        ValueError: when nothing is allowed.
    """
    if not allowed.any():
        raise ValueError("no value can follow")
    wanted: npt.NDArray[np.float64] = np.where(allowed, probabilities.astype(np.float64), 0.0)
    if wanted.max() == 0.0:  # everything likely is forbidden: nothing tells the rest apart
        return allowed / np.count_nonzero(allowed)
    # Relative to the likeliest, no power underflows to zero everywhere.
    wanted = (wanted / wanted.max()) ** (1.0 / temperature)
    wanted /= wanted.sum()
    if top_p < 1.0:
        order = np.argsort(-wanted, kind="stable")
        before = np.cumsum(wanted[order]) - wanted[order]
        wanted[order[before >= top_p]] = 0.0
        wanted /= wanted.sum()
    return wanted


def draw(distribution: npt.NDArray[np.float64], rng: np.random.Generator) -> int:
    """Draws a value by inverting the cumulative distribution, with one number from `rng`."""
    cumulative = np.cumsum(distribution)
    at = int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))
    return min(at, int(np.flatnonzero(distribution)[-1]))  # rounding never draws a zero
