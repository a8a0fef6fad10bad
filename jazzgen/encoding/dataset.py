"""The dataset on disk: encoded pieces, memory-mapped, and the windows cut from them.

A dataset folder holds

- `dataset.json`: encoding, vocabulary with its fingerprint, Tx, counts, sources, skipped items;
- `values.npy`: uint8 `(N,)`, the sequences of all pieces end to end. A piece's sequence is
  `<END> v1 … vn <END>`, so that the first value and the end are predicted too; where the
  vocabulary has no `<END>` it is `v1 … vn`;
- `context.npy`: int16 `(N, N_SLOTS)`, for each value what is known when it is due;
- `offsets.npy`: int64 `(pieces + 1,)`, where each piece's sequence begins;
- `split.npy`: uint8 `(pieces,)`, 0 train, 1 validation, 2 other;
- `notes.npy`: int32 `(pieces,)`, sounding notes of each piece;
- `pieces.jsonl`: one JSON object a piece: key, group, notes, tempo, changes and what else is known.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.base import ValueArray
from jazzgen.encoding.context import N_SLOTS, ContextArray
from jazzgen.encoding.interval import IntervalDecoder
from jazzgen.encoding.split import SPLITS, SplitArray
from jazzgen.encoding.vocabulary import N_VALUES, Vocabulary
from jazzgen.errors import DatasetError
from jazzgen.music.changes import Changes
from jazzgen.music.notes import IntArray

FORMAT: Final = 2
"""Version of the layout; a dataset of another version is refused."""

OneHot = npt.NDArray[np.uint8]
IndexArray = npt.NDArray[np.int64]


class Dataset:
    """An opened dataset folder; its arrays are memory-mapped and read as they are used.

    Attributes:
        path: the folder.
        info: what `dataset.json` holds.
        vocabulary: what the values mean.
        tx: length of the windows, in values.
        hop: values from the start of one window to the start of the next.
        values: uint8 `(N,)`, see the module.
        context: int16 `(N, N_SLOTS)`.
        offsets: int64 `(pieces + 1,)`.
        split: uint8 `(pieces,)`.
        notes: int32 `(pieces,)`.
    """

    def __init__(self, path: Path | str) -> None:
        """Opens a dataset.

        Raises:
            DatasetError: when the folder is missing, not a dataset, damaged or of another version.
        """
        self.path = Path(path)
        try:
            self.info: dict[str, Any] = json.loads((self.path / "dataset.json").read_text("utf-8"))
            if not isinstance(self.info, dict) or "format" not in self.info:
                raise DatasetError(f"{path}: its dataset.json was not written by jazzgen")
            if self.info["format"] != FORMAT:
                raise DatasetError(
                    f"{path}: dataset format {self.info['format']}, this jazzgen reads "
                    f"{FORMAT}; run `jazzgen preprocess` again"
                )
            self.vocabulary = Vocabulary.from_json(self.info["vocabulary"])
            self.tx = int(self.info["Tx"])
            self.hop = int(self.info["hop"])
            self.values: ValueArray = np.load(self.path / "values.npy", mmap_mode="r")
            self.context: ContextArray = np.load(self.path / "context.npy", mmap_mode="r")
            self.offsets: npt.NDArray[np.int64] = np.load(self.path / "offsets.npy")
            self.split: SplitArray = np.load(self.path / "split.npy")
            self.notes: IntArray = np.load(self.path / "notes.npy")
        except (FileNotFoundError, NotADirectoryError) as error:
            what = "no such folder" if not self.path.exists() else "not a dataset folder"
            raise DatasetError(
                f"{path}: {what} (`jazzgen preprocess SOURCE --out {path}` makes one)"
            ) from error
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise DatasetError(f"{path}: damaged dataset ({error})") from error
        total, pieces = int(self.offsets.flat[-1]) if self.offsets.size else -1, self.split.size
        for name, array, dtype, shape in (
            ("values", self.values, np.uint8, (total,)),
            ("context", self.context, np.int16, (total, N_SLOTS)),
            ("offsets", self.offsets, np.int64, (pieces + 1,)),
            ("split", self.split, np.uint8, (pieces,)),
            ("notes", self.notes, np.int32, (pieces,)),
        ):
            if array.dtype != dtype or array.shape != shape:
                raise DatasetError(
                    f"{path}: damaged dataset ({name}.npy is {array.dtype} {array.shape}, "
                    f"not {np.dtype(dtype)} {shape})"
                )

    def __len__(self) -> int:
        """Number of pieces."""
        return len(self.split)

    def pieces(self, side: str | None = "train") -> npt.NDArray[np.intp]:
        """Numbers of the pieces on a side (`train`, `validation`, `other`; None: all)."""
        if side is None:
            return np.arange(len(self))
        return np.flatnonzero(self.split == SPLITS.index(side))

    def sequence(self, piece: int) -> tuple[ValueArray, ContextArray]:
        """A piece's values `(n,)` and context `(n, N_SLOTS)`; row k describes value k."""
        span = slice(int(self.offsets[piece]), int(self.offsets[piece + 1]))
        return self.values[span], self.context[span]

    def sha256(self) -> str:
        """Fingerprint of what is learned from: values, context, pieces, sides and windows."""
        digest = hashlib.sha256(f"{self.tx}/{self.hop}".encode())
        digest.update(np.ascontiguousarray(self.offsets).tobytes())
        digest.update(np.ascontiguousarray(self.split).tobytes())
        for array in (self.values, self.context):
            for start in range(0, len(array), 1 << 20):  # flat memory
                digest.update(np.ascontiguousarray(array[start : start + (1 << 20)]).tobytes())
        return digest.hexdigest()

    def about(self) -> Iterator[dict[str, Any]]:
        """What is known of each piece, in order."""
        with (self.path / "pieces.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)

    def _rows(self, pieces: Iterable[int]) -> Iterator[dict[str, Any]]:
        """What is known of some pieces, of which one is held at a time."""
        with (self.path / "pieces.jsonl").open("rb") as lines:
            starts = np.zeros(len(self) + 1, np.int64)
            for piece, line in enumerate(islice(lines, len(self))):
                starts[piece + 1] = starts[piece] + len(line)
            for piece in pieces:
                lines.seek(int(starts[piece]))
                yield json.loads(lines.readline())

    def solos(self, pieces: Iterable[int]) -> Iterator[Piece]:
        """Pieces as they were encoded, read back: notes as the values spell them, and changes.

        Args:
            pieces: their numbers, yielded in the order given.

        Raises:
            DatasetError: when the values do not say which notes were played (the grammar), or
                `pieces.jsonl` is damaged.
        """
        if self.vocabulary.encoding != "interval":
            raise DatasetError(
                f"{self.path}: the encoding `{self.vocabulary.encoding}` does not keep the notes; "
                "run `jazzgen preprocess` without --encoding"
            )
        chosen = list(pieces)
        rows = self._rows(chosen)
        for piece in chosen:
            decoder = IntervalDecoder()
            try:
                for value in self.sequence(piece)[0][1:].tolist():
                    decoder.push(value)
                row = next(rows)
                yield Piece(
                    key=row["key"],
                    group=row["group"],
                    notes=decoder.notes(),
                    changes=Changes.from_json(row["changes"]),
                    tempo_bpm=float(row["tempo_bpm"]),
                    about=row["about"],
                )
            except (IndexError, KeyError, TypeError, ValueError) as error:
                raise DatasetError(f"{self.path}: piece {piece} is damaged ({error})") from error

    def windows(self, side: str = "train") -> IndexArray:
        """Where each window's `Tx + 1` values stand.

        Windows start every `hop` values; one more ends with the piece's last value. A piece
        shorter than a window is continued with `<END>`.

        Returns:
            int64 `(m, Tx + 1)`, indices into `values`. Columns 0 to Tx - 1 are the inputs,
            columns 1 to Tx the targets.
        """
        return self.windows_at(*self.window_starts(side))

    def window_starts(self, side: str = "train") -> tuple[IndexArray, IndexArray]:
        """Where each window begins and where its piece ends, both int64 `(m,)`."""
        pieces = self.pieces(side)
        begin, last = self.offsets[pieces], self.offsets[pieces + 1] - 1
        counts, final = self._windows_of(pieces)
        # The n-th window of a piece begins n hops after it, the last where it has to.
        number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        starts = np.repeat(begin, counts) + number * self.hop
        starts = np.minimum(starts, np.repeat(final, counts))
        return starts, np.repeat(last, counts)

    def windows_at(self, starts: IndexArray, last: IndexArray) -> IndexArray:
        """Some of `windows`, int64 `(n, Tx + 1)`, from what `window_starts` returns of them."""
        windows: IndexArray = np.minimum(starts[:, None] + np.arange(self.tx + 1), last[:, None])
        return windows

    def window_count(self, side: str = "train") -> int:
        """How many windows there are, m."""
        return int(self._windows_of(self.pieces(side))[0].sum())

    def _windows_of(self, pieces: npt.NDArray[np.intp]) -> tuple[IndexArray, IndexArray]:
        """How many windows each of the pieces has, and where its last one begins."""
        begin, end = self.offsets[pieces], self.offsets[pieces + 1]
        final = np.maximum(begin, end - self.tx - 1)
        return -((begin - final) // self.hop) + 1, final

    def tensors(self, side: str = "train") -> tuple[OneHot, OneHot]:
        """The one-hot tensors of the course exercise.

        Returns:
            X: uint8 `(m, Tx, 78)`.
            Y: uint8 `(Ty, m, 78)` with `Ty = Tx`; `Y[t]` is the value after `X[:, t]`.
        """
        values = self.values[self.windows(side)]
        rows = np.eye(N_VALUES, dtype=np.uint8)
        return rows[values[:, :-1]], rows[values[:, 1:].T]
