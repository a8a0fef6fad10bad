"""The examples of docs/networks.md, run one after the other on a small dataset."""

import re
from pathlib import Path

import numpy as np
import pytest

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.preprocess import preprocess
from jazzgen.generation.sequences import score
from jazzgen.music.changes import Changes
from jazzgen.music.notes import Note, Notes
from jazzgen.network.config import NetworkConfig
from jazzgen.network.engine import NumpyEngine
from jazzgen.network.weights import weight_shapes

PAGE = Path(__file__).parents[2] / "docs" / "networks.md"


class Scales:
    """A corpus of scales up and down."""

    name = "scales"
    licence = ""

    def sha256(self):
        return "0" * 64

    def __len__(self):
        return 6

    def __iter__(self):
        for i in range(len(self)):
            pitches = [60 + i + step for step in (0, 2, 4, 5, 7, 9, 11, 12, 11, 9, 7, 5, 4, 2)] * 3
            notes = Notes.of([Note(12 * k, 12, pitch) for k, pitch in enumerate(pitches)])
            yield Piece(f"{i}", f"{i}", notes, Changes.unaccompanied(6))


@pytest.fixture
def dataset(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return preprocess([Scales()], Path("my-dataset"))[0]


@pytest.fixture
def eager():
    """For three steps of training, building graphs would take most of the time."""
    from jazzgen.network.backend import tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.filterwarnings(
    # Eagerness, asked for by the test; and Keras 3.15 itself, where it saves under NumPy 2.
    "ignore:Even though the `tf.config.experimental_run_functions_eagerly`:UserWarning",
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
)
def test_the_examples_run(dataset, eager, capsys):
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)
    assert len(examples) == 7
    names = {}
    for example in examples:
        assert example.count("\n") <= 13
        exec(compile(example, str(PAGE), "exec"), names)
    assert names["loss"] < 0.8 * np.log(78)
    assert np.abs(names["same"].transpose(1, 0, 2) - names["expected"]).max() < 1e-5
    assert names["guesses"].shape == (4, 30, 78)
    assert Path("deep.keras").is_file()
    assert "perplexity" in capsys.readouterr().out


def test_scoring_the_network_that_plays(dataset):
    rng = np.random.default_rng(0)
    config = NetworkConfig(units=(8,), context=True)
    weights = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in weight_shapes(config).items()
    }
    engine = NumpyEngine(config, weights)
    solo, context = dataset.sequence(0)
    result = score(engine, dataset.vocabulary, solo, context=context[1:])
    state, expected = engine.start(), []
    for t in range(len(solo) - 1):
        odds, state = engine.step(solo[t : t + 1], context[t + 1 : t + 2], state)
        expected.append(np.log(odds[0, solo[t + 1]]))
    np.testing.assert_allclose(result.each, expected, atol=1e-5)
