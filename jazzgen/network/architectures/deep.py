"""The deep network: recurrent layers on top of each other, each reading the one below."""

from jazzgen.network.architectures.layers import (
    ArchitectureOptions,
    compiled,
    densor_layer,
    dropout_layer,
    embed,
    embedding_layer,
    recurrent_layer,
    values_input,
)
from jazzgen.network.architectures.step_engine import StepEngine
from jazzgen.network.backend import keras


def deep_network(options: ArchitectureOptions) -> keras.Model:
    """Predicts the value after each value, from those before it.

        values                                       (B, T)
        x     = embedding                            (B, T, embedding)
        a_0   = layer 0 over x, dropout              (B, T, units[0])
        a_l   = layer l over a_(l-1), dropout        (B, T, units[l])
        ŷ     = softmax(a_L W + b)                   (B, T, n_values)

    Targets are the same values one step on, `(B, T)`.

    Args:
        options: the layers and their training.

    Returns:
        A compiled model.
    """
    values = values_input("values")
    out = embed(embedding_layer(options), values)
    for i, units in enumerate(options.units):
        out, *_ = recurrent_layer(options, units, f"recurrent_{i}")(out)
        out = dropout_layer(options, f"dropout_{i}")(out)
    out = densor_layer(options, options.n_values)(out)
    return compiled(keras.Model(values, out, name="deep"), options)


def deep_engine(model: keras.Model) -> StepEngine:
    """Steps through a deep network, made or loaded: for `score` and `sample_sequence`."""
    layers = [layer for layer in model.layers if layer.name.startswith("recurrent_")]
    return StepEngine(model.get_layer("embedding"), layers, model.get_layer("densor"))
