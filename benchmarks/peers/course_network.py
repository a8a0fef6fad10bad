"""The course exercise's network as it is taught: one cell, called Tx times in a Python loop.

Written anew from its published description ("Improvise a Jazz Solo with an LSTM Network", deep
learning specialization of deeplearning.ai): one LSTM layer of `n_a` units and one softmax layer,
both shared by all time steps; the graph is unrolled, with one output for each step; Adam 0.01,
`model.fit` with a list of Tx targets.
"""

from typing import Any

import keras
import numpy as np


class CourseNetwork:
    """The unrolled graph, its layers and how it is trained.

    Args:
        tx: time steps.
        n_values: width of inputs and softmax.
        n_a: units of the LSTM.
    """

    def __init__(self, tx: int, n_values: int = 78, n_a: int = 64) -> None:
        self._n_a = n_a
        self.lstm = keras.layers.LSTM(n_a, return_state=True)
        self.densor = keras.layers.Dense(n_values, activation="softmax")
        reshapor = keras.layers.Reshape((1, n_values))
        x, a0, c0 = keras.Input((tx, n_values)), keras.Input((n_a,)), keras.Input((n_a,))
        a, c, outputs = a0, c0, []
        for t in range(tx):
            step = keras.layers.Lambda(lambda whole, t=t: whole[:, t, :])(x)
            a, _, c = self.lstm(reshapor(step), initial_state=[a, c])
            outputs.append(self.densor(a))
        self.model = keras.Model([x, a0, c0], outputs)
        self.model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy")

    def set_weights(self, weights: Any) -> None:
        """Takes jazzgen's weights of the `classic` network, by name."""
        names = ("kernel", "recurrent", "bias")
        self.lstm.set_weights([weights[f"lstm_0.{name}"] for name in names])
        self.densor.set_weights([weights[f"densor.{name}"] for name in ("kernel", "bias")])

    def fit(self, x: Any, y: Any, *, batch: int, epochs: int) -> None:
        """Trains on X `(m, Tx, 78)` and Y `(Ty, m, 78)`, float32 one-hot."""
        inputs, targets = self._arguments(x, y)
        self.model.fit(inputs, targets, batch_size=batch, epochs=epochs, verbose=0)

    def loss(self, x: Any, y: Any) -> float:
        """Cross-entropy, nats per value."""
        inputs, targets = self._arguments(x, y)
        told = self.model(inputs)  # not `evaluate`, which would build the graph once more
        each = [
            -np.log((np.asarray(p) * t).sum(axis=1)) for p, t in zip(told, targets, strict=True)
        ]
        return float(np.mean(each))

    def _arguments(self, x: Any, y: Any) -> tuple[list[Any], list[Any]]:
        zero = np.zeros((len(x), self._n_a), dtype=np.float32)
        return [x, zero, zero], list(y)
