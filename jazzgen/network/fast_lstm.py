"""An LSTM over whole sequences with its gradient written out, faster than the stock layer.

What does not depend on the step before is done for all steps at once: the input product ahead of
the loop, and after the backward loop the gradient of the recurrent kernel as one product over all
steps. The loops are left with one small matrix product a step. Equations and gate order (input,
forget, cell, output) are those of `keras.layers.LSTMCell`: Hochreiter & Schmidhuber 1997 with the
forget gate of Gers et al. 2000.
"""

from typing import Any

from jazzgen.network.backend import tf


@tf.custom_gradient  # type: ignore[untyped-decorator]
def lstm_sequence(z: Any, recurrent: Any, h0: Any, c0: Any) -> Any:
    """Runs an LSTM over time.

    Args:
        z: float32 `(T, B, 4n)`, inputs times kernel plus bias, for every step.
        recurrent: float32 `(n, 4n)`, the recurrent kernel.
        h0: float32 `(B, n)`, hidden state before the first step.
        c0: float32 `(B, n)`, cell state before the first step.

    Returns:
        Hidden states `(T, B, n)`, and the last hidden and cell state, each `(B, n)`.
    """
    steps = tf.shape(z)[0]
    batch, n = z.shape[1], recurrent.shape[0]

    def history(width: int) -> Any:
        return tf.TensorArray(tf.float32, size=steps, element_shape=(batch, width))

    def forward(t: Any, h: Any, c: Any, hs: Any, cs: Any, gates: Any) -> Any:
        pre = z[t] + tf.matmul(h, recurrent)
        squashed = tf.sigmoid(pre)
        i, f, o = squashed[:, :n], squashed[:, n : 2 * n], squashed[:, 3 * n :]
        g = tf.tanh(pre[:, 2 * n : 3 * n])
        c = f * c + i * g
        h = o * tf.tanh(c)
        gate = tf.concat([i, f, g, o], axis=1)
        return t + 1, h, c, hs.write(t, h), cs.write(t, c), gates.write(t, gate)

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
            return t - 1, tf.matmul(d_pre, transposed), d_c * f[t], d_z.write(t, d_pre)

        _, d_h0, d_c0, d_z_array = tf.while_loop(
            lambda t, *_: t >= 0,
            backward,
            (steps - 1, d_h_last, d_c_last, history(4 * n)),
            parallel_iterations=1,
        )
        d_z = d_z_array.stack()
        h_before = tf.concat([h0[None], hs[:-1]], axis=0)
        d_recurrent = tf.matmul(
            tf.reshape(h_before, (-1, n)), tf.reshape(d_z, (-1, 4 * n)), transpose_a=True
        )
        return d_z, d_recurrent, d_h0, d_c0

    return (hs, h_last, c_last), gradient
