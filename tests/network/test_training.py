"""Training on a few made-up solos: it learns, repeats itself exactly, and measures rightly."""

import copy
import threading
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from jazzgen.network import training
from jazzgen.network.backend import keras, tf
from jazzgen.network.batches import window_batches
from jazzgen.network.config import PRESETS, NetworkConfig, Preset, TrainingConfig
from jazzgen.network.engine import NumpyEngine
from jazzgen.network.networks import SoloNetwork
from jazzgen.network.training import Trainer, learning_rate

WINDOWS = TrainingConfig(epochs=4, batch=8, span=0, learning_rate=0.02)


@pytest.fixture(scope="module")
def trainer(dataset, tiny_preset):
    def make(preset=tiny_preset, seed=3, data=dataset):
        return Trainer(SoloNetwork(preset.network, seed), data, preset.training, seed=seed)

    return make


def assert_same(first, second):
    assert list(first) == list(second)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def measured(trainer):
    return [(e.number, e.loss, e.nats_per_note) for e in trainer.history.epochs]


def engine_nats_per_note(dataset, pieces, config, weights):
    """The measure by another way: value by value, in NumPy, piece after piece."""
    engine, total = NumpyEngine(config, weights), 0.0
    for piece in pieces:
        values, context = dataset.sequence(piece)
        state = engine.start()
        for t in range(1, len(values)):
            probabilities, state = engine.step(values[t - 1 : t], context[t : t + 1], state)
            total -= np.log(np.float64(probabilities[0, values[t]]))
    return total / dataset.notes[pieces].sum()


class Run:
    """An uninterrupted run, with what could be seen on the way."""

    def __init__(self, trainer):
        self.trainer = trainer
        self.told, self.epochs, self.weights, self.states = [], [], [], []
        for epoch in trainer.run(self.told.append):
            self.epochs.append(epoch)
            self.weights.append(trainer.averaged_weights())
            self.states.append(copy.deepcopy(trainer.state()))


@pytest.fixture(scope="module")
def finished(trainer):
    return Run(trainer())


def test_it_learns(finished):
    first, *_, last = finished.epochs
    assert last.loss < first.loss
    assert last.nats_per_note < first.nats_per_note


def assert_resuming_changes_nothing(finished, resumed):
    resumed.restore(finished.states[1])
    assert [e.number for e in resumed.run()] == [3, 4]
    whole = finished.trainer
    assert measured(resumed) == measured(whole)
    assert_same(resumed.network.get_weights(), whole.network.get_weights())
    assert_same(resumed.averaged_weights(), whole.averaged_weights())
    assert_same(resumed.best_weights, whole.best_weights)


def test_a_resumed_run_ends_in_the_same_weights(finished, trainer):
    assert_resuming_changes_nothing(finished, trainer())


@pytest.mark.slow
def test_a_resumed_run_over_windows_ends_in_the_same_weights(tiny_preset, trainer):
    preset = replace(tiny_preset, training=WINDOWS)
    assert_resuming_changes_nothing(Run(trainer(preset)), trainer(preset))


@pytest.mark.slow
def test_same_seed_same_weights(finished, trainer):
    again, other = trainer(), trainer(seed=4)
    next(again.run())
    next(other.run())
    assert_same(again.averaged_weights(), finished.weights[0])
    assert other.history.epochs[0].loss != finished.epochs[0].loss


@pytest.fixture
def pretended(trainer, tiny_preset, monkeypatch):
    """A trainer whose epochs only add 1 to every weight, and are measured as told."""

    def make(*nats):
        plain = replace(tiny_preset, training=replace(tiny_preset.training, averaging=0.0))
        subject = trainer(plain)

        def train_epoch(number, tell):
            for variable in subject.network.variables:
                variable.assign(variable + 1)
            return 1.0, 1.0

        measured = iter(nats)
        monkeypatch.setattr(subject, "_train_epoch", train_epoch)
        monkeypatch.setattr(subject, "nats_per_note", lambda: next(measured))
        return subject

    return make


def test_the_best_epoch_is_kept(pretended):
    subject = pretended(3.0, 1.0, 2.0, 1.0)
    first = subject.network.get_weights()
    list(subject.run())
    assert subject.history.best.number == 2  # the earlier of two that are equal
    for name, value in subject.best_weights.items():
        np.testing.assert_allclose(value, first[name] + 2, atol=1e-5)


def test_a_loss_that_is_no_number_stops_the_run(pretended):
    with pytest.raises(FloatingPointError, match="epoch 2"):
        list(pretended(3.0, float("nan")).run())


def test_before_the_first_epoch_the_first_weights_are_the_best(trainer):
    subject = trainer()
    assert_same(subject.best_weights, subject.network.get_weights())


def test_measures_what_the_engine_says(dataset, finished, tiny_preset, monkeypatch):
    subject = finished.trainer
    pieces = dataset.pieces("validation").tolist()
    assert len(pieces) > 1
    weights, in_training = subject.averaged_weights(), subject.network.get_weights()
    assert np.any(weights["densor.bias"] != in_training["densor.bias"])
    expected = engine_nats_per_note(dataset, pieces, tiny_preset.network, weights)
    assert finished.epochs[-1].nats_per_note == pytest.approx(expected, rel=1e-4)
    monkeypatch.setattr(training, "_MEASURING_SPAN", 4)  # pieces reach over several
    assert max(len(dataset.sequence(p)[0]) for p in pieces) > 9
    assert subject.nats_per_note() == pytest.approx(expected, rel=1e-4)
    assert_same(in_training, subject.network.get_weights())  # training can go on


def test_measures_on_the_training_pieces_where_nothing_is_held_out(
    make_dataset, trainer, tiny_preset
):
    data = make_dataset((12, 5), validation=0.0)
    subject = trainer(data=data)
    weights = subject.averaged_weights()
    expected = engine_nats_per_note(data, [0, 1], tiny_preset.network, weights)
    assert subject.nats_per_note() == pytest.approx(expected, rel=1e-4)


def test_classic_is_the_course_network():
    classic = PRESETS["classic"]
    assert classic.network == NetworkConfig(units=(64,), context=False)
    assert classic.training.learning_rate == 0.01
    assert classic.training.schedule == "constant"
    assert classic.training.weight_decay == 0
    assert classic.training.clip_norm == 0
    assert classic.training.averaging == 0
    assert classic.training.span == 0
    network = SoloNetwork(classic.network)
    assert [type(lstm) for lstm in network.lstms] == [keras.layers.LSTM]
    assert network.densor.units == 78
    assert network.densor.activation is keras.activations.softmax
    assert network.model.count_params() == 4 * 64 * (78 + 64 + 1) + 64 * 78 + 78


def test_classic_learns_as_keras_does_with_adam(dataset, trainer):
    """An epoch of ours, against the stock layers, loss and optimiser on the same windows."""
    classic = PRESETS["classic"]
    subject = trainer(replace(classic, training=replace(classic.training, epochs=1)), seed=5)
    (epoch,) = subject.run()

    network = SoloNetwork(classic.network, 5)
    optimizer = keras.optimizers.Adam(0.01)
    total = counted = 0.0
    batch_of = classic.training.batch
    windows = dataset.windows("train")
    assert len(windows) > batch_of
    zeros = [np.zeros((batch_of, 64), np.float32)] * 2
    for batch in window_batches(windows, dataset, batch_of, np.random.default_rng([5, 1])):
        x = tf.one_hot(batch.inputs.T, 78)
        with tf.GradientTape() as tape:
            probabilities = network.model([x, *map(tf.constant, zeros)], training=True)[0]
            each = keras.losses.sparse_categorical_crossentropy(batch.targets.T, probabilities)
            nats = tf.reduce_sum(each * batch.counts.T)
            loss = nats / batch.counts.sum()
        total, counted = total + float(nats), counted + batch.counts.sum()
        variables = network.model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
    assert epoch.loss == pytest.approx(total / counted, rel=1e-4)
    before = SoloNetwork(classic.network, 5).get_weights()
    stock = network.get_weights()
    for name, value in subject.network.get_weights().items():
        assert np.abs(value - before[name]).max() > 0.01
        np.testing.assert_allclose(value, stock[name], atol=2e-3)


def test_weight_decay_spares_the_biases(trainer):
    preset = Preset(
        "decaying",
        NetworkConfig(units=(4,), context=False),
        replace(WINDOWS, epochs=1, learning_rate=1e-6, weight_decay=1e5),
    )
    subject = trainer(preset)
    before = subject.network.get_weights()
    list(subject.run())
    for name, value in subject.network.get_weights().items():
        if "bias" in name:
            np.testing.assert_allclose(value, before[name], atol=1e-3)
        else:
            assert np.abs(value).mean() < 0.9 * np.abs(before[name]).mean()


def test_learning_rates(tiny_preset):
    config = replace(tiny_preset.training, learning_rate=2.0, schedule="cosine")
    rates = [learning_rate(config, done) for done in np.linspace(0, 1, 101)]
    assert max(rates) == pytest.approx(2.0)
    assert int(np.argmax(rates)) == 5
    assert rates[0] == 0
    assert rates[-1] == pytest.approx(0)
    assert all(a > b for a, b in pairwise(rates[5:]))
    constant = replace(config, schedule="constant")
    assert {learning_rate(constant, done) for done in (0.0, 0.3, 1.0)} == {2.0}


def test_progress_is_told_after_every_batch(finished):
    told, (first, second, *_) = finished.told, finished.epochs
    of_first = [p for p in told if p.epoch == 1]
    assert [p.step for p in of_first] == list(range(1, of_first[0].steps + 1))
    assert of_first[-1].loss == pytest.approx(first.loss)
    assert of_first[0].nats_per_note is None
    of_third = [p for p in told if p.epoch == 3]
    assert {p.nats_per_note for p in of_third} == {second.nats_per_note}
    assert {p.epochs for p in told} == {4}
    assert all(p.values_per_second > 0 for p in told)


def test_a_state_of_another_network_is_refused(trainer, tiny_preset):
    state = trainer().state()
    state.pop("weight/densor.bias")
    with pytest.raises(ValueError, match=r"densor\.bias"):
        trainer().restore(state)


# Precision, and feeding the steps


def test_mixed_precision_learns_about_the_same(finished, tiny_preset, trainer):
    mixed = replace(tiny_preset, training=replace(tiny_preset.training, precision="mixed"))
    subject = trainer(mixed)
    list(subject.run())
    for ours, exact in zip(subject.history.epochs, finished.epochs, strict=True):
        assert ours.loss != exact.loss
        assert ours.loss == pytest.approx(exact.loss, rel=0.02)
        assert ours.nats_per_note == pytest.approx(exact.nats_per_note, rel=0.02)
    assert {v.dtype for v in subject.network.variables} == {"float32"}


def test_many_pieces_are_measured_in_parts(finished, monkeypatch):
    whole = finished.trainer.nats_per_note()
    monkeypatch.setattr(training, "_MEASURING_ROWS", 1)
    assert finished.trainer.nats_per_note() == pytest.approx(whole, rel=1e-6)


def test_a_run_that_is_left_stops_its_feed(trainer):
    def leave(progress):
        raise KeyboardInterrupt

    before = threading.active_count()
    subject = trainer()
    with pytest.raises(KeyboardInterrupt):
        list(subject.run(leave))
    assert threading.active_count() <= before
    assert subject.waited_s > 0


def test_building_takes_no_time_however_long_the_windows(make_dataset):
    """The graph is a loop: nothing in it grows with Tx."""
    data = make_dataset((400,), tx=1000, validation=0.0)
    standard = PRESETS["standard"]
    config = replace(standard.training, span=0)
    began = time.perf_counter()
    Trainer(SoloNetwork(standard.network, 0), data, config)
    assert time.perf_counter() - began < 2
