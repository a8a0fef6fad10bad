"""The bidirectional network: it labels each value by what stands before and after it."""

import numpy as np
import numpy.typing as npt

from jazzgen.network.architectures.layers import (
    PADDING,
    ArchitectureOptions,
    IntRows,
    compiled,
    densor_layer,
    dropout_layer,
    embed,
    embedding_layer,
    recurrent_layer,
    values_input,
)
from jazzgen.network.backend import keras


def bidirectional_network(options: ArchitectureOptions, n_labels: int | None = None) -> keras.Model:
    """Labels each value from both sides (Schuster & Paliwal 1997).

        values                                       (B, T)
        x     = embedding                            (B, T, embedding)
        a→    = a layer over x from left to right    (B, T, units[0])
        a←    = another from right to left           (B, T, units[0])
        a_0   = [a→, a←], dropout                    (B, T, 2 units[0])
        …       the same over a_0, for each layer    (B, T, 2 units[l])
        ŷ     = softmax(a_L W + b)                   (B, T, n_labels)

    It needs the whole sequence, so it cannot improvise. And it must not be asked for a value it
    is shown: predicting the next value, its right-to-left half would simply read it off. What it
    can learn are labels of another kind (chord degrees), or values hidden by `hide_values`.

    Args:
        options: the layers and their training; `units` count for each direction.
        n_labels: different labels there are; the values themselves unless given.

    Returns:
        A compiled model; its targets are labels `(B, T)`, `PADDING` where there is none.
    """
    values = values_input("values")
    out = embed(embedding_layer(options), values)
    for i, units in enumerate(options.units):
        forward = recurrent_layer(options, units, f"forward_{i}")
        backward = recurrent_layer(options, units, f"backward_{i}", backwards=True)
        both = keras.layers.Bidirectional(forward, backward_layer=backward, name=f"both_{i}")
        out, *_ = both(out)
        out = dropout_layer(options, f"dropout_{i}")(out)
    out = densor_layer(options, n_labels or options.n_values)(out)
    return compiled(keras.Model(values, out, name="bidirectional"), options)


def hide_values(
    values: npt.NDArray[np.integer], share: float, hidden: int, rng: np.random.Generator
) -> tuple[IntRows, IntRows]:
    """Hides values for a bidirectional network to guess.

    Args:
        values: `(B, T)`.
        share: of the values to hide, 0 to 1.
        hidden: what stands in their place: `options.hidden`.
        rng: which ones.

    Returns:
        Inputs int32 `(B, T)` with some values hidden, and targets int32 `(B, T)`: the hidden
        values, `PADDING` everywhere else.
    """
    chosen = (rng.random(values.shape) < share) & (values != PADDING)
    inputs = np.where(chosen, hidden, values).astype(np.int32)
    return inputs, np.where(chosen, values, PADDING).astype(np.int32)
