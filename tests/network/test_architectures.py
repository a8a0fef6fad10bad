import json

import numpy as np
import pytest

from jazzgen.encoding.vocabulary import Vocabulary
from jazzgen.generation.sequences import respond, sample_sequence, score
from jazzgen.network.architectures import (
    PADDING,
    ArchitectureOptions,
    EncoderDecoder,
    bidirectional_network,
    deep_engine,
    deep_network,
    encoder_decoder_network,
    hide_values,
    pad,
    teacher_forcing,
)
from jazzgen.network.backend import keras

N = 6
TINY = ArchitectureOptions(
    cell="gru", units=(8,), n_values=N, embedding=5, learning_rate=0.03, clip_norm=1.0
)
WORDS = Vocabulary("test", ("a", "b", "c", "d", "e", "<END>"))
END = 5

# Keras 3.15 itself, where it saves weights under NumPy 2.
saves = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


def options(**changes):
    return ArchitectureOptions(**{**TINY_SETTINGS, **changes})


TINY_SETTINGS = {name: getattr(TINY, name) for name in ArchitectureOptions.__slots__}


def probabilities(model, *inputs):
    result = np.asarray(model(list(inputs) if len(inputs) > 1 else inputs[0]))
    np.testing.assert_allclose(result.sum(axis=-1), 1, atol=1e-5)
    return result


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_every_cell_in_every_network(cell):
    tiny = options(cell=cell, units=(4, 3))
    values = np.array([[0, 1, 2, 3], [3, 4, tiny.hidden, PADDING]])
    assert probabilities(deep_network(tiny), values).shape == (2, 4, N)
    assert probabilities(bidirectional_network(tiny, n_labels=3), values).shape == (2, 4, 3)
    network = encoder_decoder_network(tiny)
    assert probabilities(network.model, values, values[:, :3]).shape == (2, 3, N)
    # One state a layer, the LSTM two; what an engine steps with equals the network over sequences.
    engine = deep_engine(model := deep_network(tiny))
    state = engine.start(2)
    assert [s.shape for s in state] == [
        (2, n) for n in (4, 3) for _ in range(2 if cell == "lstm" else 1)
    ]
    whole = probabilities(model, values[:, :3])
    for t in range(3):
        step, state = engine.step(values[:, t], None, state)
        np.testing.assert_allclose(step, whole[:, t], atol=1e-6)


def test_dropout_only_in_training():
    model = deep_network(options(dropout=0.5))
    values = np.arange(5)[None]
    assert np.array_equal(np.asarray(model(values)), np.asarray(model(values)))
    trained = np.asarray(model(values, training=True))
    assert not np.allclose(trained, np.asarray(model(values)))


def test_regularisation_losses():
    network = deep_network(options(l1=0.01, l2=0.1))
    kernels = [w.numpy() for w in network.weights if w.ndim == 2 and "embedding" not in w.path]
    assert len(kernels) == 3  # input, recurrent, densor: never the biases or the embedding
    expected = sum(0.01 * np.abs(w).sum() + 0.1 * (w**2).sum() for w in kernels)
    assert sum(float(x) for x in network.losses) == pytest.approx(expected, rel=1e-5)
    assert deep_network(TINY).losses == []
    assert len(bidirectional_network(options(l2=0.1)).losses) == 5
    assert len(encoder_decoder_network(options(l1=0.1)).model.losses) == 5


def test_gradients_are_clipped_in_the_optimizer():
    assert deep_network(TINY).optimizer.global_clipnorm == 1.0
    by_value = deep_network(options(clip_norm=0.0, clip_value=0.5)).optimizer
    assert (by_value.global_clipnorm, by_value.clipvalue) == (None, 0.5)


@pytest.mark.parametrize(
    "change",
    [
        {"cell": "transformer"},
        {"units": ()},
        {"units": (0,)},
        {"dropout": 1.0},
        {"l2": -1.0},
        {"clip_value": 1.0},
    ],
)
def test_senseless_options_are_refused(change):
    with pytest.raises(ValueError, match=r"must be|not both"):
        options(**change)


def test_a_seed_makes_the_weights():
    first, again, other = (deep_network(options(seed=s)).get_weights() for s in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_padding_is_skipped():
    model = bidirectional_network(TINY)
    padded = pad([[1, 2, 3], [4, 0, 2, 1, 3]])
    assert padded.tolist() == [[1, 2, 3, PADDING, PADDING], [4, 0, 2, 1, 3]]
    alone = probabilities(model, padded[:1, :3])
    np.testing.assert_allclose(probabilities(model, padded)[:1, :3], alone, atol=1e-6)
    # The loss is the mean over the targets that are not padding.
    targets = np.where(padded == PADDING, PADDING, (padded + 1) % N)
    odds = probabilities(model, padded)
    real = targets != PADDING
    expected = -np.log(odds[real, targets[real]]).mean()
    assert float(model.loss(targets, model(padded))) == pytest.approx(expected, rel=1e-5)


def test_hidden_values():
    values = np.array([[0, 1, 2, 3, 4, PADDING]] * 200)
    inputs, targets = hide_values(values, 0.3, TINY.hidden, np.random.default_rng(0))
    hidden = inputs == TINY.hidden
    assert np.array_equal(targets != PADDING, hidden)
    assert np.array_equal(targets[hidden], values[hidden])
    assert np.array_equal(inputs[~hidden], values[~hidden])
    assert hidden[:, :5].mean() == pytest.approx(0.3, abs=0.05)


def test_teacher_forcing_shifts_by_one():
    answers = pad([[1, 2, END], [3, END]])
    assert teacher_forcing(answers, END).tolist() == [[END, 1, 2], [END, 3, PADDING]]


@saves
def test_the_deep_network_learns_saves_and_samples(tmp_path):
    rng = np.random.default_rng(0)
    values = (rng.integers(0, 5, (32, 1)) + np.arange(9)) % 5  # a b c d e a b …, from anywhere
    model = deep_network(options(cell="lstm", units=(12, 8), dropout=0.1, l2=1e-5))
    history = model.fit(values[:, :-1], values[:, 1:], epochs=40, batch_size=16, verbose=0)
    assert history.history["loss"][-1] < 0.5 * history.history["loss"][0]
    model.save(tmp_path / "deep.keras")
    loaded = keras.models.load_model(tmp_path / "deep.keras")
    whole = probabilities(model, values[:2])
    assert np.array_equal(probabilities(loaded, values[:2]), whole)
    result = score(deep_engine(loaded), WORDS, values[0])
    fed = np.array([[END, *values[0]]])
    odds = probabilities(model, fed)[0]
    expected = np.log(odds[np.arange(10), [*values[0], END]])
    np.testing.assert_allclose(result.each, expected, atol=1e-5)
    drawn = sample_sequence(deep_engine(model), WORDS, rng, max_length=6, temperature=0.1)
    assert 0 < len(drawn.values) <= 6


@saves
def test_the_bidirectional_network_learns_from_both_sides(tmp_path):
    rng = np.random.default_rng(1)
    values = rng.integers(0, 2, (64, 7))
    # The value before and the value after: from one side alone the loss stays above log 2.
    labels = np.full(values.shape, PADDING)
    labels[:, 1:-1] = 2 * values[:, :-2] + values[:, 2:]
    model = bidirectional_network(options(cell="rnn", units=(8,)), n_labels=4)
    history = model.fit(values, labels, epochs=40, batch_size=16, verbose=0)
    assert history.history["loss"][-1] < 0.5 * np.log(2)
    model.save(tmp_path / "both.keras")
    loaded = keras.models.load_model(tmp_path / "both.keras")
    assert np.array_equal(probabilities(loaded, values), probabilities(model, values))


@saves
def test_the_encoder_decoder_answers(tmp_path):
    rng = np.random.default_rng(2)
    # The answer is the phrase's first value twice: it has to come through the encoder's state.
    phrases = [rng.integers(0, 5, rng.integers(2, 4)).tolist() for _ in range(64)]
    calls = pad(phrases)
    answers = pad([[p[0], p[0], END] for p in phrases])
    network = encoder_decoder_network(options(units=(16,)))
    inputs = teacher_forcing(answers, END)
    history = network.model.fit([calls, inputs], answers, epochs=40, batch_size=16, verbose=0)
    assert history.history["loss"][-1] < 0.3 * history.history["loss"][0]
    network.model.save(tmp_path / "answers.keras")
    loaded = EncoderDecoder.load(str(tmp_path / "answers.keras"))
    whole = probabilities(network.model, calls, inputs)
    assert np.array_equal(probabilities(loaded.model, calls, inputs), whole)
    for either in (network, loaded):
        for row in range(3):  # of different lengths, here without the padding
            engine = either.answering(phrases[row])
            state = engine.start()
            for t in range(3):
                step, state = engine.step(inputs[row, t : t + 1], None, state)
                np.testing.assert_allclose(step[0], whole[row, t], atol=1e-6)
    answer = respond(loaded, WORDS, ["d", "a"], rng, max_length=5, temperature=0.1)
    assert (answer.values, answer.ended) == ((3, 3), True)
    with pytest.raises(ValueError, match="no phrase"):
        network.answering([])


def test_a_deep_decoder_starts_from_the_encoder_layer_at_its_height():
    network = encoder_decoder_network(options(cell="lstm", units=(5, 4)))
    assert [s.shape for s in network.answering([1, 2]).start(3)] == [(3, 5), (3, 5), (3, 4), (3, 4)]
    call, answer = np.array([[1, 2]]), np.array([[END, 3, 0]])
    whole = probabilities(network.model, call, answer)
    engine = network.answering([1, 2])
    state = engine.start()
    for t in range(3):
        step, state = engine.step(answer[:, t], None, state)
        np.testing.assert_allclose(step, whole[:, t], atol=1e-6)


def test_stock_layers_only():
    def classes(config):
        if isinstance(config, dict):
            if "class_name" in config and "module" in config:
                yield config["module"], config.get("registered_name")
            for value in config.values():
                yield from classes(value)
        elif isinstance(config, list):
            for value in config:
                yield from classes(value)

    for model in (
        deep_network(TINY),
        bidirectional_network(TINY),
        encoder_decoder_network(TINY).model,
    ):
        found = list(classes(json.loads(model.to_json())))
        assert found
        assert all(str(module).startswith("keras") for module, _ in found)
