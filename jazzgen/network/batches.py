"""Feeding a dataset to a network: shuffled windows, or whole pieces in spans."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.context import N_SLOTS, SLOTS
from jazzgen.encoding.dataset import Dataset

_COLUMN = {slot.name: i for i, slot in enumerate(SLOTS)}
_REGISTER = _COLUMN["register"]
_MANNER = [_COLUMN[name] for name in ("style", "instrument", "feel")]


@dataclass(slots=True)
class Batch:
    """One step's worth of sequences, time first.

    Attributes:
        inputs: int32 `(T, B)`, the values fed in; -1 where there is none, before a piece begins
            or after it has ended.
        context: int16 `(T, B, N_SLOTS)`, what is known when each target is due.
        targets: int32 `(T, B)`, the values to predict.
        counts: float32 `(T, B)`, 1 where a target counts, 0 where the batch is only filled up.
        carry: float32 `(B, 1)`, 1 where the state of the batch before goes on, 0 at a new piece.
        places: int64 `(T, B)`, where each target stands in the dataset's arrays.
    """

    inputs: npt.NDArray[np.int32]
    context: npt.NDArray[np.int16]
    targets: npt.NDArray[np.int32]
    counts: npt.NDArray[np.float32]
    carry: npt.NDArray[np.float32]
    places: npt.NDArray[np.int64]

    @classmethod
    def blank(cls, steps: int, rows: int) -> "Batch":
        """A batch that counts nothing."""
        return cls(
            inputs=np.full((steps, rows), -1, dtype=np.int32),
            context=np.zeros((steps, rows, N_SLOTS), dtype=np.int16),
            targets=np.zeros((steps, rows), dtype=np.int32),
            counts=np.zeros((steps, rows), dtype=np.float32),
            carry=np.zeros((rows, 1), dtype=np.float32),
            places=np.zeros((steps, rows), dtype=np.int64),
        )

    def fill(self, row: int, dataset: Dataset, piece: int, first: int, last: int) -> None:
        """Puts a piece's targets `first` to `last` (exclusive; from 1) into a row.

        A piece's opening stands at the end of the row, so that what follows joins on; anything
        else at the beginning.
        """
        values, context = dataset.sequence(piece)
        n = last - first
        steps = slice(len(self.inputs) - n, None) if first == 1 else slice(0, n)
        self.inputs[steps, row] = values[first - 1 : last - 1]
        self.targets[steps, row] = values[first:last]
        self.context[steps, row] = context[first:last]
        self.counts[steps, row] = 1
        self.places[steps, row] = int(dataset.offsets[piece]) + np.arange(first, last)


def window_batches(
    windows: npt.NDArray[np.int64], dataset: Dataset, batch: int, rng: np.random.Generator
) -> Iterator[Batch]:
    """The windows in random order, each from a zero state; the last batch is filled up.

    Args:
        windows: int64 `(m, Tx + 1)`, from `Dataset.windows`.
        dataset: the dataset they index.
        batch: windows in a batch.
        rng: the order.
    """
    order = rng.permutation(len(windows))
    steps = windows.shape[1] - 1
    for at in range(0, len(order), batch):
        chosen = np.sort(order[at : at + batch])  # in file order: the arrays are memory-mapped
        index = windows[chosen].T
        made = Batch.blank(steps, batch)
        n = len(chosen)
        made.inputs[:, :n] = dataset.values[index[:-1]]
        made.targets[:, :n] = dataset.values[index[1:]]
        made.context[:, :n] = dataset.context[index[1:]]
        made.counts[:, :n] = 1
        made.places[:, :n] = index[1:]
        yield made


def stream_batches(
    pieces: Sequence[int],
    dataset: Dataset,
    batch: int,
    span: int,
    rng: np.random.Generator,
    transposition: int = 0,
    manner_dropout: float = 0.0,
) -> Iterator[Batch]:
    """Whole pieces side by side, `span` values at a time.

    Pieces are dealt to the rows so that all rows end at about the same time; every epoch deals
    anew, and cuts each piece's first span at a random place so that the cuts differ.

    Args:
        pieces: their numbers.
        dataset: holds them.
        batch: rows.
        span: values of a row.
        rng: order, cuts and transpositions.
        transposition: semitones by which each piece may be moved up or down.
        manner_dropout: chance of each part of a piece's manner to be left open.
    """
    moved = {int(p): int(rng.integers(-transposition, transposition + 1)) for p in pieces}
    told = {int(p): rng.random(len(_MANNER)) >= manner_dropout for p in pieces}
    lengths = np.diff(dataset.offsets)[list(pieces)] - 1
    rows: list[list[tuple[int, int, int]]] = [[] for _ in range(batch)]
    load = np.zeros(batch, dtype=np.int64)
    # Longest first fills evenly; a little noise makes every epoch's neighbours different.
    noisy = lengths * rng.uniform(0.9, 1.1, size=len(lengths))
    for which in np.argsort(-noisy, kind="stable"):
        length = int(lengths[which])
        if length < 1:
            continue
        cuts = [1, *range(1 + int(rng.integers(1, span + 1)), length + 1, span), length + 1]
        spans = [(int(pieces[which]), a, b) for a, b in pairwise(cuts) if b > a]
        row = int(np.argmin(load))
        rows[row] += spans
        load[row] += len(spans)
    for row_spans in rows:
        _shuffle_pieces(row_spans, rng)
    for step in range(int(load.max(initial=0))):
        made = Batch.blank(span, batch)
        for row, spans in enumerate(rows):
            if step < len(spans):
                piece, first, last = spans[step]
                made.fill(row, dataset, piece, first, last)
                made.carry[row] = first > 1
                register = made.context[:, row, _REGISTER]
                made.context[:, row, _REGISTER] = np.clip(register + moved[piece], 0, 127)
                made.context[:, row, _MANNER] *= told[piece]
        yield made


def _shuffle_pieces(spans: list[tuple[int, int, int]], rng: np.random.Generator) -> None:
    by_piece: dict[int, list[tuple[int, int, int]]] = {}
    for item in spans:
        by_piece.setdefault(item[0], []).append(item)
    groups = list(by_piece.values())
    order = rng.permutation(len(groups))
    spans[:] = [item for g in order for item in groups[g]]


def whole_pieces(pieces: Sequence[int], dataset: Dataset, span: int) -> Iterator[Batch]:
    """Every piece once from its start, all side by side: for measuring, in a fixed order.

    Rows are ordered by length, the longest first; rows whose piece has ended are dropped, so the
    batches grow narrower.
    """
    lengths = {int(p): int(dataset.offsets[p + 1] - dataset.offsets[p]) - 1 for p in pieces}
    ordered = sorted((p for p in lengths if lengths[p] > 0), key=lambda p: (-lengths[p], p))
    longest = max(lengths.values(), default=0)
    for first in range(1, longest + 1, span):
        rows = [p for p in ordered if lengths[p] >= first]
        made = Batch.blank(min(span, longest + 1 - first), len(rows))
        for row, piece in enumerate(rows):
            made.fill(row, dataset, piece, first, min(first + span, lengths[piece] + 1))
        made.carry[:] = first > 1
        yield made
