import numpy as np

from jazzgen.corpus.struck_chords import struck_chords
from jazzgen.music.notes import Notes

BARS = np.arange(0, 5 * 96, 96, dtype=np.int32)


def test_notes_struck_together_are_a_chord_with_its_lowest_note():
    rows = struck_chords(Notes.of([(0, 24, 64), (1, 24, 52), (0, 24, 60), (48, 9, 59)]), BARS)
    [(tick, chord)] = rows
    assert tick == 0
    assert chord.pitch_classes == (0, 4)
    assert chord.bass == 4


def test_a_bars_first_chord_counts_from_the_bar_line():
    notes = Notes.of(
        [(12, 9, 60), (12, 9, 64), (120, 9, 62), (120, 9, 65), (150, 9, 60), (150, 9, 67)]
    )
    assert [tick for tick, _ in struck_chords(notes, BARS)] == [0, 96, 150]


def test_equal_neighbours_are_one_and_single_notes_none():
    notes = Notes.of([(0, 9, 60), (0, 9, 64), (24, 9, 60), (24, 9, 64), (48, 9, 60)])
    assert len(struck_chords(notes, BARS)) == 1
    assert struck_chords(Notes.empty(), BARS) == []
