"""What teachers expect, as targets."""

from dataclasses import replace

import numpy as np
import pytest

from jazzgen.encoding.grammar import NAME
from jazzgen.encoding.vocabulary import N_VALUES, Vocabulary
from jazzgen.errors import ModelError
from jazzgen.network import distillation
from jazzgen.network.config import NetworkConfig
from jazzgen.network.distillation import PLAYED_SHARE, check_teachers, soft_targets
from jazzgen.network.engine import NumpyEngine


@pytest.fixture
def teachers(stored, random_weights):
    config = NetworkConfig(units=(7,), context=True, experts=True, dropout=0.3)
    other = replace(stored, name="other", network=config, weights=random_weights(config, 2))
    return [stored, other]


def expected(teacher, dataset, piece):
    engine = NumpyEngine(teacher.network, teacher.weights)
    values, context = dataset.sequence(piece)
    state, told = engine.start(), []
    for t in range(1, len(values)):
        probabilities, state = engine.step(values[t - 1 : t].astype(int), context[t : t + 1], state)
        told.append(probabilities[0])
    return np.array(told)


@pytest.mark.parametrize("rows", [2, 128])
def test_they_are_the_mean_of_the_teachers(teachers, dataset, tmp_path, monkeypatch, rows):
    monkeypatch.setattr(distillation, "_SPAN", 16)  # pieces go on over several batches
    monkeypatch.setattr(distillation, "_ROWS", rows)
    pieces, played = [0, 2, 5, 6], [2, 6]
    targets = soft_targets(teachers, dataset, pieces, played, tmp_path / "t.npy")
    assert targets.dtype == np.float16
    assert targets.shape == (len(dataset.values), N_VALUES)
    for piece in range(len(dataset)):
        first, end = dataset.offsets[piece], dataset.offsets[piece + 1]
        np.testing.assert_array_equal(targets[first], 0)  # nothing comes before it
        mean = sum(expected(teacher, dataset, piece) for teacher in teachers) / 2
        if piece not in pieces:
            mean[:] = 0
        elif piece in played:
            mean *= 1 - PLAYED_SHARE
            mean[np.arange(len(mean)), dataset.values[first + 1 : end]] += PLAYED_SHARE
        np.testing.assert_allclose(targets[first + 1 : end], mean, atol=1e-2)


def test_teachers_of_other_values_are_refused(teachers, dataset):
    check_teachers(teachers, dataset)
    grammar = replace(teachers[1], vocabulary=Vocabulary(NAME, ("C,0.500", "<END>")))
    with pytest.raises(ModelError, match="teacher other knows other values than"):
        check_teachers([teachers[0], grammar], dataset)
