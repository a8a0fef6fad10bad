"""How fast a step of training is: our LSTM against the stock Keras layer.

    python -m benchmarks.training [--steps 128] [--batch 64] [--units 256]

Two layers and a softmax of 78 over random inputs as wide as the `standard` network's, forward,
backward, no optimizer. The two take turns; printed are medians in values a second and their ratio.
"""

import argparse
import statistics
import time

from jazzgen.encoding.context import N_FEATURES
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.network.backend import keras, tf
from jazzgen.network.fast_lstm import lstm_sequence


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=128)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    steps, batch, n = arguments.steps, arguments.batch, arguments.units

    lstms = [keras.layers.LSTM(n, return_sequences=True) for _ in range(2)]
    densor = keras.layers.Dense(N_VALUES)
    stock = keras.Sequential([keras.Input((None, N_VALUES + N_FEATURES)), *lstms, densor])
    x = tf.random.normal((batch, steps, N_VALUES + N_FEATURES))
    y = tf.random.uniform((batch, steps), 0, N_VALUES, tf.int32)

    def ours(x):
        x = tf.transpose(x, (1, 0, 2))
        zero = tf.zeros((batch, n))
        for lstm in lstms:
            cell = lstm.cell
            z = tf.matmul(tf.reshape(x, (steps * batch, -1)), cell.kernel.value)
            z = tf.reshape(z + cell.bias.value, (steps, batch, 4 * n))
            x, _, _ = lstm_sequence(z, tf.convert_to_tensor(cell.recurrent_kernel), zero, zero)
        return tf.transpose(densor(x), (1, 0, 2))

    def step(network, *, jit_compile):
        @tf.function(jit_compile=jit_compile)
        def run(x, y):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=network(x))
                )
            variables = [v.value for v in stock.trainable_variables]
            return loss, tape.gradient(loss, variables)

        return run

    rivals = {
        "stock": step(lambda x: stock(x, training=True), jit_compile=False),
        "ours": step(ours, jit_compile=True),
    }
    losses = {name: float(run(x, y)[0]) for name, run in rivals.items()}
    assert abs(losses["stock"] - losses["ours"]) < 1e-4, losses
    seconds = {name: [] for name in rivals}
    for _ in range(arguments.rounds):
        for name, run in rivals.items():
            began = time.perf_counter()
            run(x, y)[0].numpy()
            seconds[name].append(time.perf_counter() - began)
    speed = {name: steps * batch / statistics.median(times) for name, times in seconds.items()}
    for name, values in speed.items():
        print(f"{name}: {values:,.0f} values/s")
    print(f"ours / stock: {speed['ours'] / speed['stock']:.2f}")


if __name__ == "__main__":
    main()
