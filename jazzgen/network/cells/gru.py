"""Gated recurrent units, simplified and full."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from jazzgen.network.cells.base import (
    Array,
    GatedCell,
    Parameters,
    State,
    beside,
    logistic,
    stacked,
)


@dataclass(frozen=True, eq=False)
class SimplifiedGRUCell(GatedCell):
    """The gated recurrent unit with its update gate alone.

        c~   = tanh([c<t-1>, x<t>] Wc + bc)          (B, n_a)   the candidate
        Γu   = σ([c<t-1>, x<t>] Wu + bu)             (B, n_a)   the update gate
        c<t> = Γu * c~ + (1 - Γu) * c<t-1>           (B, n_a)

    The output is a<t> = c<t>. Where Γu is near 0 the cell keeps what it holds, and the gradient
    passes as it came.

    Attributes:
        Wc: `(n_a + n_x, n_a)`.
        Wu: `(n_a + n_x, n_a)`.
        bc: `(n_a,)`.
        bu: `(n_a,)`.
    """

    Wc: Array
    Wu: Array
    bc: Array
    bu: Array

    @classmethod
    def shapes(cls, n_x: int, n_a: int) -> dict[str, tuple[int, ...]]:
        """See `Cell.shapes`."""
        matrix = (n_a + n_x, n_a)
        return {"Wc": matrix, "Wu": matrix, "bc": (n_a,), "bu": (n_a,)}

    def _gates(self, x: Array, c_before: Array) -> tuple[Array, Array, Array]:
        both = beside(c_before, x)  # (B, n_a + n_x)
        candidate = np.tanh(both @ self.Wc + self.bc)  # (B, n_a)
        update = logistic(both @ self.Wu + self.bu)  # (B, n_a)
        return both, candidate, update

    def step(self, x: Array, state: State) -> tuple[Array, State]:
        """See `Cell.step`; the state is `(c,)`."""
        (c_before,) = state
        _, candidate, update = self._gates(x, c_before)
        c = update * candidate + (1 - update) * c_before  # (B, n_a)
        return c, (c,)

    def step_back(self, x: Array, state: State, d_after: State) -> tuple[Parameters, Array, State]:
        """See `Cell.step_back`."""
        (c_before,), (d_c,) = state, d_after
        both, candidate, update = self._gates(x, c_before)
        d_zc = d_c * update * (1 - candidate * candidate)  # by what stands inside tanh
        d_zu = d_c * (candidate - c_before) * update * (1 - update)  # by what stands inside σ
        d_both = d_zc @ self.Wc.T + d_zu @ self.Wu.T  # (B, n_a + n_x)
        by_parameter = {
            "Wc": both.T @ d_zc,
            "Wu": both.T @ d_zu,
            "bc": d_zc.sum(axis=0),
            "bu": d_zu.sum(axis=0),
        }
        n_a = self.n_a
        return by_parameter, d_both[:, n_a:], (d_c * (1 - update) + d_both[:, :n_a],)


@dataclass(frozen=True, eq=False)
class GRUCell(GatedCell):
    """The full gated recurrent unit (Cho et al. 2014), with update and relevance gate.

        Γr   = σ([c<t-1>, x<t>] Wr + br)             (B, n_a)   the relevance gate
        Γu   = σ([c<t-1>, x<t>] Wu + bu)             (B, n_a)   the update gate
        c~   = tanh([Γr * c<t-1>, x<t>] Wc + bc)     (B, n_a)   the candidate
        c<t> = Γu * c~ + (1 - Γu) * c<t-1>           (B, n_a)

    The output is a<t> = c<t>.

    Attributes:
        Wc: `(n_a + n_x, n_a)`.
        Wu: `(n_a + n_x, n_a)`.
        Wr: `(n_a + n_x, n_a)`.
        bc: `(n_a,)`.
        bu: `(n_a,)`.
        br: `(n_a,)`.
    """

    Wc: Array
    Wu: Array
    Wr: Array
    bc: Array
    bu: Array
    br: Array

    @classmethod
    def shapes(cls, n_x: int, n_a: int) -> dict[str, tuple[int, ...]]:
        """See `Cell.shapes`."""
        matrix, bias = (n_a + n_x, n_a), (n_a,)
        return {"Wc": matrix, "Wu": matrix, "Wr": matrix, "bc": bias, "bu": bias, "br": bias}

    @classmethod
    def from_keras_weights(cls, kernel: Array, recurrent: Array, bias: Array) -> Self:
        """The cell of a `keras.layers.GRU` with `reset_after=False`, from its `get_weights()`.

        Keras lays its gates out as update, relevance ("reset"), candidate, and its update gate z
        says how much to keep: c<t> = z * c<t-1> + (1 - z) * c~. So Γu = 1 - z, and because
        1 - σ(v) = σ(-v), the update gate's weights change sign.

        Args:
            kernel: `(n_x, 3 n_a)`.
            recurrent: `(n_a, 3 n_a)`.
            bias: `(3 n_a,)`.

        Raises:
            ValueError: when the layer has `reset_after=True`, Keras's default: its relevance gate
                stands after the product with the matrix, which is another cell.
        """
        if bias.ndim != 1:
            raise ValueError("these weights are of a GRU with reset_after=True, another cell")
        wu, wr, wc = np.split(stacked(recurrent, kernel), 3, axis=1)
        bu, br, bc = np.split(bias, 3)
        return cls(Wc=wc.copy(), Wu=-wu, Wr=wr.copy(), bc=bc.copy(), bu=-bu, br=br.copy())

    def _gates(self, x: Array, c_before: Array) -> tuple[Array, Array, Array, Array, Array]:
        both = beside(c_before, x)  # (B, n_a + n_x)
        relevance = logistic(both @ self.Wr + self.br)  # (B, n_a)
        update = logistic(both @ self.Wu + self.bu)  # (B, n_a)
        relevant = beside(relevance * c_before, x)  # (B, n_a + n_x)
        candidate = np.tanh(relevant @ self.Wc + self.bc)  # (B, n_a)
        return both, relevance, update, relevant, candidate

    def step(self, x: Array, state: State) -> tuple[Array, State]:
        """See `Cell.step`; the state is `(c,)`."""
        (c_before,) = state
        _, _, update, _, candidate = self._gates(x, c_before)
        c = update * candidate + (1 - update) * c_before  # (B, n_a)
        return c, (c,)

    def step_back(self, x: Array, state: State, d_after: State) -> tuple[Parameters, Array, State]:
        """See `Cell.step_back`."""
        (c_before,), (d_c,) = state, d_after
        both, relevance, update, relevant, candidate = self._gates(x, c_before)
        n_a = self.n_a
        d_zc = d_c * update * (1 - candidate * candidate)
        d_relevant = d_zc @ self.Wc.T  # (B, n_a + n_x)
        d_zu = d_c * (candidate - c_before) * update * (1 - update)
        d_zr = d_relevant[:, :n_a] * c_before * relevance * (1 - relevance)
        d_both = d_zu @ self.Wu.T + d_zr @ self.Wr.T  # (B, n_a + n_x)
        # Three ways lead back to c<t-1>: kept, through the gates, and as part of the candidate.
        d_before = d_c * (1 - update) + d_both[:, :n_a] + d_relevant[:, :n_a] * relevance
        by_parameter = {
            "Wc": relevant.T @ d_zc,
            "Wu": both.T @ d_zu,
            "Wr": both.T @ d_zr,
            "bc": d_zc.sum(axis=0),
            "bu": d_zu.sum(axis=0),
            "br": d_zr.sum(axis=0),
        }
        return by_parameter, d_both[:, n_a:] + d_relevant[:, n_a:], (d_before,)
