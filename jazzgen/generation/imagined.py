"""Solos that networks improvise over the changes of a corpus: more for another network to learn.

What teachers expect along their own solos tells a pupil how they would go on in places that the
corpus never visits.
"""

import hashlib
from collections.abc import Iterator, Sequence

from jazzgen.corpus.piece import Piece, Skipped
from jazzgen.encoding.dataset import Dataset
from jazzgen.encoding.manner import Manner
from jazzgen.generation.improvise import improvise_all, in_order
from jazzgen.generation.sampling import Sampling
from jazzgen.generation.solo import Request, Solo
from jazzgen.network.model_folder import StoredModel


class ImaginedSource:
    """One solo over the changes of each piece; see `jazzgen.corpus.piece.Source`.

    Args:
        models: who improvises, taking turns; at least one, with the interval encoding.
        dataset: whose changes, tempi and manners.
        pieces: numbers of its pieces.
        seed: the k-th solo is drawn from `seed + k`.
    """

    licence = ""

    def __init__(
        self, models: Sequence[StoredModel], dataset: Dataset, pieces: Sequence[int], seed: int
    ) -> None:
        self.name = "improvised by " + ", ".join(model.name for model in models)
        self._models = models
        self._dataset = dataset
        self._pieces = pieces
        self._seed = seed

    def sha256(self) -> str:
        """Of everything the solos depend on."""
        parts = (*(model.sha256 for model in self._models), self._dataset.sha256(), str(self._seed))
        return hashlib.sha256("/".join(parts).encode()).hexdigest()

    def __len__(self) -> int:
        return len(self._pieces)

    def __iter__(self) -> Iterator[Piece | Skipped]:
        turns = len(self._models)
        playing = [self._solos(first) for first in range(min(turns, len(self._pieces)))]
        for k, piece in enumerate(self._dataset.solos(self._pieces)):
            solo = next(playing[k % turns])
            yield Piece(
                key=f"{self._seed + k}",
                group=piece.group,
                notes=solo.notes,
                changes=piece.changes,
                tempo_bpm=piece.tempo_bpm,
                about=piece.about,
            )

    def _solos(self, first: int) -> Iterator[Solo]:
        """Those of one model: the one over the first-th piece and whenever its turn comes again."""
        turns = len(self._models)
        requests = (
            Request(
                piece.changes,
                self._seed + first + k * turns,
                piece.tempo_bpm,
                Manner.of(piece.about),
            )
            for k, piece in enumerate(self._dataset.solos(self._pieces[first::turns]))
        )
        sampling = Sampling(low=0, high=127, ending=False)
        return in_order(improvise_all(self._models[first], requests, sampling=sampling))
