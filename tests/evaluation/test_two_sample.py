"""The machine that tells generated solos from real ones: on solos made for it, and on real ones."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jazzgen.corpus.wjazzd import WJazzDSource
from jazzgen.errors import EvaluationError
from jazzgen.evaluation.two_sample import (
    MIN_WINDOWS,
    group_folds,
    real_against_real,
    two_sample,
    within_fold_auc,
)
from jazzgen.evaluation.window_features import FEATURES
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.notes import Notes

REAL = Path(__file__).parents[3] / "shared" / "wjazzd" / "wjazzd-subset.db"

INTERVALS = (-4, -3, -2, -1, 1, 2, 3, 4)


def solo(rng, bars=16, even=0.5):
    """A line of steps and thirds; `even`: how often an eighth follows rather than a long note."""
    chords = [(96 * i, parse_chord(("Dm7", "G7", "Cmaj7", "A7")[i % 4])) for i in range(bars)]
    tick, pitch, rows = 0, 66, []
    while tick < 96 * bars:
        length = int(rng.choice([12, 12, 8, 6] if rng.random() < even else [18, 24]))
        rows.append((tick, length, pitch))
        tick += length
        pitch += int(rng.choice(INTERVALS)) - (pitch - 66) // 6
    return Notes.of(rows), Changes.build(chords, range(0, 96 * bars + 1, 96))


def population(seed, tunes=20, **how):
    rng = np.random.default_rng(seed)
    return [(f"tune {i}", solo(rng, **how)) for i in range(tunes)]


@pytest.fixture(scope="module")
def told_apart():
    return two_sample(population(1, even=0.4), population(2, even=0.8), partitions=1)


class TestTwoSample:
    def test_one_population_is_not_told_from_itself(self):
        told = two_sample(population(1, tunes=30), population(2, tunes=30), partitions=2)
        assert 0.35 < told.auc < 0.65
        assert told.low < 0.5 < told.high
        assert told.auc == max(told.trees, told.logistic)
        assert (told.windows_real, told.windows_generated) == (60, 60)
        assert max(tell.auc for tell in told.tells) < 0.75

    def test_different_populations_are(self, told_apart):
        assert 0.9 < told_apart.low <= told_apart.auc <= told_apart.high <= 1
        assert min(told_apart.trees, told_apart.logistic) > 0.9

    def test_what_gave_them_away(self, told_apart):
        assert sorted(tell.feature for tell in told_apart.tells) == sorted(FEATURES)
        assert all(tell.family == FEATURES[tell.feature] for tell in told_apart.tells)
        importance = [tell.importance for tell in told_apart.tells]
        assert importance == sorted(importance, reverse=True)
        assert {tell.family for tell in told_apart.tells[:3]} <= {"rhythm", "metre", "phrases"}
        tell = next(tell for tell in told_apart.tells if tell.feature == "density")
        assert tell.auc > 0.9
        assert 1.4 < tell.real < tell.generated < 2.5

    def test_one_difference_is_found(self):
        """The generated ones are the real ones, but higher: nothing else can tell."""
        real = population(1)
        higher = [
            (tune, (Notes(n.onset, n.length, n.pitch + np.int32(24), n.velocity), changes))
            for tune, (n, changes) in population(2)
        ]
        # Two octaves higher, degrees over the chords are the same.
        told = two_sample(real, higher, partitions=1)
        assert told.auc > 0.95
        assert {tell.feature for tell in told.tells[:3]} == {"mean_pitch", "lowest", "highest"}

    def test_families_that_are_never_defined(self):
        def silent(solos):
            return [(tune, (notes, c.without_chords())) for tune, (notes, c) in solos]

        told = two_sample(silent(population(1)), silent(population(2)), partitions=1)
        (tell,) = (tell for tell in told.tells if tell.feature == "chord_tones")
        assert math.isnan(tell.real)
        assert math.isnan(tell.generated)
        assert (tell.auc, tell.importance) == (0.5, 0)

    def test_the_seed_decides_everything(self):
        real, generated = population(1), population(2)
        first = two_sample(real, generated, seed=3, partitions=1)
        assert two_sample(real, generated, seed=3, partitions=1) == first
        assert two_sample(real, generated, seed=4, partitions=1) != first

    def test_the_number_of_threads_does_not(self):
        script = (
            "import importlib.util as u, sys\n"
            f"spec = u.spec_from_file_location('here', {__file__!r})\n"
            "here = u.module_from_spec(spec); spec.loader.exec_module(here)\n"
            "told = here.two_sample(here.population(1), here.population(2), partitions=1)\n"
            "print(repr(told))\n"
        )
        said = {
            subprocess.run(
                [sys.executable, "-c", script],
                env={**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for threads in ("1", "3")
        }
        assert len(said) == 1
        assert said.pop().startswith("TwoSample(auc=0.")


class TestWhatIsTooLittle:
    @pytest.mark.parametrize(
        ("real", "generated", "side"),
        [((4, 96), (8, 24), "real"), ((8, 24), (4, 96), "generated"), ((8, 24), (9, 16), "gen")],
    )
    def test_tunes_and_windows(self, real, generated, side):
        sides = [
            population(seed, tunes=tunes, bars=bars)
            for seed, (tunes, bars) in enumerate((real, generated))
        ]
        with pytest.raises(EvaluationError, match=f"too few {side}.* are needed"):
            two_sample(*sides)

    def test_nothing_at_all(self):
        with pytest.raises(EvaluationError, match="0 tunes with 0 windows"):
            two_sample([], population(1))
        with pytest.raises(EvaluationError, match="too few real"):
            two_sample([(tune, (Notes.empty(), c)) for tune, (_, c) in population(1)], [])
        with pytest.raises(EvaluationError, match="too few"):
            real_against_real([])

    def test_one_tune_is_no_population(self):
        same = [("tune", solo) for _, solo in population(1)]
        with pytest.raises(EvaluationError, match="1 tunes with 40 windows"):
            two_sample(same, population(2))

    def test_wrong_calls(self):
        with pytest.raises(ValueError, match="two folds"):
            two_sample(population(1), population(2), folds=1)
        with pytest.raises(ValueError, match="one partition"):
            two_sample(population(1), population(2), partitions=0)
        with pytest.raises(ValueError, match="one draw"):
            real_against_real(population(1), repeats=0)


@st.composite
def windows(draw):
    """Groups of windows of both sides or of one, every group number in use."""
    sizes = st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(any)
    counts = np.array(draw(st.lists(sizes, min_size=1, max_size=40)))
    group = np.repeat(np.arange(len(counts)), counts.sum(axis=1)).astype(np.int32)
    sides = [[False] * real + [True] * generated for real, generated in counts.tolist()]
    return group, np.array([side for rows in sides for side in rows], dtype=np.bool_)


class TestFolds:
    @given(windows(), st.integers(2, 6), st.integers(0, 99))
    def test_no_group_is_in_two(self, windows, folds, seed):
        group, generated = windows
        fold = group_folds(group, generated, folds, np.random.default_rng(seed))
        assert fold.shape == group.shape
        assert fold.min() >= 0
        assert fold.max() < folds
        for number in range(int(group.max()) + 1):
            assert len(set(fold[group == number].tolist())) == 1

    @pytest.mark.parametrize("one_sided", [False, True])
    def test_both_sides_are_spread_evenly(self, one_sided):
        rng = np.random.default_rng(5)
        group = np.repeat(np.arange(60), rng.integers(1, 20, 60)).astype(np.int32)
        generated = group % 2 == 0 if one_sided else rng.random(len(group)) < 0.3
        fold = group_folds(group, generated, 5, rng)
        for side in (generated, ~generated):
            counts = np.bincount(fold[side], minlength=5)
            assert counts.min() > 0.85 * counts.mean()
            assert counts.max() < 1.15 * counts.mean()

    def test_the_order_is_drawn(self):
        group, generated = np.repeat(np.arange(20), 4).astype(np.int32), np.tile([True, False], 40)
        drawn = {
            tuple(group_folds(group, generated, 5, np.random.default_rng(seed)))
            for seed in range(5)
        }
        assert len(drawn) == 5


class TestAuc:
    def test_by_hand(self):
        generated = np.array([False, False, True, True])
        one = np.zeros(4, dtype=np.int32)
        for score, auc in (
            ((1, 2, 3, 4), 1),
            ((3, 4, 1, 2), 0),
            ((1, 3, 2, 4), 3 / 4),
            ((1, 1, 1, 1), 1 / 2),
            ((1, 2, 2, 2), 3 / 4),
        ):
            assert within_fold_auc(np.array(score, dtype=float), generated, one) == auc

    def test_folds_are_not_compared(self):
        # Each fold is right by itself; the second one's scores lie higher as a whole.
        score = np.array([1.0, 2, 11, 12])
        generated = np.array([False, True, False, True])
        assert within_fold_auc(score, generated, np.array([0, 0, 1, 1], dtype=np.int32)) == 1
        assert within_fold_auc(score, generated, np.zeros(4, dtype=np.int32)) == 3 / 4

    def test_every_pair_counts_once(self):
        # One pair, wrong; four pairs, right.
        score = np.array([2.0, 1, 1, 1, 2, 2])
        generated = np.array([False, True, False, False, True, True])
        fold = np.array([0, 0, 1, 1, 1, 1], dtype=np.int32)
        assert within_fold_auc(score, generated, fold) == 4 / 5

    def test_no_pairs(self):
        fold = np.array([0, 1], dtype=np.int32)
        assert math.isnan(within_fold_auc(np.array([1.0, 2]), np.array([False, True]), fold))


class TestRealAgainstReal:
    def test_there_is_nothing_to_tell(self):
        told = real_against_real(population(1, tunes=30), repeats=3)
        assert 0.4 < told.auc < 0.62
        assert told.low <= told.auc <= told.high
        assert len(told.draws) == 3
        assert min(told.draws) <= told.low <= told.high <= max(told.draws)
        assert told.auc == pytest.approx(np.mean(told.draws))

    def test_the_seed_decides_everything(self):
        real = population(1)
        first = real_against_real(real, seed=1, repeats=1)
        assert real_against_real(real, seed=1, repeats=1) == first
        assert real_against_real(real, seed=2, repeats=1) != first

    def test_a_group_is_on_one_side_only(self):
        """Solos of one tune are copies; only who has heard a tune on one side could tell."""
        rng = np.random.default_rng(1)
        real = [(tune, s) for tune, s in population(1, tunes=12) for _ in range(3)]
        order = rng.permutation(len(real))
        told = real_against_real([real[i] for i in order], repeats=2)
        assert told.auc < 0.75

    def test_too_few_on_a_side(self):
        assert MIN_WINDOWS == 20
        with pytest.raises(EvaluationError, match="4 tunes"):
            real_against_real(population(1, tunes=9, bars=96), repeats=1)


@pytest.fixture(scope="module")
def real_solos():
    """Every third, with its tune."""
    pieces = list(WJazzDSource(REAL))[::3]
    return [(p.group.partition(" / ")[2], (p.notes, p.changes)) for p in pieces]


@pytest.mark.skipif(not REAL.is_file(), reason="the shared Weimar Jazz Database is not here")
class TestTheRealOne:
    def test_real_against_real(self, real_solos):
        told = real_against_real(real_solos, repeats=2)
        assert 0.45 < told.auc < 0.6

    def test_real_against_shuffled(self, real_solos):
        """The pitches of each solo in another order: everything but their order is real."""
        rng = np.random.default_rng(1)
        shuffled = [
            (tune, (Notes(n.onset, n.length, rng.permutation(n.pitch), n.velocity), changes))
            for tune, (n, changes) in real_solos[:40]
        ]
        told = two_sample(real_solos[:40], shuffled, partitions=1)
        assert told.low > 0.95
        assert max(told.tells, key=lambda tell: tell.auc).family == "intervals"
