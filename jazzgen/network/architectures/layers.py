"""What the networks are put together from: options, single layers, and how they are trained."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.network.backend import keras

IntRows = npt.NDArray[np.int32]
"""`(B, T)` values, one sequence to a row."""

PADDING: Final = -1
"""Stands after a sequence that is shorter than its row; as a target, it does not count."""

_CELLS: Final = ("rnn", "gru", "lstm")


@dataclass(frozen=True, slots=True)
class ArchitectureOptions:
    """What a network is made of, and how it learns.

    Attributes:
        cell: `rnn`, `gru` or `lstm`: see `jazzgen.network.cells`.
        units: units of each layer, the lowest first; more than one make the network deep.
        n_values: different values there are.
        embedding: width of the vector that is learned for each value.
        dropout: share of every layer's outputs hidden in training, 0 to below 1.
        l1: weight in the loss of the sum of all |w| of the kernels; drives weights to zero.
        l2: weight in the loss of the sum of all w² of the kernels; keeps weights small.
        learning_rate: of Adam.
        clip_norm: global norm to which gradients are clipped; 0 does not.
        clip_value: magnitude to which each number of the gradients is clipped; 0 does not.
        seed: of the initial weights and the dropout masks.
    """

    cell: str = "lstm"
    units: tuple[int, ...] = (64,)
    n_values: int = N_VALUES
    embedding: int = 32
    dropout: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    learning_rate: float = 1e-3
    clip_norm: float = 1.0
    clip_value: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.cell not in _CELLS:
            raise ValueError(f"cell must be one of {', '.join(_CELLS)}")
        if not self.units or min(*self.units, self.n_values, self.embedding) < 1:
            raise ValueError("units, n_values and embedding must be at least 1")
        if not 0 <= self.dropout < 1:
            raise ValueError("dropout must be at least 0 and below 1")
        if min(self.l1, self.l2, self.clip_norm, self.clip_value) < 0 or self.learning_rate <= 0:
            raise ValueError("l1, l2 and clipping must be at least 0, the learning rate above 0")
        if self.clip_norm and self.clip_value:
            raise ValueError("gradients are clipped by norm or by value, not both")

    @property
    def hidden(self) -> int:
        """The input that stands for a value that is hidden or not there (78)."""
        return self.n_values


def values_input(name: str) -> Any:
    """An input of values, `(B, T)`."""
    return keras.Input((None,), dtype="int32", name=name)


def embedding_layer(options: ArchitectureOptions) -> keras.layers.Embedding:
    """A table with a learned vector for each value, the hidden one, and padding (never read)."""
    return keras.layers.Embedding(
        options.n_values + 2,
        options.embedding,
        embeddings_initializer=keras.initializers.RandomUniform(seed=_seed(options, "embedding")),
        mask_zero=True,
        name="embedding",
    )


def embed(embedding: keras.layers.Embedding, values: Any) -> Any:
    """Values `(B, T)` to vectors `(B, T, embedding)`.

    One is added because Keras skips the steps whose index is 0: padding, -1.
    """
    return embedding(values + 1)


def recurrent_layer(
    options: ArchitectureOptions, units: int, name: str, *, backwards: bool = False
) -> Any:
    """A layer of one of the cells, giving every step's output and its last state."""
    settings: dict[str, Any] = {
        "return_sequences": True,
        "return_state": True,
        "go_backwards": backwards,
        "kernel_initializer": keras.initializers.GlorotUniform(seed=_seed(options, name)),
        "recurrent_initializer": keras.initializers.Orthogonal(seed=_seed(options, name) + 1),
        "kernel_regularizer": _regularizer(options),
        "recurrent_regularizer": _regularizer(options),
        "name": name,
    }
    if options.cell == "rnn":
        return keras.layers.SimpleRNN(units, **settings)
    if options.cell == "gru":
        # The course's GRU; Keras's default, reset_after=True, is a variant made for GPUs.
        return keras.layers.GRU(units, reset_after=False, **settings)
    return keras.layers.LSTM(units, **settings)


def dropout_layer(options: ArchitectureOptions, name: str) -> keras.layers.Dropout:
    """Hides a share of its inputs in training, and scales the others up to make up for it."""
    return keras.layers.Dropout(options.dropout, seed=_seed(options, name), name=name)


def densor_layer(options: ArchitectureOptions, n_labels: int) -> keras.layers.Dense:
    """Outputs `(B, T, n)` to probabilities `(B, T, n_labels)`, the same at every step."""
    return keras.layers.Dense(
        n_labels,
        activation="softmax",
        kernel_initializer=keras.initializers.GlorotUniform(seed=_seed(options, "densor")),
        kernel_regularizer=_regularizer(options),
        name="densor",
    )


def compiled(model: keras.Model, options: ArchitectureOptions) -> keras.Model:
    """The model, ready for `fit`: Adam with clipped gradients on the cross-entropy.

    The loss is the mean over the targets that are not `PADDING`, plus L1 and L2.
    """
    model.compile(
        optimizer=keras.optimizers.Adam(
            options.learning_rate,
            global_clipnorm=options.clip_norm or None,
            clipvalue=options.clip_value or None,
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(ignore_class=PADDING),
        jit_compile=False,  # compiling these small networks takes longer than training them
    )
    return model


def pad(sequences: Sequence[Sequence[int]]) -> IntRows:
    """Sequences of different lengths as one array.

    Returns:
        int32 `(B, T)`, T the longest; shorter rows are filled up with `PADDING`.
    """
    rows = np.full((len(sequences), max(map(len, sequences), default=0)), PADDING, dtype=np.int32)
    for row, sequence in zip(rows, sequences, strict=True):
        row[: len(sequence)] = sequence
    return rows


def _regularizer(options: ArchitectureOptions) -> Any:
    if not options.l1 and not options.l2:
        return None
    return keras.regularizers.L1L2(l1=options.l1, l2=options.l2)


def _seed(options: ArchitectureOptions, name: str) -> int:
    """A seed of each layer's own: equal ones would start equal layers with equal weights."""
    return zlib.crc32(f"{options.seed} {name}".encode()) >> 1
