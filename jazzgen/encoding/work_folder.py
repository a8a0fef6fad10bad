"""Where a dataset is made: a hidden folder beside it, from which a later run can go on.

It holds the dataset as far as it is, what is needed to finish it, and `state.json`, which says up
to where all of that is whole, and of what settings and sources it is. What was written after the
last state is cut off when a run goes on.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

from jazzgen.errors import DatasetError

try:
    import fcntl
except ImportError:  # Windows; there two runs at once are not noticed
    fcntl = None  # type: ignore[assignment]

_STATE: Final = "state.json"
_LOCK: Final = "lock"
_BEFORE: Final = "before"
_LONGEST_NAME: Final = 200


class WorkFolder:
    """The work folder of a dataset, locked.

    Attributes:
        path: the folder.
        dataset: the folder within that becomes the dataset.
    """

    def __init__(self, path: Path, out: Path) -> None:
        self.path = path
        self.dataset = path / "dataset"
        self._out = out

    def state(self) -> dict[str, Any] | None:
        """What `save` wrote last; None where nothing is, or it cannot be read."""
        try:
            state = json.loads((self.path / _STATE).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return state if isinstance(state, dict) else None

    def save(self, state: dict[str, Any]) -> None:
        """Says up to where everything is whole; what that counts on must be on the disk."""
        new = self.path / f"{_STATE}.new"
        with new.open("w", encoding="utf-8") as file:
            json.dump(state, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path / _STATE)

    def clear(self) -> None:
        """Makes room for a new dataset."""
        for entry in self.path.iterdir():
            if entry.name not in (_LOCK, _BEFORE):
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        self.dataset.mkdir()

    def publish(self) -> None:
        """Puts the dataset in its place and what was there out of the way."""
        before = self.path / _BEFORE
        shutil.rmtree(before, ignore_errors=True)
        if self._out.exists():
            self._out.rename(before)
        try:
            self.dataset.rename(self._out)
        except OSError:
            if before.exists():
                before.rename(self._out)
            raise
        self.remove()

    def restore(self) -> None:
        """Puts back the dataset that was there, if a run was killed between the two renames."""
        before = self.path / _BEFORE
        if before.exists() and not self._out.exists():
            before.rename(self._out)

    def remove(self) -> None:
        """Removes the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)


@contextmanager
def work_folder(out: Path) -> Iterator[WorkFolder]:
    """Opens or makes the work folder of a dataset and holds its lock during the block.

    Raises:
        DatasetError: when another run holds it.
        OSError: when it cannot be made.
    """
    out = Path(os.path.abspath(out))  # noqa: PTH100 - where a link stands, not where it leads
    name = out.name
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    path = out.parent / f".{name}.jazzgen"
    with _locked(path, out):
        folder = WorkFolder(path, out)
        folder.restore()
        yield folder


@contextmanager
def _locked(path: Path, out: Path) -> Iterator[None]:
    while True:
        path.mkdir(parents=True, exist_ok=True)
        try:
            lock = (path / _LOCK).open("w")
        except FileNotFoundError:  # another run has just removed the folder
            continue
        with lock:
            if not _lock(lock):
                raise DatasetError(
                    f"{out}: another jazzgen preprocess is writing it; wait for it to end"
                )
            if _is_there(lock, path / _LOCK):
                yield
                return


def _lock(file: IO[str]) -> bool:
    """Whether the lock could be had; where there are no locks it always can."""
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a network file system without locks
            return True
    return True


def _is_there(file: IO[str], path: Path) -> bool:
    """Whether the opened file is the one at `path`, rather than one that has been removed."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    return False
