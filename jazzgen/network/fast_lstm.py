"""An LSTM over whole sequences with its gradient written out, faster than the stock layer.

What does not depend on the step before is done for all steps at once: the input product ahead of
the loop, the derivatives of the gates before the backward loop, and after it the gradient of the
recurrent kernel as one product over all steps. The loops are left with one small matrix product a
step. Equations and gate order (input, forget, cell, output) are those of `keras.layers.LSTMCell`:
Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000.
"""

from typing import Any

import numpy as np

from jazzgen.network.backend import tf


def product(a: Any, b: Any, *, mixed: bool = False, transpose_a: bool = False) -> Any:
    """The matrix product of two float32 matrices, float32.

    Args:
        a: `(m, k)`; `(k, m)` with `transpose_a`.
        b: `(k, n)`.
        mixed: multiply in bfloat16, whose eight bits of mantissa are enough for gradients; its
            range is that of float32, so losses need no scaling (Kalamkar et al. 2019).
        transpose_a: transpose `a` first.
    """
    if not mixed:
        return tf.matmul(a, b, transpose_a=transpose_a)
    half = tf.matmul(tf.cast(a, tf.bfloat16), tf.cast(b, tf.bfloat16), transpose_a=transpose_a)
    return tf.cast(half, tf.float32)


def lstm_sequence(z: Any, recurrent: Any, h0: Any, c0: Any, *, mixed: bool = False) -> Any:
    """Runs an LSTM over time.

    Args:
        z: float32 `(T, B, 4n)`, inputs times kernel plus bias, for every step.
        recurrent: float32 `(n, 4n)`, the recurrent kernel.
        h0: float32 `(B, n)`, hidden state before the first step.
        c0: float32 `(B, n)`, cell state before the first step.
        mixed: see `product`.

    Returns:
        Hidden states `(T, B, n)`, and the last hidden and cell state, each `(B, n)`.
    """

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(z: Any, recurrent: Any, h0: Any, c0: Any) -> Any:  # takes tensors alone
        return _with_gradient(z, recurrent, h0, c0, mixed)

    return run(z, recurrent, h0, c0)


def _with_gradient(z: Any, recurrent: Any, h0: Any, c0: Any, mixed: bool) -> Any:
    """What `lstm_sequence` returns, and the function that gives its gradients."""
    steps = tf.shape(z)[0]
    batch, n = z.shape[1], recurrent.shape[0]
    # tanh(x) is 2 sigmoid(2x) - 1: with its column doubled, one sigmoid serves all four gates.
    doubled = np.repeat(np.array([1, 1, 2, 1], dtype=np.float32), n)
    z_doubled, recurrent_doubled = z * doubled, recurrent * doubled

    def history(width: int) -> Any:
        return tf.TensorArray(tf.float32, size=steps, element_shape=(batch, width))

    def forward(t: Any, h: Any, c: Any, hs: Any, cs: Any, gates: Any) -> Any:
        squashed = tf.sigmoid(z_doubled[t] + product(h, recurrent_doubled, mixed=mixed))
        i, f, g, o = tf.split(squashed, 4, axis=1)
        c = f * c + i * (2 * g - 1)
        h = o * tf.tanh(c)
        return t + 1, h, c, hs.write(t, h), cs.write(t, c), gates.write(t, squashed)

    _, h_last, c_last, hs_array, cs_array, gates_array = tf.while_loop(
        lambda t, *_: t < steps,
        forward,
        (0, h0, c0, history(n), history(n), history(4 * n)),
        parallel_iterations=1,
    )
    hs, cs, gates = hs_array.stack(), cs_array.stack(), gates_array.stack()

    def gradient(d_hs: Any, d_h_last: Any, d_c_last: Any) -> Any:
        transposed = tf.transpose(recurrent)
        i, f, g, o = tf.split(gates, 4, axis=2)
        g = 2 * g - 1
        c_before = tf.concat([c0[None], cs[:-1]], axis=0)
        tanh_c = tf.tanh(cs)
        # All derivatives of the gates, for every step at once.
        c_by_h = o * (1 - tanh_c * tanh_c)
        out_by_h = tanh_c * o * (1 - o)
        in_by_c = tf.concat([g * i * (1 - i), c_before * f * (1 - f), i * (1 - g * g)], axis=2)

        def backward(t: Any, d_h: Any, d_c: Any, d_z: Any) -> Any:
            d_h = d_h + d_hs[t]
            d_c = d_c + d_h * c_by_h[t]
            d_pre = tf.concat([tf.tile(d_c, [1, 3]) * in_by_c[t], d_h * out_by_h[t]], axis=1)
            before = product(d_pre, transposed, mixed=mixed)
            return t - 1, before, d_c * f[t], d_z.write(t, d_pre)

        _, d_h0, d_c0, d_z_array = tf.while_loop(
            lambda t, *_: t >= 0,
            backward,
            (steps - 1, d_h_last, d_c_last, history(4 * n)),
            parallel_iterations=1,
        )
        d_z = d_z_array.stack()
        h_before = tf.concat([h0[None], hs[:-1]], axis=0)
        d_recurrent = product(
            tf.reshape(h_before, (-1, n)),
            tf.reshape(d_z, (-1, 4 * n)),
            mixed=mixed,
            transpose_a=True,
        )
        return d_z, d_recurrent, d_h0, d_c0

    return (hs, h_last, c_last), gradient
