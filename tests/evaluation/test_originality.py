"""Copied runs: against brute force, planted where they must be found, and on the real database."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jazzgen.corpus.piece import Piece
from jazzgen.corpus.wjazzd import WJazzDSource
from jazzgen.encoding.preprocess import preprocess
from jazzgen.errors import DatasetError
from jazzgen.evaluation.line import Line
from jazzgen.evaluation.originality import Copied, CorpusIndex, percentile
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.notes import Notes

REAL = Path(__file__).parents[3] / "shared" / "wjazzd"


def line(steps, **about):
    """A line of the given (gap, leap) steps; its first note has a step too, which is ignored."""
    onset = np.cumsum([gap for gap, _ in steps], dtype=np.int32)
    leap = np.array([leap for _, leap in steps], dtype=np.int32)
    return Line(onset, leap, onset // 96 + 1, **about)


def notes(pitches, gaps, start=0):
    """Notes that each sound until the next."""
    onset = start + np.cumsum([0, *gaps[:-1]])
    rows = zip(onset.tolist(), gaps, pitches, strict=True)
    return Notes.of(rows)


class Pieces:
    """A source of pieces at hand."""

    name, licence = "pieces", ""

    def __init__(self, *pieces):
        self._pieces = pieces

    def sha256(self):
        return "0" * 64

    def __len__(self):
        return len(self._pieces)

    def __iter__(self):
        return iter(self._pieces)


def piece(key, solo, group="", beats=4, first=0, **about):
    """A piece in bars of so many beats, of which the first may be shorter, in ticks."""
    bar = 24 * beats
    lines = [0, *range(first or bar, solo.end + bar, bar)]
    changes = Changes.build([(0, parse_chord("Dm7"))], lines)
    return Piece(key, group or key, solo, changes, about=about)


@pytest.fixture
def make_dataset(tmp_path):
    def make(*pieces, **options):
        return preprocess([Pieces(*pieces)], tmp_path / "data", **options)[0]

    return make


STEP = st.tuples(st.sampled_from([6, 12]), st.sampled_from([-1, 0, 2]))
STEPS = st.lists(STEP, max_size=12)
CORPUS = st.lists(st.tuples(STEPS, st.sampled_from(["a", "b", ""])), min_size=1, max_size=5).filter(
    lambda rows: any(steps for steps, _ in rows)
)


def brute_force(corpus, steps, rhythm, leave_out=()):
    """Each note's longest run, and of the longest run the piece, the note and the places.

    Args:
        corpus: the steps of the pieces.
        leave_out: numbers of pieces that do not count.
    """
    if not rhythm:
        corpus = [[(0, leap) for _, leap in piece] for piece in corpus]
        steps = [(0, leap) for _, leap in steps]
    profile, best, where = [], 0, []
    for end in range(len(steps)):
        reached = 1
        found = []
        for number, piece in enumerate(corpus):
            if number in leave_out:
                continue
            for at in range(len(piece)):
                n = 1
                while n <= min(end, at) and steps[end - n + 1] == piece[at - n + 1]:
                    n += 1
                found.append((n, number, at - n + 1))
        reached = max([reached, *(n for n, _, _ in found)])
        profile.append(reached)
        if reached > best:
            best, where = reached, sorted(row[1:] for row in found if row[0] == reached)
    return profile, best, where


def members(corpus, group):
    return [i for i, (_, name) in enumerate(corpus) if group and name == group]


class TestAgainstBruteForce:
    @given(CORPUS, STEPS, st.booleans(), st.sampled_from(["", "a"]))
    def test_a_solo(self, corpus, steps, rhythm, leave_out):
        lines = [line(s, key=str(i), group=g) for i, (s, g) in enumerate(corpus)]
        index = CorpusIndex(lines)
        solo = line(steps)
        profile, best, where = brute_force(
            [s for s, _ in corpus], steps, rhythm, members(corpus, leave_out)
        )
        assert index.profile(solo, rhythm=rhythm, leave_out=leave_out).tolist() == profile
        copied = index.longest_copied(solo, rhythm=rhythm, leave_out=leave_out)
        if best < 2:
            assert copied == Copied(best)
            return
        at = profile.index(best) - best + 1
        number, note = where[0]
        assert copied == Copied(
            best,
            at_note=at,
            at_bar=int(solo.bar[at]),
            key=str(number),
            note=note,
            bar=int(lines[number].bar[note]),
            places=len(where),
        )

    @given(CORPUS, st.booleans())
    def test_real_solos_against_each_other(self, corpus, rhythm):
        index = CorpusIndex([line(s, group=g) for s, g in corpus])
        profiles = index.profiles(rhythm=rhythm)
        assert len(profiles) == len(corpus)
        everything = [s for s, _ in corpus]
        for i, (steps, group) in enumerate(corpus):
            own = {i, *members(corpus, group)}
            assert profiles[i].tolist() == brute_force(everything, steps, rhythm, own)[0]
        longest = [max(profile, default=0) for profile in profiles]
        assert index.baseline(rhythm=rhythm).tolist() == longest

    @given(CORPUS, st.booleans(), st.integers(1, 5))
    def test_excerpts(self, corpus, rhythm, size):
        index = CorpusIndex([line(s, group=g) for s, g in corpus])
        everything = [s for s, _ in corpus]
        expected = []
        for i, (steps, group) in enumerate(corpus):
            own = {i, *members(corpus, group)}
            for start in range(0, len(steps) - size + 1, size):
                excerpt = steps[start : start + size]
                expected.append(brute_force(everything, excerpt, rhythm, own)[1])
        assert index.baseline(rhythm=rhythm, notes=size).tolist() == expected

    @given(CORPUS, STEPS, STEP, st.booleans(), st.integers(1, 4), st.sampled_from(["", "a"]))
    def test_what_is_barred(self, corpus, steps, step, rhythm, limit, leave_out):
        index = CorpusIndex([line(s, group=g) for s, g in corpus])
        follower = index.follower(rhythm=rhythm, leave_out=leave_out)
        solo = line(steps)
        for onset, leap in zip(solo.onset.tolist(), solo.leap.tolist(), strict=True):
            follower.push_step(onset, leap)
        onset = int(solo.onset[-1]) + step[0] if steps else 0
        out = members(corpus, leave_out)
        too_long = {
            leap
            for leap in (-1, 0, 2)
            if brute_force([s for s, _ in corpus], [*steps, (step[0], leap)], rhythm, out)[0][-1]
            > limit
        }
        assert follower.barred(onset, limit) == too_long


MELODY = [60, 62, 63, 67, 65, 58, 59, 60, 72, 71, 69, 68]
GAPS = [12, 12, 8, 16, 6, 6, 24, 12, 8, 8, 20, 12]


class TestPlanted:
    @pytest.fixture
    def index(self, make_dataset):
        rng = np.random.default_rng(1)
        filler = rng.integers(50, 80, 16).tolist()
        first = piece("first", notes([70, 50, 70, 49] * 10, [24] * 40, start=24), title="Saws")
        lick = notes(filler + MELODY, [24] * 16 + GAPS)  # four bars, then the melody
        second = piece("second", lick, title="Licks", performer="Somebody")
        return CorpusIndex.from_dataset(make_dataset(first, second))

    @pytest.mark.parametrize("semitones", [0, 5, -11])
    def test_a_transposed_copy_is_found_where_it_stands(self, index, semitones):
        melody = [pitch + semitones for pitch in MELODY]
        solo = notes([50, *melody, 70], [288, *GAPS, 5], start=24)
        copied = index.longest_copied(Line.from_notes(solo))
        assert copied == Copied(12, 1, 4, "second", "Licks", "Somebody", 16, 5, 1)

    def test_with_another_rhythm_only_the_intervals_are_found(self, index):
        solo = Line.from_notes(notes(MELODY, [g + 1 + i % 2 for i, g in enumerate(GAPS)]))
        assert index.longest_copied(solo).length == 1
        assert index.longest_copied(solo, rhythm=False).length == 12

    def test_held_or_cut_short_a_note_is_the_same(self, index):
        whole = notes(MELODY, GAPS)
        short = Notes(whole.onset, np.ones_like(whole.length), whole.pitch, whole.velocity)
        assert index.longest_copied(Line.from_notes(short)).length == 12

    def test_the_bars_are_those_of_the_changes(self, index):
        changes = Changes.unaccompanied(40, beats_per_bar=3)
        solo = notes([40, *MELODY], [288, *GAPS], start=24)
        assert index.longest_copied(Line.from_notes(solo, changes)).at_bar == 5

    def test_a_copy_ends_where_a_piece_does(self, make_dataset):
        halves = (notes(MELODY[:6], GAPS[:6]), notes(MELODY[6:], GAPS[6:]))
        dataset = make_dataset(piece("1", halves[0]), piece("2", halves[1]))
        index = CorpusIndex.from_dataset(dataset)
        profile = index.profile(Line.from_notes(notes(MELODY, GAPS)))
        assert profile.tolist() == [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]

    def test_note_by_note(self, index):
        follower = index.follower()
        assert follower.length == 0
        solo = notes([p + 3 for p in [40, *MELODY]], [7, *GAPS])
        lengths = [follower.push(note.onset, note.pitch) for note in solo]
        assert lengths == [1, *range(1, 13)]

    def test_a_player_who_heeds_what_is_barred_never_copies_more(self, index):
        follower = index.follower()
        tick, lengths = 0, []
        for gap, (before, pitch) in zip(GAPS, pairwise(MELODY), strict=False):
            tick += gap
            barred = follower.barred(tick, 4)
            leap = pitch - before
            lengths.append(follower.push_step(tick, leap + 1 if leap in barred else leap))
        # The melody is left at its fifth note; with the ninth a new copy would be too long.
        assert lengths == [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3]


class TestGroups:
    @pytest.fixture
    def takes(self):
        """Two takes of a tune by one player, and a solo that has five notes of them."""
        solo = list(zip(GAPS, MELODY, strict=True))
        steps = [(12, 0)] + [(a[0], b[1] - a[1]) for a, b in pairwise(solo)]
        return [
            line(steps, key="take 1", group="tune"),
            line(steps[:9], key="take 2", group="tune"),
            line([*steps[3:8], (5, 11)], key="other", group="another"),
        ]

    def test_other_takes_are_no_copies(self, takes):
        assert CorpusIndex(takes).baseline().tolist() == [5, 5, 5]

    def test_without_groups_they_are(self, takes):
        ungrouped = [Line(t.onset, t.leap, t.bar, key=t.key) for t in takes]
        assert CorpusIndex(ungrouped).baseline().tolist() == [9, 9, 5]

    def test_a_solo_can_leave_its_group_out(self, takes):
        index = CorpusIndex(takes)
        assert index.longest_copied(takes[1]).key == "take 1"
        assert index.longest_copied(takes[1]).places == 2
        left = index.longest_copied(takes[1], leave_out="tune")
        assert (left.key, left.length, left.at_note, left.note) == ("other", 5, 3, 0)

    def test_an_unknown_group_leaves_nothing_out(self, takes):
        assert CorpusIndex(takes).longest_copied(takes[0], leave_out="nobody").length == 12


class TestLines:
    @pytest.mark.parametrize(
        ("beats", "first"), [(4, 0), (3, 0), (5, 0), (16, 0), (4, 48), (3, 24)]
    )
    def test_a_dataset_tells_the_bars(self, make_dataset, beats, first):
        rng = np.random.default_rng(beats + first)
        gaps = rng.choice([6, 8, 24, 96, 400], 80).tolist()  # bars of rest among them
        solo = notes(rng.integers(40, 80, 80).tolist(), gaps, start=12)
        made = piece("p", solo, "g", beats, first)
        [found] = Line.from_dataset(make_dataset(made))
        expected = Line.from_notes(solo, made.changes)
        for name in ("onset", "leap", "bar"):
            assert getattr(found, name).tolist() == getattr(expected, name).tolist(), name
            assert getattr(found, name).dtype == np.int32
        assert (found.key, found.group) == ("p", "g")

    def test_wide_leaps_are_folded_as_in_the_encoding(self, make_dataset):
        solo = notes([40, 90, 41, 100, 99], [12] * 5)
        [found] = Line.from_dataset(make_dataset(piece("p", solo)))
        assert Line.from_notes(solo).leap.tolist() == found.leap.tolist()
        follower = CorpusIndex([found]).follower()
        assert [follower.push(n.onset, n.pitch) for n in solo] == [1, 2, 3, 4, 5]

    def test_some_pieces_of_a_dataset(self, make_dataset):
        pieces = [piece(str(i), notes([60, 60 + i], [12, 12])) for i in range(4)]
        index = CorpusIndex.from_dataset(make_dataset(*pieces), [2, 0])
        assert [found.key for found in index.lines] == ["2", "0"]

    def test_chords_are_no_solo(self):
        with pytest.raises(ValueError, match="one voice"):
            Line.from_notes(Notes.of([(0, 12, 60), (0, 12, 64)]))

    def test_another_encoding_is_refused(self, make_dataset):
        dataset = make_dataset(piece("p", notes(MELODY * 4, GAPS * 4)), encoding="grammar", tx=4)
        with pytest.raises(DatasetError, match="not in the encoding `grammar`"):
            CorpusIndex.from_dataset(dataset)


class TestEdges:
    def test_no_corpus(self):
        with pytest.raises(ValueError, match="no note"):
            CorpusIndex([])

    def test_no_notes(self):
        index = CorpusIndex([line([]), line([(0, 0)])])
        empty = Line.from_notes(Notes.empty())
        assert index.longest_copied(empty) == Copied(0)
        assert index.profile(empty).tolist() == []
        assert index.baseline().tolist() == [0, 1]

    def test_one_note(self):
        index = CorpusIndex([line([(0, 0), (12, 2)])])
        assert index.longest_copied(line([(0, 0)])) == Copied(1)

    def test_a_long_copy_of_one_repeated_note(self):
        trill = line([(6, 0)] * 3000)
        assert CorpusIndex([trill, trill]).baseline().tolist() == [3000, 3000]

    def test_percentile(self):
        baseline = np.array([4, 6, 6, 9], dtype=np.int32)
        assert [percentile(baseline, n) for n in (3, 4, 6, 7, 9, 10)] == [
            *(0, 12.5, 50, 75, 87.5, 100)
        ]


@pytest.fixture(scope="module")
def real_pieces():
    return list(WJazzDSource(REAL / "wjazzd-subset.db"))


@pytest.fixture(scope="module")
def real_index(real_pieces, tmp_path_factory):
    out = tmp_path_factory.mktemp("originality") / "data"
    return CorpusIndex.from_dataset(preprocess([Pieces(*real_pieces)], out)[0])


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared Weimar Jazz Database is not here")
class TestTheRealOne:
    def test_every_bar_and_step_is_that_of_the_notes(self, real_pieces, real_index):
        for made, found in zip(real_pieces, real_index.lines, strict=True):
            expected = Line.from_notes(made.notes, made.changes)
            assert np.array_equal(found.onset, expected.onset)
            assert np.array_equal(found.leap, expected.leap)
            assert np.array_equal(found.bar, expected.bar), made.key

    def test_what_players_have_in_common(self, real_index):
        rhythm, intervals = real_index.baseline(), real_index.baseline(rhythm=False)
        assert len(rhythm) == len(intervals) == 413
        assert 7.5 < rhythm.mean() < 8.5
        assert 12.5 < intervals.mean() < 13.7
        assert np.all(intervals >= rhythm)

    def test_one_solo_says_the_same_as_all_at_once(self, real_index):
        for rhythm in (True, False):
            profiles = real_index.profiles(rhythm=rhythm)
            for number in range(0, 413, 60):
                solo = real_index.lines[number]
                own = real_index.profile(solo, rhythm=rhythm, leave_out=solo.group)
                assert np.array_equal(own, profiles[number])
