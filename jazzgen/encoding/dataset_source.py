"""Pieces of a dataset as a source for another one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from jazzgen.corpus.piece import Piece, Skipped
from jazzgen.encoding.dataset import Dataset


class DatasetSource:
    """Some pieces of a dataset; see `jazzgen.corpus.piece.Source`.

    Args:
        dataset: in the interval encoding.
        pieces: their numbers.
    """

    def __init__(self, dataset: Dataset, pieces: Sequence[int]) -> None:
        self.name = dataset.path.resolve().name
        self.licence = "; ".join(
            source["licence"] for source in dataset.info["sources"] if source["licence"]
        )
        self._dataset = dataset
        self._pieces = pieces

    def sha256(self) -> str:
        """That of the dataset; see `Dataset.sha256`."""
        return self._dataset.sha256()

    def __len__(self) -> int:
        return len(self._pieces)

    def __iter__(self) -> Iterator[Piece | Skipped]:
        for number, piece in zip(self._pieces, self._dataset.solos(self._pieces), strict=True):
            # Sources of one dataset may call their pieces alike.
            yield replace(piece, key=f"{number}")
