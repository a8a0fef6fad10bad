"""MIDI files as a corpus: the melody of each over its changes."""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

import numpy as np

from jazzgen.corpus.harmony import ChordRows, song_chords
from jazzgen.corpus.melodic import PartProfile, profiles
from jazzgen.corpus.midi_names import PackedNames, names_of
from jazzgen.corpus.parts import ChordsChoice, PartChoice, choose_chords, choose_melody
from jazzgen.corpus.piece import Piece, Skipped, starting_at_first_bar
from jazzgen.corpus.skyline import Skyline, skyline
from jazzgen.corpus.struck_chords import struck_chords
from jazzgen.errors import MidiError
from jazzgen.music.changes import Changes
from jazzgen.music.general_midi import program_name
from jazzgen.music.midi_read import MidiSong, parse_midi
from jazzgen.music.notes import Notes
from jazzgen.music.ticks import TICKS_PER_BEAT

MIN_NOTES: Final = 8
"""Notes a melody must have to be a piece; two bars of quarters. Less teaches nothing."""

SUFFIXES: Final = (".mid", ".midi", ".kar", ".rmi", ".smf")
"""Endings of the files that are read from a folder, in any case of letters."""

Beats = tuple[float, float]
"""An excerpt in beats (quarter notes) from the file's start: from the first, before the second."""

_TAKE: Final = re.compile(
    r"(?:[\s_.-]*\((?:copy|alt\w*|take|version|ver|v)?[\s.]*\d*\)|[\s_.-]*\[[^]]*\]"
    r"|[\s_.-]+(?:copy|alt(?:ernate)?[\s_]?take|take|version|ver|v)[\s_.]*\d*|\.\d+)+$"
)


@dataclass(frozen=True, slots=True, eq=False)
class Understood:
    """A MIDI file as jazzgen understands it.

    Attributes:
        measured: what each part looks like.
        melody: the part with the melody.
        line: the melody made monophonic; of the excerpt only, if one was asked for.
        accompaniment: who plays the chords; also chosen, but not listened to, where the file has
            chord symbols.
        chords: ticks and chords of the whole file, empty when there are none.
        chords_from: `symbols`, `accompaniment` or `none`.
    """

    measured: tuple[PartProfile, ...]
    melody: PartChoice
    line: Skyline
    accompaniment: ChordsChoice
    chords: ChordRows
    chords_from: str

    def remarks(self, song: MidiSong) -> tuple[str, ...]:
        """What was chosen and lost, in sentences for the user."""
        part = song.parts[self.melody.index]
        name = part.name or program_name(part.program)
        said = [f"melody: part {part.index} ({name}), {self.melody.why}"]
        if self.chords_from == "symbols":
            said.append("chords from the chord symbols in the file")
        elif self.chords_from == "accompaniment":
            numbers = ", ".join(map(str, self.accompaniment.indexes))
            plural = "s" if len(self.accompaniment.indexes) > 1 else ""
            said.append(f"chords heard in part{plural} {numbers} ({self.accompaniment.why})")
        else:
            said.append(f"unaccompanied: {self.accompaniment.why}")
        if self.line.merged:
            plural = "s" if self.line.merged > 1 else ""
            said.append(f"{self.line.merged} note{plural} under the melody left out")
        return tuple(said)


@dataclass(frozen=True, slots=True)
class _Folder:
    """MIDI files below a folder: what goes before their keys, the folder, their paths in it."""

    prefix: str
    root: str
    names: PackedNames


class MidiSource:
    """MIDI files, and all MIDI files below folders, in order of their paths.

    A `DivisibleSource`; of a file nothing is kept but its path in the folder.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        melody: int | None = None,
        chords: Sequence[int] | None = None,
        beats: Beats | None = None,
        literal: bool = False,
    ) -> None:
        """Finds the files; they are read when the source is iterated.

        Args:
            paths: files (with any name) and folders.
            melody: number of the part with the melody in every file; else the most melodic.
            chords: numbers of the parts with the chords in every file.
            beats: an excerpt to take of every file.
            literal: take the accompaniment's chords as struck (see `struck_chords`).

        Raises:
            CorpusError: when a path does not exist or a folder holds no MIDI file.
        """
        self.name = ", ".join(dict.fromkeys(path.resolve().name for path in paths))
        self.licence = ""
        self._options: _Options = {
            "melody": melody,
            "chords": None if chords is None else tuple(chords),
            "beats": beats,
            "literal": literal,
        }
        self._digests: list[bytes] = []
        self._folders: list[_Folder] = []
        for path in paths:
            # Several folders may hold files of one name.
            above = f"{path.resolve().name}/" if len(paths) > 1 and path.is_dir() else ""
            root = path if path.is_dir() else path.parent
            self._folders.append(_Folder(above, str(root), PackedNames(names_of(path, SUFFIXES))))

    def part(self, first: int, after: int) -> "MidiSource":
        """The files from number `first` to before `after`, to be read by another process."""
        part = copy(self)
        part._digests = []
        part._folders = []
        for folder in self._folders:
            names = PackedNames(folder.names.some(first, after))
            if len(names):
                part._folders.append(_Folder(folder.prefix, folder.root, names))
            first -= len(folder.names)
            after -= len(folder.names)
        return part

    def _files(self) -> Iterator[tuple[str, str]]:
        """Key and path of every file."""
        for folder in self._folders:
            for name in folder.names:
                yield folder.prefix + name, os.path.join(folder.root, name)  # noqa: PTH118

    def item_keys(self) -> Iterator[str]:
        """The path of every file below its source."""
        return (key for key, _ in self._files())

    def sha256(self) -> str:
        """SHA-256 over the keys and the contents of all files."""
        return self.sha256_of(_digest(path) for _, path in self._files())

    def sha256_of(self, digests: Iterable[bytes]) -> str:
        """`sha256()` from the digests of all files; see `digests`."""
        whole = hashlib.sha256()
        for key, digest in zip(self.item_keys(), digests, strict=True):
            content = "unreadable" if digest == _UNREADABLE else digest.hex()
            whole.update(f"{key}\0{content}\n".encode("utf-8", "surrogateescape"))
        return whole.hexdigest()

    def digests(self) -> bytes:
        """SHA-256 of every file, 32 bytes each, zeros for one that cannot be read.

        If the source has been iterated over, what was read then counts.
        """
        if len(self._digests) == len(self):
            return b"".join(self._digests)
        return b"".join(_digest(path) for _, path in self._files())

    def state(self) -> str:
        """SHA-256 over options, and names, sizes and times of change of all files."""
        whole = hashlib.sha256(repr(sorted(self._options.items())).encode())
        for key, path in self._files():
            try:
                found = os.stat(path)  # noqa: PTH116 - a hundred thousand times
                seen = f"{found.st_size} {found.st_mtime_ns}"
            except OSError:
                seen = "unreadable"
            whole.update(f"{key}\0{path}\0{seen}\n".encode("utf-8", "surrogateescape"))
        return whole.hexdigest()

    def __len__(self) -> int:
        return sum(len(folder.names) for folder in self._folders)

    def __iter__(self) -> Iterator[Piece | Skipped]:
        self._digests = []
        for key, path in self._files():
            try:
                data = _read(path)
            except OSError as error:
                self._digests.append(_UNREADABLE)
                yield _unreadable(key, error)
            else:
                self._digests.append(hashlib.sha256(data).digest())
                yield parse_piece(data, key, **self._options)


_UNREADABLE: Final = bytes(32)


class _Options(TypedDict):
    """What `parse_piece` is told of every file."""

    melody: int | None
    chords: Sequence[int] | None
    beats: Beats | None
    literal: bool


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        return file.read()


def _digest(path: str) -> bytes:
    try:
        return hashlib.sha256(_read(path)).digest()
    except OSError:  # listed as skipped when it is iterated over
        return _UNREADABLE


def _unreadable(key: str, error: OSError) -> Skipped:
    return Skipped(key, f"cannot be read ({error.strerror})")


def midi_files(path: Path) -> list[Path]:
    """The file, or all MIDI files below the folder, in order of their paths.

    Raises:
        CorpusError: when there is none.
    """
    root = path.parent if path.is_file() else path
    return [root / name for name in names_of(path, SUFFIXES)]


def read_piece(
    path: Path,
    key: str,
    *,
    melody: int | None = None,
    chords: Sequence[int] | None = None,
    beats: Beats | None = None,
    literal: bool = False,
) -> Piece | Skipped:
    """Reads one file; the arguments are those of `parse_piece`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return _unreadable(key, error)
    return parse_piece(data, key, melody=melody, chords=chords, beats=beats, literal=literal)


def parse_piece(
    data: bytes,
    key: str,
    *,
    melody: int | None = None,
    chords: Sequence[int] | None = None,
    beats: Beats | None = None,
    literal: bool = False,
) -> Piece | Skipped:
    """Makes a piece of the bytes of a MIDI file.

    Args:
        data: the file.
        key: names the piece in its source.
        melody: number of the part with the melody; else the most melodic.
        chords: numbers of the parts with the chords.
        beats: the excerpt to take.
        literal: take the accompaniment's chords as struck.
    """
    try:
        song = parse_midi(data)
        seen = understand(song, melody=melody, chords=chords, beats=beats, literal=literal)
    except MidiError as error:
        return Skipped(key, str(error))
    notes = seen.line.notes
    if len(notes) < MIN_NOTES:
        where = " in these beats" if beats else ""
        count = f"only {len(notes)}" if len(notes) else "no"
        return Skipped(
            key, f"the melody (part {seen.melody.index}) has {count} notes{where}, too few to learn"
        )
    lines = song.bar_lines[: int(np.searchsorted(song.bar_lines, notes.end)) + 1]
    end = int(lines[-1])
    rows = [(tick, chord) for tick, chord in seen.chords if tick < end]
    part = song.parts[seen.melody.index]
    piece = Piece(
        key=key,
        group=tune(key),
        notes=notes,
        changes=Changes.build(rows, lines.tolist()),
        tempo_bpm=song.tempo_bpm,
        about={
            "title": Path(key).stem,
            "instrument": part.name or program_name(part.program),
        },
        remarks=seen.remarks(song),
    )
    return starting_at_first_bar(piece)


def understand(
    song: MidiSong,
    *,
    melody: int | None = None,
    chords: Sequence[int] | None = None,
    beats: Beats | None = None,
    literal: bool = False,
) -> Understood:
    """Finds melody and chords in a file.

    Args:
        song: the file.
        melody: number of the part with the melody; else the most melodic.
        chords: numbers of the parts with the chords; then these are listened to even when the
            file has chord symbols.
        beats: the excerpt from which the melody is taken.
        literal: take the accompaniment's chords as struck rather than recognise them.

    Raises:
        MidiError: when a part does not exist or is drums.
    """
    measured = profiles(song.parts, song.bar_lines)
    chosen = choose_melody(song, melody, measured=measured)
    line = skyline(song.parts[chosen.index].notes)
    accompaniment = choose_chords(song, chosen.index, chords, line=line.notes)
    rows, rows_from = song_chords(song, accompaniment.notes, listen=chords is not None)
    if literal and rows_from == "accompaniment":
        rows = struck_chords(accompaniment.notes, song.bar_lines)
    if beats is not None:
        line = skyline(_excerpt(song.parts[chosen.index].notes, beats))
    return Understood(measured, chosen, line, accompaniment, rows, rows_from)


def tune(key: str) -> str:
    """The tune a file holds, so that copies and takes of one stay together.

    The file's name in lower case, without ending, "(2)", "copy", "take 3", "[live]", ".1", and
    with every run of other signs than letters and digits as one space. A name without letters,
    such as a track number, says nothing without its folder.
    """
    path = Path(key.lower())
    stem = _TAKE.sub("", path.stem) or path.stem
    words = " ".join(re.findall(r"[^\W_]+", stem))
    if not any(sign.isalpha() for sign in words):
        words = f"{path.parent.as_posix()}/{words}"
    return words


def _excerpt(notes: Notes, beats: Beats) -> Notes:
    """Notes that begin in the excerpt, cut at its end."""
    start, end = (round(beat * TICKS_PER_BEAT) for beat in beats)
    inside = notes[(notes.onset >= start) & (notes.onset < end)]
    length = np.minimum(inside.length, end - inside.onset).astype(np.int32)
    return Notes(inside.onset, length, inside.pitch, inside.velocity)
