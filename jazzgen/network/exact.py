"""Matrix products that come out the same, to the bit, however many rows are multiplied at once.

A matrix product adds in an order that depends on its shape, and floating-point sums depend on
their order: the same solo played alone and beside others would differ in the last bit, and now and
then in a draw. But float32 holds every whole number up to 2^24, so numbers that are all multiples
of one power of two add up without any rounding, in whatever order, as long as every partial sum
stays below 2^24 of them. So the inputs, between -1 and 1, are rounded to multiples of 2^-9 and each
column of weights to the finest power of two that leaves its largest possible sum in bounds. What
that costs is measured in docs/performance.md.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

INPUT_BITS: Final = 9
"""Inputs of `product` are multiples of 2 to the minus this, between -1 and 1."""

_FINE_ENOUGH: Final = 2.0**-6
"""The coarsest grid for weights; columns with larger sums are multiplied in float64."""


def round_to(x: npt.NDArray[np.floating], bits: int) -> None:
    """Rounds float32 numbers below 2^(22 - bits) to multiples of 2^-bits, in place.

    Added to a number whose last digit is 2^-bits, they lose everything below it.
    """
    shift = np.float32(1.5 * 2.0 ** (23 - bits))
    x += shift
    x -= shift


class Kernel:
    """Weights rounded so that products with them are exact.

    Args:
        weights: float32 `(k, n)`.
        bits: inputs are multiples of 2^-bits.
        reach: the largest absolute value of an input.
    """

    def __init__(self, weights: FloatArray, bits: int = INPUT_BITS, reach: float = 1.0) -> None:
        grid = _grid(weights, 24 - bits, reach)
        self._wide = bool(grid.max(initial=0.0) > _FINE_ENOUGH)
        if self._wide:
            grid = _grid(weights, 53 - bits, reach)
        exact = np.rint(weights / grid) * grid
        kind = np.float64 if self._wide else np.float32
        self._weights: npt.NDArray[np.floating] = np.ascontiguousarray(exact, kind)

    @property
    def weights(self) -> npt.NDArray[np.floating]:
        """The rounded weights `(k, n)`."""
        return self._weights

    def product(self, x: FloatArray, out: FloatArray | None = None) -> FloatArray:
        """Multiplies inputs `(B, k)` with the weights: float32 `(B, n)`, perhaps into `out`."""
        if self._wide:
            made: FloatArray = np.matmul(x.astype(np.float64), self._weights).astype(np.float32)
            if out is None:
                return made
            out[...] = made
            return out
        exact: FloatArray = np.dot(x, self._weights, out)
        return exact


def _grid(weights: FloatArray, bits: int, reach: float) -> npt.NDArray[np.float64]:
    """For each column the finest power of two whose multiples add up to below 2^bits of them."""
    wide = np.abs(weights.astype(np.float64))
    # Rounding adds at most half a step to each weight.
    room = 2.0**bits / reach - 0.5 * len(weights)
    largest = np.maximum(wide.sum(axis=0), 2.0**-20)
    grid: npt.NDArray[np.float64] = 2.0 ** np.ceil(np.log2(largest / room))
    return grid
