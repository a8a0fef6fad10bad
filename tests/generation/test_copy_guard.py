"""The guard against the exact measure of copied runs, on players who do their best to copy."""

from copy import copy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jazzgen.corpus.piece import Piece
from jazzgen.corpus.wjazzd import WJazzDSource
from jazzgen.encoding.base import EVENT
from jazzgen.encoding.fingerprints import RUN_STEPS, fingerprints, hash_runs, steps
from jazzgen.encoding.interval import FIRST_LENGTH, LENGTHS, MAX_LEAP, REST, IntervalDecoder
from jazzgen.encoding.preprocess import preprocess
from jazzgen.evaluation.line import Line
from jazzgen.evaluation.originality import CorpusIndex
from jazzgen.generation.copy_guard import CopyGuard

REAL = Path(__file__).parents[3] / "shared" / "wjazzd"

ALL = 2 * MAX_LEAP + 1


def line(rows):
    """A line of (gap, leap) steps; its first note's own step is ignored."""
    onset = np.cumsum([gap for gap, _ in rows], dtype=np.int32)
    return Line(onset, np.array([leap for _, leap in rows], dtype=np.int32), onset // 96 + 1)


def marks(corpus):
    """Fingerprints of lists of steps."""
    found = [np.empty(0, dtype=np.uint32)]
    for rows in corpus:
        row = [steps(*step) for step in rows[1:]]
        found += [
            hash_runs(np.array([row[i : i + RUN_STEPS]])) for i in range(len(row) - RUN_STEPS + 1)
        ]
    return np.unique(np.concatenate(found))


def copyist(corpus, guard, rng, notes=120, stray=0.1):
    """Plays what the corpus has, value by value, as long as it may; rests where it must.

    Returns:
        The solo, and how often nothing but a rest was left.
    """
    decoder = IntervalDecoder()
    piece, at, played, rests = 0, 0, 0, 0
    while played < notes:
        if at >= len(corpus[piece]) - 1 or rng.random() < stray:
            piece = int(rng.integers(len(corpus)))
            at = int(rng.integers(max(1, len(corpus[piece]) - 1)))
        assert decoder.phase == EVENT
        allowed = decoder.allowed()
        if guard:
            allowed[:REST] &= ~guard.barred(decoder.tick)
        wanted = corpus[piece][at][1] + MAX_LEAP
        if not allowed[wanted]:
            # Those near by are copies too, likelier than not.
            near = [v for v in range(wanted - 2, wanted + 3) if 0 <= v < REST and allowed[v]]
            wanted = int(rng.choice(near)) if near else REST
        rests, played = rests + (wanted == REST), played + (wanted < REST)
        decoder.push(wanted)
        if guard and wanted < REST:
            guard.push(decoder.tick, decoder.reference)
        gap = corpus[piece][at + 1][0] if wanted < REST and at + 1 < len(corpus[piece]) else 6
        decoder.push(FIRST_LENGTH + LENGTHS.index(gap))
        at += 1
    return Line.from_notes(decoder.notes()), rests


STEP = st.tuples(st.sampled_from([6, 12]), st.sampled_from([-1, 0, 1]))
CORPUS = st.lists(st.lists(STEP, min_size=2, max_size=40), min_size=1, max_size=4)


class TestAgainstTheExactMeasure:
    @settings(deadline=None)
    @given(CORPUS, st.integers(RUN_STEPS, 10), st.integers(0, 2**32))
    def test_no_run_is_longer_than_the_limit(self, corpus, limit, seed):
        guard = CopyGuard(marks(corpus), limit)
        solo, _ = copyist(corpus, guard, np.random.default_rng(seed), notes=40)
        longest = CorpusIndex([line(rows) for rows in corpus]).longest_copied(solo).length
        assert longest <= limit

    @settings(deadline=None)
    @given(CORPUS, st.lists(STEP, max_size=40))
    def test_the_length_is_never_too_short(self, corpus, rows):
        """Nor ever more than what the rule says, a mosaic of runs of six steps."""
        guard = CopyGuard(marks(corpus), RUN_STEPS)
        follower = CorpusIndex([line(known) for known in corpus]).follower()
        runs = {
            tuple(known[i : i + RUN_STEPS])
            for known in corpus
            for i in range(1, len(known) - RUN_STEPS + 1)
        }
        pitch, tick, expected = 60, 0, 0
        for i, (gap, leap) in enumerate(rows):
            tick, pitch = tick + gap, pitch + leap * (i > 0)
            known = i < RUN_STEPS or tuple(rows[i - RUN_STEPS + 1 : i + 1]) in runs
            expected = expected + 1 if known else RUN_STEPS
            assert guard.push(tick, pitch) == guard.length == expected
            assert guard.length >= follower.push(tick, pitch)

    @settings(deadline=None)
    @given(CORPUS, st.lists(STEP, min_size=1, max_size=30), STEP, st.integers(RUN_STEPS, 9))
    def test_what_is_barred_is_what_would_be_too_long(self, corpus, rows, step, limit):
        guard = CopyGuard(marks(corpus), limit)
        pitch, tick = 60, 0
        for gap, leap in rows:
            tick, pitch = tick + gap, pitch + leap
            guard.push(tick, pitch)
        barred = guard.barred(tick + step[0])
        assert barred.shape == (ALL,)
        for leap in range(-MAX_LEAP, MAX_LEAP + 1):
            too_long = copy(guard).push(tick + step[0], pitch + leap) > limit
            assert barred[leap + MAX_LEAP] == too_long


class TestAPlayerWhoCopies:
    @pytest.fixture
    def corpus(self):
        rng = np.random.default_rng(5)
        return [
            [(int(rng.choice([6, 12, 8])), int(rng.integers(-3, 4))) for _ in range(150)]
            for _ in range(4)
        ]

    @pytest.mark.parametrize("limit", [6, 8, 12])
    def test_is_stopped_and_goes_on(self, corpus, limit):
        index = CorpusIndex([line(rows) for rows in corpus])
        for seed in range(5):
            guard = CopyGuard(marks(corpus), limit)
            solo, _ = copyist(corpus, guard, np.random.default_rng(seed))
            assert index.longest_copied(solo).length == limit

    def test_would_copy_otherwise(self, corpus):
        index = CorpusIndex([line(rows) for rows in corpus])
        solo, _ = copyist(corpus, None, np.random.default_rng(0))
        assert index.longest_copied(solo).length > 20

    def test_rests_where_every_leap_is_barred(self):
        stem = [(12, 0), (12, 2), (12, 1), (12, -1), (12, 4), (12, -2)]
        corpus = [[*stem, (12, leap)] for leap in range(-MAX_LEAP, MAX_LEAP + 1)]
        guard = CopyGuard(marks(corpus), RUN_STEPS)
        pitch = 60
        for i, (_, leap) in enumerate(stem):
            pitch += leap
            assert not guard.barred(12 * i).any()
            guard.push(12 * i, pitch)
        assert guard.barred(72).all()
        assert not guard.barred(72 + 6).any()
        _, rests = copyist(corpus, CopyGuard(marks(corpus), RUN_STEPS), np.random.default_rng(1))
        assert rests > 0


class TestTheGuard:
    @pytest.mark.parametrize("limit", [5, 0, -1])
    def test_a_limit_that_cannot_be_told(self, limit):
        with pytest.raises(ValueError, match=f"6 notes or more, not to {limit}:"):
            CopyGuard(np.array([1], dtype=np.uint32), limit)

    def test_nothing_is_barred_before_the_first_note(self):
        guard = CopyGuard(np.arange(1000, dtype=np.uint32), RUN_STEPS)
        assert not guard.barred(0).any()
        assert guard.length == 0

    def test_without_fingerprints_nothing_is(self):
        guard = CopyGuard(np.empty(0, dtype=np.uint32), RUN_STEPS)
        for i in range(10):
            assert not guard.barred(12 * i).any()
            guard.push(12 * i, 60)
        assert guard.length == RUN_STEPS

    def test_every_hash_known(self):
        """Mosaics only: all six-step runs stand in the corpus."""
        corpus = [[(12, 0)] * 8]
        guard = CopyGuard(marks(corpus), 9)
        lengths = [guard.push(12 * i, 60) for i in range(11)]
        assert lengths == list(range(1, 12))
        assert np.flatnonzero(guard.barred(132)).tolist() == [MAX_LEAP]
        assert not guard.barred(131).any()

    def test_wide_leaps_are_folded_as_in_the_corpus(self):
        pitches = [40, 90, 41, 100, 99, 30, 31, 90]
        onset = [12 * i for i in range(8)]
        rows, pitch = [(12, 0)], 40
        for target in pitches[1:]:
            leap = target - pitch
            while abs(leap) > MAX_LEAP:
                leap -= 12 if leap > 0 else -12
            rows.append((12, leap))
            pitch += leap
        guard = CopyGuard(marks([rows]), RUN_STEPS)
        assert [guard.push(*note) for note in zip(onset, pitches, strict=True)][-1] == 8


class Pieces:
    name, licence = "pieces", ""

    def __init__(self, pieces):
        self._pieces = pieces

    def sha256(self):
        return "0" * 64

    def __len__(self):
        return len(self._pieces)

    def __iter__(self):
        return iter(self._pieces)


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared Weimar Jazz Database is not here")
def test_real_solos(tmp_path):
    """Some solos of the database against four fifths of it."""
    pieces = [p for p in WJazzDSource(REAL / "wjazzd-subset.db") if isinstance(p, Piece)]
    dataset, _ = preprocess([Pieces(pieces)], tmp_path / "data")
    train = [i for i in range(len(pieces)) if i % 5]
    index, known = CorpusIndex.from_dataset(dataset, train), fingerprints(dataset, train)
    barred = exact = notes = 0
    for solo in Line.from_dataset(dataset, range(0, len(pieces), 25)):
        guard = CopyGuard(known, 8)
        pitch = 60 + np.cumsum(solo.leap)
        columns = zip(solo.onset.tolist(), pitch.tolist(), strict=True)
        told = np.array([guard.push(*note) for note in columns])
        profile = index.profile(solo)
        assert np.all(told >= profile)
        barred, exact = barred + (told > 8).sum(), exact + (profile > 8).sum()
        notes += len(solo)
    # What is barred wrongly: well under one note in a hundred.
    assert 0 < exact / notes < 0.03
    assert (barred - exact) / notes < 0.01
    # A training solo is known from its first note to its last.
    [solo] = Line.from_dataset(dataset, train[:1])
    guard = CopyGuard(known, 8)
    for onset, pitch in zip(solo.onset.tolist(), (60 + np.cumsum(solo.leap)).tolist(), strict=True):
        guard.push(onset, pitch)
    assert guard.length == len(solo)
