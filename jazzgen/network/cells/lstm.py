"""Long short-term memory."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from jazzgen.network.cells.base import (
    Array,
    GatedCell,
    Parameters,
    State,
    beside,
    initial,
    logistic,
    stacked,
)


@dataclass(frozen=True, eq=False)
class LSTMCell(GatedCell):
    """Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000).

        Γf   = σ([a<t-1>, x<t>] Wf + bf)             (B, n_a)   the forget gate
        Γu   = σ([a<t-1>, x<t>] Wu + bu)             (B, n_a)   the update gate
        c~   = tanh([a<t-1>, x<t>] Wc + bc)          (B, n_a)   the candidate
        c<t> = Γu * c~ + Γf * c<t-1>                 (B, n_a)   the memory cell
        Γo   = σ([a<t-1>, x<t>] Wo + bo)             (B, n_a)   the output gate
        a<t> = Γo * tanh(c<t>)                       (B, n_a)

    The output is a<t>; the state is a and c.

    Attributes:
        Wf: `(n_a + n_x, n_a)`.
        Wu: `(n_a + n_x, n_a)`.
        Wc: `(n_a + n_x, n_a)`.
        Wo: `(n_a + n_x, n_a)`.
        bf: `(n_a,)`.
        bu: `(n_a,)`.
        bc: `(n_a,)`.
        bo: `(n_a,)`.
    """

    n_states: ClassVar[int] = 2

    Wf: Array
    Wu: Array
    Wc: Array
    Wo: Array
    bf: Array
    bu: Array
    bc: Array
    bo: Array

    @classmethod
    def shapes(cls, n_x: int, n_a: int) -> dict[str, tuple[int, ...]]:
        """See `Cell.shapes`."""
        matrices = {f"W{gate}": (n_a + n_x, n_a) for gate in "fuco"}
        return {**matrices, **{f"b{gate}": (n_a,) for gate in "fuco"}}

    @classmethod
    def create(cls, n_x: int, n_a: int, rng: np.random.Generator) -> Self:
        """A new cell as every other, except that bf is 1: at first it remembers."""
        made = {name: initial(shape, rng) for name, shape in cls.shapes(n_x, n_a).items()}
        return cls(**{**made, "bf": np.ones(n_a)})

    @classmethod
    def from_keras_weights(cls, kernel: Array, recurrent: Array, bias: Array) -> Self:
        """The cell of a `keras.layers.LSTM`, from its `get_weights()`.

        Keras lays its gates out as update ("input"), forget, candidate ("cell"), output.

        Args:
            kernel: `(n_x, 4 n_a)`.
            recurrent: `(n_a, 4 n_a)`.
            bias: `(4 n_a,)`.
        """
        wu, wf, wc, wo = (w.copy() for w in np.split(stacked(recurrent, kernel), 4, axis=1))
        bu, bf, bc, bo = (b.copy() for b in np.split(bias, 4))
        return cls(Wf=wf, Wu=wu, Wc=wc, Wo=wo, bf=bf, bu=bu, bc=bc, bo=bo)

    def _gates(self, both: Array) -> tuple[Array, Array, Array, Array]:
        forget = logistic(both @ self.Wf + self.bf)  # (B, n_a)
        update = logistic(both @ self.Wu + self.bu)  # (B, n_a)
        candidate = np.tanh(both @ self.Wc + self.bc)  # (B, n_a)
        output = logistic(both @ self.Wo + self.bo)  # (B, n_a)
        return forget, update, candidate, output

    def step(self, x: Array, state: State) -> tuple[Array, State]:
        """See `Cell.step`; the state is `(a, c)`."""
        a_before, c_before = state
        forget, update, candidate, output = self._gates(beside(a_before, x))
        c = update * candidate + forget * c_before  # (B, n_a)
        a = output * np.tanh(c)  # (B, n_a)
        return a, (a, c)

    def step_back(self, x: Array, state: State, d_after: State) -> tuple[Parameters, Array, State]:
        """See `Cell.step_back`."""
        (a_before, c_before), (d_a, d_c) = state, d_after
        both = beside(a_before, x)  # (B, n_a + n_x)
        forget, update, candidate, output = self._gates(both)
        tanh_c = np.tanh(update * candidate + forget * c_before)
        # The memory cell is reached from the next step directly, and through this step's output.
        d_c = d_c + d_a * output * (1 - tanh_c * tanh_c)
        d_z = {
            "f": d_c * c_before * forget * (1 - forget),
            "u": d_c * candidate * update * (1 - update),
            "c": d_c * update * (1 - candidate * candidate),
            "o": d_a * tanh_c * output * (1 - output),
        }
        d_both = (
            d_z["f"] @ self.Wf.T
            + d_z["u"] @ self.Wu.T
            + d_z["c"] @ self.Wc.T
            + d_z["o"] @ self.Wo.T
        )  # (B, n_a + n_x)
        by_parameter = {f"W{gate}": both.T @ d for gate, d in d_z.items()}
        by_parameter |= {f"b{gate}": d.sum(axis=0) for gate, d in d_z.items()}
        n_a = self.n_a
        return by_parameter, d_both[:, n_a:], (d_both[:, :n_a], d_c * forget)
