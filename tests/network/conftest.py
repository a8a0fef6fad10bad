"""Networks with random weights, and datasets of a few made-up solos."""

import numpy as np
import pytest

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.context import N_SLOTS, SLOTS
from jazzgen.encoding.interval import IntervalEncoding
from jazzgen.encoding.preprocess import preprocess
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.notes import Notes
from jazzgen.network.config import NetworkConfig, Preset, TrainingConfig
from jazzgen.network.model_folder import StoredModel
from jazzgen.network.weights import weight_shapes


class MadeUp:
    """A source of solos that run up and down a scale, with something odd now and then."""

    name = "made-up"
    licence = ""

    def __init__(self, lengths, chords=("Dm7", "G7"), seed=0):
        self._lengths, self._chords, self._seed = lengths, chords, seed

    def sha256(self):
        return "0" * 64

    def __len__(self):
        return len(self._lengths)

    def __iter__(self):
        for number, n_notes in enumerate(self._lengths):
            rng = np.random.default_rng([self._seed, number])
            steps = rng.choice((2, 2, 2, 1, -1, -3, 7), size=n_notes)
            pitch = 50 + np.abs(np.cumsum(steps) % 40 - 20)
            length = rng.choice((12, 12, 12, 8, 24), size=n_notes)
            onset = np.cumsum(length) - length + 48 * (number % 2)
            notes = Notes.of(
                zip(onset.tolist(), length.tolist(), pitch.tolist(), [80] * n_notes, strict=True)
            )
            bars = -(-notes.end // 96)
            chords = [
                (96 * bar, parse_chord(self._chords[bar % len(self._chords)]))
                for bar in range(bars)
            ]
            yield Piece(
                key=f"piece-{number}",
                group=f"group-{number}",
                notes=notes,
                changes=Changes.build(chords, range(0, 96 * (bars + 1), 96)),
            )


@pytest.fixture(scope="session")
def make_dataset(tmp_path_factory):
    def make(lengths, *, chords=("Dm7", "G7"), seed=0, **options):
        source = MadeUp(lengths, chords, seed)
        out = tmp_path_factory.mktemp("dataset") / "dataset"
        dataset, report = preprocess([source], out, **{"tx": 8, "hop": 3} | options)
        assert report.pieces == len(lengths)
        return dataset

    return make


@pytest.fixture(scope="session")
def dataset(make_dataset):
    """Nine solos of 1 to 40 notes; two or more are held out."""
    return make_dataset((14, 3, 40, 22, 9, 31, 1, 17, 26), validation=0.25)


@pytest.fixture(scope="session")
def tiny_preset():
    """Everything that `standard` does, small."""
    return Preset(
        name="tiny",
        network=NetworkConfig(
            units=(12, 10), context=True, value_dropout=0.1, dropout=0.2, weight_dropout=0.1
        ),
        training=TrainingConfig(
            epochs=4,
            batch=3,
            span=16,
            learning_rate=0.02,
            schedule="cosine",
            weight_decay=0.02,
            clip_norm=1.0,
            averaging=0.9,
        ),
    )


@pytest.fixture(scope="session")
def random_weights():
    """Weights about as large as those of trained networks."""

    def make(config, seed=0):
        rng = np.random.default_rng(seed)
        weights = {}
        for name, shape in weight_shapes(config).items():
            if name == "lstm_0.kernel":
                scale = 0.5  # one row of it at a time, and a few flags
            elif len(shape) == 1:
                scale = 0.3
            else:
                scale = (8 if name == "densor.kernel" else 2) / np.sqrt(shape[0])
            weights[name] = rng.normal(0, scale, shape).astype(np.float32)
        return weights

    return make


@pytest.fixture(scope="session")
def random_context():
    """Context rows of any shape, every slot within its table."""

    def make(rng, *shape):
        columns = [rng.integers(len(slot.table), size=shape) for slot in SLOTS]
        rows = np.stack(columns, axis=-1).astype(np.int16)
        assert rows.shape == (*shape, N_SLOTS)
        return rows

    return make


@pytest.fixture
def stored(random_weights):
    config = NetworkConfig(units=(6, 5), context=True, dropout=0.25)
    return StoredModel(
        "stored", config, IntervalEncoding.vocabulary, random_weights(config), {"seed": 3}
    )
