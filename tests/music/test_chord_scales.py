"""Scales that go with chords, as they are taught."""

import pytest

from jazzgen.music.chord_scales import scale_tones
from jazzgen.music.chords import NO_CHORD, parse_chord

SCALES = {
    "C": {0, 2, 4, 5, 7, 9, 11},
    "C6": {0, 2, 4, 5, 7, 9, 11},
    "Cmaj7": {0, 2, 4, 5, 7, 9, 11},
    "Cmaj7#11": {0, 2, 4, 6, 7, 9, 11},  # Lydian
    "Cmaj7#5": {0, 2, 4, 6, 8, 9, 11},  # Lydian augmented
    "C7": {0, 2, 4, 5, 7, 9, 10},  # Mixolydian
    "C7sus4": {0, 2, 4, 5, 7, 9, 10},
    "C13": {0, 2, 4, 5, 7, 9, 10},
    "C7#11": {0, 2, 4, 6, 7, 9, 10},  # Lydian dominant
    "C7b9": {0, 1, 3, 4, 6, 7, 9, 10},  # half-whole diminished
    "C7b9b13": {0, 1, 4, 5, 7, 8, 10},  # Phrygian dominant
    "C7b13": {0, 2, 4, 5, 7, 8, 10},
    "C7alt": {0, 1, 3, 4, 6, 8, 10},  # altered
    "C7#9#5": {0, 1, 3, 4, 6, 8, 10},
    "C7#5": {0, 2, 4, 6, 8, 10},  # whole tone
    "C+": {0, 2, 4, 6, 8, 10},
    "Cm7": {0, 2, 3, 5, 7, 9, 10},  # Dorian
    "Cm": {0, 2, 3, 5, 7, 9, 11},  # melodic minor
    "Cm6": {0, 2, 3, 5, 7, 9, 11},
    "CmMaj7": {0, 2, 3, 5, 7, 9, 11},
    "Cø": {0, 2, 3, 5, 6, 8, 10},  # Locrian with a natural 9
    "Co7": {0, 2, 3, 5, 6, 8, 9, 11},  # whole-half diminished
    "Co": {0, 2, 3, 5, 6, 8, 9, 11},
}


@pytest.mark.parametrize("symbol", SCALES)
def test_the_scale_of(symbol):
    chord = parse_chord(symbol)
    wanted = sum(1 << tone for tone in SCALES[symbol])
    assert scale_tones(chord) == wanted
    for semitones in (1, 5, 11):
        up = scale_tones(chord.transposed(semitones))
        assert up == (wanted << semitones | wanted >> (12 - semitones)) & 0xFFF
    assert scale_tones(chord) & chord.tones == chord.tones


def test_no_chord_has_no_scale():
    assert scale_tones(NO_CHORD) == 0
