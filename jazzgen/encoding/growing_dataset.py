"""A dataset while it is made: chunk by chunk, memory flat, ready to be gone on with."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from jazzgen.corpus.piece import Skipped
from jazzgen.encoding.chunks import BOUNDARY, Chunk
from jazzgen.encoding.context import N_SLOTS
from jazzgen.encoding.growing import GrowingArray, GrowingFile

_DATASET: Final = ("context", "offsets", "notes", "pieces")
"""What is the dataset's as it grows; `values` too, in the interval encoding."""


@dataclass(slots=True)
class GrowingDataset:
    """The files of a dataset that grow, a context manager.

    Attributes:
        dataset: folder of what belongs to the dataset.
        beside: folder of what is needed to finish it only.
        grammar: whether values are numbers of `symbols` until `finish_grammar`.
        done: items of the sources that are in it or were skipped.
        folded: leaps folded by octaves.
        symbols: the number of each symbol of the grammar that occurred.
        skipped: what was left out.
    """

    dataset: Path
    beside: Path
    grammar: bool
    done: int = 0
    folded: int = 0
    symbols: dict[str, int] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    _open: ExitStack = field(default_factory=ExitStack)
    _arrays: dict[str, GrowingArray] = field(default_factory=dict)
    _files: dict[str, GrowingFile] = field(default_factory=dict)

    def open(self, state: dict[str, Any] | None) -> Self:
        """Begins the files, or opens them to go on from what `state` returned.

        Raises:
            OSError: when they cannot be opened.
            ValueError, KeyError, TypeError: when they do not hold what the state says.
        """
        with ExitStack() as opened:
            self._begin(state, opened)
            self._open = opened.pop_all()
        return self

    def _begin(self, state: dict[str, Any] | None, opened: ExitStack) -> None:
        kept: dict[str, int | None] = dict.fromkeys(
            (*_DATASET, "values", "index", "skipped", "digests")
        )
        if state is not None:
            kept = {name: int(state["lengths"][name]) for name in kept}
            self.done, self.folded = int(state["done"]), int(state["folded"])
            self.symbols = {symbol: i for i, symbol in enumerate(state["symbols"])}

        def array(name: str, dtype: npt.DTypeLike, row: tuple[int, ...] = ()) -> None:
            path = self.values_path if name == "values" else self.dataset / f"{name}.npy"
            self._arrays[name] = opened.enter_context(GrowingArray(path, dtype, row, kept[name]))

        array("values", np.int32 if self.grammar else np.uint8)
        array("context", np.int16, (N_SLOTS,))
        array("offsets", np.int64)
        array("notes", np.int32)
        for name, path in (
            ("pieces", self.dataset / "pieces.jsonl"),
            ("index", self._index),
            ("skipped", self._skipped),
            ("digests", self.beside / "digests"),
        ):
            self._files[name] = opened.enter_context(GrowingFile(path, kept[name]))
        if state is None:
            self._arrays["offsets"].append(np.zeros(1, np.int64))
        else:
            with self._skipped.open(encoding="ascii") as lines:
                self.skipped = [Skipped(*json.loads(line)) for line in lines]

    @property
    def values_path(self) -> Path:
        """Where the values are, of the grammar the numbers of its symbols."""
        return self.beside / "symbols.npy" if self.grammar else self.dataset / "values.npy"

    @property
    def _index(self) -> Path:
        return self.beside / "index.jsonl"

    @property
    def _skipped(self) -> Path:
        return self.beside / "skipped.jsonl"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def __len__(self) -> int:
        """Number of pieces."""
        return len(self._arrays["notes"])

    def append(self, chunk: Chunk) -> None:
        """Adds the next items."""
        values = chunk.values
        if self.grammar:
            numbers = [self.symbols.setdefault(s, len(self.symbols)) for s in chunk.symbols]
            values = np.array([*numbers, BOUNDARY], np.int32)[values]  # -1 is the last
        start = len(self._arrays["values"])
        self._arrays["values"].append(values)
        self._arrays["context"].append(chunk.context)
        self._arrays["offsets"].append(start + np.cumsum(chunk.sizes, dtype=np.int64))
        self._arrays["notes"].append(np.array(chunk.notes, np.int32))
        self._files["pieces"].append(chunk.pieces)
        self._files["index"].append(chunk.index)
        self._files["digests"].append(chunk.digests)
        for one in chunk.skipped:
            line = json.dumps([one.source, one.reason]) + "\n"
            self._files["skipped"].append(line.encode("ascii"))
        self.skipped += chunk.skipped
        self.folded += chunk.folded
        self.done += chunk.items

    def state(self, *, sync: bool = True) -> dict[str, Any]:
        """All that `open` needs to go on from here.

        Args:
            sync: have all that was appended written to the disk first.
        """
        growing: dict[str, GrowingArray | GrowingFile] = {**self._arrays, **self._files}
        if sync:
            for file in growing.values():
                file.sync()
        return {
            "done": self.done,
            "folded": self.folded,
            "symbols": list(self.symbols),
            "lengths": {name: len(file) for name, file in growing.items()},
        }

    def close(self) -> None:
        """Completes the files; nothing can be appended then."""
        self._open.close()

    def index(self) -> Iterator[tuple[str, str, list[str]]]:
        """Key, group and remarks of every piece."""
        with self._index.open(encoding="ascii") as lines:
            for line in lines:
                key, group, remarks = json.loads(line)
                yield key, group, remarks

    def digests(self) -> Iterator[bytes]:
        """Those of all items of divisible sources; see `DivisibleSource.digests`."""
        with (self.beside / "digests").open("rb") as file:
            while digest := file.read(32):
                yield digest
