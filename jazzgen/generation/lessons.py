"""What a pupil learns from teachers: the corpus, solos they improvise, and what they expect."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from jazzgen.encoding.dataset import Dataset
from jazzgen.encoding.dataset_source import DatasetSource
from jazzgen.encoding.preprocess import preprocess
from jazzgen.encoding.split import SPLITS
from jazzgen.errors import DatasetError
from jazzgen.files import atomic_write
from jazzgen.generation.imagined import ImaginedSource
from jazzgen.network.distillation import SoftTargets, check_teachers, soft_targets
from jazzgen.network.model_folder import StoredModel

_TARGETS: Final = "soft_targets.npy"
_PLAN: Final = "plan.sha256"


@dataclass(frozen=True, slots=True)
class Lessons:
    """A dataset whose targets come from teachers.

    Attributes:
        dataset: the corpus, its validation pieces included, and the imagined solos.
        targets: float16 `(N, 78)`, for every value of its training pieces.
    """

    dataset: Dataset
    targets: SoftTargets


def prepare_lessons(
    dataset: Dataset,
    teachers: Sequence[StoredModel],
    out: Path,
    *,
    rounds: int = 1,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Lessons:
    """Lets the teachers improvise over the changes of the training pieces and say what they expect.

    Imports TensorFlow.

    Args:
        dataset: in the interval encoding.
        teachers: at least one.
        out: a folder for the lessons.
        rounds: solos over the changes of each training piece.
        seed: of the solos.
        progress: told how many pieces are done, and of how many.

    Raises:
        ModelError: when a teacher knows other values than the dataset.
        DatasetError: when the dataset does not keep the notes.
        OutputError: when the lessons cannot be written.
    """
    check_teachers(teachers, dataset)
    train, held_out = (dataset.pieces(side).tolist() for side in ("train", "validation"))
    sources = [DatasetSource(dataset, train + held_out)]
    table = {f"{sources[0].name}/{p}": SPLITS.index("train") for p in train}
    table |= {f"{sources[0].name}/{p}": SPLITS.index("validation") for p in held_out}
    imagined = ImaginedSource(teachers, dataset, train * rounds, seed)
    table |= {f"{imagined.name}/{seed + k}": SPLITS.index("train") for k in range(len(imagined))}
    made, _ = preprocess(
        [*sources, imagined],
        out,
        tx=dataset.tx,
        hop=dataset.hop,
        split_table=table,
        overwrite=True,
        progress=progress,
    )
    pieces = made.pieces("train").tolist()
    played = [p for p in pieces if p < len(train)]
    targets = soft_targets(teachers, made, pieces, played, out / _TARGETS)
    with atomic_write(out / _PLAN) as file:  # the last: with it, they are complete
        file.write_text(plan(dataset, teachers, rounds, seed), encoding="utf-8")
    return Lessons(made, targets)


def plan(dataset: Dataset, teachers: Sequence[StoredModel], rounds: int, seed: int) -> str:
    """Fingerprint of all that lessons depend on; arguments as of `prepare_lessons`."""
    parts = (dataset.sha256(), *(teacher.sha256 for teacher in teachers), str(rounds), str(seed))
    return hashlib.sha256("/".join(parts).encode()).hexdigest()


def read_lessons(out: Path, wanted: str | None = None) -> Lessons | None:
    """The lessons that `prepare_lessons` finished in a folder; None where it did not.

    Args:
        out: the folder.
        wanted: their `plan`; lessons of another one do not count. Any unless given.

    Raises:
        DatasetError: when they are damaged.
    """
    try:
        made = (out / _PLAN).read_text("utf-8")
        if wanted not in (None, made):
            return None
        return Lessons(Dataset(out), np.load(out / _TARGETS, mmap_mode="r"))
    except FileNotFoundError:
        return None
    except (OSError, EOFError, ValueError) as error:
        raise DatasetError(f"{out}: damaged lessons ({error})") from error
