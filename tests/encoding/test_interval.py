"""The interval encoding: its table, its round trip, the fitting of lengths, what may follow."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.base import EVENT, LENGTH, START_PITCH
from jazzgen.encoding.interval import (
    END,
    FIRST_LENGTH,
    LENGTHS,
    MAX_LEAP,
    REST,
    REST_COST,
    VOCABULARY,
    IntervalDecoder,
    IntervalEncoding,
    encode_notes,
    fit_lengths,
    fold_leap,
    is_note,
    split_silence,
)
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.music.changes import Changes
from jazzgen.music.notes import Notes

TABLE = (
    # 0-48, semitones from the note before
    "-24 -23 -22 -21 -20 -19 -18 -17 -16 -15 -14 -13 -12 -11 -10 -9 -8 -7 -6 -5 -4 -3 -2 -1 "
    "+0 +1 +2 +3 +4 +5 +6 +7 +8 +9 +10 +11 +12 +13 +14 +15 +16 +17 +18 +19 +20 +21 +22 +23 +24 "
    # 49, then 50-76 in ticks, then 77
    "rest "
    "1t 2t 3t 4t 5t 6t 8t 9t 10t 12t 14t 15t 16t 18t 20t 24t 28t 30t 32t 36t 40t 42t "
    "48t 60t 72t 84t 96t "
    "<END>"
)


PITCHES = st.integers(0, 127)


@st.composite
def solos(draw, max_gap=400, pitches=PITCHES):
    """Monophonic notes: rests of any size, lengths of any size up to the next onset."""
    rows = draw(st.lists(st.tuples(st.integers(1, max_gap), st.integers(1, 400), pitches)))
    first = draw(st.integers(0, max_gap))
    onsets = np.cumsum([first, *(gap for gap, _, _ in rows)]).tolist()
    return Notes.of(
        (onset, min(length, gap), pitch)
        for onset, (gap, length, pitch) in zip(onsets, rows, strict=False)
    )


def decode(values, start_pitch=START_PITCH):
    decoder = IntervalDecoder(start_pitch)
    for value in values.tolist():
        decoder.push(value)
    return decoder


def fewest_rests(limit):
    """The fewest lengths for every silence below `limit`, by dynamic programming."""
    fewest = [0]
    for ticks in range(1, limit):
        fewest.append(1 + min(fewest[ticks - length] for length in LENGTHS if length <= ticks))
    return fewest


FEWEST = fewest_rests(800)


def test_table_of_values():
    """The documented table; trained models depend on every place in it."""
    assert list(VOCABULARY.symbols) == TABLE.split()
    assert (REST, FIRST_LENGTH, END, N_VALUES) == (49, 50, 77, 78)
    assert REST_COST == 6  # no value, but what a corpus becomes depends on it
    assert VOCABULARY.end == END
    assert VOCABULARY.encoding == "interval"
    assert VOCABULARY.unknown is None


def test_values_worked_out_by_hand():
    notes = Notes.of([(12, 12, 62), (24, 20, 74), (48, 96, 38), (300, 7, 39)])
    encoded = encode_notes(notes)
    # a rest of 12; D4 is +2 from middle C; 12 long; an octave up, and 20 performed ticks of 24
    # are articulation; 3 octaves down fold to 2, 96 long; a rest of 156 = 96 + 60; a semitone up
    # from the folded pitch 50 down to 39 is -11, and 7 ticks are as near to 8 as to 6
    expected = [*(49, 59), *(26, 59), *(36, 65), *(0, 76), *(49, 76), *(49, 73), *(13, 56)]
    assert encoded.values.tolist() == expected
    assert encoded.ticks.tolist() == [
        0,
        0,
        12,
        12,
        24,
        24,
        48,
        48,
        144,
        144,
        240,
        240,
        300,
        300,
        308,
    ]
    assert encoded.reference.tolist() == [60, 60, 60, 62, 62, 74, 74, *[50] * 6, 39, 39]
    assert encoded.phase.tolist() == [EVENT, LENGTH] * 7 + [EVENT]
    assert (encoded.sounding, encoded.folded, encoded.unknown) == (4, 1, 0)
    assert encoded.values.dtype == np.uint8


@given(solos())
def test_round_trip(notes):
    encoded = encode_notes(notes)
    back = decode(encoded.values).notes()
    assert np.array_equal(back.onset, notes.onset)
    assert np.array_equal(back.length, fit_lengths(notes.onset, notes.length))
    pitch, folded = START_PITCH, 0
    for target, decoded in zip(notes.pitch.tolist(), back.pitch.tolist(), strict=True):
        leap = target - pitch
        folded += abs(leap) > 24
        while abs(leap) > 24:
            leap -= 12 if leap > 0 else -12
        pitch += leap
        assert decoded == pitch
        assert 0 <= pitch <= 127
    assert encoded.folded == folded
    assert encoded.sounding == len(notes)
    # and what it gives is a fixed point: encoded again, nothing changes
    again = encode_notes(back)
    assert np.array_equal(again.values, encoded.values)


@given(solos(pitches=st.integers(50, 74)))
def test_pitches_within_two_octaves_survive(notes):
    assert np.array_equal(decode(encode_notes(notes).values).notes().pitch, notes.pitch)


@given(st.lists(st.tuples(st.sampled_from(LENGTHS), st.integers(0, 127)), min_size=1))
def test_grid_lengths_survive_in_a_line_without_gaps(rows):
    onsets = np.cumsum([0, *(length for length, _ in rows)]).tolist()
    notes = Notes.of((o, length, p) for o, (length, p) in zip(onsets, rows, strict=False))
    encoded = encode_notes(notes)
    assert len(encoded.values) == 2 * len(notes)
    assert np.array_equal(decode(encoded.values).notes().length, notes.length)


@given(solos())
def test_decoder_is_where_the_encoder_says(notes):
    """Training and generating must see the same tick, reference and phase beside a value."""
    encoded = encode_notes(notes)
    decoder = IntervalDecoder()
    for i, value in enumerate([*encoded.values.tolist(), END]):
        state = (decoder.tick, decoder.reference, decoder.phase)
        assert state == (encoded.ticks[i], encoded.reference[i], encoded.phase[i])
        assert decoder.allowed()[value]
        decoder.push(value)
    assert decoder.ended
    assert decoder.notes() == decode(encoded.values).notes()


@given(solos(pitches=st.integers(40, 80)), st.integers(-40, 40))
def test_transposed_solos_are_the_same_values(notes, semitones):
    moved = Notes(notes.onset, notes.length, notes.pitch + np.int32(semitones), notes.velocity)
    start = START_PITCH + semitones
    expected = encode_notes(notes).values
    assert np.array_equal(encode_notes(moved, start).values, expected)
    back = decode(expected, start).notes()
    assert np.array_equal(back.pitch, decode(expected).notes().pitch + semitones)


def test_encode_takes_a_piece():
    notes = Notes.of([(0, 12, 60)])
    encoding = IntervalEncoding()
    encoded = encoding.encode(Piece("p", "g", notes, Changes.unaccompanied(1)))
    assert encoded.values.tolist() == [MAX_LEAP, 59]
    decoder = encoding.decoder(Changes.unaccompanied(1), start_pitch=70)
    assert decoder.reference == 70


def test_no_notes():
    encoded = encode_notes(Notes.empty())
    assert len(encoded.values) == 0
    assert (encoded.ticks.tolist(), encoded.reference.tolist()) == ([0], [60])


def test_silence_is_split_into_the_fewest_lengths():
    for ticks, fewest in enumerate(FEWEST):
        parts = split_silence(ticks)
        assert sum(parts) == ticks
        assert set(parts) <= set(LENGTHS)
        assert list(parts) == sorted(parts, reverse=True)
        assert len(parts) == fewest, ticks


@given(st.integers(0, 10**6))
def test_long_silences_add_up(ticks):
    parts = split_silence(ticks)
    assert sum(parts) == ticks
    assert len(parts) <= ticks // 96 + 3


@given(solos())
def test_fitted_lengths(notes):
    """Members of the grid that never reach the next onset, the cheapest of all by brute force."""
    fitted = fit_lengths(notes.onset, notes.length).tolist()
    assert len(fitted) == len(notes)
    assert set(fitted) <= set(LENGTHS)
    for (onset, following), length, chosen in zip(
        pairwise(notes.onset.tolist()), notes.length.tolist(), fitted, strict=False
    ):
        assert onset + chosen <= following

        def cost(fit, length=length, room=following - onset):
            return abs(fit - length) + REST_COST * FEWEST[room - fit], -fit

        assert chosen == min((fit for fit in LENGTHS if fit <= following - onset), key=cost)
    if fitted:
        last = notes.length.tolist()[-1]
        assert fitted[-1] == min(LENGTHS, key=lambda fit: (abs(fit - last), -fit))


def test_silence_up_to_a_sixteenth_is_articulation():
    onset = np.array([0, 24, 48], dtype=np.int32)
    assert fit_lengths(onset, np.array([18, 16, 24], dtype=np.int32)).tolist() == [24, 16, 24]


@pytest.mark.parametrize(
    ("leap", "folded"),
    [*((n, n) for n in (0, 24, -24, 12)), (25, 13), (-25, -13), (36, 24), (37, 13), (-67, -19)],
)
def test_fold_leap(leap, folded):
    assert fold_leap(leap) == folded


def test_is_note():
    assert is_note(np.array([0, 48, 49, 50, 77])).tolist() == [True, True, False, False, False]


class TestDecoder:
    def refuses(self, decoder, *values):
        before = (decoder.tick, decoder.reference, decoder.phase, decoder.ended, decoder.notes())
        for value in values:
            with pytest.raises(ValueError, match="cannot follow"):
                decoder.push(value)
        after = (decoder.tick, decoder.reference, decoder.phase, decoder.ended, decoder.notes())
        assert before == after

    def test_first_comes_a_note_a_rest_or_the_end(self):
        decoder = IntervalDecoder()
        assert np.flatnonzero(decoder.allowed()).tolist() == [*range(50), END]
        self.refuses(decoder, FIRST_LENGTH, 76, -1, 78)

    @pytest.mark.parametrize("value", [MAX_LEAP, REST])
    def test_then_a_length(self, value):
        decoder = IntervalDecoder()
        decoder.push(value)
        assert np.flatnonzero(decoder.allowed()).tolist() == list(range(50, 77))
        self.refuses(decoder, MAX_LEAP, REST, END, -1, 78)
        decoder.push(FIRST_LENGTH)
        self.refuses(decoder, FIRST_LENGTH)

    def test_nothing_after_the_end(self):
        decoder = IntervalDecoder()
        decoder.push(END)
        assert decoder.ended
        assert not decoder.allowed().any()
        self.refuses(decoder, MAX_LEAP, REST, FIRST_LENGTH, END)

    @pytest.mark.parametrize(("pitch", "low", "high"), [(0, 24, 48), (127, 0, 24), (5, 19, 48)])
    def test_no_pitch_beyond_midi(self, pitch, low, high):
        decoder = IntervalDecoder(pitch)
        notes = np.flatnonzero(decoder.allowed()[:REST])
        assert (notes[0], notes[-1]) == (low, high)
        self.refuses(decoder, *range(low), *range(high + 1, REST))

    def test_a_note_without_its_length_is_not_there_yet(self):
        decoder = IntervalDecoder()
        decoder.push(MAX_LEAP + 2)
        assert len(decoder.notes()) == 0
        decoder.push(END - 1)
        assert [tuple(note)[:3] for note in decoder.notes()] == [(0, 96, 62)]
