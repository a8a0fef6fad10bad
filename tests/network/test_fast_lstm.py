"""The written-out LSTM against Keras's own layer: values and every gradient."""

import numpy as np
import pytest

from jazzgen.network.backend import keras, tf
from jazzgen.network.fast_lstm import lstm_sequence, product

B, N_X, N = 3, 5, 4


@pytest.fixture(scope="module")
def layer():
    made = keras.layers.LSTM(N, return_sequences=True, return_state=True)
    made.build((None, None, N_X))
    rng = np.random.default_rng(1)
    for variable in made.weights:
        variable.assign(rng.normal(0, 0.6, variable.shape))
    return made


@pytest.mark.parametrize("xla", [False, True], ids=["plain", "xla"])
@pytest.mark.parametrize("steps", [1, 9])
@pytest.mark.parametrize("used", ["outputs", "last states", "all"])
def test_equals_keras(layer, steps, used, xla):
    rng = np.random.default_rng(steps)

    def drawn(*shape):
        return tf.constant(rng.normal(size=shape), dtype=tf.float32)

    x, h0, c0 = drawn(steps, B, N_X), drawn(B, N), drawn(B, N)
    # What a loss would send back into each of the three results.
    weight = [drawn(steps, B, N), drawn(B, N), drawn(B, N)]
    for i in {"outputs": (1, 2), "last states": (0,), "all": ()}[used]:
        weight[i] *= 0
    cell = layer.cell
    leaves = [x, h0, c0, *(v.value for v in (cell.kernel, cell.recurrent_kernel, cell.bias))]

    def ours():
        z = tf.reshape(
            tf.reshape(x, (-1, N_X)) @ cell.kernel.value + cell.bias.value, (-1, B, 4 * N)
        )
        return lstm_sequence(z, tf.convert_to_tensor(cell.recurrent_kernel.value), h0, c0)

    def keras_own():
        hs, h, c = layer(tf.transpose(x, (1, 0, 2)), initial_state=[h0, c0])
        return tf.transpose(hs, (1, 0, 2)), h, c

    def with_gradients(forward):
        with tf.GradientTape() as tape:
            tape.watch(leaves)
            results = forward()
            loss = sum(tf.reduce_sum(w * r) for w, r in zip(weight, results, strict=True))
        return results, tape.gradient(loss, leaves)

    run = tf.function(lambda: with_gradients(ours), jit_compile=True) if xla else None
    got, got_gradients = run() if run else with_gradients(ours)
    expected, expected_gradients = with_gradients(keras_own)
    for mine, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)
    assert all(float(tf.reduce_max(tf.abs(g))) > 1e-3 for g in expected_gradients)
    for mine, theirs in zip(got_gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)


def test_mixed_products_are_near_and_no_better():
    rng = np.random.default_rng(0)
    a, b = (tf.constant(rng.normal(size=(40, 40)), tf.float32) for _ in "ab")
    exact, mixed = product(a, b, transpose_a=True), product(a, b, mixed=True, transpose_a=True)
    assert mixed.dtype == tf.float32
    off = np.abs(exact - mixed).max()
    assert 1e-3 < off < 0.1 * np.abs(exact).max()


@pytest.mark.parametrize("xla", [False, True], ids=["plain", "xla"])
def test_mixed_gradients_are_near(xla):
    rng = np.random.default_rng(2)

    def drawn(*shape):
        return tf.constant(0.5 * rng.normal(size=shape), dtype=tf.float32)

    leaves = [drawn(9, B, 4 * N), drawn(N, 4 * N), drawn(B, N), drawn(B, N)]
    weight = drawn(9, B, N)

    def gradients(mixed):
        with tf.GradientTape() as tape:
            tape.watch(leaves)
            loss = tf.reduce_sum(weight * lstm_sequence(*leaves, mixed=mixed)[0])
        return tape.gradient(loss, leaves)

    run = tf.function(gradients, jit_compile=xla)
    for exact, mixed in zip(run(False), run(True), strict=True):
        assert mixed.dtype == tf.float32
        cosine = np.vdot(exact, mixed) / np.linalg.norm(exact) / np.linalg.norm(mixed)
        assert cosine > 0.999
        assert np.any(exact != mixed)
