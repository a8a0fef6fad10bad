"""Feeding a dataset to a network: shuffled windows, or whole pieces in spans."""

from collections.abc import Callable, Iterator, Sequence
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


class Batches:
    """An epoch's batches, each made when its turn comes; how many is known before.

    Args:
        steps: their number.
        make: begins to make them.
    """

    def __init__(self, steps: int, make: Callable[[], Iterator[Batch]]) -> None:
        self._steps, self._make = steps, make

    def __len__(self) -> int:
        return self._steps

    def __iter__(self) -> Iterator[Batch]:
        return self._make()


class Windows:
    """The rows of `Dataset.windows`, worked out when they are asked for.

    Takes eight bytes a piece, where the whole table takes eight bytes a value of every window.

    Args:
        dataset: whose windows.
        side: of its pieces.
    """

    def __init__(self, dataset: Dataset, side: str = "train") -> None:
        pieces = dataset.pieces(side)
        self._begin, self._end = dataset.offsets[pieces], dataset.offsets[pieces + 1]
        self._tx, self._hop = dataset.tx, dataset.hop
        # One window every hop, and one more that ends with the piece's last value.
        final = np.maximum(0, self._end - self._begin - self._tx - 1)
        self._ends = np.cumsum(1 - (-final // self._hop))

    def __len__(self) -> int:
        """Number of windows."""
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, chosen: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """Where the values of some windows stand: int64 `(len(chosen), Tx + 1)`."""
        piece = np.searchsorted(self._ends, chosen, side="right")
        first = np.concatenate(([0], self._ends))[piece]
        begin, end = self._begin[piece], self._end[piece]
        final = np.maximum(begin, end - self._tx - 1)
        at = np.minimum(begin + (chosen - first) * self._hop, final)
        places: npt.NDArray[np.int64] = at[:, None] + np.arange(self._tx + 1)
        return np.minimum(places, end[:, None] - 1)


def window_batches(
    windows: Windows | npt.NDArray[np.int64],
    dataset: Dataset,
    batch: int,
    rng: np.random.Generator,
) -> Batches:
    """The windows in random order, each from a zero state; the last batch is filled up.

    Args:
        windows: int64 `(m, Tx + 1)`, as `Dataset.windows` has them.
        dataset: the dataset they index.
        batch: windows in a batch.
        rng: the order.
    """
    order = rng.permutation(len(windows))

    def make() -> Iterator[Batch]:
        for at in range(0, len(order), batch):
            chosen = np.sort(order[at : at + batch])  # in file order: the arrays are memory-mapped
            index = windows[chosen].T
            made = Batch.blank(len(index) - 1, batch)
            n = len(chosen)
            made.inputs[:, :n] = dataset.values[index[:-1]]
            made.targets[:, :n] = dataset.values[index[1:]]
            made.context[:, :n] = dataset.context[index[1:]]
            made.counts[:, :n] = 1
            made.places[:, :n] = index[1:]
            yield made

    return Batches(-(-len(order) // batch), make)


def stream_batches(
    pieces: Sequence[int],
    dataset: Dataset,
    batch: int,
    span: int,
    rng: np.random.Generator,
    transposition: int = 0,
    manner_dropout: float = 0.0,
) -> Batches:
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
    moved = [int(rng.integers(-transposition, transposition + 1)) for _ in pieces]
    told = rng.random((len(pieces), len(_MANNER))) >= manner_dropout
    lengths = np.diff(dataset.offsets)[list(pieces)] - 1
    # Of each row, its pieces (places in `pieces`) and how long the first span of each is.
    rows: list[list[tuple[int, int]]] = [[] for _ in range(batch)]
    load = np.zeros(batch, dtype=np.int64)
    # Longest first fills evenly; a little noise makes every epoch's neighbours different.
    noisy = lengths * rng.uniform(0.9, 1.1, size=len(lengths))
    for which in np.argsort(-noisy, kind="stable").tolist():
        length = int(lengths[which])
        if length < 1:
            continue
        opening = int(rng.integers(1, span + 1))
        row = int(np.argmin(load))
        rows[row].append((which, opening))
        load[row] += sum(1 for _ in _spans(length, opening, span))
    for row_pieces in rows:
        row_pieces[:] = [row_pieces[i] for i in rng.permutation(len(row_pieces))]
    steps = int(load.max(initial=0))

    def of_row(row: int) -> Iterator[tuple[int, int, int]]:
        for which, opening in rows[row]:
            for first, last in _spans(int(lengths[which]), opening, span):
                yield which, first, last

    def make() -> Iterator[Batch]:
        running = [of_row(row) for row in range(batch)]
        for _ in range(steps):
            made = Batch.blank(span, batch)
            for row, spans in enumerate(running):
                if (one := next(spans, None)) is None:
                    continue
                which, first, last = one
                made.fill(row, dataset, int(pieces[which]), first, last)
                made.carry[row] = first > 1
                register = made.context[:, row, _REGISTER]
                made.context[:, row, _REGISTER] = np.clip(register + moved[which], 0, 127)
                made.context[:, row, _MANNER] *= told[which]
            yield made

    return Batches(steps, make)


def _spans(length: int, opening: int, span: int) -> Iterator[tuple[int, int]]:
    """A piece's targets, from 1 to `length`, in spans `first` to `last` (exclusive).

    The first holds `opening` of them, the others `span`.
    """
    return pairwise([1, *range(1 + opening, length + 1, span), length + 1])


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
