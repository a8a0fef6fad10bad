"""Intervals by resampling, and published measures of two sets side by side."""

import math

import numpy as np
import pytest

from jazzgen.evaluation.bootstrap import Ratio, draws, interval
from jazzgen.evaluation.comparison import MEASURES, compare_measures, measure_ratios
from jazzgen.evaluation.metrics import summary
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.notes import Notes


def solo(seed, scale=(0, 2, 4, 5, 7, 9, 11), chord="C6"):
    rng = np.random.default_rng(seed)
    pitches = 60 + rng.choice(scale, 64)
    changes = Changes.build([(0, parse_chord(chord))], range(0, 900, 96))
    return Notes.of((12 * i, 12, int(p)) for i, p in enumerate(pitches)), changes


def test_a_ratio_by_hand():
    ratio = Ratio(np.array([1.0, 4.0]), np.array([2.0, 2.0]))
    assert ratio.value == 5 / 4
    assert ratio.resampled(np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 2.0]])).tolist() == [
        *(0.5, 1.25, 2.0)
    ]
    mean = Ratio.mean([1.0, math.nan, 3.0])
    assert mean.value == 2
    assert np.isnan(mean.resampled(np.array([[0.0, 3.0, 0.0]]))).all()


def test_draws_are_of_the_seed():
    assert np.array_equal(draws(5, 1), draws(5, 1))
    assert not np.array_equal(draws(5, 1), draws(5, 2))
    assert (draws(5, 1).sum(axis=1) == 5).all()


def test_the_interval_is_that_of_the_mean():
    values = np.random.default_rng(0).normal(3, 1, 400)
    got = Ratio.mean(values).estimate(draws(400, 0))
    half = 1.96 * values.std() / 20
    assert (got.low, got.high) == pytest.approx((got.value - half, got.value + half), abs=0.015)


def test_without_enough_there_is_no_interval():
    assert not Ratio.mean([1.0]).estimate(draws(1, 0)).has_interval
    assert not Ratio.mean([math.nan, 2.0]).estimate(draws(2, 0)).has_interval
    nothing = Ratio.mean([math.nan]).estimate(draws(1, 0))
    assert math.isnan(nothing.value)
    assert not interval(math.nan, np.array([1.0])).has_interval


def test_values_are_those_of_summary():
    solos = [solo(i) for i in range(5)]
    wanted, got = summary(solos), measure_ratios(solos)
    for name in MEASURES[:-1]:
        assert got[name].value == pytest.approx(wanted[name]), name
    assert got["notes_per_bar"].value == 8


def test_the_same_solos_do_not_differ():
    solos = [solo(i) for i in range(8)]
    for name, one in compare_measures(solos, solos, matches=np.arange(8)).items():
        assert one.difference.value == 0, name
        assert (one.difference.low, one.difference.high) == pytest.approx((0, 0))
        assert not one.differs


def test_other_notes_differ():
    real = [solo(i) for i in range(8)]
    made = [solo(i, scale=range(12)) for i in range(8)]
    got = compare_measures(real, made)
    assert got["scale_coherence"].differs
    assert got["scale_coherence"].difference.value < -0.2
    assert got["h4"].difference.value > 0.3
    assert got["h4"].differs
    assert not got["gs"].differs


def test_matched_solos_have_narrower_differences():
    # Solos differ from tune to tune in how much they stay in the scale; matched ones alike.
    rng = np.random.default_rng(1)
    real, made = [], []
    for i in range(12):
        scale = tuple(rng.choice(12, rng.integers(3, 12), replace=False))
        real.append(solo(i, scale))
        made.append(solo(i + 100, scale))
    apart = compare_measures(real, made)["h4"].difference
    matched = compare_measures(real, made, matches=np.arange(12))["h4"].difference
    assert matched.high - matched.low < (apart.high - apart.low) / 2


def test_what_cannot_be_measured_is_not_a_number():
    silent = [(solo(i)[0], Changes.unaccompanied(9)) for i in range(3)]
    got = compare_measures(silent, silent)["chord_coherence"]
    assert math.isnan(got.real.value)
    assert not got.differs
