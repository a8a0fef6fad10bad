"""ABC tunes, read with music21's ABC parser.

music21 parses a tune in about a millisecond; making its stream objects takes thirty times that
and is not needed for a melody. What its parser stumbles over (decorations, slurs, grace notes,
inline fields) is taken out of the text first, and accidentals are made to hold until the bar line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from jazzgen.corpus.written_bars import WrittenBar, WrittenNote
from jazzgen.errors import ChordError, CorpusError
from jazzgen.music.chords import Chord, parse_chord

_FIELD: Final = re.compile(r"([A-Za-z]):(?!\|)\s*(.*)")
_INLINE: Final = re.compile(r"\[([A-Za-z]):([^\]]*)\]")
_QUOTED: Final = re.compile(r'("[^"]*")')
_GRACE: Final = re.compile(r"\{([^}]*)\}?")
# Decorations (!trill!, +fermata+, letters H-W and h-w, ~ and .), slurs, spacing, line ends.
_ORNAMENT: Final = re.compile(r"![^!|]*!|\+[a-z]+\+|[~.H-Wh-w`*$\\]|y\d*|\((?!\d)|\)|&[^|\n]*")
_NEEDED_FIELDS: Final = "XMLKV"
_TEMPO: Final = re.compile(r"(\d+)\s*/\s*(\d+)\s*=\s*(\d+)")
_BASS: Final = re.compile(r"/([a-g])([#b+]?)$")
_SEMITONES: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_PITCH: Final = re.compile(r"([A-G])(#+|-+|n)?(-?\d+)")


@dataclass(slots=True)
class Tune:
    """A tune as written.

    Attributes:
        bars: its bars.
        fields: the first of each of the header's fields, by letter: `T` title, `R` rhythm, ….
        grace_notes: grace notes left out.
        tempo_bpm: beats a minute; None when the tune does not say.
    """

    bars: list[WrittenBar]
    fields: dict[str, str]
    grace_notes: int
    tempo_bpm: float | None


def split_tunes(text: str) -> Iterator[tuple[str, str]]:
    """Cuts a file of ABC into tunes.

    Args:
        text: the file; what stands ahead of the first `X:` holds for all of its tunes.

    Yields:
        The tune's number (its `X:` field) and its text.
    """
    head, *tunes = re.split(r"(?m)^(?=X:)", text)
    common = "".join(
        line + "\n" for line in head.splitlines() if re.match(r"[ML]:", line)
    )  # defaults of the whole file
    for tune in tunes:
        number, _, rest = tune.partition("\n")
        yield number[2:].strip(), f"{number}\n{common}{rest}"


def read_tune(text: str) -> Tune:
    """Reads one tune.

    Raises:
        CorpusError: when it is not ABC.
    """
    from music21 import abcFormat

    cleaned, fields, grace_notes = _clean(text)
    handler = abcFormat.ABCHandler(abcVersion=(2, 1, 0))  # accidentals hold until the bar line
    handler.process(cleaned)
    tempo = None
    if match := _TEMPO.search(fields.get("Q", "")):
        over, under, number = map(int, match.groups())
        tempo = 4.0 * number * over / under if under else None
    return Tune(_bars(handler.tokens, abcFormat), fields, grace_notes, tempo)


def _clean(text: str) -> tuple[str, dict[str, str], int]:
    lines: list[str] = []
    fields: dict[str, str] = {}
    grace_notes = 0
    for raw in text.splitlines():
        line = raw.split("%", 1)[0].strip()
        if match := _FIELD.match(line):
            letter, content = match.groups()
            fields.setdefault(letter, content.strip())
            if letter in _NEEDED_FIELDS:
                lines.append(f"{letter}:{content}")
            continue
        pieces = _QUOTED.split(line)
        for i in range(0, len(pieces), 2):
            grace_notes += sum(len(re.findall("[A-Ga-g]", g)) for g in _GRACE.findall(pieces[i]))
            music = _INLINE.sub(_own_line, _GRACE.sub("", pieces[i]))
            pieces[i] = "\n".join(
                part if _FIELD.match(part) else _ORNAMENT.sub("", part).replace("x", "z")
                for part in music.split("\n")
            )
        # Texts above or below the staff ("^Segno") are no chord symbols.
        pieces[1::2] = [p if p[1:2] not in tuple("^_<>@") else "" for p in pieces[1::2]]
        lines.append("".join(pieces))
    return "\n".join(lines) + "\n", fields, grace_notes


def _own_line(inline: re.Match[str]) -> str:
    letter, content = inline.groups()
    return f"\n{letter}:{content}\n" if letter in _NEEDED_FIELDS else ""


def _bars(tokens: list[Any], abc: Any) -> list[WrittenBar]:
    """Gathers music21's tokens into bars; of several voices the first."""
    metre: Fraction | None = None
    bars = [WrittenBar(metre)]
    first_voice: str | None = None
    heard = True
    for token in tokens:
        bar = bars[-1]
        if isinstance(token, abc.ABCMetadata):
            if token.isMeter():
                parameters = token.getTimeSignatureParameters()
                metre = Fraction(4 * parameters[0], parameters[1]) if parameters else None
                if not bar.length:
                    bar.metre = metre
            elif token.isVoice():
                voice = str(token.data).split()[0] if str(token.data).split() else ""
                first_voice = voice if first_voice is None else first_voice
                heard = voice == first_voice
        elif not heard:
            continue
        elif isinstance(token, abc.ABCBar):
            if bar.length:
                bars.append(WrittenBar(metre))
        elif isinstance(token, abc.ABCNote):
            _add_note(bar, token, abc)
    return bars


def _add_note(bar: WrittenBar, token: Any, abc: Any) -> None:
    for text in token.chordSymbols:
        if chord := _chord(text.strip('" ')):
            bar.chords.append((bar.length, chord))
    length = Fraction(token.quarterLength)
    if token.activeTuplet is not None:
        length *= Fraction(token.activeTuplet.tupletMultiplier())
    names = (
        [note.pitchName for note in token.subTokens]
        if isinstance(token, abc.ABCChord)
        else [token.pitchName]
    )
    pitches = [_midi_pitch(name) for name in names if name]
    if pitches:
        tied = token.tie in ("stop", "continue")
        bar.notes.append(WrittenNote(bar.length, length, max(pitches), tied))
    bar.length += length


@lru_cache(maxsize=512)
def _midi_pitch(name: str) -> int:
    """MIDI pitch of music21's pitch name, such as `F#5`, `B-4` or `Cn5`."""
    match = _PITCH.fullmatch(name)
    if not match:
        raise CorpusError(f"the note {name} cannot be read")
    letter, accidental, octave = match.groups()
    alter = (accidental or "").count("#") - (accidental or "").count("-")
    return 12 * (int(octave) + 1) + _SEMITONES[letter] + alter


@lru_cache(maxsize=512)
def _chord(text: str) -> Chord | None:
    """The chord that a text above the staff names; None when it is another text, like `Fine`."""
    # The Nottingham tunes write basses small and sharps as `+`: `D/f+`.
    text = _BASS.sub(lambda bass: "/" + bass[1].upper() + bass[2].replace("+", "#"), text)
    try:
        return parse_chord(text)
    except ChordError:
        return None
