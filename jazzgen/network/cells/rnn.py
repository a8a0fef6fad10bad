"""The plain recurrent cell."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from jazzgen.network.cells.base import Array, Cell, Parameters, State


@dataclass(frozen=True, eq=False)
class RNNCell(Cell):
    """The plain recurrent cell (Elman 1990).

        a<t> = tanh(x<t> Wax + a<t-1> Waa + ba)      (B, n_a)

    The output is a<t>. Every step multiplies the gradient by Waaᵀ once more: over long sequences
    it vanishes or explodes. Against the second helps `clip_gradients`; against the first, gates.

    Attributes:
        Wax: `(n_x, n_a)`.
        Waa: `(n_a, n_a)`.
        ba: `(n_a,)`.
    """

    Wax: Array
    Waa: Array
    ba: Array

    @classmethod
    def shapes(cls, n_x: int, n_a: int) -> dict[str, tuple[int, ...]]:
        """See `Cell.shapes`."""
        return {"Wax": (n_x, n_a), "Waa": (n_a, n_a), "ba": (n_a,)}

    @classmethod
    def from_keras_weights(cls, kernel: Array, recurrent: Array, bias: Array) -> Self:
        """The cell of a `keras.layers.SimpleRNN`, from its `get_weights()`.

        Args:
            kernel: `(n_x, n_a)`.
            recurrent: `(n_a, n_a)`.
            bias: `(n_a,)`.
        """
        return cls(Wax=kernel.copy(), Waa=recurrent.copy(), ba=bias.copy())

    @property
    def n_x(self) -> int:
        """Width of the input."""
        return int(self.Wax.shape[0])

    @property
    def n_a(self) -> int:
        """Units."""
        return int(self.ba.shape[0])

    def step(self, x: Array, state: State) -> tuple[Array, State]:
        """See `Cell.step`; the state is `(a,)`."""
        (a_before,) = state
        a = np.tanh(x @ self.Wax + a_before @ self.Waa + self.ba)  # (B, n_a)
        return a, (a,)

    def step_back(self, x: Array, state: State, d_after: State) -> tuple[Parameters, Array, State]:
        """See `Cell.step_back`."""
        (a_before,), (d_a,) = state, d_after
        a, _ = self.step(x, state)
        d_z = d_a * (1 - a * a)  # tanh' = 1 - tanh²
        by_parameter = {"Wax": x.T @ d_z, "Waa": a_before.T @ d_z, "ba": d_z.sum(axis=0)}
        return by_parameter, d_z @ self.Wax.T, (d_z @ self.Waa.T,)
