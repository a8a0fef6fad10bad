"""From bars as they are written in a score to a solo on the tick grid.

Scores give notes bar by bar, and bars are not always as long as their metre says: a pickup ahead
of the first bar line, a bar cut in two by a repeat sign. Times here are exact fractions of a beat
(a quarter note) until the last step puts them on the grid.

Repeats are not played out: every bar counts once, first and second endings follow each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import NamedTuple

from jazzgen.music.chords import Chord
from jazzgen.music.notes import Note, Notes
from jazzgen.music.ticks import TICKS_PER_BEAT


class WrittenNote(NamedTuple):
    """A note in a bar.

    Attributes:
        offset: beats from the start of the bar.
        length: beats, above 0.
        pitch: MIDI pitch.
        tied: whether it goes on with the note of its pitch that ends where it starts.
    """

    offset: Fraction
    length: Fraction
    pitch: int
    tied: bool = False


@dataclass(slots=True)
class WrittenBar:
    """A bar as written.

    Attributes:
        metre: beats it should hold; None where the score has no metre.
        length: beats it holds.
        notes: the notes of the part that holds the melody, in any order.
        others: the notes of all other parts.
        chords: chord symbols with the beats after which they start.
    """

    metre: Fraction | None
    length: Fraction = Fraction(0)
    notes: list[WrittenNote] = field(default_factory=list)
    others: list[WrittenNote] = field(default_factory=list)
    chords: list[tuple[Fraction, Chord]] = field(default_factory=list)

    def moved(self, beats: Fraction) -> "WrittenBar":
        """The same content `beats` later in the bar."""
        return WrittenBar(
            self.metre,
            self.length + beats,
            _moved(self.notes, beats),
            _moved(self.others, beats),
            [(offset + beats, chord) for offset, chord in self.chords],
        )


class Assembled(NamedTuple):
    """A score put together from its bars, on the tick grid.

    Attributes:
        notes: the part that holds the melody, at any polyphony.
        others: all other parts.
        bar_lines: ticks of all bar lines, from 0; strictly increasing.
        chords: ticks and chord symbols, in order; empty where the score has none.
        irregular: bars that are longer or shorter than their metre says.
    """

    notes: Notes
    others: Notes
    bar_lines: list[int]
    chords: list[tuple[int, Chord]]
    irregular: int


def assemble(bars: Sequence[WrittenBar]) -> Assembled:
    """Puts bars one after the other.

    A short first bar is a pickup and becomes the end of a whole bar; a short last bar is filled
    up; two short bars that make a whole one are joined; a bar that holds several whole ones is
    cut. Other bars keep the length they have. Tied notes become one.

    Args:
        bars: in order; empty ones are left out.
    """
    lines = [0]
    chords: dict[int, Chord] = {}
    notes: list[WrittenNote] = []
    others: list[WrittenNote] = []
    start, irregular = Fraction(0), 0
    for bar in _filled(_joined([bar for bar in bars if bar.length > 0])):
        notes += _moved(bar.notes, start)
        others += _moved(bar.others, start)
        chords.update((_ticks(start + offset), chord) for offset, chord in bar.chords)
        whole = bar.metre is not None and bar.length % bar.metre == 0
        irregular += bar.metre is not None and not whole
        unit = bar.metre if whole and bar.metre else bar.length
        for _ in range(int(bar.length / unit)):
            start += unit
            if _ticks(start) > lines[-1]:
                lines.append(_ticks(start))
    return Assembled(_on_grid(notes), _on_grid(others), lines, sorted(chords.items()), irregular)


def _moved(notes: Iterable[WrittenNote], beats: Fraction) -> list[WrittenNote]:
    return [note._replace(offset=note.offset + beats) for note in notes]


def _joined(bars: Sequence[WrittenBar]) -> list[WrittenBar]:
    """Makes one bar of two that a repeat sign has cut."""
    joined: list[WrittenBar] = []
    for bar in bars:
        last = joined[-1] if joined else None
        if (
            last is not None
            and bar.metre is not None
            and last.metre == bar.metre
            and last.length + bar.length == bar.metre
        ):
            second = bar.moved(last.length)
            joined[-1] = WrittenBar(
                bar.metre,
                bar.metre,
                last.notes + second.notes,
                last.others + second.others,
                last.chords + second.chords,
            )
        else:
            joined.append(bar)
    return joined


def _filled(bars: list[WrittenBar]) -> list[WrittenBar]:
    """Makes whole bars of a pickup and of a short last bar."""
    if len(bars) > 1 and bars[0].metre and bars[0].length < bars[0].metre:
        bars = [bars[0].moved(bars[0].metre - bars[0].length), *bars[1:]]
    if bars and bars[-1].metre and bars[-1].length < bars[-1].metre:
        bars = [*bars[:-1], replace(bars[-1], length=bars[-1].metre)]
    return bars


def _on_grid(notes: Iterable[WrittenNote]) -> Notes:
    rows = []
    for note in _tied(sorted(notes)):
        onset = _ticks(note.offset)
        length = max(1, _ticks(note.offset + note.length) - onset)
        rows.append(Note(onset, length, note.pitch))
    return Notes.of(rows)


def _tied(notes: Iterable[WrittenNote]) -> list[WrittenNote]:
    merged: list[WrittenNote] = []
    latest: dict[int, int] = {}  # pitch -> place in `merged` of its latest note
    for note in notes:
        place = latest.get(note.pitch)
        if note.tied and place is not None:
            before = merged[place]
            if before.offset + before.length == note.offset:
                merged[place] = before._replace(length=before.length + note.length)
                continue
        latest[note.pitch] = len(merged)
        merged.append(note)
    return merged


def _ticks(beats: Fraction) -> int:
    return int(beats * TICKS_PER_BEAT + Fraction(1, 2))
