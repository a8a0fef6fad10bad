"""How well a model expects a solo: nats per sounding note, in NumPy.

Each piece is run through from a zero state, whole. The summed cross-entropy of all its values
(notes, rests, lengths and the end) is divided by its sounding notes, which makes encodings of
different granularity comparable as long as they keep the same: the grammar leaves pitches open and
costs less for it. Lower is better.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.base import LENGTH
from jazzgen.encoding.dataset import Dataset
from jazzgen.network.engine import Engine

_PHASE = 0  # column of the context


@dataclass(frozen=True, slots=True, eq=False)
class Likelihood:
    """Cross-entropy of a set of pieces.

    Attributes:
        notes: int32 `(pieces,)`, sounding notes.
        pitch_nats: float64 `(pieces,)`, of all notes, rests and ends.
        length_nats: float64 `(pieces,)`, of all lengths.
    """

    notes: npt.NDArray[np.int32]
    pitch_nats: npt.NDArray[np.float64]
    length_nats: npt.NDArray[np.float64]

    @property
    def nats_per_note(self) -> float:
        """All cross-entropy by all sounding notes."""
        return self.nats_per_note_pitch + self.nats_per_note_rhythm

    @property
    def nats_per_note_pitch(self) -> float:
        """The share of notes, rests and ends."""
        return float(self.pitch_nats.sum() / self.notes.sum())

    @property
    def nats_per_note_rhythm(self) -> float:
        """The share of lengths."""
        return float(self.length_nats.sum() / self.notes.sum())


def likelihood(engine: Engine, dataset: Dataset, pieces: Sequence[int]) -> Likelihood:
    """Measures pieces side by side, step by step, as `generate` would run through them.

    Args:
        engine: the network, such as a `NumpyEngine`.
        dataset: holds the pieces, in the network's own vocabulary.
        pieces: their numbers, at least one.
    """
    order = sorted(pieces, key=lambda p: int(dataset.offsets[p] - dataset.offsets[p + 1]))
    sequences = [dataset.sequence(p) for p in order]
    nats = np.zeros((2, len(order)))
    rows = len(order)
    state = engine.start(rows)
    for k in range(1, len(sequences[0][0])):
        while len(sequences[rows - 1][0]) <= k:  # the longest stand first; ended ones drop out
            rows -= 1
        values = np.array([values[k - 1] for values, _ in sequences[:rows]])
        targets = np.array([values[k] for values, _ in sequences[:rows]])
        context = np.stack([context[k] for _, context in sequences[:rows]])
        probabilities, state = engine.step(values, context, [part[:rows] for part in state])
        surprise = -np.log(probabilities[np.arange(rows), targets].astype(np.float64))
        is_length = context[:, _PHASE] == LENGTH
        nats[is_length.astype(np.intp), np.arange(rows)] += surprise
    places = [order.index(p) for p in pieces]
    return Likelihood(
        notes=dataset.notes[list(pieces)],
        pitch_nats=nats[0][places],
        length_nats=nats[1][places],
    )
