"""Drawing one value: what may be drawn, and how often."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jazzgen.generation.sampling import draw, shape_distribution

ALL = np.ones(78, dtype=np.bool_)


def softmax(seed, scale=3.0):
    odds = np.exp(np.random.default_rng(seed).normal(0, scale, 78))
    return (odds / odds.sum()).astype(np.float32)


seeds = st.integers(0, 10_000)


@given(seeds, st.floats(0.05, 10), st.floats(0.01, 1), st.integers(1, 77))
def test_a_distribution_over_what_is_allowed(seed, temperature, top_p, n_allowed):
    allowed = ALL.copy()
    allowed[np.random.default_rng(seed + 1).permutation(78)[n_allowed:]] = False
    got = shape_distribution(softmax(seed), allowed, temperature=temperature, top_p=top_p)
    assert got.dtype == np.float64
    assert got.shape == (78,)
    assert got.sum() == pytest.approx(1, abs=1e-12)
    assert np.all(got[~allowed] == 0)
    assert np.all(got >= 0)


@given(seeds)
def test_plain_settings_leave_the_probabilities(seed):
    p = softmax(seed)
    np.testing.assert_allclose(shape_distribution(p, ALL), p, rtol=1e-5)


@given(seeds, st.floats(0.2, 5))
def test_temperature_is_a_power(seed, temperature):
    p = softmax(seed, 1.0)
    expected = p.astype(np.float64) ** (1 / temperature)
    got = shape_distribution(p, ALL, temperature=temperature)
    np.testing.assert_allclose(got, expected / expected.sum(), rtol=1e-6)


@pytest.mark.parametrize("temperature", [1e-2, 1e-8, 1e-320])
def test_towards_zero_only_the_likeliest_is_left(temperature):
    p = np.full(78, 0.5 / 76, dtype=np.float32)
    p[[5, 40]] = 0.2, 0.3
    got = shape_distribution(p, ALL, temperature=temperature)
    assert got[40] == pytest.approx(1)
    rng = np.random.default_rng(0)
    assert {draw(got, rng) for _ in range(100)} == {40}
    allowed = ALL.copy()
    allowed[40] = False
    assert shape_distribution(p, allowed, temperature=temperature).argmax() == 5


def test_hot_is_even_among_the_allowed():
    allowed = ALL.copy()
    allowed[::2] = False
    got = shape_distribution(softmax(1), allowed, temperature=1e9)
    np.testing.assert_allclose(got, allowed / 39, rtol=1e-6)


@given(seeds, st.floats(0.05, 0.99))
def test_top_p_keeps_the_smallest_nucleus(seed, top_p):
    p = shape_distribution(softmax(seed), ALL)
    kept = shape_distribution(softmax(seed), ALL, top_p=top_p) > 0
    assert p[kept].min() >= p[~kept].max(initial=0)  # the likeliest ones
    assert p[kept].sum() >= top_p - 1e-9  # enough
    assert p[kept].sum() - p[kept].min() < top_p + 1e-9  # and not one more
    inside = shape_distribution(softmax(seed), ALL, top_p=top_p)[kept]
    np.testing.assert_allclose(inside, p[kept] / p[kept].sum())


def test_top_p_by_hand():
    p = np.zeros(78, dtype=np.float32)
    p[[3, 10, 20, 30]] = 0.5, 0.25, 0.125, 0.125
    for top_p, expected in (
        (0.01, {3}),
        (0.5, {3}),
        (0.51, {3, 10}),
        (0.75, {3, 10}),
        (1, {3, 10, 20, 30}),
    ):
        assert set(np.flatnonzero(shape_distribution(p, ALL, top_p=top_p))) == expected
    # Of equals the first ones.
    assert set(np.flatnonzero(shape_distribution(p, ALL, top_p=0.8))) == {3, 10, 20}


def test_top_p_counts_after_temperature():
    p = np.zeros(78, dtype=np.float32)
    p[:3] = 0.5, 0.3, 0.2
    # Squared and made whole: .66, .24, .11.
    assert np.count_nonzero(shape_distribution(p, ALL, temperature=0.5, top_p=0.6)) == 1
    assert np.count_nonzero(shape_distribution(p, ALL, top_p=0.6)) == 2


def test_all_that_is_allowed_has_vanished():
    p = np.zeros(78, dtype=np.float32)
    p[0] = 1  # the rest is below what a float32 can say
    allowed = ALL.copy()
    allowed[:50] = False
    got = shape_distribution(p, allowed, temperature=0.7, top_p=0.9)
    np.testing.assert_allclose(got, allowed / 28)


def test_the_smallest_numbers_do_not_vanish():
    """Raised to the 20th power as they stand, both would be zero."""
    p = np.zeros(78, dtype=np.float32)
    p[0], p[60], p[61] = 1, 2e-30, 1e-30
    allowed = ALL.copy()
    allowed[0] = False
    got = shape_distribution(p, allowed, temperature=0.05)
    assert got[60] == pytest.approx(2**20 / (2**20 + 1))
    assert got[61] == pytest.approx(1 / (2**20 + 1))


def test_nothing_allowed():
    with pytest.raises(ValueError, match="no value"):
        shape_distribution(softmax(0), ~ALL)


def test_draws_as_often_as_likely():
    allowed = ALL.copy()
    allowed[60:] = False
    distribution = shape_distribution(softmax(3, 1.5), allowed, temperature=1.2, top_p=0.9)
    rng, n = np.random.default_rng(0), 40_000
    counts = np.bincount([draw(distribution, rng) for _ in range(n)], minlength=78)
    assert np.all(counts[distribution == 0] == 0)
    likely = distribution > 0
    expected = n * distribution[likely]
    chi2 = np.sum((counts[likely] - expected) ** 2 / expected)
    freedom = np.count_nonzero(likely) - 1
    assert freedom > 10
    assert abs(chi2 - freedom) < 4 * np.sqrt(2 * freedom)


class Fixed:
    """A generator that says one number."""

    def __init__(self, number):
        self._number = number

    def random(self):
        return self._number


@pytest.mark.parametrize("number", [0.0, 0.25, 0.5, 1 - 2**-53])
def test_never_draws_what_has_no_probability(number):
    for values in ([1, 3], [0], [77], [0, 77], [5, 6, 7]):
        distribution = np.zeros(78)
        distribution[values] = 1 / len(values)
        assert draw(distribution, Fixed(number)) in values


def test_one_number_a_draw():
    ours, theirs = np.random.default_rng(5), np.random.default_rng(5)
    draw(shape_distribution(softmax(0), ALL), ours)
    theirs.random()
    assert ours.random() == theirs.random()
