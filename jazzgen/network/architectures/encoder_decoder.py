"""The encoder-decoder network: it reads a phrase to its end, then plays an answer."""

from collections.abc import Sequence
from typing import Any

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
from jazzgen.network.architectures.step_engine import StepEngine
from jazzgen.network.backend import keras


class EncoderDecoder:
    """A network for training and the same layers for answering (Sutskever et al. 2014).

        call                                          (B, Tx)
        s     = last states of the encoder over it    (B, n) for each state of each layer
        y<0>  = the start symbol
        ŷ<t>  = decoder, from s, over y<0> … y<t-1>   (B, Ty, n_values)

    In training the decoder is fed what should have come (teacher forcing), all steps at once; when
    it answers, what it has just drawn, one value at a time. Both read the same variables.

    Attributes:
        model: the training model: [call `(B, Tx)`, decoder inputs `(B, Ty)`] to probabilities
            `(B, Ty, n_values)`; compiled. Save it with `model.save("answers.keras")`.
        encoder: call `(B, Tx)` to the states the decoder starts from.
    """

    def __init__(self, model: keras.Model) -> None:
        """Takes the layers of a training model: a new one, or one that has been loaded."""
        self.model = model
        self._embedding = model.get_layer("embedding")
        self._decoder = _named(model, "decoder_")
        call = values_input("call")
        _, states = _over(_named(model, "encoder_"), embed(self._embedding, call))
        self.encoder = keras.Model(call, states, name="encoder")

    @classmethod
    def load(cls, path: str) -> "EncoderDecoder":
        """Reads what `model.save` wrote."""
        return cls(keras.models.load_model(path))

    def answering(self, call: Sequence[int]) -> StepEngine:
        """An engine that answers a phrase, for `respond`, `sample_sequence` and `score`.

        Args:
            call: the values of the phrase.

        Raises:
            ValueError: when the phrase is empty.
        """
        if not len(call):
            raise ValueError("there is no phrase to answer")
        states = self.encoder(np.array([call], dtype=np.int32))
        first = [np.asarray(s) for s in (states if isinstance(states, list) else [states])]
        return StepEngine(self._embedding, self._decoder, self.model.get_layer("densor"), first)


def encoder_decoder_network(options: ArchitectureOptions) -> EncoderDecoder:
    """A new encoder-decoder network.

    Encoder and decoder have layers of the same units; each decoder layer starts from the last
    state of the encoder layer at its height. Both use one embedding: a value means the same in a
    phrase and in its answer.

    Args:
        options: the layers and their training.

    Returns:
        The network. It is trained with `network.model.fit([calls, inputs], answers)`, where
        `inputs = teacher_forcing(answers, start)`.
    """
    call, answer = values_input("call"), values_input("answer")
    embedding = embedding_layer(options)
    encoder, decoder = (
        [recurrent_layer(options, n, f"{part}_{i}") for i, n in enumerate(options.units)]
        for part in ("encoder", "decoder")
    )
    _, states = _over(encoder, embed(embedding, call), options=options, part="encoder")
    out, _ = _over(decoder, embed(embedding, answer), first=states, options=options, part="decoder")
    out = densor_layer(options, options.n_values)(out)
    model = keras.Model([call, answer], out, name="encoder_decoder")
    return EncoderDecoder(compiled(model, options))


def teacher_forcing(answers: npt.NDArray[np.integer], start: int) -> IntRows:
    """What the decoder is fed in training: at each step the value that should have come before.

    Args:
        answers: `(B, Ty)`, the targets, `PADDING` after their end.
        start: what stands before the first value: the vocabulary's `<END>` where it has one, else
            `options.hidden`. `sample_sequence` and `score` start with the same.

    Returns:
        int32 `(B, Ty)`: `start, y<1> … y<Ty-1>`.
    """
    before = np.concatenate((np.full((len(answers), 1), start), answers[:, :-1]), axis=1)
    return np.where(answers == PADDING, PADDING, before).astype(np.int32)


def _over(
    layers: list[Any],
    x: Any,
    *,
    first: list[Any] | None = None,
    options: ArchitectureOptions | None = None,
    part: str = "",
) -> tuple[Any, list[Any]]:
    """Layers over sequences `(B, T, …)`, each from its own first state; with options, dropout.

    Returns the top layer's outputs and the last states of all layers, the lowest first.
    """
    last: list[Any] = []
    each = len(first) // len(layers) if first else 0
    for i, layer in enumerate(layers):
        begin = first[i * each : (i + 1) * each] if first else None
        x, *state = layer(x, initial_state=begin)
        last += state
        if options:
            x = dropout_layer(options, f"{part}_dropout_{i}")(x)
    return x, last


def _named(model: keras.Model, prefix: str) -> list[Any]:
    found = [layer for layer in model.layers if layer.name.startswith(prefix)]
    return sorted((f for f in found if hasattr(f, "cell")), key=lambda f: _number(f.name))


def _number(name: str) -> int:
    return int(name.rpartition("_")[2])
