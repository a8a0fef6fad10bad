"""Stock `keras.layers.LSTM` layers under a softmax, trained with `fit`."""

import time
from typing import Any

import keras
import numpy as np


class KerasLSTM:
    """The stock network, with jazzgen's weights.

    Args:
        x: float32 `(m, T, n_values)`, one-hot inputs.
        y: int32 `(m, T)`, targets.
        weights: jazzgen's, by name, of a network without context.
        batch: sequences of a step.
    """

    def __init__(self, x: Any, y: Any, weights: Any, batch: int) -> None:
        self._x, self._y, self._batch = x, y, batch
        layers = sum(name.endswith(".recurrent") for name in weights)
        lstms = [
            keras.layers.LSTM(len(weights[f"lstm_{i}.recurrent"]), return_sequences=True)
            for i in range(layers)
        ]
        densor = keras.layers.Dense(x.shape[-1], activation="softmax")
        self._model = keras.Sequential([keras.Input((None, x.shape[-1])), *lstms, densor])
        for i, lstm in enumerate(lstms):
            parts = ("kernel", "recurrent", "bias")
            lstm.set_weights([weights[f"lstm_{i}.{part}"] for part in parts])
        densor.set_weights([weights["densor.kernel"], weights["densor.bias"]])
        self._model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")

    def loss(self) -> float:
        """Cross-entropy of all sequences, nats per value."""
        told = self._model.evaluate(self._x, self._y, batch_size=self._batch, verbose=0)
        return float(np.ravel(told)[0])

    def values_per_second(self) -> float:
        """Of one epoch of `fit`."""
        began = time.perf_counter()
        self._model.fit(self._x, self._y, batch_size=self._batch, shuffle=False, verbose=0)
        return self._y.size / (time.perf_counter() - began)
