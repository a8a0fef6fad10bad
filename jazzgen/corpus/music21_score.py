"""Scores in MusicXML and Humdrum, read with music21."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from jazzgen.corpus.written_bars import WrittenBar, WrittenNote
from jazzgen.errors import ChordError, CorpusError
from jazzgen.music.chords import NO_CHORD, Chord, parse_chord


@dataclass(slots=True)
class Score:
    """A score as written.

    Attributes:
        bars: its bars; the top part holds the melody.
        compound: whether it starts in 6/8, 9/8 or 12/8.
        title: empty when it has none.
        composer: empty when it names none.
        grace_notes: grace notes of the melody left out.
        tempo_bpm: beats a minute at the start; None when the score does not say.
    """

    bars: list[WrittenBar]
    compound: bool
    title: str
    composer: str
    grace_notes: int
    tempo_bpm: float | None


def read_score(path: Path) -> Score:
    """Reads a score.

    Raises:
        CorpusError: when it has no bars.
    """
    from music21 import converter, stream, tempo

    # Neither taken from nor left in music21's folder of pickled scores.
    score = converter.parse(path, forceSource=True, storePickle=False)
    if isinstance(score, stream.Opus):
        score = score.scores[0]
    parts = list(score.parts) or [score]
    measures = [list(part.getElementsByClass(stream.Measure)) for part in parts]
    if not measures[0]:
        raise CorpusError("it has no bars")
    bars: list[WrittenBar] = []
    grace_notes = 0
    metre: Fraction | None = None
    compound = False
    for number, measure in enumerate(measures[0]):
        if measure.timeSignature is not None:
            signature = measure.timeSignature
            metre = Fraction(signature.barDuration.quarterLength)
            if not bars:
                compound = signature.denominator == 8 and signature.numerator in (6, 9, 12)
        bar = WrittenBar(metre, Fraction(measure.duration.quarterLength))
        notes = list(_notes(measure))
        bar.notes = [note for note in notes if note.length > 0]
        grace_notes += len(notes) - len(bar.notes)
        bar.chords = list(_chords(measure))
        for other in measures[1:]:
            if number < len(other):
                bar.others += [note for note in _notes(other[number]) if note.length > 0]
                bar.chords += _chords(other[number])
        bars.append(bar)
    marks = score.recurse().getElementsByClass(tempo.MetronomeMark)
    bpm = next((mark.getQuarterBPM() for mark in marks if mark.number), None)
    about = score.metadata
    title = str((about and (about.title or about.movementName)) or "")
    return Score(
        bars,
        compound,
        title=title if title != path.name else "",  # music21 names the nameless after their file
        composer=str((about and about.composer) or ""),
        grace_notes=grace_notes,
        tempo_bpm=float(bpm) if bpm else None,
    )


def _notes(measure: Any) -> Iterator[WrittenNote]:
    """All notes of a measure, of all its voices; grace notes have length 0."""
    from music21 import chord, harmony, note

    for element in measure.recurse().notes:
        if isinstance(element, harmony.Harmony) or not isinstance(element, note.Note | chord.Chord):
            continue
        offset = Fraction(element.getOffsetInHierarchy(measure))
        length = Fraction(0 if element.duration.isGrace else element.duration.quarterLength)
        for one in element.notes if isinstance(element, chord.Chord) else (element,):
            tie = one.tie or element.tie
            tied = tie is not None and tie.type in ("stop", "continue")
            yield WrittenNote(offset, length, one.pitch.midi, tied)


def _chords(measure: Any) -> Iterator[tuple[Fraction, Chord]]:
    from music21 import harmony

    for symbol in measure.recurse().getElementsByClass(harmony.ChordSymbol):
        yield Fraction(symbol.getOffsetInHierarchy(measure)), _chord(symbol)


def _chord(symbol: Any) -> Chord:
    """A chord symbol of the score, by its pitches: its figure may be read in several ways."""
    if symbol.root() is None or not symbol.pitches:
        return NO_CHORD
    root, bass = symbol.root().pitchClass, symbol.bass().pitchClass
    tones = {pitch.pitchClass for pitch in symbol.pitches}
    # music21 writes flats as `-`, which in a chord symbol would be minor.
    name, flat = symbol.root().name, symbol.root().name.replace("-", "b")
    figure = str(symbol.figure)
    if figure.startswith(name):
        figure = flat + figure.removeprefix(name)
    mask = sum(1 << tone for tone in tones)
    try:
        parsed = parse_chord(figure)
    except ChordError:
        parsed = NO_CHORD
    if (parsed.root, parsed.tones) == (root, mask):
        return parsed
    return Chord(figure.replace(" ", ""), root, bass, mask)
