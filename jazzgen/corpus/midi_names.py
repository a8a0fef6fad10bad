"""Finding MIDI files, and keeping the names of many."""

import os
from array import array
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from jazzgen.errors import CorpusError


class PackedNames:
    """Names end to end: a hundred thousand take two megabytes, as strings they take ten."""

    def __init__(self, names: Iterable[str]) -> None:
        self._text = bytearray()
        self._ends = array("Q", [0])
        for name in names:
            self._text += os.fsencode(name)
            self._ends.append(len(self._text))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __iter__(self) -> Iterator[str]:
        return self.some(0, len(self))

    def some(self, first: int, after: int) -> Iterator[str]:
        """Those from number `first` to before `after`."""
        for start, end in pairwise(self._ends[max(first, 0) : max(after, -1) + 1]):
            yield os.fsdecode(bytes(self._text[start:end]))


def names_of(path: Path, suffixes: tuple[str, ...]) -> Iterator[str]:
    """The file's name, or the paths of all MIDI files below the folder, with `/`, in order.

    Raises:
        CorpusError: when there is none.
    """
    if path.is_file():
        yield path.name
        return
    if not path.is_dir():
        raise CorpusError(f"{path}: no such file or folder")
    found = False
    for name in _below(str(path), "", suffixes):
        found = True
        yield name
    if not found:
        raise CorpusError(f"{path}: no MIDI files ({' '.join(suffixes)}) in this folder")


def _below(folder: str, prefix: str, suffixes: tuple[str, ...]) -> Iterator[str]:
    """Paths of the MIDI files below a folder, ordered folder by folder, so that few are held."""
    try:
        with os.scandir(folder) as entries:
            inside = sorted((entry.name, entry.is_dir(), entry.is_symlink()) for entry in entries)
    except OSError:  # a folder that may not be entered
        return
    for name, is_folder, is_link in inside:
        if not is_folder:
            if name.lower().endswith(suffixes):
                yield prefix + name
        elif not is_link:  # links to folders may go round in circles
            yield from _below(os.path.join(folder, name), f"{prefix}{name}/", suffixes)  # noqa: PTH118
