"""Products that are the same to the bit in whatever order they are summed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jazzgen.network.exact import INPUT_BITS, Kernel, round_to


def inputs(rng, *shape):
    x = rng.uniform(-1, 1, size=shape).astype(np.float32)
    round_to(x, INPUT_BITS)
    return x


@given(st.integers(0, 2**31), st.sampled_from([0.01, 0.3, 5.0, 200.0]), st.integers(1, 300))
def test_whatever_the_order(seed, scale, depth):
    rng = np.random.default_rng(seed)
    kernel = Kernel((scale * rng.standard_normal((depth, 9))).astype(np.float32))
    x = inputs(rng, 33, depth)
    x[0] = 1.0  # the largest there are
    exact = x.astype(np.float64) @ kernel.weights.astype(np.float64)
    got = kernel.product(x)
    np.testing.assert_array_equal(got, exact.astype(np.float32))
    np.testing.assert_array_equal(kernel.product(x[7:8]), got[7:8])
    room = np.empty_like(got)
    assert kernel.product(x, out=room) is room
    np.testing.assert_array_equal(room, got)
    order = rng.permutation(depth)
    shuffled = x[:, order] @ kernel.weights[order]
    np.testing.assert_array_equal(shuffled.astype(np.float32), got)


def test_weights_move_by_less_than_half_a_step():
    rng = np.random.default_rng(0)
    weights = rng.normal(scale=0.1, size=(512, 64)).astype(np.float32)
    off = np.abs(Kernel(weights).weights - weights)
    assert off.max() <= 2.0**-10
    assert Kernel(weights).weights.dtype == np.float32


def test_large_sums_take_float64():
    weights = np.full((512, 3), 40.0, dtype=np.float32)
    assert Kernel(weights).weights.dtype == np.float64
    x = inputs(np.random.default_rng(1), 4, 512)
    np.testing.assert_allclose(Kernel(weights).product(x), x @ weights, rtol=1e-4)


def test_nothing_is_a_kernel_too():
    assert Kernel(np.zeros((4, 2), np.float32)).product(np.ones((3, 4), np.float32)).sum() == 0


@pytest.mark.parametrize("bits", [0, 9, 11])
def test_rounding(bits):
    x = np.random.default_rng(2).uniform(-1, 1, 1000).astype(np.float32)
    rounded = x.copy()
    round_to(rounded, bits)
    np.testing.assert_array_equal(rounded, np.rint(x * 2.0**bits) / 2.0**bits)
