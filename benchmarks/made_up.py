"""A dataset of random values, in memory, with what `Trainer` asks of one."""

from pathlib import Path
from typing import Any

import numpy as np

from jazzgen.encoding.context import SLOTS
from jazzgen.encoding.vocabulary import N_VALUES


class MadeUpDataset:
    """Pieces of random values and context, all alike in length.

    Args:
        pieces: how many.
        length: values of each, one more than there are targets.
        tx: length of the windows; one after the other.
        folder: where the arrays lie, memory-mapped; None: in memory.
    """

    def __init__(
        self, pieces: int, length: int, tx: int = 30, folder: Path | None = None, seed: int = 0
    ) -> None:
        self.tx = self.hop = tx
        self.offsets = np.arange(pieces + 1, dtype=np.int64) * length
        self.notes = np.full(pieces, length // 2, dtype=np.int32)
        total = pieces * length
        self.values: Any = _array(folder, "values", (total,), np.uint8)
        self.context: Any = _array(folder, "context", (total, len(SLOTS)), np.int16)
        rng = np.random.default_rng(seed)
        for first in range(0, total, 1 << 18):
            rows = slice(first, min(total, first + (1 << 18)))
            n = rows.stop - first
            self.values[rows] = rng.integers(N_VALUES, size=n)
            for column, slot in enumerate(SLOTS):
                self.context[rows, column] = rng.integers(len(slot.table), size=n)
        if folder is not None:
            self.values.flush()
            self.context.flush()
            self.values = np.load(folder / "values.npy", mmap_mode="r")
            self.context = np.load(folder / "context.npy", mmap_mode="r")

    def pieces(self, side: str) -> Any:
        """All train; the first two are measured."""
        return np.arange(len(self.notes) if side == "train" else min(2, len(self.notes)))

    def sequence(self, piece: int) -> Any:
        """As `Dataset.sequence`."""
        span = slice(int(self.offsets[piece]), int(self.offsets[piece + 1]))
        return self.values[span], self.context[span]


def _array(folder: Path | None, name: str, shape: tuple[int, ...], dtype: Any) -> Any:
    if folder is None:
        return np.zeros(shape, dtype)
    return np.lib.format.open_memmap(folder / f"{name}.npy", "w+", dtype, shape)
