"""Features of eight bars: worked by hand, and by their properties."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jazzgen.evaluation.window_features import (
    FEATURES,
    MIN_NOTES,
    earlier_occurrence,
    window_features,
    window_table,
)
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.notes import Notes

ABSOLUTE = {"mean_pitch", "lowest", "highest"}
BAR = 96


def over(chords, bars=8, bar=BAR):
    """Changes from chord symbols by tick."""
    rows = [(tick, parse_chord(symbol)) for tick, symbol in chords.items()]
    return Changes.build(rows, range(0, (bars + 1) * bar, bar))


def line(*pitches, start=0, step=12, length=None):
    return Notes.of((start + step * i, length or step, pitch) for i, pitch in enumerate(pitches))


def rhythm(*iois, start=0, length=None):
    """Notes on one pitch with these IOIs between them; the last is a beat long."""
    onsets = np.cumsum([start, *iois]).tolist()
    return Notes.of((t, length or ioi, 60) for t, ioi in zip(onsets, [*iois, 24], strict=True))


def only(notes, changes):
    """The features of a solo's only window, by name."""
    (row,) = window_features(notes, changes)
    return dict(zip(FEATURES, row.tolist(), strict=True))


def measured(notes, **changes):
    return only(notes, over(**changes) if changes else Changes.unaccompanied(8))


def transposed(notes, changes, semitones):
    chords = [
        (start, chord.transposed(semitones))
        for start, chord in zip(changes.starts.tolist(), changes.chords, strict=True)
    ]
    higher = Notes(notes.onset, notes.length, notes.pitch + np.int32(semitones), notes.velocity)
    return higher, Changes.build(chords, changes.bar_lines.tolist())


@st.composite
def solos(draw, min_notes=0):
    """Lines of notes and rests over chords, in bars of 4/4 and 3/4."""
    count = draw(st.integers(min_notes, 120))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    ioi = rng.choice([1, 5, 6, 8, 12, 12, 12, 16, 24, 60, 200], count)
    onset = draw(st.integers(0, 200)) + np.cumsum(ioi) - ioi
    columns = (onset, rng.integers(1, ioi + 1), rng.integers(50, 76, count))
    notes = Notes.of(zip(*(column.tolist() for column in columns), strict=True))
    lines = [0]
    while lines[-1] < notes.end + 1:
        lines.append(lines[-1] + int(rng.choice([96, 96, 72])))
    symbols = draw(st.lists(st.sampled_from(["C7", "Dm7b5", "F", "N.C."]), min_size=1, max_size=9))
    chords = [(i * 100, parse_chord(symbol)) for i, symbol in enumerate(symbols)]
    return notes, Changes.build(chords, lines)


class TestWindows:
    def many(self, bars, start=0):
        """Eighths in every bar."""
        notes = line(*[60, 62, 64, 65, 67, 65, 64, 62] * bars, start=start)
        return notes, Changes.unaccompanied(bars + start // BAR)

    @pytest.mark.parametrize(("bars", "windows"), [(1, 1), (7, 1), (8, 1), (15, 1), (16, 2)])
    def test_how_many(self, bars, windows):
        assert window_features(*self.many(bars)).shape == (windows, len(FEATURES))

    def test_they_begin_with_the_bar_of_the_first_note(self):
        now, later = window_features(*self.many(8)), window_features(*self.many(8, start=3 * BAR))
        assert np.array_equal(now, later, equal_nan=True)

    def test_what_is_left_over_does_not_count(self):
        notes, changes = self.many(11)
        eight = notes[: 8 * 8]
        assert np.array_equal(
            window_features(notes, changes), window_features(eight, changes), equal_nan=True
        )

    def test_those_with_few_notes_are_dropped(self):
        few = line(*range(60, 60 + MIN_NOTES - 1))
        assert len(window_features(few, Changes.unaccompanied(8))) == 0
        enough = line(*range(60, 60 + MIN_NOTES))
        assert len(window_features(enough, Changes.unaccompanied(8))) == 1
        # The middle one of three windows is silent but for one note.
        rows = [(16 * BAR * half + 12 * i, 12, 60) for half in (0, 1) for i in range(64)]
        notes = Notes.of([*rows, (10 * BAR, 24, 60)])
        assert len(window_features(notes, Changes.unaccompanied(24))) == 2

    def test_no_notes(self):
        changes = Changes.unaccompanied(8)
        assert window_features(Notes.empty(), changes).shape == (0, len(FEATURES))
        behind = line(*range(50, 70), start=8 * BAR)
        assert window_features(behind, changes).shape == (0, len(FEATURES))

    def test_of_many_solos(self):
        rows, solo = window_table([self.many(16), self.many(2), self.many(8)])
        assert solo.tolist() == [0, 0, 1, 2]
        assert np.array_equal(rows[3:], window_features(*self.many(8)), equal_nan=True)
        rows, solo = window_table([])
        assert rows.shape == (0, len(FEATURES))
        assert len(solo) == 0

    def test_two_voices_are_refused(self):
        notes = Notes.of([(0, 12, 60), (0, 12, 64)])
        with pytest.raises(ValueError, match="one voice"):
            window_features(notes, Changes.unaccompanied(8))


class TestProperties:
    @given(solos(), st.integers(-11, 11))
    @settings(max_examples=40, deadline=None)
    def test_only_the_register_moves_with_a_transposition(self, solo, semitones):
        here, there = window_features(*solo), window_features(*transposed(*solo, semitones))
        moved = [name in ABSOLUTE for name in FEATURES]
        assert np.allclose(here + semitones * np.array(moved), there, equal_nan=True)

    @given(solos(min_notes=20))
    @settings(max_examples=40, deadline=None)
    def test_shares_are_shares(self, solo):
        rows = window_features(*solo)
        assert not np.any(np.isinf(rows))
        numbers = (
            *("size", "entropy", "run", "kinds", "density", "spread", "longest", "pitch", "lowest"),
            *("highest", "drift", "range", "phrase_notes", "phrase_beats", "pause", "even_run"),
        )
        shares = [
            i
            for i, name in enumerate(FEATURES)
            if name not in ("phrases", "pitches", "pitch_classes")
            and not any(word in name for word in numbers)
        ]
        assert len(shares) > 70
        values = rows[:, shares]
        assert np.all(np.isnan(values) | ((values > -1e-9) & (values < 1 + 1e-9)))

    @given(solos(min_notes=20))
    @settings(max_examples=20, deadline=None)
    def test_velocity_has_no_say(self, solo):
        notes, changes = solo
        louder = Notes(notes.onset, notes.length, notes.pitch, notes.velocity + np.int32(20))
        assert np.array_equal(
            window_features(*solo), window_features(louder, changes), equal_nan=True
        )

    def test_articulation_that_no_encoding_spells_has_no_say(self):
        written = line(*range(60, 76))
        short = np.append(written.length[:-1] - 3, written.length[-1])
        performed = Notes(written.onset, short, written.pitch, written.velocity)
        performed, written = measured(performed), measured(written)
        assert performed == pytest.approx(written, nan_ok=True)
        assert measured(line(*range(60, 76), step=24, length=6))["detached"] == 1

    def test_names(self):
        assert 100 <= len(FEATURES) <= 130
        assert set(FEATURES.values()) == {
            *("intervals", "rhythm", "metre", "harmony", "register", "repetition", "phrases")
        }

    def test_three_thousand_windows_take_seconds(self):
        rng = np.random.default_rng(1)
        bars = 800
        onsets = 12 * np.flatnonzero(rng.random(8 * bars) < 0.75)
        notes = Notes.of(
            (int(onset), 12, int(pitch))
            for onset, pitch in zip(onsets, 60 + rng.integers(0, 12, len(onsets)), strict=True)
        )
        changes = over({BAR * i: "C7" if i % 2 else "Dm7" for i in range(bars)}, bars)
        start = time.process_time()
        assert len(window_features(notes, changes)) == 100
        assert time.process_time() - start < 1  # some 0.1 s


class TestIntervals:
    def test_sizes_and_directions(self):
        # +1 +2 -3 +12 -14 0 +7 -5
        found = measured(line(60, 61, 63, 60, 72, 58, 58, 65, 60))
        sizes = {"unisons", "semitones_1", "semitones_2", "semitones_3", "octaves"}
        for name in (*sizes, "wider_than_octave", "semitones_7", "semitones_5"):
            assert found[name] == 1 / 8, name
        assert found["semitones_4"] == found["semitones_8_11"] == 0
        assert found["rising"] == 4 / 7
        assert found["rising_leaps"] == 2 / 5
        assert found["interval_size"] == 44 / 8
        assert found["interval_entropy"] == 3
        # Of seven pairs, +2 -3, -3 +12, +12 -14 and +7 -5 turn.
        assert found["turns"] == 4 / 7

    def test_leaps_recovered(self):
        # +5 -2 (recovered), +7 +1, -12 +3, +6 -1 (recovered)
        found = measured(line(60, 65, 63, 70, 71, 59, 62, 68, 67))
        assert found["leaps_recovered"] == 2 / 4
        assert math.isnan(measured(line(*[60, 62] * 6))["leaps_recovered"])

    def test_runs(self):
        # Up four semitones, down three tones, up two minor thirds.
        found = measured(line(60, 61, 62, 63, 64, 62, 60, 58, 61, 64))
        assert found["longest_chromatic_run"] == 4
        assert found["longest_direction_run"] == 4
        assert found["direction_run"] == pytest.approx((16 + 9 + 4) / 9)
        assert found["chromatic_pairs"] == 3 / 8
        assert found["scale_pairs"] == 5 / 8
        assert found["arpeggio_pairs"] == 1 / 8

    def test_a_repeated_note_goes_nowhere(self):
        found = measured(line(*[60] * 9))
        assert found["longest_direction_run"] == found["longest_chromatic_run"] == 0
        assert math.isnan(found["direction_run"])
        assert math.isnan(found["rising"])


class TestRhythm:
    def test_iois(self):
        found = measured(rhythm(12, 12, 12, 16, 8, 6, 6, 24))
        assert found["ioi_12"] == 3 / 8
        assert found["ioi_16"] == found["ioi_8"] == found["ioi_24"] == 1 / 8
        assert found["ioi_6_7"] == 2 / 8
        assert found["ioi_kinds"] == 5
        assert found["even_pairs"] == 3 / 7
        assert found["swung_pairs"] == 1 / 7
        assert found["longest_even_run"] == 4
        # Runs of 3, 1, 1, 2 and 1 IOIs; that of n IOIs has n + 1 notes.
        assert found["even_run"] == pytest.approx((16 + 4 + 4 + 9 + 4) / 13)

    def test_density_and_silence(self):
        # Three bars of quarters, then one note of two beats in the last of eight.
        notes = Notes.of([*((24 * i, 24, 60) for i in range(12)), (7 * BAR, 48, 60)])
        found = measured(notes)
        assert found["density"] == 13 / 32
        assert found["silence"] == 18 / 32
        assert found["longest_note"] == 2
        assert found["detached"] == 1 / 12
        assert found["articulation"] == pytest.approx((11 + 24 / 408) / 12, abs=0.01)

    def test_what_sounds_past_the_window_does_not_count(self):
        notes = Notes.of([*((24 * i, 24, 60) for i in range(31)), (31 * 24, 96, 60)])
        assert only(notes, Changes.unaccompanied(12))["silence"] == 0


class TestMetre:
    def test_places(self):
        found = measured(rhythm(12, 12, 16, 8, 18, 6, 24, 5))
        # Ticks 0 12 24 40 48 66 72 96 101.
        assert found["tick_0"] == 5 / 9
        for name in ("tick_12", "tick_16", "tick_18"):
            assert found[name] == 1 / 9
        assert found["tick_other"] == pytest.approx(1 / 9)
        assert found["tick_6"] == found["tick_8"] == 0
        assert found["in_beat_1"] == 4 / 9
        assert found["in_beat_2"] == found["in_beat_3"] == 2 / 9

    def test_beats(self):
        # In two bars: (0 12) (0 16) (0) (6 12) and (0 12) (0 12) () (): the solo's only two.
        notes = Notes.of((tick, 2, 60) for tick in (0, 12, 24, 40, 48, 78, 84, 96, 108, 120, 132))
        found = measured(notes)
        assert found["empty_beats"] == 2 / 8
        assert found["triplet_beats"] == found["sixteenth_beats"] == 1 / 6
        assert found["beat_pattern_again"] == 1 / 5
        assert found["downbeats"] == 1
        assert found["beat_pattern_entropy"] == pytest.approx(0.5 + 3 * math.log2(6) / 6)

    def test_syncopations(self):
        # Offbeats at 12 (held over), 60 (followed on the beat), 84 and 132 (followed at once).
        found = measured(rhythm(12, 36, 12, 12, 12, 12, 12, 24))
        # Ticks 0 12 48 60 72 84 96 108 132: off the beat 12, 60, 84, 108 (the last has no next).
        assert found["syncopations"] == 2 / 4


class TestHarmony:
    def test_chord_and_scale(self):
        # Over C7: C E G Bb of the chord, D A of the scale, C# F# of neither.
        found = measured(line(60, 64, 67, 70, 62, 69, 61, 66), chords={0: "C7"})
        assert found["chord_tones"] == 4 / 8
        assert found["scale_tones"] == 6 / 8
        # On the beats: C G D C#.
        assert found["chord_tones_on_beat"] == 2 / 4
        assert found["chord_tones_off_beat"] == 2 / 4
        assert found["chord_tones_strong"] == 1 / 2
        for degree in (0, 1, 2, 4, 6, 7, 9, 10):
            assert found[f"degree_{degree}"] == 1 / 8
        assert found["degree_3"] == 0
        assert found["degree_entropy"] == 3
        assert found["phrase_end_chord_tones"] == 0

    def test_resolutions(self):
        # F# G resolves by semitone, A G by tone, D Bb leaps; G D and the rest begin in the chord.
        found = measured(line(66, 67, 69, 67, 62, 70, 72, 64), chords={0: "C7"})
        assert found["non_chord_resolved"] == 2 / 3
        assert found["non_chord_by_semitone"] == 1 / 3

    def test_enclosures(self):
        # D# F E and F D# E around the third, A F# G around the fifth; D E F# leads elsewhere.
        found = measured(line(63, 65, 64, 69, 66, 67, 62, 64, 66), chords={0: "C7"})
        assert found["enclosures"] == 2 / 7

    def test_new_chords(self):
        # G7 from the second bar: B (third) there; C7 from the third: C (root).
        notes = line(60, 64, 67, 70, 71, 67, 62, 65, 60, 64, step=24)
        found = measured(notes, chords={0: "C7", BAR: "G7", 2 * BAR: "C7"})
        assert found["chord_change_tones"] == 1
        assert found["chord_change_guides"] == 1 / 2

    def test_without_chords_there_is_no_harmony(self):
        found = measured(line(*range(60, 70)))
        assert all(math.isnan(found[n]) for n, family in FEATURES.items() if family == "harmony")

    def test_notes_before_the_chords_do_not_count(self):
        found = measured(line(*[61] * 4, *[60] * 8, step=24), chords={BAR: "C7"})
        assert found["chord_tones"] == found["degree_0"] == 1


class TestRegister:
    def test_by_hand(self):
        found = measured(line(60, 64, 62, 66, 72, 70, 72, 74, step=24))
        assert found["mean_pitch"] == 67.5
        assert (found["lowest"], found["highest"], found["pitch_range"]) == (60, 74, 14)
        assert found["bar_drift"] == 9
        assert found["bar_range"] == 5


class TestRepetition:
    def test_earlier_occurrence(self):
        assert earlier_occurrence(np.array([1, 2, 1, 2, 2, 1, 2]), 2).tolist() == [
            *(-1, -1, 0, -1, 1, 2)
        ]
        # 1 1 begins at 0, 1 and 2; only that at 0 does not overlap with that at 2.
        assert earlier_occurrence(np.array([1, 1, 1, 1]), 2).tolist() == [-1, -1, 0]
        assert len(earlier_occurrence(np.array([1]), 2)) == 0
        assert len(earlier_occurrence(np.array([]), 1)) == 0

    @given(st.lists(st.integers(-2, 2), max_size=40), st.integers(1, 4))
    def test_earlier_occurrence_is_the_last_of_all(self, symbols, n):
        expected = []
        for i in range(len(symbols) - n + 1):
            before = [j for j in range(i - n + 1) if symbols[j : j + n] == symbols[i : i + n]]
            expected.append(max(before, default=-1))
        assert earlier_occurrence(np.array(symbols, dtype=np.int64), n).tolist() == expected

    def test_a_phrase_played_again_elsewhere(self):
        once = (60, 64, 62, 65, 63)
        again = tuple(pitch + 5 for pitch in once)
        # Five notes, five notes a fourth higher, both in eighths: 9 intervals, 6 patterns of four.
        found = measured(line(*once, *again))
        assert found["interval_4_back"] == found["interval_4_in_window"] == 1 / 6
        assert found["rhythm_4_back"] == 2 / 6  # at the places 4 and 5
        # Two of the seven motifs of three came back, both of them higher.
        assert found["motif_3_back"] == found["sequences"] == 2 / 7
        assert found["literal_repeats"] == 0
        found = measured(line(*once, *once))
        assert found["literal_repeats"] == 2 / 7
        assert found["sequences"] == 0

    def test_only_eight_bars_are_remembered(self):
        figure = (60, 64, 62, 65, 63, 60, 67, 61)

        def in_last_window(bar):
            """The figure in the bar, and again in the 17th."""
            rows = [(BAR * bar + 12 * i, 12, p) for i, p in enumerate(figure)]
            rows += [(BAR * 16 + 12 * i, 12, p) for i, p in enumerate(figure)]
            rows += [(0, 12, 40), (23 * BAR, 12, 50)]
            notes = Notes.of({row[0]: row for row in rows}.values())
            row = window_features(notes, Changes.unaccompanied(24))[-1]
            return dict(zip(FEATURES, row.tolist(), strict=True))

        assert in_last_window(8)["interval_4_back"] == 4 / 5
        assert in_last_window(8)["interval_4_in_window"] == 0
        assert in_last_window(7)["interval_4_back"] == 0

    def test_pitches(self):
        found = measured(line(60, 72, 60, 67, 60, 67, 64, 64))
        assert found["pitches"] == 4
        assert found["pitch_classes"] == 3
        assert found["pitch_class_entropy"] == pytest.approx(1.5)
        assert found["pitches_again"] == 3 / 6

    def test_bars_alike(self):
        # The rhythm of every bar is that of the bar before, the pitches those of two bars before.
        bars = [(60, 62, 64, 65), (67, 69, 71, 72)] * 4
        found = measured(line(*(pitch for bar in bars for pitch in bar), step=24))
        assert found["rhythm_like_1"] == found["rhythm_like_2"] == found["rhythm_like_4"] == 1
        assert (found["notes_like_1"], found["notes_like_2"], found["notes_like_4"]) == (0, 1, 1)

    def test_bars_half_alike(self):
        # Two ticks in common of four in either, in the only two bars with notes.
        notes = Notes.of((tick, 6, 60) for tick in (0, 24, 48, 96, 120, 150, 160, 170))
        found = measured(notes)
        assert found["rhythm_like_1"] == 2 / 6
        assert math.isnan(found["rhythm_like_2"])


class TestPhrases:
    def test_by_hand(self):
        # Five quarters, two beats of silence, three quarters, four beats, one note.
        notes = Notes.of((24 * i, 24, 60) for i in (0, 1, 2, 3, 4, 7, 8, 9, 14))
        found = measured(notes)
        assert found["phrases"] == 3
        assert found["phrase_notes"] == found["phrase_beats"] == 3
        assert found["longest_phrase"] == 5
        assert found["single_notes"] == 1 / 3
        assert found["pause"] == (2 + 4) / 2
        assert found["phrase_notes_spread"] == pytest.approx(math.sqrt(8 / 3))

    def test_less_than_a_beat_does_not_part_them(self):
        found = measured(rhythm(*[36] * 9, length=14))
        assert found["phrases"] == 1
        assert math.isnan(found["pause"])
        assert measured(rhythm(*[48] * 9, length=24))["phrases"] == 10
