"""The `classic` network beside the course exercise's own graph, unrolled over Tx steps."""

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from benchmarks.made_up import MadeUpDataset
from benchmarks.measuring import Result, in_turn
from benchmarks.peers.course_network import CourseNetwork
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.network.backend import keras, tf
from jazzgen.network.config import PRESETS
from jazzgen.network.networks import SoloNetwork
from jazzgen.network.training import Trainer

TX = 30
CLASSIC = PRESETS["classic"]
PEER = "the course's unrolled graph, model.fit"


def run(*, quick: bool) -> Iterator[Result]:
    """The suite."""
    small = MadeUpDataset(60, TX + 1, TX)
    note = f"losses before training equal: {_same_loss(small):.4f} nats per value"
    epochs = 10 if quick else 100
    yield in_turn(
        f"classic, 60 windows of {TX}, {epochs} epochs, building and compiling included",
        PEER,
        lambda: _ours_whole(small, epochs),
        lambda: _theirs_whole(small, epochs),
        unit="s",
        at_least=5,
        rounds=1 if quick else 3,
        less_is_better=True,
        note=note,
    )
    large = MadeUpDataset(1024 if quick else 8192, TX + 1, TX)
    for batch in (64, 512):
        keras.utils.clear_session()
        yield _steady(large, batch, rounds=2 if quick else 7)
    yield _building()
    yield in_turn(
        "standard, from nothing to its first batch of Tx = 1000",
        f"{PEER}, Tx = {TX}",
        _first_batch,
        lambda: _theirs_whole(small, 1),
        unit="s",
        rounds=1 if quick else 3,
        less_is_better=True,
    )


def _tensors(dataset: MadeUpDataset) -> tuple[np.ndarray, np.ndarray]:
    """X `(m, Tx, 78)` and Y `(Ty, m, 78)`, as the course has them, float32."""
    values = dataset.values.reshape(-1, TX + 1)
    rows = np.eye(N_VALUES, dtype=np.float32)
    return rows[values[:, :-1]], rows[values[:, 1:].T]


def _same_loss(dataset: MadeUpDataset) -> float:
    network = SoloNetwork(CLASSIC.network, 0)
    peer = CourseNetwork(TX)
    peer.set_weights(network.get_weights())
    values = dataset.values.reshape(-1, TX + 1).T.astype(np.int32)
    context = np.zeros((*values[1:].shape, 1), dtype=np.int16)
    logits, _ = network.logits(values[:-1], context, network.zero_states(values.shape[1]))
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(values[1:], logits)
    ours, theirs = float(tf.reduce_mean(each)), peer.loss(*_tensors(dataset))
    assert abs(ours - theirs) < 1e-4, (ours, theirs)
    return ours


def _ours_whole(dataset: MadeUpDataset, epochs: int) -> float:
    began = time.perf_counter()
    training = replace(CLASSIC.training, epochs=epochs)
    trainer = Trainer(SoloNetwork(CLASSIC.network, 0), dataset, training)
    assert len(list(trainer.run())) == epochs
    return time.perf_counter() - began


def _theirs_whole(dataset: MadeUpDataset, epochs: int) -> float:
    tensors = _tensors(dataset)
    began = time.perf_counter()
    CourseNetwork(TX).fit(*tensors, batch=CLASSIC.training.batch, epochs=epochs)
    return time.perf_counter() - began


def _steady(dataset: MadeUpDataset, batch: int, rounds: int) -> Result:
    training = replace(CLASSIC.training, batch=batch, epochs=1000)
    epochs = Trainer(SoloNetwork(CLASSIC.network, 0), dataset, training).run()
    peer, tensors = CourseNetwork(TX), _tensors(dataset)

    def theirs() -> float:
        began = time.perf_counter()
        peer.fit(*tensors, batch=batch, epochs=1)
        return dataset.values.size / (TX + 1) * TX / (time.perf_counter() - began)

    next(epochs)
    theirs()
    return in_turn(
        f"classic, Tx = {TX}, batch {batch}, running",
        PEER,
        lambda: next(epochs).values_per_second,
        theirs,
        unit="values/s",
        at_least=1,
        rounds=rounds,
    )


def _building() -> Result:
    def build() -> float:
        began = time.perf_counter()
        standard = PRESETS["standard"]
        dataset = MadeUpDataset(4, 1001, 1000)
        Trainer(SoloNetwork(standard.network, 0), dataset, standard.training)
        return time.perf_counter() - began

    return in_turn(
        "building the standard network and its trainer for windows of Tx = 1000",
        "the two seconds asked for",
        build,
        lambda: 2.0,
        unit="s",
        at_least=1,
        rounds=3,
        less_is_better=True,
        note="the graph is a loop: Tx makes no difference",
    )


def _first_batch() -> float:
    began = time.perf_counter()
    standard = PRESETS["standard"]
    training = replace(standard.training, span=0, batch=4, epochs=1)
    dataset = MadeUpDataset(4, 1001, 1000)
    list(Trainer(SoloNetwork(standard.network, 0), dataset, training).run())
    return time.perf_counter() - began
