"""From the symbols of a corpus to its vocabulary and values: the last step of a grammar dataset."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from jazzgen.corpus.piece import Skipped
from jazzgen.encoding.context import N_SLOTS
from jazzgen.encoding.grammar import GrammarEncoding, build_vocabulary
from jazzgen.encoding.growing import GrowingArray
from jazzgen.encoding.growing_dataset import GrowingDataset

_BLOCK: Final = 1 << 20
"""Values looked up at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class FinishedGrammar:
    """A grammar dataset with its values.

    Attributes:
        folder: where it is.
        encoding: with the corpus's vocabulary.
        unknown: values spelled `<UNK>`.
        kept: bool, which of the pieces are in it.
        skipped: those that are not.
    """

    folder: Path
    encoding: GrammarEncoding
    unknown: int
    kept: npt.NDArray[np.bool_]
    skipped: list[Skipped]


def finish_grammar(growing: GrowingDataset, min_rest: int, tx: int) -> FinishedGrammar:
    """Chooses the vocabulary and looks the values up.

    Args:
        growing: complete and closed; its files stay as they are, so that this can be done again.
        min_rest: ticks of the shortest silence that is spelled as a rest.
        tx: length of the windows. Where the vocabulary has no `<END>` with which to continue
            shorter pieces, they are left out.
    """
    numbers = np.load(growing.values_path, mmap_mode="r")
    counts = np.zeros(len(growing.symbols) + 1, np.int64)
    for block in _blocks(numbers):  # the boundary, -1, is counted as the last
        counts += np.bincount(block % len(counts), minlength=len(counts))
    symbols = list(growing.symbols)
    vocabulary = build_vocabulary(dict(zip(symbols, counts.tolist(), strict=False)))
    encoding = GrammarEncoding(vocabulary, min_rest)
    index = {symbol: i for i, symbol in enumerate(vocabulary.symbols)}
    lost = -1 if vocabulary.unknown is None else vocabulary.unknown
    table = np.array([index.get(symbol, lost) for symbol in symbols], np.int64)
    unknown = int(counts[:-1][table == lost].sum())
    end = vocabulary.end
    values_of = np.append(table, 0 if end is None else end).astype(np.uint8)
    pieces = len(growing)
    if end is not None:
        with GrowingArray(growing.dataset / "values.npy", np.uint8) as values:
            for block in _blocks(numbers):
                values.append(values_of[block])
        return FinishedGrammar(
            growing.dataset, encoding, unknown, np.ones(pieces, np.bool_), skipped=[]
        )
    kept, skipped = _without_end(growing, numbers, values_of, tx)
    return FinishedGrammar(growing.beside / _WITHOUT_END, encoding, unknown, kept, skipped)


_WITHOUT_END: Final = "without end"


def _without_end(
    growing: GrowingDataset,
    numbers: npt.NDArray[np.int32],
    values_of: npt.NDArray[np.uint8],
    tx: int,
) -> tuple[npt.NDArray[np.bool_], list[Skipped]]:
    """Writes the dataset anew, without the boundaries of its pieces."""
    folder = growing.beside / _WITHOUT_END
    folder.mkdir(exist_ok=True)
    offsets = np.load(growing.dataset / "offsets.npy")
    sizes = np.diff(offsets) - 2
    kept: npt.NDArray[np.bool_] = sizes > tx
    rows = np.load(growing.dataset / "context.npy", mmap_mode="r")
    with (
        GrowingArray(folder / "values.npy", np.uint8) as values,
        GrowingArray(folder / "context.npy", np.int16, (N_SLOTS,)) as context,
    ):
        for piece in np.flatnonzero(kept).tolist():
            inside = slice(offsets[piece] + 1, offsets[piece + 1] - 1)
            values.append(values_of[numbers[inside]])
            context.append(rows[inside])
    np.save(folder / "offsets.npy", np.append(0, np.cumsum(sizes[kept])))
    np.save(folder / "notes.npy", np.load(growing.dataset / "notes.npy")[kept])
    with (
        (growing.dataset / "pieces.jsonl").open("rb") as lines,
        (folder / "pieces.jsonl").open("wb") as left,
    ):
        left.writelines(compress(lines, kept.tolist()))
    skipped = [
        Skipped(key, f"only {size} values, a window needs {tx + 1} (see --tx)")
        for (key, _, _), size in zip(growing.index(), sizes.tolist(), strict=True)
        if size <= tx
    ]
    return kept, skipped


def _blocks(array: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    for start in range(0, len(array), _BLOCK):
        yield array[start : start + _BLOCK]
