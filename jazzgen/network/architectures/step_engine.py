"""One step of trained layers, behind the interface that scoring and sampling work with."""

from typing import Any

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.context import ContextArray, FloatArray
from jazzgen.network.architectures.layers import embed
from jazzgen.network.backend import keras
from jazzgen.network.engine import State


class StepEngine:
    """An `Engine` made of the very layers that were trained; nothing is copied.

        x<t>     = embedding of y<t-1>                  (B, embedding)
        a_0<t>   = layer 0 of x<t> and its state        (B, n)
        a_l<t>   = layer l of a_(l-1)<t> and its state  (B, n)
        ŷ<t>     = softmax of the top layer's a<t>      (B, n_values)

    Attributes:
        model: the Keras model of one step: values `(B, 1)` and the layers' states to
            probabilities `(B, 1, n_values)` and the new states.
    """

    def __init__(
        self,
        embedding: keras.layers.Embedding,
        layers: list[Any],
        densor: keras.layers.Dense,
        first: State | None = None,
    ) -> None:
        """Builds the step.

        Args:
            embedding: of the values.
            layers: recurrent layers, the lowest first.
            densor: the softmax layer.
            first: the state to start from, `(1, n)` each; zeros unless given.
        """
        widths = [n for layer in layers for n in np.ravel(layer.cell.state_size).tolist()]
        values = keras.Input((1,), dtype="int32", name="value")
        states = [keras.Input((n,), name=f"state_{i}") for i, n in enumerate(widths)]
        out, after = embed(embedding, values), []
        each = len(states) // len(layers)
        for i, layer in enumerate(layers):
            out, *new = layer(out, initial_state=states[i * each : (i + 1) * each])
            after += new
        self.model = keras.Model([values, *states], [densor(out), *after])
        self._hidden = embedding.input_dim - 2
        self._first = first or [np.zeros((1, n), dtype=np.float32) for n in widths]

    def start(self, rows: int = 1) -> State:
        """The first state; see `Engine.start`."""
        return [np.repeat(state, rows, axis=0) for state in self._first]

    def step(
        self,
        values: npt.NDArray[np.integer],
        context: ContextArray,  # noqa: ARG002 - the protocol's
        state: State,
    ) -> tuple[FloatArray, State]:
        """One step; see `Engine.step`. These networks take no context."""
        column = np.where(values < 0, self._hidden, values).astype(np.int32)[:, None]
        probabilities, *after = self.model([column, *state])
        return np.asarray(probabilities)[:, 0], [np.asarray(s) for s in after]
