"""One set of weights, three ways through it: sequences with Keras, steps, the fast path."""

import numpy as np
import pytest

from jazzgen.encoding.context import features
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.network.backend import keras, tf
from jazzgen.network.config import PRESETS, NetworkConfig
from jazzgen.network.networks import SoloNetwork, _hide
from jazzgen.network.weights import weight_shapes

T, B = 11, 3
PLAIN = NetworkConfig(units=(6, 5), context=False)
CONDITIONAL = NetworkConfig(units=(6, 5), context=True)
DROPPING = NetworkConfig(
    units=(6, 5), context=True, value_dropout=0.3, dropout=0.4, weight_dropout=0.3
)


@pytest.fixture
def made(random_weights):
    def make(config, seed=0):
        network = SoloNetwork(config)
        network.set_weights(random_weights(config, seed))
        return network

    return make


def one_hot(values):
    return np.eye(N_VALUES, dtype=np.float32)[values]


def softmax(logits):
    return tf.nn.softmax(logits).numpy()


@pytest.mark.parametrize("config", [p.network for p in PRESETS.values()], ids=PRESETS)
def test_three_ways_give_the_same_probabilities(config, made, random_context):
    network = made(config)
    rng = np.random.default_rng(0)
    values, context = rng.integers(N_VALUES, size=(T, B)), random_context(rng, T, B)
    begin = [rng.normal(0, 0.5, (B, n)).astype(np.float32) for n in config.units for _ in "ac"]

    logits, fast_after = network.logits(tf.constant(values), tf.constant(context), begin)
    fast = softmax(logits)
    assert fast.max() > 0.2  # far from uniform, or the comparison says little

    beside = [features(context.swapaxes(0, 1))] if config.context else []
    whole, *whole_after = network.model([one_hot(values.T), *beside, *begin])
    np.testing.assert_allclose(fast, np.swapaxes(whole, 0, 1), atol=1e-5)

    step, state = network.step_model(), begin
    for t in range(T):
        beside = [features(context[t])] if config.context else []
        stepped, *state = map(np.asarray, step([one_hot(values[t]), *beside, *state]))
        np.testing.assert_allclose(fast[t], stepped, atol=1e-5)
    for mine, by_model, by_step in zip(fast_after, whole_after, state, strict=True):
        np.testing.assert_allclose(mine, by_model, atol=1e-5)
        np.testing.assert_allclose(mine, by_step, atol=1e-5)


def test_a_sequence_in_two_parts_is_the_sequence(made, random_context):
    network, rng = made(CONDITIONAL), np.random.default_rng(1)
    values, context = rng.integers(N_VALUES, size=(T, B)), random_context(rng, T, B)
    whole, after = network.logits(values, context, network.zero_states(B))
    first, state = network.logits(values[:4], context[:4], network.zero_states(B))
    second, state = network.logits(values[4:], context[4:], state)
    np.testing.assert_allclose(np.concatenate((first, second)), whole, atol=1e-5)
    for a, b in zip(state, after, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_flags_are_the_encodings_own(made, random_context):
    context = random_context(np.random.default_rng(2), 7, 2)
    np.testing.assert_array_equal(made(CONDITIONAL).flags(context), features(context))


def test_nothing_leaves_a_zero_state_zero(made, random_context):
    network, rng = made(CONDITIONAL), np.random.default_rng(3)
    values, context = rng.integers(N_VALUES, size=(T, B)), random_context(rng, T, B)
    _, after = network.logits(np.full((T, B), -1), context, network.zero_states(B))
    assert all(not np.any(s) for s in after)
    # So a sequence behind any amount of padding is the sequence alone.
    padded = np.concatenate((np.full((4, B), -1), values))
    logits, state = network.logits(
        padded, np.concatenate((context[:4], context)), network.zero_states(B)
    )
    alone, expected = network.logits(values, context, network.zero_states(B))
    np.testing.assert_allclose(logits[4:], alone, atol=1e-5)
    for a, b in zip(state, expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_all_three_hold_the_same_variables(made):
    network = made(CONDITIONAL)
    own = {id(v) for v in network.variables}
    assert len(own) == len(weight_shapes(CONDITIONAL))
    assert {id(v) for v in network.model.trainable_variables} == own
    assert {id(v) for v in network.step_model().trainable_variables} == own


def test_training_one_changes_the_others(made):
    network = made(PLAIN)
    step = network.step_model()
    values = np.random.default_rng(4).integers(N_VALUES, size=(T, B))
    zeros = [np.zeros((B, n), np.float32) for n in PLAIN.units for _ in "ac"]

    def all_three():
        logits, _ = network.logits(values, np.zeros((T, B, 1)), zeros)
        whole = network.model([one_hot(values.T), *zeros])[0]
        return (
            softmax(logits)[0],
            np.asarray(whole)[:, 0],
            np.asarray(step([one_hot(values[0]), *zeros])[0]),
        )

    before = all_three()
    network.model.compile(keras.optimizers.SGD(5.0), ["categorical_crossentropy"] + [None] * 4)
    network.model.train_on_batch([one_hot(values.T), *zeros], [one_hot(values.T), *zeros])
    by_keras = all_three()
    with tf.GradientTape() as tape:
        logits, _ = network.logits(values, np.zeros((T, B, 1)), zeros)
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=values, logits=logits)
        )
    variables = [v.value for v in network.variables]
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        assert np.any(gradient)
        variable.assign_sub(5.0 * gradient)
    by_fast_path = all_three()
    for now, then in ((by_keras, before), (by_fast_path, by_keras)):
        np.testing.assert_allclose(now[0], now[1], atol=1e-5)
        np.testing.assert_allclose(now[0], now[2], atol=1e-5)
        assert np.abs(now[0] - then[0]).max() > 1e-3


def test_weights_go_in_and_out_by_name(random_weights):
    weights = random_weights(CONDITIONAL, 5)
    network = SoloNetwork(CONDITIONAL)
    network.set_weights(weights)
    again = network.get_weights()
    assert list(again) == list(weight_shapes(CONDITIONAL))
    for name, shape in weight_shapes(CONDITIONAL).items():
        assert again[name].shape == shape
        np.testing.assert_array_equal(again[name], weights[name])
    network.variables[0].assign(weights["lstm_0.kernel"] + 1)
    np.testing.assert_array_equal(again["lstm_0.kernel"], weights["lstm_0.kernel"])  # copies


def test_first_weights_come_from_the_seed():
    first, again, other = (SoloNetwork(PLAIN, seed).get_weights() for seed in (7, 7, 8))
    for name in first:
        np.testing.assert_array_equal(first[name], again[name])
        if "bias" not in name:
            assert np.any(first[name] != other[name])
    n = PLAIN.units[0]
    assert first["lstm_0.bias"].tolist() == [0] * n + [1] * n + [0] * 2 * n  # forget gates open


# Dropout


def test_dropout_only_with_a_seed(made, random_context):
    network, rng = made(DROPPING), np.random.default_rng(6)
    values, context = rng.integers(N_VALUES, size=(T, B)), random_context(rng, T, B)

    def logits(seed):
        number = None if seed is None else tf.constant([seed, 64], tf.int32)
        return network.logits(values, context, network.zero_states(B), seed=number)[0].numpy()

    twin = made(CONDITIONAL)
    twin.set_weights(network.get_weights())
    none, _ = twin.logits(values, context, twin.zero_states(B))
    np.testing.assert_array_equal(logits(None), none)
    np.testing.assert_array_equal(logits(1), logits(1))
    assert np.abs(logits(1) - none).max() > 0.1
    assert np.abs(logits(1) - logits(2)).max() > 0.1
    zeros = [np.zeros((B, n), np.float32) for n in DROPPING.units for _ in "ac"]
    whole = network.model([one_hot(values.T), features(context.swapaxes(0, 1)), *zeros])[0]
    np.testing.assert_allclose(softmax(none), np.swapaxes(whole, 0, 1), atol=1e-5)


def test_outputs_are_hidden_for_a_whole_sequence(random_weights):
    config = NetworkConfig(units=(40,), context=False, dropout=0.5)
    network = SoloNetwork(config)
    shown = {"densor.kernel": np.eye(40, N_VALUES, dtype=np.float32), "densor.bias": np.zeros(78)}
    network.set_weights({**random_weights(config), **shown})  # the logits are the outputs
    values = np.random.default_rng(7).integers(N_VALUES, size=(T, B))
    context = np.zeros((T, B, 1))
    plain = network.logits(values, context, network.zero_states(B))[0].numpy()[..., :40]
    hidden = network.logits(
        values, context, network.zero_states(B), seed=tf.constant([1, 0], tf.int32)
    )[0].numpy()[..., :40]
    gone = np.all(hidden == 0, axis=0)
    assert 0.3 < gone.mean() < 0.7
    assert len({tuple(row) for row in gone}) == B  # another mask for each sequence
    np.testing.assert_allclose(hidden, plain * 2 * ~gone, rtol=1e-6)


def test_hiding_keeps_the_mean_and_tells_masks_apart():
    seed = tf.constant([3, 0], tf.int32)
    first = _hide(tf.ones((100, 100)), 0.2, (100, 100), seed, 0).numpy()
    assert set(np.unique(first)) == {np.float32(0), np.float32(1.25)}
    assert abs(first.mean() - 1) < 0.02
    assert np.any(first != _hide(tf.ones((100, 100)), 0.2, (100, 100), seed, 1).numpy())
