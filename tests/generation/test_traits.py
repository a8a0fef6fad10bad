"""Traits of candidates, worked out by hand."""

import numpy as np
import pytest

from jazzgen.encoding.base import EVENT, LENGTH
from jazzgen.encoding.interval import FIRST_LENGTH, LENGTHS, MAX_LEAP, REST
from jazzgen.generation.forms import Forms
from jazzgen.generation.traits import EVENT_TRAITS, LENGTH_TRAITS
from jazzgen.generation.traits import Traits as ManyTraits
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord

CHANGES = Changes.build([(0, parse_chord("C7")), (384, parse_chord("F7"))], range(0, 96 * 9, 96))


class Traits:
    """Those of a single solo."""

    def __init__(self, changes):
        self._forms = Forms()
        self._start = self._forms.add(changes, changes, 120.0, None)
        self.rows = ManyTraits(self._forms)

    def of(self, tick, phase, reference):
        place, tick, pitch = (np.array([n]) for n in (self._start + tick, tick, reference))
        return self.rows.table(place, tick, phase, pitch)[0]

    def push(self, value, tick, reference):
        phase = EVENT if value <= REST else LENGTH
        self.rows.push(np.array([value]), np.array([tick]), phase, np.array([reference]))


def play(traits, *notes, start=60):
    """Pushes triples of onset, pitch and length; the pitch before them is `start`."""
    before = start
    for onset, pitch, length in notes:
        traits.push(pitch - before + MAX_LEAP, onset, pitch)
        traits.push(FIRST_LENGTH + LENGTHS.index(length), onset, pitch)
        before = pitch


def column(table, name):
    names = EVENT_TRAITS if table.shape[1] == len(EVENT_TRAITS) else LENGTH_TRAITS
    return table[:, names.index(name)]


def leaps_with(traits, name, tick, reference):
    marked = column(traits.of(tick, EVENT, reference), name)
    return [int(i) - MAX_LEAP for i in np.flatnonzero(marked[:REST])]


def lengths_with(traits, name, tick):
    marked = column(traits.of(tick, LENGTH, 60), name)
    return [LENGTHS[i] for i in np.flatnonzero(marked)]


def test_shapes():
    traits = Traits(CHANGES)
    assert traits.of(0, EVENT, 60).shape == (REST + 1, len(EVENT_TRAITS))
    assert traits.of(0, LENGTH, 60).shape == (len(LENGTHS), len(LENGTH_TRAITS))


def test_what_a_leap_lands_on():
    traits = Traits(CHANGES)
    near = [leap for leap in leaps_with(traits, "chord tone", 0, 60) if 0 <= leap < 12]
    assert near == [0, 4, 7, 10]
    assert leaps_with(traits, "chord tone on the beat", 5, 60) == []
    assert leaps_with(traits, "degree b7", 384, 65) == [-14, -2, 10, 22]  # Eb over F7
    assert 1 not in leaps_with(traits, "scale tone", 0, 60)


def test_without_a_chord_there_are_no_degrees():
    table = Traits(Changes.unaccompanied(4)).of(0, EVENT, 60)
    for name in ("chord tone", "scale tone", "degree root", "degree 5"):
        assert not column(table, name).any()


def test_turns_and_what_was_heard():
    traits = Traits(CHANGES)
    play(traits, (0, 60, 12), (12, 67, 12))
    assert leaps_with(traits, "turn", 24, 67) == list(range(-24, 0))
    assert leaps_with(traits, "turn after a leap", 24, 67) == list(range(-24, 0))
    here = [leap for leap in leaps_with(traits, "heard in this bar", 24, 67) if -7 <= leap <= 0]
    assert here == [-7, 0]
    assert leaps_with(traits, "heard in this bar", 200, 67) == []
    assert leaps_with(traits, "heard in four bars", 200, 67) != []
    assert leaps_with(traits, "heard in four bars", 12 + 384, 67) == []


def test_a_note_that_has_come_three_times():
    traits = Traits(CHANGES)
    play(traits, (0, 60, 12), (12, 60, 12))
    assert leaps_with(traits, "unison after unisons", 24, 60) == []
    play(traits, (24, 60, 12))
    assert leaps_with(traits, "unison after unisons", 36, 60) == [0]


def test_groups_of_intervals_that_come_again():
    traits = Traits(CHANGES)
    play(traits, *((12 * i, pitch, 12) for i, pitch in enumerate((60, 62, 64, 65, 60, 62, 64))))
    assert leaps_with(traits, "second interval again", 84, 64) == [1, 2]
    assert leaps_with(traits, "third interval again", 84, 64) == [1]
    assert leaps_with(traits, "fourth interval again", 84, 64) == []
    assert leaps_with(traits, "third interval again", 84 + 8 * 96, 64) == []  # long ago


def test_the_same_place_a_bar_ago():
    traits = Traits(CHANGES)
    play(traits, (0, 64, 24), (24, 60, 24))
    assert leaps_with(traits, "as a bar ago", 96, 60) == [4]
    assert leaps_with(traits, "as four bars ago", 384 + 24, 62) == [-2]
    assert leaps_with(traits, "as a bar ago", 97, 60) == []


def test_rests_by_what_was_played_before():
    traits = Traits(CHANGES)

    def rest(name, tick=50):
        return column(traits.of(tick, EVENT, 60), name)[REST]

    play(traits, (0, 60, 12))
    assert (rest("rest"), rest("rest after one note"), rest("rest after few notes")) == (1, 1, 1)
    assert (rest("rest on the beat"), rest("rest on the beat", 48)) == (0, 1)
    play(traits, *((12 * i, 60, 12) for i in range(1, 26)))
    assert (rest("rest after few notes"), rest("rest after many notes")) == (0, 1)
    traits.push(REST, 312, 60)
    assert rest("rest after many notes") == 0


def test_lengths():
    traits = Traits(CHANGES)
    onsets = (0, 12, 18, 24, 36, 42)
    play(traits, *((onset, 60, 6) for onset in onsets))  # steps 12 6 6 12 6
    assert lengths_with(traits, "as far as the last", 42) == [6]
    assert lengths_with(traits, "as far as the last two", 42) == []
    assert lengths_with(traits, "third step again", 42) == [6]
    assert lengths_with(traits, "fourth step again", 42) == []
    traits.push(REST, 48, 60)
    assert lengths_with(traits, "as far as the last", 45) == [3]  # what a note's length left open
    traits = Traits(CHANGES)
    assert lengths_with(traits, "length 5-6", 60) == [5, 6]
    assert lengths_with(traits, "ends on the half beat", 60) == [24, 48, 72, 96]
    assert lengths_with(traits, "ends on a bar line", 60) == [36]
    traits.push(REST, 60, 60)
    assert lengths_with(traits, "length 5-6", 60) == []
    assert lengths_with(traits, "rest of two beats or more", 60) == [48, 60, 72, 84, 96]
    assert lengths_with(traits, "rest ends on the beat", 60) == [12, 36, 60, 84]


def test_pauses_by_the_phrase_before():
    traits = Traits(CHANGES)
    play(traits, (0, 60, 12))
    traits.push(REST, 12, 60)
    pauses = [length for length in LENGTHS if length >= 24]
    assert lengths_with(traits, "pause after one note", 12) == pauses
    assert lengths_with(traits, "pause after few notes", 12) == pauses
    traits.push(FIRST_LENGTH + LENGTHS.index(12), 12, 60)  # too short to be a pause
    play(traits, (24, 60, 12))
    traits.push(REST, 36, 60)
    assert lengths_with(traits, "pause after one note", 36) == []
    assert lengths_with(traits, "pause after few notes", 36) == pauses
    traits.push(FIRST_LENGTH + LENGTHS.index(24), 36, 60)
    play(traits, (60, 60, 12))
    traits.push(REST, 72, 60)
    assert lengths_with(traits, "pause after one note", 72) == pauses


def test_beyond_the_range_so_far():
    traits = Traits(CHANGES)
    play(traits, *((12 * i, 60 + i % 3, 12) for i in range(15)))
    assert leaps_with(traits, "beyond the range so far", 180, 62) == []
    play(traits, (180, 60, 12), start=62)
    beyond = leaps_with(traits, "beyond the range so far", 192, 60)
    assert beyond == [*range(-24, 0), *range(3, 25)]


@pytest.mark.parametrize("shift", [1, 5, 11])
def test_transposing_everything_changes_nothing(shift):
    chords = [(0, parse_chord("C7").transposed(shift)), (384, parse_chord("F7").transposed(shift))]
    moved = Traits(Changes.build(chords, CHANGES.bar_lines.tolist()))
    here = Traits(CHANGES)
    play(here, (0, 60, 12), (12, 67, 12), (24, 64, 12))
    play(moved, (0, 60 + shift, 12), (12, 67 + shift, 12), (24, 64 + shift, 12), start=60 + shift)
    assert np.allclose(here.of(36, EVENT, 64), moved.of(36, EVENT, 64 + shift))


def test_side_by_side_as_each_alone():
    """Solos over different changes that begin and end at different times."""
    rng = np.random.default_rng(3)
    forms = Forms()
    starts = np.array([forms.add(c, c, 120.0, None) for c in (CHANGES, Changes.unaccompanied(9))])
    rows = np.array([0, 1, 0, 1, 1])
    many, alone = ManyTraits(forms, 5), [ManyTraits(forms) for _ in rows]
    tick, pitch = np.zeros(5, dtype=np.int64), np.full(5, 60)
    for step in range(160):
        phase = step % 2
        if step == 100:  # a solo begins anew
            many.put(2, ManyTraits(forms))
            alone[2], tick[2], pitch[2] = ManyTraits(forms), 0, 60
        if step == 120:  # the second ends, the last takes its place
            many.put(1, many, 4)
            many.shrink(4)
            alone[1:] = [alone[4], *alone[2:4]]
            rows, tick, pitch = (np.append(x[[0, 4]], x[2:4]) for x in (rows, tick, pitch))
        place = starts[rows] + tick
        table = many.table(place, tick, phase, pitch)
        for k, own in enumerate(alone):
            at = slice(k, k + 1)
            mine = own.table(place[at], tick[at], phase, pitch[at])
            np.testing.assert_array_equal(mine[0], table[k])
        if phase == EVENT:
            values = np.where(rng.random(len(rows)) < 0.15, REST, MAX_LEAP + rng.integers(-3, 4))
            pitch = np.where(values < REST, pitch + values - MAX_LEAP, pitch)
        else:
            values = FIRST_LENGTH + rng.integers(0, 12, size=len(rows))
        many.push(values, tick, phase, pitch)
        for k, own in enumerate(alone):
            at = slice(k, k + 1)
            own.push(values[at], tick[at], phase, pitch[at])
        if phase != EVENT:
            tick = (tick + np.array(LENGTHS)[values - FIRST_LENGTH]) % 800
    assert len(rows) == 4


def test_many_short_notes_are_all_remembered():
    """More within eight bars than there was room for at first."""
    traits = Traits(CHANGES)
    pitches = [60 + (i % 7) * (i % 3) for i in range(200)]
    play(traits, *((3 * i, pitch, 3) for i, pitch in enumerate(pitches)))
    leaps = np.diff(pitches)
    for size, name in ((1, "second"), (2, "third"), (3, "fourth")):
        last = leaps[-size:].tolist()
        again = {
            int(leaps[i]) for i in range(size, len(leaps)) if leaps[i - size : i].tolist() == last
        }
        assert set(leaps_with(traits, f"{name} interval again", 600, pitches[-1])) == again
