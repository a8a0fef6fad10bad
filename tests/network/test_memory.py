"""The memory beside an engine: what it mixes in, worked out by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest

from jazzgen.encoding.context import N_SLOTS
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.network import memory as module
from jazzgen.network.config import NetworkConfig
from jazzgen.network.engine import NumpyEngine
from jazzgen.network.engines import engine_of
from jazzgen.network.keras_engine import KerasEngine
from jazzgen.network.memory import (
    GATE_INPUTS,
    LOOK_BACK,
    SHARPNESS,
    Memory,
    RememberingEngine,
    gate_inputs,
    matches,
    packed,
    packed_before,
)
from jazzgen.network.model_folder import load_model_folder, save_model_folder

HALF = (0.0,) * len(GATE_INPUTS)  # the logistic function of 0
EVENTS_ONLY = Memory((HALF, (-50.0, *HALF[1:])))
BOTH = Memory((HALF, HALF))
SOME = Memory(((-1.0, 0.3, -0.5, 1.0, 0.1, 0.2, 0.3), (-0.5, 0.1, 0.4, 0.6, -0.2, 0.1, 0.2)))


class Told:
    """An engine whose top output is told beforehand, and that expects every value alike."""

    def __init__(self, *outputs):
        self._outputs = np.array(outputs, dtype=np.float32)  # (steps, n)

    def start(self, rows=1):
        n = self._outputs.shape[1]
        return [np.zeros((rows, n), np.float32) for _ in "ac"]

    def step(self, values, context, state):
        c = state[1]  # counts the steps
        out = np.repeat(self._outputs[int(c[0, 0])][None], len(values), axis=0)
        return np.full((len(values), N_VALUES), 1 / N_VALUES, np.float32), [out, c + 1]


def rows(*phases):
    context = np.zeros((len(phases), N_SLOTS), np.int16)
    context[:, 0] = phases
    return context


def run(engine, values, phases):
    """Probabilities `(n, 78)` of a sequence: the k-th before value k + 1 has come."""
    state, told = engine.start(), []
    for value, phase in zip(values, phases, strict=True):
        expected, state = engine.step(np.array([value]), rows(phase), state)
        told.append(expected[0])
    return np.array(told)


def test_what_it_mixes_is_worked_out_by_hand(monkeypatch):
    monkeypatch.setattr(module, "MATCHING", (0.0, 0.0))
    right, up, skew = (1, 0), (0, 1), (0.6, 0.8)
    engine = RememberingEngine(Told(right, up, skew, right), EVENTS_ONLY)
    told = run(engine, [77, 5, 7, 5], [0, 0, 0, 0])
    alike = 1 / N_VALUES
    np.testing.assert_allclose(told[0], alike, rtol=1e-6)  # nothing is remembered

    # One value, 5, at `right`: whatever its cosine, all the weight is its own.
    expected = np.full(N_VALUES, alike / 2)
    expected[5] += 0.5
    np.testing.assert_allclose(told[1], expected, rtol=1e-5)

    # 5 at `right` (cosine 0.6), 7 at `up` (0.8).
    weights = np.exp(SHARPNESS * np.array([0.6, 0.8]))
    weights /= weights.sum()
    expected = np.full(N_VALUES, alike / 2)
    expected[[5, 7]] += weights / 2
    np.testing.assert_allclose(told[2], expected, rtol=1e-2)  # keys are in steps of 2^-11

    # 5 at `right` (1), 7 at `up` (0), 5 at `skew` (0.6).
    weights = np.exp(SHARPNESS * np.array([1, 0, 0.6]))
    weights /= weights.sum()
    expected = np.full(N_VALUES, alike / 2)
    expected[[5, 7]] += (weights[0] + weights[2]) / 2, weights[1] / 2
    np.testing.assert_allclose(told[3], expected, rtol=1e-4)


def test_what_came_after_the_same_values_weighs_more(monkeypatch):
    monkeypatch.setattr(module, "MATCHING", (0.5, 0.0))
    told = run(RememberingEngine(Told(*[(1, 0)] * 6), EVENTS_ONLY), [77, 5, 6, 7, 5, 6], [0] * 6)
    # After 5 6: 7 came after 5 6; 6 after 5; 5 once after 77, once after 7; all keys are alike.
    weights = np.exp(0.5 * np.array([0, 0, 2, 0, 0]))  # of 5, 6, 7, 5, 6
    weights /= weights.sum()
    expected = np.full(N_VALUES, 0.5 / N_VALUES)
    np.add.at(expected, [5, 6, 7, 5, 6], weights / 2)
    np.testing.assert_allclose(told[5], expected, rtol=1e-4)


def test_equal_values_are_counted_from_the_nearest():
    def last(*values):
        return packed_before(np.array(values[::-1]))[-1]

    before = np.array([last(5, 6, 7), last(5, 9, 7, 8), last(9, 6, 7, 8), last(5, 6, 7, 8)])
    assert matches(before, last(5, 6, 7, 8)).tolist() == [3, 1, 0, 4]
    assert matches(before, last(5, 6, 7)).tolist() == [3, 1, 0, 3]
    assert matches(last(*range(9))[None], last(*range(8))) == LOOK_BACK
    assert matches(last(0, 0)[None], last(0)) == 1


def test_a_window_slides_along_a_sequence():
    values = np.random.default_rng(0).integers(N_VALUES, size=20)
    slid = [packed_before(values[:0])[0]]
    for value in values:
        slid.append(packed(slid[-1], value))
    np.testing.assert_array_equal(slid, packed_before(values))


def test_the_gate_goes_by_what_it_says():
    expected = np.array([[0.5, 0.25, 0.25], [1.0, 0, 0]])
    cosine = np.array([[-np.inf, -np.inf], [0.9, 0.2]])
    match = np.array([[0, 0], [1, 4]])
    told = gate_inputs(expected, cosine, match, np.array([1.0, np.e]), np.array([0, 3]))
    entropy = 0.5 * np.log(2) + 0.5 * np.log(4)
    np.testing.assert_allclose(told[0], [1, entropy, 0.5, 0, 0, 0, 0], atol=1e-9)
    np.testing.assert_allclose(told[1], [1, 0, 1, 0.9, 1, np.log(4), 4], atol=1e-9)


def test_notes_and_lengths_have_a_memory_each():
    engine = RememberingEngine(Told(*[(1, 0)] * 5), BOTH)
    told = run(engine, [77, 5, 60, 6, 61], [0, 1, 0, 1, 0])
    remembered = [set(np.flatnonzero(p > 0.1).tolist()) for p in told]
    # 60 and 61 came as lengths, 5 and 6 as notes.
    assert remembered == [set(), set(), {5}, {60}, {5, 6}]


def test_the_oldest_gives_way(monkeypatch):
    monkeypatch.setattr(module, "SPAN", 2)
    engine = RememberingEngine(Told(*[(1, 0)] * 5), BOTH)
    told = run(engine, [77, 5, 6, 7, 8], [0] * 5)
    remembered = [set(np.flatnonzero(p > 0.1).tolist()) for p in told]
    assert remembered == [set(), {5}, {5, 6}, {6, 7}, {7, 8}]
    np.testing.assert_allclose(told[4][[7, 8]].sum(), 0.5 + 1 / N_VALUES, rtol=1e-5)


def test_its_room_grows_to_the_span_and_no_further(monkeypatch):
    monkeypatch.setattr(module, "_FIRST_ROOM", 2)
    monkeypatch.setattr(module, "SPAN", 7)
    engine = RememberingEngine(Told(*[(1, 0)] * 20), BOTH)
    state, rooms = engine.start(), []
    for value in range(20):
        told, state = engine.step(np.array([value]), rows(0), state)
        rooms.append(state[2].shape[1])
        if value:
            kept = set(np.flatnonzero(told[0] > 0.05).tolist())
            assert kept == set(range(max(1, value - 6), value + 1))
    assert rooms[0] == 2
    assert rooms[-1] == 7
    assert set(rooms) == {2, 4, 7}
    assert state[5].shape[1] == 2  # no length has come


@pytest.fixture
def network(random_weights):
    config = NetworkConfig(units=(6, 5), context=True)
    return config, random_weights(config)


def sequence(random_context, seed, n=40):
    rng = np.random.default_rng(seed)
    context = random_context(rng, n)
    context[:, 0] = rng.integers(2, size=n)
    return rng.integers(N_VALUES, size=n), context


def stepped(engine, values, context):
    """Of sequences side by side, values `(n, B)`: probabilities `(n, B, 78)`."""
    state, told = engine.start(values.shape[1]), []
    for value, row in zip(values, context, strict=True):
        expected, state = engine.step(value, row, state)
        told.append(expected.copy())
    return np.array(told)


def test_side_by_side_as_each_alone(network, random_context):
    """Each row in phases of its own, one of them hearing nothing now and then."""
    engine = RememberingEngine(NumpyEngine(*network), SOME)
    each = [sequence(random_context, seed) for seed in range(3)]
    each[1][0][5:9] = -1
    values = np.stack([v for v, _ in each], axis=1)
    context = np.stack([c for _, c in each], axis=1)
    together = stepped(engine, values, context)
    for row in range(3):
        alone = stepped(engine, values[:, [row]], context[:, [row]])
        np.testing.assert_array_equal(together[:, row], alone[:, 0])
    np.testing.assert_allclose(together.sum(axis=-1), 1, atol=1e-5)
    assert (together >= 0).all()


def test_an_empty_memory_says_nothing(network, random_context):
    plain, engine = NumpyEngine(*network), RememberingEngine(NumpyEngine(*network), BOTH)
    values, context = sequence(random_context, 0, n=2)
    own, _ = plain.step(values[:1], context[:1], plain.start())
    told, state = engine.step(values[:1], context[:1], engine.start())
    np.testing.assert_array_equal(told, own)
    # Nothing comes: nothing is kept.
    _, state = engine.step(np.array([-1]), context[1:], state)
    assert state[-3].sum() == 0


def test_keras_remembers_alike(network, random_context):
    values, context = sequence(random_context, 3, n=12)
    numpy, keras = (
        stepped(RememberingEngine(made(*network), SOME), values[:, None], context[:, None])
        for made in (NumpyEngine, KerasEngine)
    )
    np.testing.assert_allclose(numpy, keras, atol=1e-2)  # the engines round differently


def test_keys_in_some_directions(monkeypatch):
    """The second output differs from the first in a direction that is not looked at."""
    monkeypatch.setattr(module, "MATCHING", (0.0, 0.0))
    outputs = (1, 0, 0), (0.6, 0, 0.8), (0, 1, 0), (1, 0, 0)
    told = {}
    for directions in (None, np.eye(3, 2, dtype=np.float16)):
        engine = RememberingEngine(Told(*outputs), Memory(EVENTS_ONLY.gates, directions))
        told[directions is None] = run(engine, [77, 5, 7, 9], [0] * 4)[3]
    assert told[True][5] > 50 * told[True][7]  # another key
    assert told[False][5] == pytest.approx(told[False][7], rel=1e-3)  # the same
    assert told[False][5] > 30 * told[False][9]


def test_json_round_trip():
    directions = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float16)
    for made in (BOTH, Memory(BOTH.gates, directions)):
        assert Memory.from_json(json.loads(json.dumps(made.to_json()))) == made
    assert Memory(BOTH.gates, directions) != BOTH
    damaged = Memory(BOTH.gates, directions).to_json()
    damaged["directions"]["shape"] = [4, 2]
    with pytest.raises(ValueError, match="reshape"):
        Memory.from_json(damaged)


@pytest.mark.parametrize("gates", [(HALF,), (HALF, HALF[:-1]), (HALF, HALF, HALF)])
def test_a_memory_has_two_gates(gates):
    with pytest.raises(ValueError, match="two gates"):
        Memory(gates)


# In the model folder


def test_it_travels_with_the_model(stored, tmp_path):
    model = replace(stored, memory=SOME)
    assert model.sha256 != stored.sha256
    assert replace(stored, memory=BOTH).sha256 != model.sha256
    save_model_folder(tmp_path, model)
    again = load_model_folder(tmp_path)
    assert again.memory == SOME
    assert again.sha256 == model.sha256
    assert isinstance(engine_of(again), RememberingEngine)
    assert isinstance(engine_of(stored), NumpyEngine)
    save_model_folder(tmp_path, stored)
    assert load_model_folder(tmp_path).memory is None
