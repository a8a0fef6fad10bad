"""The ranking: by hand, where it is not defined, and on real solos against spoilt ones."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from jazzgen.corpus.piece import Piece
from jazzgen.corpus.wjazzd import WJazzDSource
from jazzgen.encoding.split import SPLITS, read_split_table
from jazzgen.evaluation import ranking
from jazzgen.evaluation.ranking import (
    CAP,
    STUCK_CAP,
    excerpts,
    measure,
    penalty,
    rank,
    score,
    stuck,
)
from jazzgen.evaluation.ranking_reference import REFERENCE, SURPRISE
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.notes import Notes

REAL = Path(__file__).parents[3] / "shared" / "wjazzd"


def changes(bars=4, chord="C7", beats=4):
    lines = range(0, (bars + 1) * beats * 24, beats * 24)
    return Changes.build([(0, parse_chord(chord))], list(lines)[: bars + 1])


def line(pitches, gaps, start=0):
    onset = start + np.cumsum(gaps, dtype=np.int64) - gaps
    return Notes.of(zip(onset.tolist(), gaps, pitches, strict=True))


def wandering(bars, seed=0):
    """Some line of eighths and triplets."""
    rng = np.random.default_rng(seed)
    gaps = []
    while sum(gaps) < 96 * bars - 24:
        gaps += [[12, 12], [8, 8, 8], [24]][rng.integers(3)]
    pitches = 66 + np.cumsum(rng.integers(-3, 4, len(gaps))) % 17
    return line(pitches.tolist(), gaps)


class TestByHand:
    def test_a_tiny_solo(self):
        # Bars 1 and 2 of four: C E G B flat in beats, twice; then silence.
        notes = line([60, 64, 67, 70] * 2, [24] * 8)
        found = measure(notes, changes(4))
        expected = {
            "density": 8 / 16,
            "silence": 0.5,
            "h1": 2.0,
            "h4": 2.0,
            "gs": 1.0,
            "chord_tones": 1.0,
            "scale_tones": 1.0,
            "pitch_range": 10.0,
            "stuck": 0.0,  # the second figure is reached by a leap that the first is not
            "interval_size": (6 * 10 / 3 + 10) / 7,  # 4 3 3 -10 4 3 3
            "turns": 2 / 6,
            "interval_3_back": 1 / 5,
            "interval_4_back": 0.0,
            "rhythm_4_back": 0.0,
            "even_run": 8.0,
            "tick_0": 1.0,
            "tick_other": 0.0,
            "syncopations": math.nan,
        }
        assert found == pytest.approx(expected, nan_ok=True)
        ranked = score(notes, changes(4))
        assert ranked.parts.keys() == expected.keys() - {"syncopations"}
        low, median, _ = REFERENCE[4]["density"]
        assert ranked.parts["density"] == pytest.approx((low - 0.5) / (median - low))
        assert ranked.parts["h1"] == 0.0
        assert ranked.parts["even_run"] == pytest.approx((8 - 4.806) / (4.806 - 3))
        assert ranked.score == pytest.approx(-np.mean(list(ranked.parts.values())))

    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            ("h1", 1.0, 0),  # the zone's edges belong to it
            ("h1", 2.0, 0),
            ("h1", 4.0, 0),
            ("h1", 5.0, 0.5),
            ("h1", 0.5, 0.5),
            ("h1", -9, CAP),
            ("h1", 99, CAP),
            ("h4", 1.0, 0),  # its zone ends at the median
            ("h4", 3.0, 0.5),
            ("rhythm_4_back", 1.5, 0.5),  # and this one begins there
            ("rhythm_4_back", 4.0, 0),
            ("stuck", 14.0, 5),
            ("stuck", 99, STUCK_CAP),
        ],
    )
    def test_zones(self, name, value, expected):
        assert penalty(name, value, (1.0, 2.0, 4.0)) == expected

    def test_a_zone_without_width(self):
        assert penalty("h1", 1.0, (1.0, 1.0, 1.0)) == 0
        assert penalty("h1", 1.1, (1.0, 1.0, 1.0)) == CAP

    @pytest.mark.parametrize(
        ("pitches", "gaps", "expected"),
        [
            ([], [], 0),
            ([60], [12], 0),
            ([60, 62, 64, 65], [12] * 4, 0),
            ([60] * 8, [12] * 8, 6),
            ([60, 62, 64, 65] * 3, [12] * 12, 7),
            ([60, 62, 64, 65] * 3, [12, 8, 4, 24] * 3, 7),
            ([60, 62, 64, 65] * 2, [12] * 8, 0),  # not yet a whole figure, its first step apart
            ([60, 62, 64, 65, 72, 74, 76, 77], [12] * 8, 0),  # a sequence does not stand still
            ([60] * 8, [6, 8, 10, 12, 14, 16, 18, 20], 0),
        ],
    )
    def test_stuck(self, pitches, gaps, expected):
        assert stuck(line(pitches, gaps)) == expected

    def test_surprise_counts_either_way_where_it_is_known(self):
        solo, over = wandering(32), changes(32)
        assert "surprise" not in score(solo, over).parts
        assert score(solo, over, surprise=0.0).parts["surprise"] == 0
        for nats in (-1.0, 1.2):
            assert 0 < score(solo, over, surprise=nats).parts["surprise"] < CAP


class TestDefined:
    @pytest.mark.parametrize("bars", [1, 2, 4, 6, 8, 12, 16, 24, 32, 40, 64])
    @pytest.mark.parametrize("chord", ["C7", None])
    def test_of_any_length_with_and_without_chords(self, bars, chord):
        over = changes(bars, chord) if chord else Changes.unaccompanied(bars)
        ranked = score(wandering(bars), over)
        assert -STUCK_CAP < ranked.score <= 0
        assert ("chord_tones" in ranked.parts) == (chord is not None)
        assert all(0 <= part <= STUCK_CAP for part in ranked.parts.values())

    @pytest.mark.parametrize("count", [0, 1, 2, 5])
    def test_hardly_a_note_is_worse_than_a_solo(self, count):
        few = line([60, 64, 65, 61, 62][:count], [24, 12, 36, 24, 12][:count])
        order = rank([(few, changes(8)), (wandering(8), changes(8))])
        assert [number for number, _ in order] == [1, 0]

    def test_in_three_four(self):
        assert score(wandering(6), changes(8, beats=3)).score < 0

    def test_two_notes_at_once_are_no_solo(self):
        with pytest.raises(ValueError, match="one voice"):
            score(Notes.of([(0, 12, 60), (0, 12, 64)] * 2), changes())

    @pytest.mark.parametrize("semitones", [-7, 1, 12])
    def test_transposed_it_is_the_same(self, semitones):
        solo = wandering(16)
        higher = Notes(solo.onset, solo.length, solo.pitch + np.int32(semitones), solo.velocity)
        keys = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"]
        here = score(solo, changes(16, "C7"))
        there = score(higher, changes(16, f"{keys[semitones % 12]}7"))
        assert there.parts == pytest.approx(here.parts)

    def test_reference_and_surprise_speak_of_the_same_lengths(self):
        assert list(REFERENCE) == list(SURPRISE) == sorted(REFERENCE)
        for table in REFERENCE.values():
            assert table.keys() == measure(wandering(8), changes(8)).keys()
            assert all(low <= median <= high for low, median, high in table.values())


class TestOrder:
    def test_best_first_and_always_the_same(self):
        solos = [(wandering(16, seed), changes(16)) for seed in range(8)]
        order = rank(solos)
        scores = [ranked.score for _, ranked in order]
        assert scores == sorted(scores, reverse=True)
        assert sorted(number for number, _ in order) == list(range(8))
        assert order == rank(solos)
        for number, ranked in order:
            assert ranked == score(*solos[number])

    def test_equals_stay_as_they_came(self):
        solos = [(wandering(8), changes(8))] * 3
        assert [number for number, _ in rank(solos)] == [0, 1, 2]

    def test_surprises_go_with_the_solos(self):
        solos = [(wandering(32), changes(32))] * 3
        assert [number for number, _ in rank(solos, [3.0, 0.0, -0.8])] == [1, 2, 0]
        with pytest.raises(ValueError, match="zip"):
            rank(solos, [0.0])

    def test_no_solos(self):
        assert rank([]) == []

    def test_getting_stuck_at_the_end_outweighs_all_else(self):
        solo = wandering(32)
        sound = solo[solo.onset < 96 * 24]
        rows = [*sound, *((t, 12, 65) for t in range(96 * 24, 96 * 32, 12))]
        got_stuck = Notes.of(rows)
        order = rank([(got_stuck, changes(32)), (solo, changes(32))])
        assert [number for number, _ in order] == [1, 0]
        assert order[1][1].parts["stuck"] > 10


class TestExcerpts:
    def test_bars_chords_and_notes(self):
        over = Changes.build(
            [(0, parse_chord("C7")), (96 * 3, parse_chord("F7")), (96 * 4, parse_chord("G7"))],
            range(0, 97 * 9, 96),
        )
        solo = line([60, 62, 64, 65], [96, 96, 96, 48], start=96 + 24)
        first, second = excerpts(solo, over, 2)
        assert list(first[0]) == [(24, 96, 60, 80), (120, 72, 62, 80)]  # cut at the bar line
        assert first[1] == Changes.build([(0, parse_chord("C7"))], [0, 96, 192])
        assert list(second[0]) == [(24, 96, 64, 80), (120, 48, 65, 80)]
        assert second[1] == Changes.build(
            [(0, parse_chord("F7")), (96, parse_chord("G7"))], [0, 96, 192]
        )
        assert len(excerpts(solo, over, 3)) == 1
        assert excerpts(solo, over, 5) == []
        assert excerpts(Notes.empty(), over, 2) == []


def shuffle_pitches(solo):
    notes, changes = solo
    pitch = np.random.default_rng(0).permutation(notes.pitch)
    return Notes(notes.onset, notes.length, pitch, notes.velocity), changes


def shuffle_time(solo):
    """The same pitches, the times from onset to onset in another order."""
    notes, changes = solo
    gap = np.diff(notes.onset)
    order = np.random.default_rng(0).permutation(len(gap))
    onset = notes.onset[0] + np.append(0, np.cumsum(gap[order])).astype(np.int32)
    length = np.append(notes.length[:-1][order], notes.length[-1:])
    return Notes(onset, length, notes.pitch, notes.velocity), changes


def one_note(solo):
    notes, changes = solo
    pitch = np.full_like(notes.pitch, notes.pitch[0])
    return Notes(notes.onset, notes.length, pitch, notes.velocity), changes


def one_bar(solo):
    """The bar with most notes, over and over."""
    notes, changes = solo
    lines = changes.bar_lines
    bar = np.searchsorted(lines, notes.onset, side="right") - 1
    busiest = int(np.bincount(bar).argmax())
    figure = notes[bar == busiest].shifted(-int(lines[busiest]))
    rows = [
        (start + note.onset, note.length, note.pitch)
        for start, end in pairwise(lines.tolist())
        for note in figure
        if start + note.onset < end
    ]
    return Notes.of(rows), changes


def semitone_up(solo):
    """The notes a semitone higher, the chords as they were."""
    notes, changes = solo
    return Notes(notes.onset, notes.length, notes.pitch + np.int32(1), notes.velocity), changes


SPOILT = {
    "pitches shuffled": shuffle_pitches,
    "times shuffled": shuffle_time,
    "one note": one_note,
    "one bar": one_bar,
    "a semitone up": semitone_up,
}


def compare(real):
    """For each way to spoil a solo, the share of solos that score better than when spoilt."""
    shares = {}
    for name, spoil in SPOILT.items():
        sample = [
            solo
            for solo in real
            if name != "a semitone up" or any(chord.root >= 0 for chord in solo[1].chords)
        ]
        shares[name] = float(np.mean([score(*s).score > score(*spoil(s)).score for s in sample]))
    return shares


@pytest.fixture(scope="module")
def real():
    """The published split: training and validation solos."""
    if not REAL.is_dir():
        pytest.skip("the shared Weimar Jazz Database is not here")
    table = read_split_table(REAL / "split.csv")
    pieces = [p for p in WJazzDSource(REAL / "wjazzd-subset.db") if isinstance(p, Piece)]
    sides = {"train": [], "validation": []}
    for piece in pieces:
        side = SPLITS[table[piece.key]]
        if side in sides:
            sides[side].append((piece.notes, piece.changes))
    return sides


class TestRealSolos:
    @pytest.mark.parametrize(("bars", "least"), [(32, 0.85), (8, 0.85)])
    def test_score_better_than_spoilt(self, real, bars, least):
        parts = [excerpts(*solo, bars) for solo in real["validation"]]
        sample = [next(e for e in cut if len(e[0]) >= 8) for cut in parts if cut]
        assert len(sample) > 30
        shares = compare(sample)
        assert shares.keys() == SPOILT.keys()
        assert min(shares.values()) >= least, shares
        assert shares["one note"] == shares["one bar"] == 1.0

    def test_mostly_they_lie_within_the_zones(self, real):
        found = [score(*e).score for solo in real["validation"] for e in excerpts(*solo, 32)]
        assert -0.3 < np.median(found) < -0.1

    def test_the_reference_is_theirs(self, real):
        measured = ranking.reference(real["train"], 32)
        assert measured.keys() == REFERENCE[32].keys()
        for name, quantiles in measured.items():
            assert quantiles == pytest.approx(REFERENCE[32][name], rel=0.02, abs=0.005), name
