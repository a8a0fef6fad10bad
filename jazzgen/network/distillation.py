"""Distillation: one network learns what several expect together.

Networks that overfit do so each in its own way, so the mean of their probabilities is better than
any of them (an ensemble), and one network can be taught that mean (Hinton, Vinyals & Dean,
"Distilling the Knowledge in a Neural Network", 2015). What was played is not lost in it: the
teachers have learned from it, and it keeps a share of its own.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.context import N_SLOTS
from jazzgen.encoding.dataset import Dataset
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.errors import ModelError
from jazzgen.files import atomic_write
from jazzgen.network.backend import tf
from jazzgen.network.batches import whole_pieces
from jazzgen.network.model_folder import StoredModel
from jazzgen.network.networks import SoloNetwork

SoftTargets = npt.NDArray[np.float16]
"""Probabilities `(N, 78)` for each value of a dataset; rows of values that nothing comes before
are zero."""

PLAYED_SHARE: Final = 0.2
"""Probability that a soft target adds to what was really played, where that is known."""

_SPAN: Final = 256

_ROWS: Final = 128
"""Pieces side by side: however many there are, a step takes no more memory."""


def check_teachers(teachers: Sequence[StoredModel], dataset: Dataset) -> None:
    """Raises ModelError when a teacher speaks of other values than the dataset."""
    for teacher in teachers:
        if teacher.vocabulary != dataset.vocabulary:
            raise ModelError(f"teacher {teacher.name} knows other values than {dataset.path} holds")


def soft_targets(
    teachers: Sequence[StoredModel],
    dataset: Dataset,
    pieces: Sequence[int],
    played: Sequence[int],
    out: Path,
) -> SoftTargets:
    """Asks all teachers what they expect at every value, and writes the mean.

    Args:
        teachers: at least one, of the dataset's vocabulary.
        dataset: whose values.
        pieces: numbers of the pieces to ask about.
        played: those of them that were played by people, not improvised by a network: their
            targets are mixed with what was played (`PLAYED_SHARE`).
        out: a `.npy` file; memory-mapped from there.
    """
    with atomic_write(out) as file:
        made = np.lib.format.open_memmap(
            file, mode="w+", dtype=np.float16, shape=(len(dataset.values), N_VALUES)
        )
        for teacher in teachers:
            network = SoloNetwork(teacher.network)
            network.set_weights(teacher.weights)
            _add(network, dataset, pieces, made, 1 / len(teachers))
        for piece in played:
            span = slice(int(dataset.offsets[piece]) + 1, int(dataset.offsets[piece + 1]))
            made[span] *= np.float16(1 - PLAYED_SHARE)
            made[np.arange(span.start, span.stop), dataset.values[span]] += np.float16(PLAYED_SHARE)
        made.flush()
        del made
    targets: SoftTargets = np.load(out, mmap_mode="r")
    return targets


def _add(
    network: SoloNetwork,
    dataset: Dataset,
    pieces: Sequence[int],
    made: npt.NDArray[np.float16],
    weight: float,
) -> None:
    # Any number of steps and rows: one graph for all batches.
    signature = (
        tf.TensorSpec((None, None), tf.int32),
        tf.TensorSpec((None, None, N_SLOTS), tf.int16),
        [tf.TensorSpec((None, n), tf.float32) for n in network.config.units for _ in "ac"],
    )

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def ask(inputs: Any, context: Any, states: list[Any]) -> Any:
        logits, states = network.logits(inputs, context, states)
        return tf.nn.softmax(logits), states

    lengths = np.diff(dataset.offsets)
    by_length = sorted(pieces, key=lambda piece: -int(lengths[piece]))
    for first in range(0, len(by_length), _ROWS):
        states: list[Any] = []
        for batch in whole_pieces(by_length[first : first + _ROWS], dataset, _SPAN):
            rows = batch.inputs.shape[1]
            states = [s[:rows] * batch.carry for s in states] or network.zero_states(rows)
            expected, states = ask(tf.constant(batch.inputs), tf.constant(batch.context), states)
            counted = batch.counts > 0
            made[batch.places[counted]] += (weight * expected.numpy()[counted]).astype(np.float16)
