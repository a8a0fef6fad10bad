"""Whether a model has learned from the pieces it is to be measured on.

A figure that it reaches on those says what it remembers, not what it can do. Two things tell:

- the fingerprints in its folder (`jazzgen.encoding.fingerprints`): nearly all runs of seven notes
  of a piece that was learned from are among them, of any other piece few;
- where it has none, its record: a source of the same contents, and not held out of it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from jazzgen.encoding.dataset import Dataset
from jazzgen.encoding.fingerprints import FingerprintArray, fingerprints
from jazzgen.network.model_folder import StoredModel

_KNOWN: Final = 0.9
"""Share of a piece's runs from which on it was learned from. Of 71 unseen solos of the Weimar
Jazz Database the highest has 17 %."""

_FEWEST: Final = 8  # runs that a piece needs for its share to mean something


def seen_before(model: StoredModel, dataset: Dataset, pieces: Sequence[int]) -> int | None:
    """Counts the pieces that a model has learned from.

    Args:
        model: the model.
        dataset: holds the pieces.
        pieces: their numbers.

    Returns:
        How many; None when that cannot be known.
    """
    if model.fingerprints is not None and dataset.vocabulary.encoding == "interval":
        return sum(_remembered(model.fingerprints, dataset, piece) for piece in pieces)
    return _recorded(model.info.get("dataset"), dataset, pieces)


def _remembered(known: FingerprintArray, dataset: Dataset, piece: int) -> bool:
    own = fingerprints(dataset, [piece])
    return len(own) >= _FEWEST and float(np.isin(own, known).mean()) >= _KNOWN


def _recorded(record: object, dataset: Dataset, pieces: Sequence[int]) -> int | None:
    """By sources and held-out keys; no model's record can be trusted to be complete."""
    if not isinstance(record, Mapping):
        return None
    try:
        theirs = {str(source["sha256"]) for source in record["sources"]}
        held_out = {str(key) for key in record["held_out"]}
        split = {str(name): int(count) for name, count in record["split"].items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    ours = {str(source["sha256"]) for source in dataset.info["sources"]}
    if not ours & theirs:
        return None
    if len(held_out) < split.get("validation", 0):
        return None  # too many were held out for all to be named
    keys = [row["key"] for row in dataset.about()]
    if ours == theirs and split == dataset.info["split"]:
        same = held_out == {keys[i] for i in dataset.pieces("validation").tolist()}
        if same:  # so what this split leaves aside, that of the model left aside too
            trained = set(dataset.pieces("train").tolist())
            return sum(piece in trained for piece in pieces)
    return sum(keys[piece] not in held_out for piece in pieces)
