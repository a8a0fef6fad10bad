"""The Keras networks: one set of layers, used to train on sequences and to step through them."""

from typing import Any

import numpy as np

from jazzgen.encoding.context import N_FEATURES, SLOTS
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.network.backend import keras, tf
from jazzgen.network.config import NetworkConfig
from jazzgen.network.experts import EXPERTS, N_SCORES
from jazzgen.network.fast_lstm import lstm_sequence, product
from jazzgen.network.weights import Weights, weight_shapes


class SoloNetwork:
    """LSTM layers and a softmax, the same objects wherever they are used.

    `model` (whole sequences), `step_model` (one value at a time, through each layer's `.cell`) and
    `logits` (the fast path that `train` takes) read the same variables; nothing is ever copied
    between them.

    Attributes:
        config: what the network is made of.
        lstms: the `keras.layers.LSTM` layers, the lowest first.
        densor: the `keras.layers.Dense` that turns the top layer's outputs into probabilities.
    """

    def __init__(self, config: NetworkConfig, seed: int = 0) -> None:
        self.config = config
        self.lstms = [
            keras.layers.LSTM(
                n,
                return_sequences=True,
                return_state=True,
                kernel_initializer=keras.initializers.GlorotUniform(seed=3 * (seed + i)),
                recurrent_initializer=keras.initializers.Orthogonal(seed=3 * (seed + i) + 1),
                name=f"lstm_{i}",
            )
            for i, n in enumerate(config.units)
        ]
        for i, lstm in enumerate(self.lstms):
            lstm.cell.name = f"lstm_{i}_cell"  # Keras calls them all alike; a model allows no two
        self.experts = (
            keras.layers.Dense(
                N_SCORES,
                kernel_initializer=keras.initializers.GlorotUniform(seed=3 * seed + 2),
                name="experts",
            )
            if config.experts
            else None
        )
        self.densor = keras.layers.Dense(
            N_VALUES,
            activation=None if config.experts else "softmax",
            kernel_initializer=keras.initializers.GlorotUniform(seed=3 * seed + 2),
            name="densor",
        )
        self.model = self._sequence_model()
        self._tables = [tf.constant(slot.table) for slot in SLOTS]

    def _inputs(self, *shape: int | None) -> tuple[Any, list[Any], list[Any]]:
        x = keras.Input((*shape, N_VALUES), name="x")
        beside = [keras.Input((*shape, N_FEATURES), name="context")] if self.config.context else []
        states = [
            keras.Input((n,), name=f"{kind}{i}")
            for i, n in enumerate(self.config.units)
            for kind in ("a", "c")
        ]
        return x, beside, states

    def _sequence_model(self) -> Any:
        """Keras model: X `(m, T, 78)`[, flags `(m, T, N_FEATURES)`], a, c of each layer.

        Gives probabilities `(m, T, 78)`, then each layer's last a and c.
        """
        x, beside, states = self._inputs(None)
        config = self.config
        out = keras.layers.Dropout(config.value_dropout, noise_shape=(None, None, 1))(x)
        if beside:
            hidden = keras.layers.SpatialDropout1D(config.context_dropout)(beside[0])
            out = keras.layers.Concatenate()([out, hidden])
        last = []
        for i, lstm in enumerate(self.lstms):
            out, a, c = lstm(out, initial_state=states[2 * i : 2 * i + 2])
            out = keras.layers.SpatialDropout1D(config.dropout)(out)
            last += [a, c]
        probabilities = self._probabilities(out, beside)
        return keras.Model([x, *beside, *states], [probabilities, *last], name="jazzgen")

    def _probabilities(self, out: Any, beside: list[Any]) -> Any:
        """The top layer's outputs `(..., n)` as probabilities `(..., 78)`, by Keras layers."""
        if self.experts is None:
            return self.densor(out)
        flags = beside[0]
        scores = self.experts(out)
        views = [self.densor(out)]
        first = 0
        for expert in EXPERTS:
            at = sum(slot.table.shape[1] for slot in SLOTS[: expert.slot])
            width = len(expert.table)
            chosen = (
                flags[..., at : at + width, None] * scores[..., None, first : first + expert.scores]
            )
            # Every pair of flag and score, through the fixed table.
            pairs = width * expert.scores
            shape = (-1, pairs) if len(out.shape) == 3 else (pairs,)
            fixed = keras.layers.Dense(
                N_VALUES,
                use_bias=False,
                trainable=False,
                kernel_initializer=keras.initializers.Zeros(),
            )
            views.append(fixed(keras.layers.Reshape(shape)(chosen)))
            fixed.kernel.assign(expert.table.reshape(pairs, N_VALUES))
            first += expert.scores
        return keras.layers.Softmax()(keras.layers.Add()(views))

    def step_model(self) -> Any:
        """The Keras inference model: one step of every layer's own cell.

        Takes x `(1, 78)`[, flags `(1, N_FEATURES)`], a, c of each layer; gives probabilities
        `(1, 78)` and the new a, c of each layer.
        """
        x, beside, states = self._inputs()
        out = keras.layers.Concatenate()([x, *beside]) if beside else x
        after = []
        for i, lstm in enumerate(self.lstms):
            out, (a, c) = lstm.cell(out, states=states[2 * i : 2 * i + 2])
            after += [a, c]
        probabilities = self._probabilities(out, beside)
        return keras.Model([x, *beside, *states], [probabilities, *after], name="jazzgen_step")

    @property
    def variables(self) -> list[Any]:
        """All weights, in the order of `weight_shapes`."""
        cells = [lstm.cell for lstm in self.lstms]
        layers = [v for cell in cells for v in (cell.kernel, cell.recurrent_kernel, cell.bias)]
        heads = [self.densor] if self.experts is None else [self.densor, self.experts]
        return [*layers, *(v for head in heads for v in (head.kernel, head.bias))]

    def get_weights(self) -> Weights:
        """Copies of all weights, by name."""
        names = weight_shapes(self.config)
        return {n: np.array(v.numpy()) for n, v in zip(names, self.variables, strict=True)}

    def set_weights(self, weights: Weights) -> None:
        """Sets all weights, by name."""
        for name, variable in zip(weight_shapes(self.config), self.variables, strict=True):
            variable.assign(weights[name])

    def zero_states(self, batch: int) -> list[Any]:
        """The hidden and cell state of each layer, all zero, `(batch, n)`."""
        return [tf.zeros((batch, n)) for n in self.config.units for _ in "ac"]

    def flags(self, context: Any) -> Any:
        """Flags `(..., N_FEATURES)` of context rows, integers `(..., N_SLOTS)`.

        Flags are given back as they are: training has them made ahead of the step.
        """
        rows = tf.convert_to_tensor(context)
        if rows.dtype.is_floating:
            return rows
        rows = tf.cast(rows, tf.int32)
        return tf.concat([tf.gather(t, rows[..., i]) for i, t in enumerate(self._tables)], axis=-1)

    def hidden(
        self,
        values: Any,
        context: Any,
        states: list[Any],
        *,
        seed: Any = None,
        mixed: bool = False,
    ) -> tuple[Any, list[Any]]:
        """The top layer's outputs over sequences, time first, the fast way.

        Args:
            values: int `(T, B)`, the input values; -1 is nothing, and leaves a zero state zero.
            context: beside each: int `(T, B, N_SLOTS)`, or their flags, float32
                `(T, B, N_FEATURES)`; ignored without `config.context`.
            states: a and c of each layer, `(B, n)` each.
            seed: int32 `(2,)` from which the dropout masks are drawn; None: no dropout.
            mixed: multiply in bfloat16, see `jazzgen.network.fast_lstm.product`.

        Returns:
            Outputs `(T, B, n)`, and a and c of each layer after the last step.
        """
        steps, batch = _shape(values)
        x, after = None, []
        for i, (lstm, n) in enumerate(zip(self.lstms, self.config.units, strict=True)):
            cell = lstm.cell
            recurrent = tf.convert_to_tensor(cell.recurrent_kernel.value)
            recurrent = _hide(recurrent, self.config.weight_dropout, (n, 4 * n), seed, 2 * i + 1)
            if x is None:
                z = self._from_inputs(values, context, seed, mixed)
            else:
                flat = product(tf.reshape(x, (-1, x.shape[-1])), cell.kernel.value, mixed=mixed)
                z = tf.reshape(flat, (steps, batch, 4 * n))
            # All gates shut where there is nothing: the state is zero when the piece begins.
            z += cell.bias.value + tf.where(values[..., None] < 0, -1e4, 0.0)
            x, a, c = lstm_sequence(z, recurrent, *states[2 * i : 2 * i + 2], mixed=mixed)
            x = _hide(
                x,
                self.config.dropout,
                (1, batch, n),
                seed,
                2 * i + 2,
            )
            after += [a, c]
        return x, after

    def _from_inputs(self, values: Any, context: Any, seed: Any, mixed: bool) -> Any:
        """Inputs times the lowest kernel, `(T, B, 4n)`; of a one-hot row, that is a row of it."""
        steps, batch = _shape(values)
        kernel = tf.convert_to_tensor(self.lstms[0].cell.kernel.value)
        z = tf.gather(kernel[:N_VALUES], tf.maximum(values, 0))
        z = _hide(z, self.config.value_dropout, (steps, batch, 1), seed, 0)
        if self.config.context:
            flags = self.flags(context)
            flags = _hide(flags, self.config.context_dropout, (1, batch, N_FEATURES), seed, 63)
            flat = tf.reshape(flags, (-1, N_FEATURES))
            z += tf.reshape(product(flat, kernel[N_VALUES:], mixed=mixed), tf.shape(z))
        return z

    def logits(
        self,
        values: Any,
        context: Any,
        states: list[Any],
        *,
        seed: Any = None,
        mixed: bool = False,
    ) -> tuple[Any, list[Any]]:
        """Logits `(T, B, 78)` over sequences; arguments and states as in `hidden`."""
        if self.config.context:
            context = self.flags(context)
        x, after = self.hidden(values, context, states, seed=seed, mixed=mixed)
        out = tf.reshape(x, (-1, self.config.units[-1]))
        logits = product(out, self.densor.kernel.value, mixed=mixed) + self.densor.bias.value
        if self.experts is not None:
            scores = product(out, self.experts.kernel.value, mixed=mixed) + self.experts.bias.value
            logits += self._views(scores, tf.reshape(context, (-1, N_FEATURES)))
        return tf.reshape(logits, (*_shape(x)[:2], N_VALUES)), after

    def _views(self, scores: Any, flags: Any) -> Any:
        """What the experts' scores `(N, 35)` add to the logits `(N, 78)`, by flags `(N, …)`."""
        added, first = 0.0, 0
        for expert in EXPERTS:
            at = sum(slot.table.shape[1] for slot in SLOTS[: expert.slot])
            own = scores[:, first : first + expert.scores]
            pairs = flags[:, at : at + len(expert.table), None] * own[:, None]
            pairs = tf.reshape(pairs, (-1, expert.table[..., 0].size))
            added += tf.matmul(pairs, expert.table.reshape(-1, N_VALUES))
            first += expert.scores
        return added


def _shape(x: Any) -> list[Any]:
    """Sizes of a tensor, static where they are known: XLA compiles for them."""
    sizes = tf.shape(x)
    return [known if known is not None else sizes[i] for i, known in enumerate(x.shape)]


def _hide(x: Any, rate: float, shape: tuple[Any, ...], seed: Any, number: int) -> Any:
    """Inverted dropout with one mask of `shape`; `number` tells the masks of one step apart."""
    if seed is None or rate == 0:
        return x
    # Two draws of 16 bits out of each word. Drawn as floats, XLA would work out every word anew
    # for each use of it, and the masks of recurrent weights took a tenth of the step.
    *before, width = shape
    seed = seed + tf.constant([0, number])
    words = tf.random.stateless_uniform(
        (*before, -(-width // 2)), seed, minval=None, maxval=None, dtype=tf.int32
    )
    drawn = tf.reshape(tf.bitcast(words, tf.uint16), (*before, -1))[..., :width]
    return x * tf.cast(tf.cast(drawn, tf.int32) >= round(rate * 65536), tf.float32) / (1 - rate)
