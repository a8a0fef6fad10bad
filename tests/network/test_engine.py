"""The engine without TensorFlow against the Keras inference model."""

import numpy as np
import pytest

from jazzgen.encoding.context import ContextMaker
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.generation.sampling import draw
from jazzgen.music.charts import chart_from
from jazzgen.network import engine as engine_module
from jazzgen.network.config import PRESETS
from jazzgen.network.engine import NumpyEngine, put_row
from jazzgen.network.keras_engine import KerasEngine
from jazzgen.network.model_folder import load_model_folder
from jazzgen.resources import bundled_models

STEPS, ROWS = 250, 3
NETWORKS = pytest.mark.parametrize("config", [p.network for p in PRESETS.values()], ids=PRESETS)


@pytest.fixture
def unrounded(monkeypatch):
    """The engine with weights and outputs as they are, to compare its equations."""

    class Plain:
        def __init__(self, weights, *_):
            self.weights = weights

        def product(self, x, out=None):
            return np.matmul(x, self.weights, out=out)

    monkeypatch.setattr(engine_module, "Kernel", Plain)
    monkeypatch.setattr(engine_module, "round_to", lambda *_: None)
    monkeypatch.setattr(engine_module, "_TABLE_STEPS", 2.0**30)


@NETWORKS
def test_equals_keras(config, random_weights, random_context, unrounded):
    weights = random_weights(config)
    ours, theirs = NumpyEngine(config, weights), KerasEngine(config, weights)
    rng = np.random.default_rng(0)
    mine, keras_own = ours.start(ROWS), theirs.start(ROWS)
    likeliest = []
    for t in range(STEPS):
        values = rng.integers(N_VALUES, size=ROWS)
        if t in (0, 100):
            values[1:] = -1  # nothing is fed
        context = random_context(rng, ROWS)
        got, mine = ours.step(values, context, mine)
        expected, keras_own = theirs.step(values, context, keras_own)
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5)
        assert got.dtype == np.float32
        assert all(s.dtype == np.float32 for s in mine)
        np.testing.assert_allclose(got.sum(axis=1), 1, atol=1e-5)
        likeliest.append(got.max())
    assert np.median(likeliest) > 0.1  # 78 equal values would have 0.013
    for a, b in zip(mine, keras_own, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


@NETWORKS
def test_a_row_of_a_batch_is_a_row_alone(config, random_weights, random_context):
    engine = NumpyEngine(config, random_weights(config, 1))
    rng = np.random.default_rng(1)
    together, alone = engine.start(ROWS), [engine.start() for _ in range(ROWS)]
    for _ in range(40):
        values, context = rng.integers(-1, N_VALUES, size=ROWS), random_context(rng, ROWS)
        rows, together = engine.step(values, context, together)
        for i in range(ROWS):
            row, alone[i] = engine.step(values[i : i + 1], context[i : i + 1], alone[i])
            np.testing.assert_array_equal(row[0], rows[i])


@NETWORKS
@pytest.mark.parametrize("rows", [1, 2, 5, 17, 64, 130])
def test_however_many_rows_the_same_bits(config, rows, random_weights, random_context):
    """So many that BLAS takes other ways through its sums; each row is compared with row 0's."""
    engine = NumpyEngine(config, random_weights(config, 3))
    rng = np.random.default_rng(4)
    alone, state = engine.start(), engine.start(rows)
    for _ in range(8):
        value, context = rng.integers(N_VALUES, size=1), random_context(rng, 1)
        one, alone = engine.step(value, context, alone)
        many, state = engine.step(value.repeat(rows), context.repeat(rows, axis=0), state)
        np.testing.assert_array_equal(many, one.repeat(rows, axis=0))


@NETWORKS
def test_a_row_can_be_put_elsewhere(config, random_weights, random_context):
    engine = NumpyEngine(config, random_weights(config, 3))
    rng = np.random.default_rng(5)
    states = []
    for rows in (4, 2):
        values, context = rng.integers(N_VALUES, size=rows), random_context(rng, rows)
        states.append(engine.step(values, context, engine.start(rows))[1])
    values, context = rng.integers(N_VALUES, size=4), random_context(rng, 4)
    values[3], context[3] = 7, context[0]
    other, _ = engine.step(np.array([7]), context[:1], [part[1:].copy() for part in states[1]])
    mixed, _ = engine.step(values, context, put_row(states[0], 3, states[1], 1))
    np.testing.assert_array_equal(mixed[3], other[0])


@NETWORKS
def test_a_step_leaves_what_it_was_given(config, random_weights, random_context):
    engine = NumpyEngine(config, random_weights(config, 2))
    rng = np.random.default_rng(2)
    state = [rng.normal(size=s.shape).astype(np.float32) for s in engine.start(2)]
    before = [s.copy() for s in state]
    values, context = np.array([5, 60]), random_context(rng, 2)
    first, _ = engine.step(values, context, state)
    again, _ = engine.step(values, context, state)
    np.testing.assert_array_equal(first, again)
    for a, b in zip(state, before, strict=True):
        np.testing.assert_array_equal(a, b)


@NETWORKS
def test_starts_from_zeros(config, random_weights):
    engine = NumpyEngine(config, random_weights(config))
    state = engine.start(4)
    assert [s.shape for s in state] == [(4, n) for n in config.units for _ in "ac"]
    assert not any(s.any() for s in state)


@pytest.mark.parametrize("name", bundled_models())
def test_bundled_models_play_the_same_in_both(name, unrounded):
    model = load_model_folder(bundled_models()[name])
    ours = NumpyEngine(model.network, model.weights)
    theirs = KerasEngine(model.network, model.weights)
    changes = chart_from("rhythm-changes-bb").changes()
    decoder = model.encoding().decoder(changes, rng=np.random.default_rng(0))
    maker, rng = ContextMaker(changes, 120.0), np.random.default_rng(0)
    end = model.vocabulary.end
    value, mine, keras_own = -1 if end is None else end, ours.start(), theirs.start()
    for _ in range(300):
        row = maker.rows(
            np.array([decoder.tick], dtype=np.int32),
            np.array([decoder.reference]),
            np.array([decoder.phase]),
        )
        got, mine = ours.step(np.array([value]), row, mine)
        expected, keras_own = theirs.step(np.array([value]), row, keras_own)
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5)
        allowed = decoder.allowed()
        if end is not None:
            allowed[end] = False
        value = draw(np.where(allowed, got[0], 0).astype(np.float64), rng)
        decoder.push(value)


@pytest.mark.parametrize("name", bundled_models())
def test_rounding_costs_next_to_nothing(name):
    """Relative entropy to Keras's expectations, along 300 values that Keras draws."""
    model = load_model_folder(bundled_models()[name])
    ours = NumpyEngine(model.network, model.weights)
    theirs = KerasEngine(model.network, model.weights)
    changes = chart_from("rhythm-changes-bb").changes()
    decoder = model.encoding().decoder(changes, rng=np.random.default_rng(0))
    maker, rng = ContextMaker(changes, 120.0), np.random.default_rng(1)
    end = model.vocabulary.end
    value, mine, keras_own = -1 if end is None else end, ours.start(), theirs.start()
    lost = []
    for _ in range(300):
        row = maker.rows(*(np.array([x]) for x in (decoder.tick, decoder.reference, decoder.phase)))
        got, mine = ours.step(np.array([value]), row, mine)
        expected, keras_own = theirs.step(np.array([value]), row, keras_own)
        got, expected = got[0].astype(np.float64) + 1e-12, expected[0].astype(np.float64) + 1e-12
        lost.append(float((expected * np.log(expected / got)).sum()))
        allowed = decoder.allowed()
        if end is not None:
            allowed[end] = False
        value = draw(np.where(allowed, expected, 0), rng)
        decoder.push(value)
    assert np.mean(lost) < 1e-4  # nats a value
