"""Swing bends time within beats: it moves off-beats, and nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jazzgen.music.changes import Changes
from jazzgen.music.notes import Notes
from jazzgen.music.swing import swung

FOUR = Changes.unaccompanied(4)


def onsets(ticks, ratio, changes=FOUR):
    notes = Notes.of([(tick, 1, 60) for tick in ticks])
    return swung(notes, changes, ratio).onset.tolist()


@pytest.mark.parametrize(
    ("ratio", "off_beat"), [(1.0, 240), (1.5, 288), (2.0, 320), (3.0, 360)], ids=str
)
def test_off_beat_eighths_move_to_the_ratio(ratio, off_beat):
    assert onsets([0, 12, 24, 36], ratio) == [0, off_beat, 480, 480 + off_beat]
    assert onsets([12], ratio) == [off_beat]


def test_sixteenths_move_in_proportion():
    assert onsets([0, 6, 12, 18], 2.0) == [0, 160, 320, 400]


@pytest.mark.parametrize("beat", [[0, 8, 16], [8], [0, 16], [0, 10], [0, 4, 12], [0, 12, 20]])
def test_triplets_and_free_places_stay(beat):
    assert onsets(beat, 3.0) == [20 * tick for tick in beat]
    assert onsets([*beat, 36], 3.0)[-1] == 480 + 360  # the next beat swings all the same


def test_what_misses_a_sixteenth_by_a_tick_swings_with_it():
    assert onsets([1, 11, 13], 2.0) == [27, 293, 333]


def test_beats_are_counted_from_each_bar_line():
    seven_eight = Changes.build([], [0, 84, 168])
    # The last eighth of the bar is half a beat: it stays, and the next bar begins a beat.
    assert onsets([72, 78, 84, 96], 2.0, seven_eight) == [1440, 1560, 1680, 1680 + 320]


lines = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 20)), min_size=1, max_size=40)


@settings(deadline=None)
@given(lines, st.floats(1, 3), st.sampled_from([96, 72, 84, 37]))
def test_order_and_length_stay(rows, ratio, bar):
    tick, notes = 0, []
    for length, rest in rows:
        notes.append((tick, length, 60))
        tick += length + rest
    line = Notes.of(notes)
    changes = Changes.build([], range(0, (line.end // bar + 2) * bar, bar))
    bent = swung(line, changes, ratio)
    assert bent.is_monophonic
    assert np.all(bent.length >= 1)
    assert np.all(np.diff(bent.onset) > 0)
    # Bent or not, nothing leaves its beat, and beats stay where they are.
    within = line.onset % bar
    beat = line.onset - within + within // 24 * 24
    on_beat = within % 24 == 0
    assert np.array_equal(bent.onset[on_beat], 20 * line.onset[on_beat])
    assert np.all(bent.onset >= 20 * beat)
    assert np.all(bent.onset < 20 * (beat + 24))
    legato = line.onset[1:] == (line.onset + line.length)[:-1]
    assert np.array_equal(bent.onset[1:] == (bent.onset + bent.length)[:-1], legato)
    assert bent.end <= 20 * changes.end


def test_no_notes():
    assert len(swung(Notes.empty(), FOUR, 2.0)) == 0


@pytest.mark.parametrize("ratio", [0.5, 3.5, float("nan")])
def test_ratios_that_are_none(ratio):
    with pytest.raises(ValueError, match="swing ratio"):
        swung(Notes.empty(), FOUR, ratio)
