"""The collections of tunes and scores that the music21 package carries: corpora without download.

`music21:ryansMammoth` (1,059 fiddle tunes of Ryan's Mammoth Collection, Boston 1883),
`music21:oneills1850`, `music21:essenFolksong`, `music21:bach`, … Their licences are named in their
files and in music21's `corpus/license.txt`.

The melody is the top part. Chords are the score's chord symbols, else what the other parts sound,
else none. Repeats are not played out. music21 is imported when the first piece is read.
"""

import hashlib
import importlib.util
import re
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from jazzgen.corpus.harmony import heard_chords
from jazzgen.corpus.music21_abc import read_tune, split_tunes
from jazzgen.corpus.music21_score import read_score
from jazzgen.corpus.piece import Piece, Skipped, starting_at_first_bar
from jazzgen.corpus.skyline import skyline
from jazzgen.corpus.written_bars import WrittenBar, assemble
from jazzgen.errors import CorpusError
from jazzgen.music.changes import Changes

PREFIX: Final = "music21:"
"""How the name of a source starts that is a collection of music21."""

DEFAULT_TEMPO_BPM: Final = 120.0
"""Tempo of tunes that name none."""

_ABC: Final = ".abc"
_SCORES: Final = (".mxl", ".musicxml", ".xml", ".krn")
_ANALYSES: Final = (".rntxt",)


def music21_collections() -> tuple[str, ...]:
    """Names of the collections, sorted; does not import music21.

    Raises:
        CorpusError: when the music21 package or its corpus is not installed.
    """
    root = _root()
    return tuple(
        folder.name
        for folder in sorted(root.iterdir())
        if folder.is_dir() and any(path.suffix in (_ABC, *_SCORES) for path in folder.rglob("*.*"))
    )


def _root() -> Path:
    package = importlib.util.find_spec("music21")
    if package is None or package.origin is None:
        raise CorpusError("the music21 package is not installed")
    root = Path(package.origin).parent / "corpus"
    if not root.is_dir():
        raise CorpusError("the music21 package is installed without its corpus")
    return root


class Music21Source:
    """One collection; an item is a tune of an ABC file or a score."""

    def __init__(self, collection: str) -> None:
        """Finds the collection.

        Args:
            collection: its name, with or without `music21:` before it.

        Raises:
            CorpusError: when there is no such collection.
        """
        collection = collection.removeprefix(PREFIX)
        known = music21_collections()
        if collection not in known:
            raise CorpusError(
                f"{PREFIX}{collection}: music21 carries no such collection; "
                f"it has {', '.join(known)}"
            )
        self.name = PREFIX + collection
        self.licence = "As each collection of the music21 package states, see music21.org"
        self._folder = _root() / collection
        self._files = sorted(
            path
            for path in self._folder.rglob("*.*")
            if path.suffix in (_ABC, *_SCORES, *_ANALYSES)
        )

    def sha256(self) -> str:
        """Fingerprint of the names and contents of all files."""
        digest = hashlib.sha256()
        for path in self._files:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{content} {path.relative_to(self._folder).as_posix()}\n".encode())
        return digest.hexdigest()

    def __len__(self) -> int:
        return self._items

    @cached_property
    def _items(self) -> int:
        return sum(len(_tunes(path)) if path.suffix == _ABC else 1 for path in self._files)

    def __iter__(self) -> Iterator[Piece | Skipped]:
        """Yields tunes and scores in the order of their files; what cannot be read is skipped."""
        for path in self._files:
            key = path.relative_to(self._folder).as_posix()
            if path.suffix == _ABC:
                for tune_key, text in _keyed(key, _tunes(path)):
                    yield _guarded(tune_key, text)
            elif path.suffix in _ANALYSES:
                yield Skipped(key, "an analysis in Roman numerals, without a melody")
            else:
                yield _guarded(key, path)


def _tunes(path: Path) -> list[tuple[str, str]]:
    """Number and text of each tune in an ABC file; one without text when there is none."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return list(split_tunes(text)) or [("", "")]


def _keyed(file: str, tunes: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    if len(tunes) == 1:
        yield file, tunes[0][1]
        return
    seen: Counter[str] = Counter()
    for number, text in tunes:
        seen[number] += 1
        again = f".{seen[number]}" if seen[number] > 1 else ""
        yield f"{file}#{number}{again}", text


def _guarded(key: str, source: str | Path) -> Piece | Skipped:
    try:
        with _quiet_music21() as warned:
            piece = _read_abc(key, source) if isinstance(source, str) else _read_file(key, source)
        if any("assuming C" in text for text in warned):
            return Skipped(key, "it has a note that music21 cannot read")
    except CorpusError as error:
        return Skipped(key, str(error))
    except Exception as error:  # music21's parsers raise whatever their innermost line raises
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        return Skipped(key, f"music21 cannot read it ({reason})")
    return piece


@contextmanager
def _quiet_music21() -> Iterator[list[str]]:
    """Keeps warnings away from the user and collects music21's own, which go to stderr."""
    texts: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from music21.environment import Environment

        def collect(_self: object, text: object, _header: object = None) -> None:
            texts.append(str(text))

        # Not by redirecting stderr: a progress bar may be drawing on it from another thread.
        warn, Environment.warn = Environment.warn, collect
        try:
            yield texts
        finally:
            Environment.warn = warn


def _read_abc(key: str, text: str) -> Piece:
    if not text:
        raise CorpusError("it has no tune (no `X:` field)")
    tune = read_tune(text)
    about = {
        name: tune.fields[letter]
        for letter, name in (("T", "title"), ("C", "composer"), ("R", "style"))
        if tune.fields.get(letter)
    }
    return _piece(key, tune.bars, about, tune.tempo_bpm, tune.grace_notes)


def _read_file(key: str, path: Path) -> Piece:
    score = read_score(path)
    named = (("title", score.title), ("composer", score.composer))
    about = {name: value for name, value in named if value}
    return _piece(
        key, score.bars, about, score.tempo_bpm, score.grace_notes, compound=score.compound
    )


def _piece(
    key: str,
    bars: list[WrittenBar],
    about: dict[str, str],
    tempo_bpm: float | None,
    grace_notes: int,
    *,
    compound: bool = False,
) -> Piece:
    whole = assemble(bars)
    line = skyline(whole.notes)
    if not len(line.notes):
        raise CorpusError("it has no notes")
    remarks = []
    # A few symbols in a score of several parts are figures or comments, not its harmony.
    bars_per_symbol = len(whole.bar_lines) / max(1, len(whole.chords))
    if whole.chords and (bars_per_symbol <= 4 or not len(whole.others)):
        chords, origin = whole.chords, "chords from the chord symbols"
    elif len(whole.others):
        lines = np.array(whole.bar_lines, dtype=np.int32)
        chords = heard_chords(whole.others, lines, compound=compound)
        origin = "chords from the other parts"
    else:
        chords, origin = [], "unaccompanied: it has no chords"
    remarks.append(origin)
    for count, what in (
        (line.merged, "notes below the melody left out"),
        (grace_notes, "grace notes left out"),
        (whole.irregular, "bars longer or shorter than the metre says"),
    ):
        if count:
            remarks.append(f"{count} {what}")
    tempo = tempo_bpm if tempo_bpm and 20 <= tempo_bpm <= 500 else DEFAULT_TEMPO_BPM
    return starting_at_first_bar(
        Piece(
            key=key,
            group=_group(about.get("title", "")) or key,
            notes=line.notes,
            changes=Changes.build(chords, whole.bar_lines),
            tempo_bpm=tempo,
            about=about,
            remarks=tuple(remarks),
        )
    )


def _group(title: str) -> str:
    """A tune's title without its kind (`-- Reel`), case, accents and signs."""
    bare = re.sub(r"\(.*?\)", " ", title.split("--", 1)[0])
    plain = unicodedata.normalize("NFKD", bare).encode("ascii", "ignore").decode().casefold()
    return " ".join(word for word in re.findall(r"[a-z0-9]+", plain.replace("'", "")))
