"""What every source of solos yields: pieces, and what it left out with the reason."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import numpy as np

from jazzgen.music.changes import Changes
from jazzgen.music.notes import Notes
from jazzgen.music.ticks import TICKS_PER_BEAT


@dataclass(frozen=True, slots=True)
class Piece:
    """One solo over its changes, on the tick grid, ready to be encoded.

    Attributes:
        key: names the piece within its source, stable between runs: the path below the source
            folder, or a database's own number.
        group: pieces with the same group are never split between training and validation
            (takes of one tune by one player).
        notes: the solo: monophonic, at least one note, onsets from 0. Tick 0 is the bar line at
            or before the first note.
        changes: chords and bar lines, reaching at least to the end of the last note.
        tempo_bpm: beats a minute.
        about: what else is known, such as `title`, `performer`, `style`, `instrument`.
        remarks: sentences for the user about choices and losses ("chords from the accompaniment
            (parts 2, 3)", "3 notes merged").
    """

    key: str
    group: str
    notes: Notes
    changes: Changes
    tempo_bpm: float = 120.0
    about: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something a source holds and jazzgen could not use.

    Attributes:
        source: the file, or the piece's key within it.
        reason: one clause without a full stop, such as "truncated MIDI: track 3 ends early".
    """

    source: str
    reason: str


class Source(Protocol):
    """A corpus that can be read piece by piece, however large it is."""

    name: str
    """How the corpus is called in reports, never a machine's absolute path."""

    licence: str
    """Whose the corpus is and under what terms, for model cards; empty where it is not known."""

    def sha256(self) -> str:
        """Fingerprint of what the source holds, for the record in `dataset.json`."""
        ...

    def __len__(self) -> int:
        """Number of items that `__iter__` will yield, for the progress bar."""
        ...

    def __iter__(self) -> Iterator[Piece | Skipped]:
        """Yields every item of the corpus once, in an order that is the same on every run."""
        ...


@runtime_checkable
class DivisibleSource(Source, Protocol):
    """A corpus of files that several processes can read, each a part of it."""

    def part(self, first: int, after: int) -> "DivisibleSource":
        """The items from `first` to before `after` as a source that can be pickled."""
        ...

    def item_keys(self) -> Iterator[str]:
        """The key of every item, in the order of `__iter__`."""
        ...

    def digests(self) -> bytes:
        """SHA-256 of every file, 32 bytes each, zeros for one that cannot be read.

        A file that `__iter__` has read is not read again.
        """
        ...

    def sha256_of(self, digests: Iterable[bytes]) -> str:
        """`sha256()` from the digests of all files."""
        ...

    def state(self) -> str:
        """Fingerprint of names, sizes and times of change, without reading any file."""
        ...


def starting_at_first_bar(piece: Piece) -> Piece:
    """The piece from the bar line at or before its first note; what lies ahead is cut.

    The last bar is completed when the notes reach past it.
    """
    lines = piece.changes.bar_lines
    first = max(0, int(np.searchsorted(lines, piece.notes.onset[0], side="right")) - 1)
    start = int(lines[first])
    notes = piece.notes.shifted(-start)
    kept = (lines[first:] - start).tolist()
    bar = kept[-1] - kept[-2] if len(kept) > 1 else 4 * TICKS_PER_BEAT
    while kept[-1] < notes.end:
        kept.append(kept[-1] + bar)
    if not start and len(kept) == len(lines):
        return piece
    starts = np.maximum(piece.changes.starts - start, 0).tolist()
    chords = dict(zip(starts, piece.changes.chords, strict=True))  # at tick 0 the last one stays
    return replace(
        piece, notes=notes, changes=Changes.build(list(chords.items()), kept, piece.changes.metre)
    )
