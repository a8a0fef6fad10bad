"""Which pieces a network learns from, and on which it is measured."""

import csv
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.errors import CorpusError

SPLITS: Final = ("train", "validation", "other")
"""Names of the sides; what is on `other` is stored but neither learned from nor measured on."""

TRAIN, VALIDATION, OTHER = range(3)

SplitArray = npt.NDArray[np.uint8]
IntArray = npt.NDArray[np.integer]


def split_by_group(
    groups: Iterable[str], weights: Sequence[int] | IntArray, fraction: float, seed: int = 0
) -> SplitArray:
    """Divides pieces so that a group is never on both sides.

    Groups are put in an order that depends on their names and the seed alone, and taken for
    validation until `fraction` of the weight is reached: at least one where there are two.

    Args:
        groups: the group of each piece; of the names, 16 bytes each are kept.
        weights: how much each piece counts, such as its number of values.
        fraction: share of the weight to hold out, 0 to 1; 0 holds nothing out.
        seed: another seed, another division.

    Returns:
        uint8 `(pieces,)`, `TRAIN` or `VALIDATION`.
    """
    weight = np.asarray(weights, dtype=np.int64)
    places = np.empty((len(weight), 2), dtype=">u8")
    for row, group in zip(places, groups, strict=True):
        digest = hashlib.sha256(f"{seed}/{group}".encode("utf-8", "surrogateescape")).digest()
        row[:] = np.frombuffer(digest[:16], ">u8")
    order = np.lexsort((places[:, 1], places[:, 0]))
    ordered = places[order]
    first = np.append(True, np.any(ordered[1:] != ordered[:-1], axis=1))[: len(order)]
    each = np.add.reduceat(weight[order], np.flatnonzero(first)) if len(order) else weight
    wanted = fraction * int(weight.sum())
    held_out = reached = 0
    for one in each[:-1].tolist():
        if wanted <= 0 or (held_out and reached + one / 2 > wanted):
            break
        held_out += 1
        reached += one
    split = np.empty(len(weight), dtype=np.uint8)
    split[order] = np.cumsum(first) <= held_out
    return split


def read_split_table(path: Path) -> dict[str, int]:
    """Reads a published split: a CSV file with a header, then rows of piece key and side.

    Sides are `train`, `validation`, or any other word for pieces to leave aside.

    Raises:
        CorpusError: when the file cannot be read so.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))[1:]
        sides = {"train": TRAIN, "validation": VALIDATION}
        table = {row[0].strip(): sides.get(row[1].strip().lower(), OTHER) for row in rows if row}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(
            f"{path}: cannot read the split ({getattr(error, 'strerror', None) or error})"
        ) from error
    except IndexError as error:
        raise CorpusError(f"{path}: each row must be `key,train` or `key,validation`") from error
    if not table:
        raise CorpusError(f"{path}: the split names no piece")
    return table


def split_by_table(keys: Sequence[str], table: dict[str, int]) -> SplitArray:
    """Divides pieces as a table says; those it does not name go to `OTHER`.

    Raises:
        CorpusError: when it names none of the pieces for training.
    """
    split = np.array([table.get(key, OTHER) for key in keys], dtype=np.uint8)
    if not np.any(split == TRAIN):
        raise CorpusError(
            f"the split names none of the {len(keys)} pieces for training; "
            f"keys here look like {keys[0]!r}, in the split like {next(iter(table))!r}"
        )
    return split
