"""How well a model expects a solo: nats per sounding note, in NumPy.

Each piece is run through from a zero state, whole. The summed cross-entropy of all its values
(notes, rests, lengths and the end) is divided by its sounding notes, which makes encodings of
different granularity comparable as long as they keep the same: the grammar leaves pitches open and
costs less for it. Lower is better. One bit is ln 2 = 0.693 nats.

Beside it stand the shares of values that the network would have guessed: those to which it gave the
highest probability of all 78 (top-1).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.base import LENGTH, BoolArray, ValueArray
from jazzgen.encoding.context import NO_ROOT, SLOTS, ContextArray
from jazzgen.encoding.dataset import Dataset
from jazzgen.encoding.interval import is_note
from jazzgen.encoding.manner import OPEN
from jazzgen.evaluation.bootstrap import Estimate, FloatArray, Ratio, draws
from jazzgen.network.engine import Engine

BITS_PER_NAT: Final = 1 / math.log(2)

_SIDE_BY_SIDE: Final = 64  # pieces; more would only take more memory
_SLOT: Final = {slot.name: i for i, slot in enumerate(SLOTS)}

Sequence_ = tuple[ValueArray, ContextArray]
"""Values uint8 `(n,)` and context int16 `(n, N_SLOTS)`, as of `Dataset.sequence`."""


@dataclass(frozen=True, slots=True, eq=False)
class Surprise:
    """What a network made of one sequence of n values; the first value is given, not predicted.

    Attributes:
        nats: float64 `(n - 1,)`, -log of the probability of each value from the second on.
        guess: uint8 `(n - 1,)`, the value to which the network gave the highest probability.
        guess_probability: float64 `(n - 1,)`.
        hit: bool `(n - 1,)`, whether that was the value that came.
        is_length: bool `(n - 1,)`, whether a length was due; else a note, a rest or the end.
        is_note: bool `(n - 1,)`, whether a sounding note came (interval encoding).
    """

    nats: FloatArray
    guess: ValueArray
    guess_probability: FloatArray
    hit: BoolArray
    is_length: BoolArray
    is_note: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Likelihood:
    """Cross-entropy and hits of a set of pieces.

    Attributes:
        notes: int32 `(pieces,)`, sounding notes.
        pitch_nats: float64 `(pieces,)`, of all notes, rests and ends.
        length_nats: float64 `(pieces,)`, of all lengths.
        events: int64 `(pieces,)`, notes, rests and ends.
        event_hits: int64 `(pieces,)`, how many of them were guessed.
        interval_hits: int64 `(pieces,)`, how many of the sounding notes were guessed; all values
            count as guesses, a rest too.
        lengths: int64 `(pieces,)`, lengths of notes and rests.
        length_hits: int64 `(pieces,)`, how many of them were guessed.
    """

    notes: npt.NDArray[np.int32]
    pitch_nats: FloatArray
    length_nats: FloatArray
    events: npt.NDArray[np.int64]
    event_hits: npt.NDArray[np.int64]
    interval_hits: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    length_hits: npt.NDArray[np.int64]

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

    @property
    def by_piece(self) -> FloatArray:
        """float64 `(pieces,)`, nats per note of each piece."""
        return np.asarray((self.pitch_nats + self.length_nats) / self.notes, dtype=np.float64)

    def estimates(self, *, seed: int = 0) -> dict[str, Estimate]:
        """All figures with 95 % intervals over pieces.

        Args:
            seed: of the bootstrap.

        Returns:
            `nats_per_note`, `nats_per_note_pitch`, `nats_per_note_rhythm`, and the shares
            `event_top1`, `interval_top1`, `length_top1`.
        """
        drawn = draws(len(self.notes), seed)
        notes = self.notes.astype(np.float64)
        ratios = {
            "nats_per_note": (self.pitch_nats + self.length_nats, notes),
            "nats_per_note_pitch": (self.pitch_nats, notes),
            "nats_per_note_rhythm": (self.length_nats, notes),
            "event_top1": (self.event_hits, self.events),
            "interval_top1": (self.interval_hits, notes),
            "length_top1": (self.length_hits, self.lengths),
        }
        return {
            name: Ratio(over.astype(np.float64), under.astype(np.float64)).estimate(drawn)
            for name, (over, under) in ratios.items()
        }


def likelihood(
    engine: Engine,
    dataset: Dataset,
    pieces: Sequence[int],
    *,
    hears_chords: bool = True,
    hears_manner: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Likelihood:
    """Measures pieces side by side, step by step, as `generate` would run through them.

    Args:
        engine: the network, such as `engine_of` makes.
        dataset: holds the pieces, in the network's own vocabulary.
        pieces: their numbers, at least one.
        hears_chords: whether the network has learned what chords are; else it is shown none, as
            when it plays.
        hears_manner: the same of style, instrument and feel.
        progress: told how many pieces are done.
    """
    rows: dict[int, tuple[float, ...]] = {}
    # Pieces of about one length side by side.
    order = sorted(pieces, key=lambda p: int(dataset.offsets[p] - dataset.offsets[p + 1]))
    for start in range(0, len(order), _SIDE_BY_SIDE):
        block = order[start : start + _SIDE_BY_SIDE]
        sequences = [
            (values, as_heard(context, chords=hears_chords, manner=hears_manner))
            for values, context in map(dataset.sequence, block)
        ]
        for piece, found in zip(block, surprises(engine, sequences), strict=True):
            rows[piece] = _sums(found)
        if progress:
            progress(start + len(block), len(order))
    table = np.array([rows[p] for p in pieces])
    counts = table[:, 2:].astype(np.int64)
    return Likelihood(dataset.notes[list(pieces)], table[:, 0], table[:, 1], *counts.T)


def _sums(found: Surprise) -> tuple[float, ...]:
    """The columns of `Likelihood` after `notes`, of one piece."""
    length, event = found.is_length, ~found.is_length
    counted = (event, found.hit & event, found.hit & found.is_note, length, found.hit & length)
    return (
        float(found.nats[event].sum()),
        float(found.nats[length].sum()),
        *(float(np.count_nonzero(which)) for which in counted),
    )


def surprises(engine: Engine, sequences: Sequence[Sequence_]) -> list[Surprise]:
    """What a network makes of sequences, value by value.

    Args:
        engine: the network.
        sequences: of at least one value each; the context of a value tells what is known when it
            is due.
    """
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i][0]))
    longest = [sequences[i] for i in order]
    sizes = [len(values) for values, _ in longest]
    nats = [np.zeros(n - 1) for n in sizes]
    guess = [np.zeros(n - 1, dtype=np.uint8) for n in sizes]
    likely = [np.zeros(n - 1) for n in sizes]
    rows = len(order)
    state = engine.start(rows)
    for k in range(1, sizes[0] if sizes else 0):
        while sizes[rows - 1] <= k:  # the longest stand first; ended ones drop out
            rows -= 1
        given = np.array([values[k - 1] for values, _ in longest[:rows]])
        targets = np.array([values[k] for values, _ in longest[:rows]])
        context = np.stack([context[k] for _, context in longest[:rows]])
        probabilities, state = engine.step(given, context, [part[:rows] for part in state])
        exact = probabilities.astype(np.float64)
        best = exact.argmax(axis=1)
        # A probability that float32 cannot hold counts as the smallest that it can.
        came = np.maximum(exact[np.arange(rows), targets], np.finfo(np.float32).tiny)
        surprise, highest = -np.log(came), exact[np.arange(rows), best]
        for row in range(rows):
            nats[row][k - 1] = surprise[row]
            guess[row][k - 1] = best[row]
            likely[row][k - 1] = highest[row]
    found: list[Surprise | None] = [None] * len(order)
    for row, place in enumerate(order):
        values, context = longest[row]
        is_length = context[1:, _SLOT["phase"]] == LENGTH
        found[place] = Surprise(
            nats=nats[row],
            guess=guess[row],
            guess_probability=likely[row],
            hit=guess[row] == values[1:],
            is_length=is_length,
            is_note=is_note(values[1:]) & ~is_length,
        )
    return [one for one in found if one is not None]


def as_heard(context: ContextArray, *, chords: bool, manner: bool) -> ContextArray:
    """Context rows `(n, N_SLOTS)` of the same moments as a network is shown them.

    Args:
        context: the rows.
        chords: whether it is shown chords.
        manner: whether it is shown style, instrument and feel.
    """
    silent = np.array(context)
    if not chords:
        last = len(SLOTS[_SLOT["until_next"]].table) - 1
        silent[:, [_SLOT["root"], _SLOT["next_root"]]] = NO_ROOT
        silent[:, [_SLOT["tones"], _SLOT["next_tones"]]] = 0
        silent[:, _SLOT["until_next"]] = last
    if not manner:
        silent[:, [_SLOT["style"], _SLOT["instrument"], _SLOT["feel"]]] = OPEN
    return silent
