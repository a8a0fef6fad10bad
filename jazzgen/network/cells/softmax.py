"""The layer above a cell: one probability for each value, and the loss it learns from."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from jazzgen.network.cells.base import Array, Parameters, initial


@dataclass(frozen=True, eq=False)
class SoftmaxLayer:
    """Turns a cell's outputs into probabilities, with the same parameters at every step.

        ŷ<t> = softmax(a<t> Wya + by)                (B, n_y)   rows sum to 1

    Attributes:
        Wya: `(n_a, n_y)`.
        by: `(n_y,)`.
    """

    Wya: Array
    by: Array

    @classmethod
    def create(cls, n_a: int, n_y: int, rng: np.random.Generator) -> Self:
        """A new layer: the matrix drawn after Glorot & Bengio 2010, the bias zero."""
        return cls(Wya=initial((n_a, n_y), rng), by=initial((n_y,), rng))

    @property
    def parameters(self) -> Parameters:
        """The arrays themselves, not copies, by name."""
        return {"Wya": self.Wya, "by": self.by}

    def log_probabilities(self, a: Array) -> Array:
        """Logarithms of ŷ in nats, `(T, B, n_y)`, from a cell's outputs `(T, B, n_a)`."""
        z = a @ self.Wya + self.by
        z = z - z.max(axis=-1, keepdims=True)  # so that exp cannot overflow
        result: Array = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
        return result

    def loss(self, a: Array, y: Array) -> tuple[float, Parameters, Array]:
        """Cross-entropy and its gradients.

        Args:
            a: the outputs of a cell, `(T, B, n_a)`.
            y: what should have come, one-hot, `(T, B, n_y)`.

        Returns:
            Mean of -log ŷ of the right values, nats; its gradients by `Wya` and `by`; and by a,
            `(T, B, n_a)`, which `backward` takes as `d_outputs`.
        """
        log_odds = self.log_probabilities(a)
        count = log_odds.shape[0] * log_odds.shape[1]
        d_z = (np.exp(log_odds) - y) / count  # softmax and cross-entropy together: ŷ - y
        d_wya = np.tensordot(a, d_z, axes=([0, 1], [0, 1]))  # summed over time and batch
        by_parameter = {"Wya": d_wya, "by": d_z.sum(axis=(0, 1))}
        return -float((y * log_odds).sum()) / count, by_parameter, d_z @ self.Wya.T
