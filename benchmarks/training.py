"""Training steps: the real `Trainer` beside stock Keras layers and PyTorch; memory by size.

Two layers of 256 units and a softmax of 78, windows of 128 values, 64 at once, Adam; as many
threads for all.
"""

import argparse
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.made_up import MadeUpDataset
from benchmarks.measuring import MissingPeer, Result, in_turn, process, python
from benchmarks.peers.keras_lstm import KerasLSTM
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.network.backend import tf
from jazzgen.network.config import NetworkConfig, TrainingConfig
from jazzgen.network.networks import SoloNetwork
from jazzgen.network.training import Trainer

STEPS, BATCH = 128, 64
NETWORK = NetworkConfig(units=(256, 256), context=False)
TRAINING = TrainingConfig(epochs=10**6, batch=BATCH, span=0, learning_rate=1e-3)


def run(*, quick: bool) -> Iterator[Result]:
    """The suite."""
    rounds = 2 if quick else 9
    dataset = MadeUpDataset(BATCH * (3 if quick else 10), STEPS + 1, STEPS)
    trainer = Trainer(SoloNetwork(NETWORK, 0), dataset, TRAINING)
    weights = trainer.network.get_weights()
    values = dataset.values.reshape(-1, STEPS + 1).astype(np.int32)
    first_loss = _loss(trainer.network, values[:BATCH].T)
    epochs = trainer.run()
    next(epochs)
    work = f"training, T = {STEPS}, batch {BATCH}, {NETWORK.units} units"
    waited: list[float] = []

    def ours() -> float:
        epoch = next(epochs)
        # The second piece of the epoch, measuring, is not training.
        waited.append(trainer.waited_s * epoch.values_per_second / (values[:, 1:].size))
        return epoch.values_per_second

    stock = KerasLSTM(_one_hot(values[:, :-1]), values[:, 1:], weights, BATCH)
    all_loss = _loss_of_all(weights, values)
    assert abs(stock.loss() - all_loss) < 1e-4, (stock.loss(), all_loss)
    stock.values_per_second()
    against_keras = in_turn(
        work,
        "keras.layers.LSTM, fit",
        ours,
        stock.values_per_second,
        unit="values/s",
        at_least=1.5,
        rounds=rounds,
    )
    share = 100 * float(np.median(waited))
    yield replace(against_keras, note=f"{share:.2f} % of our time waits for batches")
    plain = Trainer(SoloNetwork(NETWORK, 0), dataset, TRAINING)
    plain._train_step = tf.function(plain._train_on)
    plain_epochs = plain.run()
    next(plain_epochs)
    yield in_turn(
        work,
        "the same without XLA",
        ours,
        lambda: next(plain_epochs).values_per_second,
        unit="values/s",
        rounds=rounds,
    )
    yield _memory(quick=quick)
    with _torch(values[:BATCH].T, weights, seconds=2 if quick else 4) as (loss, theirs):
        assert abs(loss - first_loss) < 1e-4, (loss, first_loss)
        yield in_turn(
            work,
            "PyTorch nn.LSTM: forward, backward, Adam",
            ours,
            theirs,
            unit="values/s",
            at_least=1,
            rounds=rounds,
        )


def _one_hot(values: np.ndarray) -> np.ndarray:
    return np.eye(N_VALUES, dtype=np.float32)[values]


def _loss(network: SoloNetwork, values: np.ndarray) -> float:
    """Cross-entropy of windows, int32 `(T + 1, B)`, nats per value."""
    context = np.zeros((*values[1:].shape, 1), dtype=np.int16)
    logits, _ = network.logits(values[:-1], context, network.zero_states(values.shape[1]))
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(values[1:], logits)
    return float(tf.reduce_mean(each))


def _loss_of_all(weights: Any, values: np.ndarray) -> float:
    network = SoloNetwork(NETWORK, 0)
    network.set_weights(weights)
    parts = [_loss(network, values[i : i + BATCH].T) for i in range(0, len(values), BATCH)]
    return float(np.mean(parts))


@contextmanager
def _torch(values: np.ndarray, weights: Any, seconds: float) -> Iterator[tuple[float, Any]]:
    """PyTorch in a process of its own: its first loss, and what measures it once more."""
    if find_spec("torch") is None:
        raise MissingPeer("torch")
    with tempfile.TemporaryDirectory() as folder:
        arrays = Path(folder) / "arrays.npz"
        np.savez(arrays, x=values[:-1], y=values[1:], **weights)
        threads = str(len(os.sched_getaffinity(0)))
        command = python("-m", "benchmarks.peers.torch_lstm", str(arrays), "--threads", threads)
        with subprocess.Popen(
            [*command, "--seconds", str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as peer:
            assert peer.stdin is not None
            assert peer.stdout is not None
            ask, answers = peer.stdin, peer.stdout

            def theirs() -> float:
                ask.write("\n")
                ask.flush()
                return float(answers.readline())

            yield float(answers.readline()), theirs
            ask.close()


# Memory


def _memory(*, quick: bool) -> Result:
    small, large = (10, 50) if quick else (100, 1000)

    def peak(megabytes: int) -> float:
        command = python("-m", "benchmarks.training", "--megabytes", str(megabytes))
        return float(process(command).output.split()[-1])

    return in_turn(
        f"peak memory of an epoch over {large} MB of values and context",
        f"the same over {small} MB",
        lambda: peak(large),
        lambda: peak(small),
        unit="MiB",
        at_least=0.9,
        rounds=1,
        less_is_better=True,
        note="anonymous memory; pages of the memory-mapped arrays are the system's to drop",
    )


def _peak_of_an_epoch(megabytes: int) -> float:
    """Trains a small network on so much data; the most anonymous memory it held, MiB."""
    peak, done = 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.02):
            status = Path("/proc/self/status").read_text("ascii")
            line = next(row for row in status.splitlines() if row.startswith("RssAnon"))
            peak = max(peak, int(line.split()[1]) / 1024)

    length = 1000
    with tempfile.TemporaryDirectory() as folder:
        dataset = MadeUpDataset(megabytes * 10**6 // (29 * length), length, folder=Path(folder))
        config = TrainingConfig(epochs=1, batch=128, span=96, learning_rate=1e-3)
        trainer = Trainer(SoloNetwork(NetworkConfig(units=(4,), context=True)), dataset, config)
        watching = threading.Thread(target=watch)
        watching.start()
        list(trainer.run())
        done.set()
        watching.join()
    return peak


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="prints the peak memory of an epoch, MiB")
    parser.add_argument("--megabytes", type=int, required=True)
    print(_peak_of_an_epoch(parser.parse_args().megabytes))
