"""Published measures: worked by hand, by their properties, and on the Weimar Jazz Database."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jazzgen.corpus.piece import Piece
from jazzgen.corpus.wjazzd import WJazzDSource
from jazzgen.evaluation import metrics
from jazzgen.evaluation.metrics import (
    chord_coherence,
    chord_scale,
    four_notes,
    grooving_similarity,
    measure,
    pitch_class_entropy,
    pitch_range,
    scale_coherence,
    scale_consistency,
    summary,
)
from jazzgen.evaluation.set_distance import (
    LENGTH_CLASSES,
    ceiling,
    compare,
    densities,
    feature_table,
    features,
)
from jazzgen.music.changes import Changes
from jazzgen.music.chords import NO_CHORD, parse_chord
from jazzgen.music.notes import Notes

REAL = Path(__file__).parents[3] / "shared" / "wjazzd" / "wjazzd-subset.db"

FOUR_BARS = Changes.unaccompanied(4)


def over(chords, bars=4, bar=96):
    """Changes from chord symbols by tick."""
    rows = [(tick, parse_chord(symbol)) for tick, symbol in chords.items()]
    return Changes.build(rows, range(0, (bars + 1) * bar, bar))


def eighths(*pitches, start=0):
    return Notes.of((start + 12 * i, 12, pitch) for i, pitch in enumerate(pitches))


def names(mask):
    return {p for p in range(12) if mask >> p & 1}


def transposed(notes, changes, semitones):
    higher = Notes(notes.onset, notes.length, notes.pitch + np.int32(semitones), notes.velocity)
    chords = [
        (start, chord.transposed(semitones))
        for start, chord in zip(changes.starts.tolist(), changes.chords, strict=True)
    ]
    return higher, Changes.build(chords, changes.bar_lines.tolist())


@st.composite
def solos(draw, min_notes=1):
    """A line of notes and rests over changes of some bars of 4/4 and 3/4."""
    steps = draw(
        st.lists(
            st.tuples(st.sampled_from([6, 8, 12, 24, 100]), st.integers(40, 80)),
            min_size=min_notes,
            max_size=60,
        )
    )
    onset, rows = draw(st.integers(0, 200)), []
    for length, pitch in steps:
        rows.append((onset, length, pitch))
        onset += length + draw(st.sampled_from([0, 0, 5, 96]))
    lines = [0]
    while lines[-1] < onset:
        lines.append(lines[-1] + draw(st.sampled_from([96, 96, 72])))
    symbols = st.sampled_from(["Dm7", "G7alt", "Cmaj7", "C", "F#m7b5", "Bo7", "Eb7sus4", "N.C."])
    chords = [(line, parse_chord(draw(symbols))) for line in lines[:-1]]
    return Notes.of(rows), Changes.build(chords, lines)


# --- pitch-class entropy


def test_entropy_worked_by_hand():
    # Bar 1: C C E G, 1/2 1/4 1/4: 1.5 bits. Bar 2: D only: 0 bits. Bar 3 empty. Bar 4: A B: 1 bit.
    notes = Notes.of(
        [
            *((0, 12, 60), (12, 12, 72), (24, 12, 64), (36, 12, 67)),
            *((96, 12, 62), (288, 12, 69), (300, 12, 71)),
        ]
    )
    assert pitch_class_entropy(notes, FOUR_BARS, 1) == pytest.approx((1.5 + 0 + 1) / 3)
    # Bars 1-2: 2/5 1/5 1/5 1/5; bars 2-3: one pitch class; bars 3-4: two.
    two = -(0.4 * math.log2(0.4) + 3 * 0.2 * math.log2(0.2))
    assert pitch_class_entropy(notes, FOUR_BARS, 2) == pytest.approx((two + 0 + 1) / 3)
    # Longer than the solo: all seven notes are one window.
    seven = -(2 / 7 * math.log2(2 / 7) + 5 / 7 * math.log2(1 / 7))
    assert pitch_class_entropy(notes, FOUR_BARS, 4) == pytest.approx(seven)
    assert pitch_class_entropy(notes, FOUR_BARS, 9) == pytest.approx(seven)


def test_entropy_of_all_twelve_is_the_largest():
    assert pitch_class_entropy(eighths(*range(60, 72)), Changes.unaccompanied(2), 4) == (
        pytest.approx(math.log2(12))
    )


def test_silence_before_and_after_is_not_measured():
    notes = eighths(60, 62, 64, 67, 64, 62, 60, 59, 57, start=96)
    long = Changes.unaccompanied(40)
    for bars in (1, 4):
        assert pitch_class_entropy(notes, long, bars) == pitch_class_entropy(
            notes.shifted(-96), Changes.unaccompanied(2), bars
        )
    assert grooving_similarity(notes, long) == grooving_similarity(
        notes.shifted(-96), Changes.unaccompanied(2)
    )


@pytest.mark.parametrize("bars", [0, -1])
def test_a_window_takes_a_bar(bars):
    with pytest.raises(ValueError, match="at least one bar"):
        pitch_class_entropy(eighths(60), FOUR_BARS, bars)


# --- grooving similarity


def test_groove_worked_by_hand():
    # Bars 1 and 3 alike (slots 0 and 32 of 64), bar 2 one onset (slot 0), bar 4 slot 16:
    # they differ in 1 (1-2), 0 (1-3), 3 (1-4), 1 (2-3), 2 (2-4) and 3 (3-4) slots.
    notes = Notes.of((onset, 6, 60) for onset in (0, 48, 96, 192, 240, 312))
    assert grooving_similarity(notes, FOUR_BARS) == pytest.approx(1 - 10 / 6 / 64)
    assert grooving_similarity(notes, FOUR_BARS, slots=4) == pytest.approx(1 - 10 / 6 / 4)


def test_groove_takes_the_nearest_slot():
    # 64 slots of 1.5 ticks: ticks 1 and 2 are nearest to slot 1, tick 95 to slot 63.
    changes = Changes.unaccompanied(2)
    for first, second in ((1, 2), (94, 95)):
        alike = grooving_similarity(Notes.of([(first, 1, 60), (96 + second, 1, 60)]), changes)
        assert alike == 1, (first, second)
    assert grooving_similarity(Notes.of([(2, 1, 60), (96 + 3, 1, 60)]), changes) < 1
    # At 16 slots of 6 ticks, tick 95 rounds up to the bar line and stays in the last slot.
    assert grooving_similarity(Notes.of([(90, 1, 60), (191, 1, 60)]), changes, slots=16) == 1


def test_groove_of_a_waltz_has_as_many_slots():
    changes = Changes.unaccompanied(2, beats_per_bar=3)
    notes = Notes.of([(0, 6, 60), (36, 6, 60), (72, 6, 60)])  # the half bar, in bar 1 alone
    assert grooving_similarity(notes, changes) == pytest.approx(1 - 1 / 64)


@given(solos())
def test_groove_is_the_mean_over_all_pairs(solo):
    notes, changes = solo
    onsets = {}
    for onset in notes.onset.tolist():
        bar = int(np.searchsorted(changes.bar_lines, onset, side="right")) - 1
        start, end = changes.bar_lines[bar : bar + 2].tolist()
        slot = math.floor((onset - start) / (end - start) * 64 + 0.5)
        onsets.setdefault(bar, set()).add(min(slot, 63))
    bars = range(min(onsets), max(onsets) + 1)
    pairs = [
        1 - len(onsets.get(a, set()) ^ onsets.get(b, set())) / 64
        for a in bars
        for b in bars
        if a < b
    ]
    wanted = np.mean(pairs) if pairs else math.nan
    assert grooving_similarity(notes, changes) == pytest.approx(wanted, nan_ok=True)


def test_groove_takes_two_bars_and_a_slot():
    assert math.isnan(grooving_similarity(eighths(60, 62), FOUR_BARS))
    with pytest.raises(ValueError, match="at least one slot"):
        grooving_similarity(eighths(60), FOUR_BARS, slots=0)


# --- coherence


def test_coherence_worked_by_hand():
    changes = over({0: "Dm7", 96: "G7b9", 192: "N.C.", 288: "Cmaj7"})
    notes = Notes.of(
        [
            # Dm7: F chord, B scale, Eb neither. G7b9: B chord, Ab and A scale, F# neither.
            *((0, 12, 65), (12, 12, 71), (24, 12, 63)),
            *((96, 12, 71), (108, 12, 68), (120, 12, 69), (132, 12, 66)),
            # No chord: not counted, even where a note reaches into Cmaj7: B chord, F scale, Bb
            # neither.
            *((192, 12, 60), (276, 24, 71), (300, 12, 71), (312, 12, 65), (324, 12, 70)),
        ]
    )
    assert metrics.notes_over_chords(notes, changes) == 10
    assert chord_coherence(notes, changes) == pytest.approx(3 / 10)
    assert scale_coherence(notes, changes) == pytest.approx(7 / 10)


def test_names_do_not_matter():
    # By name, the G flat of a transcription is not in D7; by pitch class it is.
    assert chord_coherence(eighths(66), over({0: "D7"})) == 1
    assert chord_coherence(eighths(68), over({0: "Fm7"})) == 1


@pytest.mark.parametrize(
    ("symbol", "notes", "scale"),
    [
        ("C", {0, 4, 7}, {0, 2, 4, 5, 7, 9, 11}),
        ("Cm", {0, 3, 7}, {0, 2, 3, 5, 7, 9, 11}),  # melodic minor
        ("Cm7", {0, 3, 7, 10}, {0, 2, 3, 5, 7, 9, 10}),  # Dorian
        ("C7", {0, 4, 7, 10}, {0, 2, 4, 5, 7, 9, 10}),  # Mixolydian
        ("C6/9", {0, 4, 7, 9}, {0, 2, 4, 5, 7, 9, 11}),
        ("C13", {0, 4, 7, 10}, {0, 2, 4, 5, 7, 9, 10}),
        ("C7sus4", {0, 5, 7, 10}, {0, 2, 4, 5, 7, 9, 10}),
        ("Cm7b5", {0, 3, 6, 10}, {0, 2, 3, 5, 6, 9, 10}),
        ("Cdim7", {0, 3, 6, 9}, {0, 2, 3, 5, 6, 9, 11}),
        ("C+7", {0, 4, 8, 10}, {0, 2, 4, 5, 8, 9, 10}),
        ("C7b9", {0, 4, 7, 10}, {0, 1, 2, 4, 5, 7, 9, 10}),
        ("Cmaj7#11", {0, 4, 7, 11}, {0, 2, 4, 5, 6, 7, 9, 11}),
        ("C7alt", {0, 4, 8, 10}, {0, 1, 2, 3, 4, 5, 6, 8, 9, 10}),
        ("C/Bb", {0, 4, 7}, {0, 2, 4, 5, 7, 9, 11}),
    ],
)
def test_the_notes_and_scale_of_a_chord(symbol, notes, scale):
    chord = parse_chord(symbol)
    assert names(four_notes(chord)) == notes
    assert names(chord_scale(chord)) == scale
    for up in range(12):
        higher = chord.transposed(up)
        assert names(four_notes(higher)) == {(p + up) % 12 for p in notes}
        assert names(chord_scale(higher)) == {(p + up) % 12 for p in scale}


def test_no_chord_has_no_notes():
    assert four_notes(NO_CHORD) == chord_scale(NO_CHORD) == 0


# --- MusPy's


def test_range_and_scale_worked_by_hand():
    notes = eighths(60, 62, 64, 66, 85)  # C D E F# C#: of D major four, of B minor the same
    assert pitch_range(notes) == 25
    assert scale_consistency(notes) == pytest.approx(4 / 5)
    assert scale_consistency(eighths(57, 59, 60, 62, 64, 65, 67)) == 1  # A natural minor
    assert scale_consistency(eighths(*range(60, 72))) == pytest.approx(7 / 12)


# --- all of them


def test_one_note():
    got = measure(eighths(64), over({0: "C7"}))
    assert (got.notes, got.notes_over_chords, got.h1, got.h4) == (1, 1, 0, 0)
    assert math.copysign(1, got.h1) == 1  # no negative zero in a report
    assert math.isnan(got.gs)
    assert (got.chord_coherence, got.scale_coherence) == (1, 1)
    assert (got.pitch_range, got.scale_consistency) == (0, 1)


def test_nothing_to_measure_is_not_a_number():
    got = measure(Notes.empty(), FOUR_BARS)
    assert (got.notes, got.notes_over_chords) == (0, 0)
    for name in (*metrics.MEANS, *metrics.SHARES):
        assert math.isnan(getattr(got, name)), name
    unaccompanied = measure(eighths(60, 62), FOUR_BARS)
    assert math.isnan(unaccompanied.chord_coherence)
    assert math.isnan(unaccompanied.scale_coherence)


def test_notes_past_the_last_bar_line_have_no_bar():
    changes = over({0: "C7"}, bars=1)
    inside, beyond = eighths(60, 62), Notes.of([(96, 12, 61)])
    both = Notes.of([*inside, *beyond])
    assert pitch_class_entropy(both, changes, 1) == pitch_class_entropy(inside, changes, 1)
    assert math.isnan(pitch_class_entropy(beyond, changes, 1))
    assert math.isnan(grooving_similarity(beyond, changes))


@given(solos(), st.integers(-12, 12))
def test_transposing_with_the_chords_changes_nothing(solo, semitones):
    before, after = measure(*solo), measure(*transposed(*solo, semitones))
    for name in ("notes", "notes_over_chords", *metrics.MEANS, *metrics.SHARES):
        one, two = getattr(before, name), getattr(after, name)
        assert two == pytest.approx(one, nan_ok=True), name


@given(solos())
def test_ranges(solo):
    got = measure(*solo)
    assert 0 <= got.h1 <= math.log2(12) + 1e-9
    assert 0 <= got.h4 <= math.log2(12) + 1e-9
    assert 7 / 12 - 1e-9 <= got.scale_consistency <= 1
    assert math.isnan(got.gs) or 0 <= got.gs <= 1
    if got.notes_over_chords:
        assert 0 <= got.chord_coherence <= got.scale_coherence <= 1


def test_summary_leaves_out_what_is_not_a_number():
    one_bar = (eighths(60, 61), over({0: "C7"}))  # no groove; C in, C# out
    two_bars = (eighths(60, 64, 67, 70, 72, 60, 60, 60, 60), over({0: "C7"}))
    silent = (eighths(60), FOUR_BARS)
    got = summary([one_bar, two_bars, silent, (Notes.empty(), FOUR_BARS)])
    assert (got["solos"], got["notes"]) == (4, 12)
    assert got["gs"] == grooving_similarity(*two_bars)
    assert got["pitch_range"] == pytest.approx((1 + 12 + 0) / 3)
    assert got["chord_coherence"] == pytest.approx(10 / 11)  # of notes, not of solos
    assert set(got) == {"solos", "notes", *metrics.MEANS, *metrics.SHARES}


def test_summary_of_nothing():
    got = summary([])
    assert (got["solos"], got["notes"]) == (0, 0)
    assert all(math.isnan(got[name]) for name in (*metrics.MEANS, *metrics.SHARES))


# --- distances between sets


def test_features_worked_by_hand():
    # C4 half, E4 quarter, C5 quarter | C4 dotted half
    notes = Notes.of([(0, 48, 60), (48, 24, 64), (72, 24, 72), (96, 72, 60)])
    got = features(notes, FOUR_BARS)
    assert {name: len(row) for name, row in got.items() if len(row) > 1} == {
        "pitch_class_histogram": 12,
        "pitch_class_transitions": 144,
        "note_length_histogram": 12,
        "note_length_transitions": 144,
    }
    assert {name: row[0] for name, row in got.items() if len(row) == 1} == pytest.approx(
        {
            "pitch_count": 3,
            "note_count": 4,
            "bar_pitch_count": 2,
            "bar_note_count": 2,
            "pitch_range": 12,
            "pitch_interval": (4 + 8 + 12) / 3,
            "inter_onset_interval": (2 + 1 + 1) / 3,
        }
    )
    assert np.flatnonzero(got["pitch_class_histogram"]).tolist() == [0, 4]
    assert got["pitch_class_histogram"][4] == pytest.approx(24 / 168)
    transitions = got["pitch_class_transitions"].reshape(12, 12)
    assert [transitions[0, 4], transitions[4, 0], transitions[0, 0]] == pytest.approx([1 / 3] * 3)
    half, quarter, dotted = (LENGTH_CLASSES.index(ticks) for ticks in (48, 24, 72))
    assert got["note_length_histogram"][[half, quarter, dotted]].tolist() == [0.25, 0.5, 0.25]
    lengths = got["note_length_transitions"].reshape(12, 12)
    assert lengths[half, quarter] == lengths[quarter, quarter] == lengths[quarter, dotted] > 0
    assert transitions.sum() == pytest.approx(1)
    assert lengths.sum() == pytest.approx(1)


def random_table(seed, count=40, spread=6, notes=60):
    rng = np.random.default_rng(seed)
    changes = Changes.unaccompanied(notes // 4)
    return feature_table(
        (
            Notes.of(
                (12 * i, 12 if rng.random() < 0.8 else 6, int(pitch))
                for i, pitch in enumerate(64 + np.rint(rng.normal(0, spread, notes)))
            ),
            changes,
        )
        for _ in range(count)
    )


def test_a_set_equals_itself():
    table = random_table(1)
    for name, got in compare(table, table).items():
        # Between the sets each solo also meets itself, hence not quite 1.
        assert got.overlap > 0.9, name
        assert got.kl < 0.1, name
        assert got.overlap == got.overlap_generated, name


def test_sets_apart_do_not_overlap():
    narrow, wide = random_table(1, spread=2), random_table(2, spread=12)
    got = compare(narrow, wide)
    for name in ("pitch_count", "pitch_range", "pitch_interval"):
        assert got[name].overlap < 0.05, name
        assert got[name].kl > 3, name
    assert got["note_length_histogram"].overlap > 0.8


def test_overlap_sees_a_set_of_copies():
    real = random_table(1)
    copies = {name: np.repeat(rows[:1], 40, axis=0) for name, rows in real.items()}
    for name, got in compare(real, copies).items():
        if np.ptp(real[name], axis=0).max() > 0:
            assert got.overlap_generated < 0.5, name
        else:  # all real solos are alike in it, too
            assert got.overlap_generated == got.overlap == pytest.approx(1), name
            assert got.kl == pytest.approx(0), name


def test_densities_are_densities():
    for got in compare(random_table(1), random_table(2, count=30)).values():
        step = got.distance[1] - got.distance[0]
        for density in (got.within_reference, got.within_generated, got.between):
            assert density.min() >= 0
            assert density.sum() * step == pytest.approx(1)
        assert 0 <= got.overlap <= 1
        assert got.kl >= 0


def test_densities_against_the_formula():
    rng = np.random.default_rng(5)
    samples = [rng.gamma(3, 2, 50), rng.normal(10, 1, 200)]
    grid, got = densities(samples)
    for sample, density in zip(samples, got, strict=True):
        width = sample.std(ddof=1) * len(sample) ** -0.2
        z = (grid[:, None] - sample) / width
        wanted = np.exp(-0.5 * z**2).sum(axis=1) / (len(sample) * width * math.sqrt(2 * math.pi))
        np.testing.assert_allclose(density, wanted, atol=2e-3 * wanted.max())


def test_equal_distances_are_a_peak():
    grid, (one, same, other) = densities([np.zeros(3), np.zeros(8), np.full(3, 2.0)])
    step = grid[1] - grid[0]
    assert np.minimum(one, same).sum() * step == pytest.approx(1)
    assert np.minimum(one, other).sum() * step < 1e-6
    densities([np.zeros(1)])  # all there is


def test_solos_without_a_feature_are_left_out():
    one_note = (eighths(60), FOUR_BARS)
    lines = [(eighths(60, 62, 60 + i), FOUR_BARS) for i in range(6)]
    table = feature_table([one_note, *lines])
    assert np.isnan(table["pitch_interval"][0, 0])
    without = feature_table(lines)
    assert compare(table, table)["pitch_interval"].overlap == (
        compare(without, without)["pitch_interval"].overlap
    )
    nothing = compare(table, feature_table([one_note, one_note]))
    assert math.isnan(nothing["pitch_interval"].overlap)
    assert len(nothing["pitch_interval"].distance) == 0
    assert not math.isnan(nothing["pitch_range"].overlap)
    empty = feature_table([(Notes.empty(), FOUR_BARS), one_note])
    assert all(np.isnan(rows[0]).all() for rows in empty.values())
    assert math.isnan(compare(feature_table([]), without)["pitch_count"].overlap)


def test_ceiling_is_seeded_and_high():
    table = random_table(3)
    got = ceiling(table, splits=3, seed=1)
    assert got == ceiling(table, splits=3, seed=1)
    assert got != ceiling(table, splits=3, seed=2)
    assert all(value.overlap > 0.7 for value in got.values())
    few = ceiling(table, held_out=5, splits=3)
    assert few["pitch_interval"].overlap_generated < got["pitch_interval"].overlap_generated


@pytest.mark.parametrize("held_out", [0, 1, 39])
def test_ceiling_needs_two_on_a_side(held_out):
    with pytest.raises(ValueError, match="cannot be held out"):
        ceiling(random_table(3), held_out=held_out)


# --- on real solos


@pytest.fixture(scope="module")
def real_solos():
    if not REAL.is_file():
        pytest.skip("needs the Weimar Jazz Database beside the repository")
    return [(p.notes, p.changes) for p in WJazzDSource(REAL) if isinstance(p, Piece)]


def test_published_figures_come_out_on_real_solos(real_solos):
    """413 of the 456 solos of which the figures are published.

    The tolerances hold what the 43 absent solos and the metres can move: the published entropies
    count bars of 4/4, and in the 27 solos of other metres bars are shorter.
    """
    got = summary(real_solos)
    assert got["solos"] == 413
    assert got["h1"] == pytest.approx(1.94, abs=0.03)
    assert 2.86 <= got["h4"] <= 2.90
    assert got["gs"] == pytest.approx(0.862, abs=0.001)
    assert got["chord_coherence"] == pytest.approx(0.496, abs=0.002)
    assert got["scale_coherence"] == pytest.approx(0.778, abs=0.002)
    for slots, published in ((48, 0.820), (16, 0.589)):
        similar = [grooving_similarity(*solo, slots=slots) for solo in real_solos]
        assert np.nanmean(similar) == pytest.approx(published, abs=0.004), slots

    in_four = [solo for solo in real_solos if np.mean(np.diff(solo[1].bar_lines) == 96) > 0.9]
    got = summary(in_four)
    assert got["solos"] == 386
    assert got["h1"] == pytest.approx(1.94, abs=0.01)
    assert got["h4"] == pytest.approx(2.89, abs=0.01)


def test_real_solos_are_like_real_solos(real_solos):
    table = feature_table(real_solos)
    for name, got in ceiling(table, splits=3).items():
        assert got.overlap > 0.9, name
        assert got.kl < 0.05, name
