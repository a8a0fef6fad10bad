"""Whether a model has learned from what it is measured on."""

from dataclasses import replace

import numpy as np
import pytest

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.fingerprints import fingerprints
from jazzgen.encoding.interval import VOCABULARY
from jazzgen.encoding.preprocess import preprocess
from jazzgen.evaluation.seen_before import seen_before
from jazzgen.music.changes import Changes
from jazzgen.music.notes import Notes
from jazzgen.network.config import NetworkConfig
from jazzgen.network.model_folder import StoredModel


class Noise:
    """Ten solos of random notes."""

    name, licence = "noise", ""

    def sha256(self):
        return "1" * 64

    def __len__(self):
        return 10

    def __iter__(self):
        for i in range(10):
            pitches = np.random.default_rng(i).integers(50, 75, 60)
            notes = Notes.of((12 * t, 12, int(p)) for t, p in enumerate(pitches))
            yield Piece(f"{i}", f"{i}", notes, Changes.unaccompanied(8))


@pytest.fixture
def dataset(tmp_path):
    return preprocess([Noise()], tmp_path / "data", validation=0.3)[0]


@pytest.fixture
def model():
    return StoredModel("m", NetworkConfig(units=(8,), context=False), VOCABULARY, {}, {})


def record(dataset, **changed):
    keys = [row["key"] for row in dataset.about()]
    return {
        "sources": dataset.info["sources"],
        "split": dataset.info["split"],
        "held_out": [keys[i] for i in dataset.pieces("validation").tolist()],
        **changed,
    }


def test_by_fingerprints(dataset, model):
    model = replace(model, fingerprints=fingerprints(dataset))
    train, held_out = (dataset.pieces(side).tolist() for side in ("train", "validation"))
    assert seen_before(model, dataset, train) == len(train)
    assert seen_before(model, dataset, held_out) == 0
    assert seen_before(model, dataset, [train[0], held_out[0]]) == 1


def test_by_the_record(dataset, model):
    model = replace(model, info={"dataset": record(dataset)})
    train, held_out = (dataset.pieces(side).tolist() for side in ("train", "validation"))
    assert seen_before(model, dataset, train) == len(train)
    assert seen_before(model, dataset, held_out) == 0


def test_another_split_of_the_same_source(dataset, model):
    everything = replace(
        model,
        info={
            "dataset": record(
                dataset, held_out=["0"], split={"train": 9, "validation": 1, "other": 0}
            )
        },
    )
    assert seen_before(everything, dataset, [0, 1, 2]) == 2


@pytest.mark.parametrize(
    "info",
    [
        {},
        {"dataset": 7},
        {"dataset": {"sources": []}},
        {"dataset": {"sources": [{"sha256": "2" * 64}], "split": {}, "held_out": []}},
        {
            "dataset": {
                "sources": [{"sha256": "1" * 64}],
                "split": {"validation": 5000},
                "held_out": ["0"],
            }
        },
    ],
)
def test_when_it_cannot_be_known(dataset, model, info):
    assert seen_before(replace(model, info=info), dataset, [0]) is None
