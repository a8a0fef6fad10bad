"""From what a user names on the command line to a corpus."""

from pathlib import Path

from jazzgen.corpus.midi_source import MidiSource
from jazzgen.corpus.music21_source import Music21Source
from jazzgen.corpus.piece import Source
from jazzgen.corpus.wjazzd import WJazzDSource

_SQLITE = b"SQLite format 3\x00"
_MUSIC21 = "music21:"


def open_source(
    argument: str,
    *,
    melody: int | None = None,
    chords: tuple[int, ...] | None = None,
    beats: tuple[float, float] | None = None,
    literal_chords: bool = False,
) -> Source:
    """Opens a corpus.

    Args:
        argument: a MIDI file or a folder of them, the Weimar Jazz Database file, or
            `music21:NAME` for a collection that the music21 package carries.
        melody: MIDI only: number of the part that is the solo.
        chords: MIDI only: numbers of the parts that accompany it.
        beats: MIDI only: from and to, in beats, the excerpt to take.
        literal_chords: MIDI only: take the accompaniment's chords as struck, note by note, rather
            than ask which symbol is meant.

    Raises:
        CorpusError: when there is nothing of that kind.
    """
    if argument.startswith(_MUSIC21):
        return Music21Source(argument.removeprefix(_MUSIC21))
    path = Path(argument)
    if _is_database(path):
        return WJazzDSource(path)
    return MidiSource([path], melody=melody, chords=chords, beats=beats, literal=literal_chords)


def is_midi(argument: str) -> bool:
    """Whether `open_source` takes it for MIDI files."""
    return not argument.startswith(_MUSIC21) and not _is_database(Path(argument))


def _is_database(path: Path) -> bool:
    if path.suffix.lower() in (".db", ".sqlite", ".sqlite3"):
        return True
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False
