"""Fitting the gates of a memory."""

import math
from dataclasses import replace

import numpy as np
import pytest

from jazzgen.network import memory, memory_fit
from jazzgen.network.config import NetworkConfig
from jazzgen.network.keras_engine import KerasEngine
from jazzgen.network.memory import GATE_INPUTS, Memory, RememberingEngine
from jazzgen.network.memory_fit import fit_memory, nats_per_note
from jazzgen.network.networks import SoloNetwork

SOME = Memory(((-1.0, 0.3, -0.5, 1.0, 0.1, 0.2, 0.3), (-0.5, 0.1, 0.4, 0.6, -0.2, 0.1, 0.2)))


@pytest.fixture(scope="module")
def network(random_weights):
    made = SoloNetwork(NetworkConfig(units=(8, 6), context=True, dropout=0.2, memory=True))
    made.set_weights(random_weights(made.config))
    return made


def step_by_step(network, gates, dataset, pieces):
    engine = RememberingEngine(KerasEngine(network.config, network.get_weights()), gates)
    total = 0.0
    for piece in pieces:
        values, context = dataset.sequence(piece)
        state = engine.start()
        for t in range(1, len(values)):
            told, state = engine.step(values[t - 1 : t].astype(int), context[t : t + 1], state)
            total -= math.log(told[0, values[t]])
    return total / dataset.notes[list(pieces)].sum()


@pytest.mark.parametrize("directions", [None, 3])
def test_it_measures_what_the_engine_does(network, dataset, directions):
    pieces = dataset.pieces(None).tolist()
    subject = SOME
    if directions:
        drawn = np.random.default_rng(0).normal(size=(6, directions)).astype(np.float16)
        subject = Memory(SOME.gates, drawn)
    assert nats_per_note(network, subject, dataset, pieces) == pytest.approx(
        step_by_step(network, subject, dataset, pieces), abs=3e-3 if directions else 1e-5
    )


def test_directions_are_those_in_which_keys_differ(network, dataset, monkeypatch):
    monkeypatch.setattr(memory_fit, "DIRECTIONS", 2)
    pieces = dataset.pieces("train").tolist()
    directions = fit_memory(network, dataset).directions.astype(np.float64)
    np.testing.assert_allclose(directions.T @ directions, np.eye(2), atol=2e-3)
    keys = np.concatenate(
        [memory.unit(h) for _, h, _ in memory_fit._run(network, dataset, pieces, None)]
    )
    kept = ((keys @ directions) ** 2).sum() / (keys**2).sum()
    for seed in range(20):
        other = np.linalg.qr(np.random.default_rng(seed).normal(size=(6, 2)))[0]
        assert ((keys @ other) ** 2).sum() / (keys**2).sum() < kept


def test_long_pieces_too_where_the_oldest_gives_way(network, dataset, monkeypatch):
    for module in (memory, memory_fit):
        monkeypatch.setattr(module, "SPAN", 5)
    monkeypatch.setattr(memory_fit, "_ROWS", 4)
    assert nats_per_note(network, SOME, dataset, [2, 6]) == pytest.approx(
        step_by_step(network, SOME, dataset, [2, 6]), abs=1e-5
    )


def made_up(n=500, seed=0):
    """What was asked, made up: the memory knows better the more alike the places are."""
    rng = np.random.default_rng(seed)
    inputs = np.column_stack((np.ones(n), rng.normal(size=(n, len(GATE_INPUTS) - 1))))
    right = rng.random(n) < 1 / (1 + np.exp(-2 * inputs[:, 3]))
    return memory_fit._Asked(
        expected=rng.uniform(0.05, 0.3, n),
        remembered=np.where(right, rng.uniform(0.3, 1, n), 0.0),
        inputs=inputs,
        some=rng.random(n) < 0.9,
    )


def nats(asked, gate):
    return -np.log(memory_fit._mixed(asked, gate)).mean()


def test_fitted_gates_are_better_than_their_neighbours():
    asked = made_up()
    gate = np.array(memory_fit._fit(asked))
    assert gate[3] > 0.5
    best = nats(asked, gate)
    for i in range(len(gate)):
        for by in (-0.3, 0.3):
            other = gate.copy()
            other[i] += by
            assert nats(asked, other) > best
    slope = [
        (nats(asked, gate + 1e-4 * unit) - nats(asked, gate - 1e-4 * unit)) / 2e-4
        for unit in np.eye(len(gate))
    ]
    np.testing.assert_allclose(slope, 0, atol=1e-3)


def test_where_nothing_is_remembered_the_gate_stays_shut():
    asked = made_up()
    gate = memory_fit._fit(asked._replace(some=np.zeros(500, np.bool_)))
    assert np.isfinite(gate).all()
    assert nats(asked, np.array(gate)) == pytest.approx(-np.log(asked.expected).mean(), abs=1e-6)


def test_the_same_seed_the_same_gates(network, dataset, monkeypatch):
    monkeypatch.setattr(memory_fit, "_STEPS", 20)
    first, again, other = (fit_memory(network, dataset, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert all(math.isfinite(weight) for gate in first.gates for weight in gate)


def test_the_grammar_has_no_lengths(make_dataset):
    data = make_dataset((14, 30, 40, 22), encoding="grammar")
    network = SoloNetwork(replace(NetworkConfig(units=(4,), context=True, memory=True)))
    fitted = fit_memory(network, data)
    assert all(math.isfinite(weight) for gate in fitted.gates for weight in gate)
    assert math.isfinite(nats_per_note(network, fitted, data, data.pieces("train").tolist()))
