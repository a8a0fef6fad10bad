import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jazzgen.network.cells import (
    GRUCell,
    LSTMCell,
    RNNCell,
    SimplifiedGRUCell,
    SoftmaxLayer,
    backward,
    clip_gradients,
    global_norm,
    run,
)

CELLS = [RNNCell, SimplifiedGRUCell, GRUCell, LSTMCell]
T, B, N_X, N_A = 5, 3, 4, 2


def made(cell_class, seed=0):
    """A cell with every parameter random, so that no gradient is zero by accident."""
    rng = np.random.default_rng(seed)
    return cell_class(
        **{k: rng.normal(size=s) * 0.7 for k, s in cell_class.shapes(N_X, N_A).items()}
    )


def numerical(loss, array, eps=1e-6):
    """Central differences of `loss()` by every number of `array`, which is changed in place."""
    gradient = np.empty_like(array)
    for at in np.ndindex(array.shape):
        was = array[at]
        array[at] = was + eps
        up = loss()
        array[at] = was - eps
        gradient[at] = (up - loss()) / (2 * eps)
        array[at] = was
    return gradient


def assert_close_gradients(exact, approximate):
    difference = np.linalg.norm(exact - approximate)
    scale = np.linalg.norm(exact) + np.linalg.norm(approximate)
    assert scale > 1e-3
    assert difference / scale < 1e-7


@pytest.mark.parametrize("cell_class", CELLS)
def test_gradients_equal_numerical_ones(cell_class):
    cell = made(cell_class)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(T, B, N_X))
    start = tuple(rng.normal(size=(B, N_A)) for _ in range(cell.n_states))
    # A loss on every output and on the last state, so that all ways back are walked.
    by_outputs = rng.normal(size=(T, B, N_A))
    by_last = tuple(rng.normal(size=(B, N_A)) for _ in range(cell.n_states))

    def loss():
        outputs, states = run(cell, x, start)
        last = sum((w * s).sum() for w, s in zip(by_last, states[-1], strict=True))
        return (by_outputs * outputs).sum() + last

    _, states = run(cell, x, start)
    gradients = backward(cell, x, states, by_outputs, by_last)
    assert set(gradients.parameters) == set(cell.parameters)
    for name, array in cell.parameters.items():
        assert_close_gradients(gradients.parameters[name], numerical(loss, array))
    assert_close_gradients(gradients.x, numerical(loss, x))
    for exact, array in zip(gradients.state, start, strict=True):
        assert_close_gradients(exact, numerical(loss, array))


@pytest.mark.parametrize("cell_class", CELLS)
def test_shapes_and_state(cell_class):
    cell = cell_class.create(N_X, N_A, np.random.default_rng(0))
    assert (cell.n_x, cell.n_a) == (N_X, N_A)
    x = np.random.default_rng(2).normal(size=(T, B, N_X))
    outputs, states = run(cell, x)
    assert outputs.shape == (T, B, N_A)
    assert len(states) == T + 1
    assert all(s.shape == (B, N_A) for state in states for s in state)
    assert all(np.array_equal(outputs[t], states[t + 1][0]) for t in range(T))
    # Going on from a state is the same as having run through.
    later, _ = run(cell, x[2:], states[2])
    assert np.array_equal(later, outputs[2:])


@pytest.mark.parametrize("cell_class", CELLS)
def test_sequences_side_by_side_do_not_mix(cell_class):
    cell = made(cell_class)
    x = np.random.default_rng(3).normal(size=(T, B, N_X))
    together, _ = run(cell, x)
    alone, _ = run(cell, x[:, 1:2])
    np.testing.assert_allclose(together[:, 1:2], alone, atol=1e-14)


def test_misshapen_parameters_are_refused():
    with pytest.raises(ValueError, match=r"Wu has shape \(6, 3\), not \(6, 2\)"):
        SimplifiedGRUCell(Wc=np.zeros((6, 2)), Wu=np.zeros((6, 3)), bc=np.zeros(2), bu=np.zeros(2))


@pytest.mark.parametrize("cell_class", [SimplifiedGRUCell, GRUCell])
def test_a_closed_update_gate_keeps_the_state(cell_class):
    cell = made(cell_class)
    cell.bu[:] = -1000.0
    start = (np.array([[0.3, -0.8]]),)
    outputs, _ = run(cell, np.ones((T, 1, N_X)), start)
    np.testing.assert_allclose(outputs, np.broadcast_to(start[0], outputs.shape))


def test_an_lstm_by_hand():
    zero = np.zeros((2, 1))
    cell = LSTMCell(
        Wf=zero,
        Wu=zero,
        Wc=np.array([[0.0], [1.0]]),
        Wo=zero,
        bf=np.array([np.log(3)]),  # σ(log 3) = 3/4
        bu=np.zeros(1),
        bc=np.zeros(1),
        bo=np.zeros(1),
    )
    a, (_, c) = cell.step(np.array([[2.0]]), (np.zeros((1, 1)), np.array([[0.4]])))
    assert c[0, 0] == pytest.approx(0.5 * np.tanh(2) + 0.75 * 0.4)
    assert a[0, 0] == pytest.approx(0.5 * np.tanh(c[0, 0]))


def test_without_relevance_the_full_gru_is_the_simplified_one():
    full = made(GRUCell)
    full.br[:] = 1000.0
    simplified = SimplifiedGRUCell(Wc=full.Wc, Wu=full.Wu, bc=full.bc, bu=full.bu)
    x = np.random.default_rng(4).normal(size=(T, B, N_X))
    np.testing.assert_allclose(run(full, x)[0], run(simplified, x)[0], atol=1e-14)


def test_softmax_gradients_and_training():
    rng = np.random.default_rng(5)
    cell, densor = made(GRUCell), SoftmaxLayer.create(N_A, N_X, rng)
    values = (np.arange(T + 1)[:, None] + np.arange(B)) % N_X  # every value follows from the last
    x, y = np.eye(N_X, dtype=np.uint8)[values[:-1]], np.eye(N_X, dtype=np.uint8)[values[1:]]

    def loss():
        return densor.loss(run(cell, x)[0], y)[0]

    first, by_densor, d_a = densor.loss(run(cell, x)[0], y)
    gradients = backward(cell, x, run(cell, x)[1], d_a).parameters | by_densor
    parameters = cell.parameters | densor.parameters
    for name, array in parameters.items():
        assert_close_gradients(gradients[name], numerical(loss, array))
    odds = np.exp(densor.log_probabilities(run(cell, x)[0]))
    np.testing.assert_allclose(odds.sum(axis=-1), 1)
    for _ in range(200):
        outputs, states = run(cell, x)
        _, by_densor, d_a = densor.loss(outputs, y)
        gradients = backward(cell, x, states, d_a).parameters | by_densor
        for name, gradient in clip_gradients(gradients, norm=1.0).items():
            parameters[name] -= 0.5 * gradient
    assert loss() < 0.3 * first


GRADIENTS = st.dictionaries(
    st.text(min_size=1, max_size=2),
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5).map(np.array),
    min_size=1,
    max_size=4,
)


@given(GRADIENTS, st.floats(1e-3, 1e3))
def test_clipping_by_norm_keeps_the_direction(gradients, limit):
    clipped = clip_gradients(gradients, norm=limit)
    length = global_norm(gradients)
    assert global_norm(clipped) <= limit * (1 + 1e-9)
    factor = min(1.0, limit / length) if length else 1.0
    for name, gradient in gradients.items():
        np.testing.assert_allclose(clipped[name], gradient * factor, rtol=1e-9, atol=1e-12)


@given(GRADIENTS, st.floats(1e-3, 1e3))
def test_clipping_by_value_clips_each_number(gradients, limit):
    clipped = clip_gradients(gradients, value=limit)
    for name, gradient in gradients.items():
        assert np.abs(clipped[name]).max() <= limit
        inside = np.abs(gradient) <= limit
        assert np.array_equal(clipped[name][inside], gradient[inside])
        assert np.array_equal(np.sign(clipped[name]), np.sign(gradient))


def test_global_norm_is_over_all_arrays():
    assert global_norm({"a": np.array([3.0]), "b": np.array([[4.0, 12.0]])}) == 13


@pytest.mark.parametrize(
    "limits", [{}, {"value": 1.0, "norm": 1.0}, {"norm": 0.0}, {"value": -1.0}]
)
def test_clipping_wants_one_limit(limits):
    with pytest.raises(ValueError, match="a value or a norm"):
        clip_gradients({"a": np.ones(2)}, **limits)


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM"])
def test_parity_with_keras(name):
    from jazzgen.network.backend import keras

    rng = np.random.default_rng(6)
    options = {"reset_after": False} if name == "GRU" else {}
    layer = getattr(keras.layers, name)(16, return_sequences=True, **options)
    layer.build((None, None, 8))
    layer.set_weights([rng.normal(size=w.shape) * 0.4 for w in layer.get_weights()])
    x = rng.normal(size=(30, 4, 8)).astype(np.float32)
    cell_class = {"SimpleRNN": RNNCell, "GRU": GRUCell, "LSTM": LSTMCell}[name]
    cell = cell_class.from_keras_weights(*layer.get_weights())
    outputs, _ = run(cell, x)
    expected = np.asarray(layer(x.transpose(1, 0, 2))).transpose(1, 0, 2)
    assert outputs.dtype == np.float32
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-5)


def test_a_gru_with_reset_after_is_refused():
    with pytest.raises(ValueError, match="reset_after"):
        GRUCell.from_keras_weights(np.zeros((4, 6)), np.zeros((2, 6)), np.zeros((2, 6)))


def test_neither_cells_nor_sequences_load_tensorflow():
    code = (
        "import sys, jazzgen.network.cells, jazzgen.generation.sequences;"
        "sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
