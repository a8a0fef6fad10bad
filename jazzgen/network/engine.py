"""The inference model in NumPy: one value in, 78 probabilities out, no TensorFlow.

The one-hot product of the input value is a row of a table that already holds the bias; the
layers above multiply what comes from below and their own state in one product. Equal to Keras's
probabilities within 1e-5 (a test holds it).
"""

from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.context import ContextArray, FloatArray, features
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.network.config import NetworkConfig
from jazzgen.network.experts import EXPERTS
from jazzgen.network.weights import Weights

State = list[npt.NDArray[Any]]
"""a and c of each layer, float32 `(B, n)` each, the lowest layer first; then a memory's arrays,
each `(B, ...)`. Used up by the step it is given to."""


class Engine(Protocol):
    """Steps a network through time."""

    def start(self, rows: int = 1) -> State:
        """The state before the first value: zeros, for so many sequences side by side."""
        ...

    def step(
        self, values: npt.NDArray[np.integer], context: ContextArray, state: State
    ) -> tuple[FloatArray, State]:
        """Feeds one value to each sequence.

        Args:
            values: `(B,)`, 0-77; -1 feeds an all-zero row.
            context: int16 `(B, N_SLOTS)`, for the value to come; ignored by networks without.
            state: of the step before.

        Returns:
            Probabilities float32 `(B, 78)` of the value to come, and the new state.
        """
        ...


class NumpyEngine:
    """The engine that `generate` uses."""

    def __init__(self, network: NetworkConfig, weights: Weights) -> None:
        self._units = network.units
        kernel, bias = weights["lstm_0.kernel"], weights["lstm_0.bias"]
        # The last row is what -1 looks up: no value at all.
        self._table = np.vstack((kernel[:N_VALUES], np.zeros_like(kernel[:1]))) + bias
        self._flags = kernel[N_VALUES:] if network.context else None
        self._recurrent = weights["lstm_0.recurrent"]
        self._upper = [
            (
                np.vstack((weights[f"lstm_{i}.kernel"], weights[f"lstm_{i}.recurrent"])),
                weights[f"lstm_{i}.bias"],
            )
            for i in range(1, len(network.units))
        ]
        self._out = weights["densor.kernel"]
        self._out_bias = weights["densor.bias"]
        self._experts: list[tuple[int, FloatArray, FloatArray, FloatArray]] = []
        if network.experts:
            edges = np.cumsum([0, *(expert.scores for expert in EXPERTS)])
            for expert, (first, after) in zip(EXPERTS, pairwise(edges), strict=True):
                kernel = np.ascontiguousarray(weights["experts.kernel"][:, first:after])
                bias = weights["experts.bias"][first:after]
                self._experts.append((expert.slot, kernel, bias, expert.by_index))

    def start(self, rows: int = 1) -> State:
        """Zeros; see `Engine.start`."""
        return [np.zeros((rows, n), dtype=np.float32) for n in self._units for _ in "ac"]

    def step(
        self, values: npt.NDArray[np.integer], context: ContextArray, state: State
    ) -> tuple[FloatArray, State]:
        """One step of every layer; see `Engine.step`."""
        z = self._table[values] + state[0] @ self._recurrent
        if self._flags is not None:
            z += features(context) @ self._flags
        h, c = _cell(z, state[1])
        after = [h, c]
        for i, (kernel, bias) in enumerate(self._upper, start=1):
            z = np.concatenate((h, state[2 * i]), axis=1) @ kernel + bias
            h, c = _cell(z, state[2 * i + 1])
            after += [h, c]
        logits = h @ self._out + self._out_bias
        for slot, kernel, bias, table in self._experts:
            scores = h @ kernel + bias
            logits += (scores[:, None] @ table[context[:, slot]])[:, 0]
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True), after


def _cell(z: FloatArray, c: FloatArray) -> tuple[FloatArray, FloatArray]:
    """An LSTM cell from its gates' sums `(B, 4n)`, in the order input, forget, cell, output."""
    n = c.shape[1]
    gates = 0.5 * (1 + np.tanh(0.5 * z))  # the logistic function, without its overflow
    i, f, o = gates[:, :n], gates[:, n : 2 * n], gates[:, 3 * n :]
    c = f * c + i * np.tanh(z[:, 2 * n : 3 * n])
    return o * np.tanh(c), c
