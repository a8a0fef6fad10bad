"""Fingerprints of a corpus: which short runs of notes stand in it, without the notes themselves.

With them a model that is passed on can tell whether it is about to copy the solos it learned from,
which are not passed on with it. As in `jazzgen.evaluation.originality`, a **step** leads from one
note to the next: the ticks from onset to onset and the leap in semitones. A run of notes is copied
when all its steps stand in a row in one piece of the corpus, on whatever pitch and beat.

The fingerprint of `RUN_STEPS` steps in a row is a 32-bit hash. Every run of the corpus has its own
in the set, so a copied run never goes unnoticed. What is noticed need not be copied: the runs may
stand in different pieces, or a hash may agree by chance.

Six steps are few enough for the shortest limit that leaves a player room (35 of 43 unseen solos of
the Weimar Jazz Database share more than six notes in a row with the 342 others) and enough that
mosaics are rare: at most 0.5 % of the notes of those 43 end a run that the fingerprints take for
longer than a limit and that is not. With four steps it would be 4 %, with eight 0.02 %.

The 342 solos have 144,974 different runs, so one that is not among them passes for one of them with
a chance of 1 in 30,000. 64 bits would double the file (566 KiB) to mend what mosaics do a hundred
times as often.

A fingerprint does not tell what the notes were, but whoever guesses them can check the guess, and
so could reassemble parts of the corpus step by step. It is no means to keep a secret.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.dataset import Dataset
from jazzgen.encoding.interval import MAX_LEAP, event_ticks, is_note
from jazzgen.errors import DatasetError, ModelError
from jazzgen.files import atomic_write

RUN_STEPS: Final = 6
"""Steps of a run that has a fingerprint: seven notes. Another number needs new model folders."""

FingerprintArray = npt.NDArray[np.uint32]
"""uint32 `(n,)`, strictly increasing."""


def fingerprints(dataset: Dataset, pieces: Iterable[int] | None = None) -> FingerprintArray:
    """Takes the fingerprints of pieces of a dataset.

    Args:
        dataset: in the interval encoding.
        pieces: their numbers; those of the training side unless given.

    Returns:
        uint32 `(n,)`, strictly increasing; empty when no piece has seven notes.

    Raises:
        DatasetError: when it is in another encoding, which leaves pitches open.
    """
    if dataset.vocabulary.encoding != "interval":
        raise DatasetError(
            f"{dataset.path}: fingerprints are taken of intervals, not of the encoding "
            f"`{dataset.vocabulary.encoding}`"
        )
    found = [np.empty(0, dtype=np.uint32)]
    for piece in dataset.pieces() if pieces is None else pieces:
        events, ticks = event_ticks(dataset.sequence(int(piece))[0])
        notes = is_note(events)
        leap = events[notes].astype(np.int64)[1:] - MAX_LEAP
        row = steps(np.diff(ticks[notes]), leap)
        if len(row) >= RUN_STEPS:
            found.append(hash_runs(np.lib.stride_tricks.sliding_window_view(row, RUN_STEPS)))
    return np.unique(np.concatenate(found))


def steps(gap: npt.ArrayLike, leap: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Gives each step a number of its own.

    Args:
        gap: ticks from onset to onset, at least 1, of any shape.
        leap: semitones, -24 to 24, of a shape that goes with it.
    """
    number: npt.NDArray[np.int64] = np.asarray(gap, dtype=np.int64) * (2 * MAX_LEAP + 1)
    return number + np.asarray(leap, dtype=np.int64) + MAX_LEAP


def hash_runs(runs: npt.NDArray[np.int64]) -> FingerprintArray:
    """The fingerprints of runs.

    A polynomial in an odd number modulo 2^64, whose bits are then mixed (the finaliser of
    SplitMix64: Steele, Lea & Flood, OOPSLA 2014). The upper half is kept.

    Args:
        runs: int64 `(…, RUN_STEPS)`, steps as `steps` numbers them, the earliest first.

    Returns:
        uint32 `(…)`, the same on every machine.
    """
    columns = np.moveaxis(runs.astype(np.uint64), -1, 0)
    mixed = np.zeros(columns.shape[1:], dtype=np.uint64)
    with np.errstate(over="ignore"):  # modulo 2^64 is meant
        for column in columns:
            mixed = mixed * np.uint64(0x9E3779B97F4A7C15) + column
        mixed = (mixed ^ mixed >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ mixed >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return ((mixed ^ mixed >> np.uint64(31)) >> np.uint64(32)).astype(np.uint32)


def save_fingerprints(path: Path, array: FingerprintArray) -> None:
    """Writes fingerprints as a `.npy` file, whole or not at all.

    Raises:
        OutputError: when it cannot be written.
    """
    with atomic_write(path) as file:
        np.save(file, array, allow_pickle=False)


def load_fingerprints(path: Path) -> FingerprintArray:
    """Reads what `save_fingerprints` wrote.

    Raises:
        ModelError: when the file is missing or damaged.
    """
    try:
        with path.open("rb") as file:
            array = np.lib.format.read_array(file, allow_pickle=False)
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such file") from error
    except (OSError, EOFError, ValueError) as error:
        raise ModelError(f"{path}: damaged fingerprints ({error})") from error
    if array.dtype != np.uint32 or array.ndim != 1:
        raise ModelError(f"{path}: damaged fingerprints (not one row of uint32)")
    if np.any(array[1:] <= array[:-1]):
        raise ModelError(f"{path}: damaged fingerprints (not in increasing order)")
    return cast(FingerprintArray, array)
