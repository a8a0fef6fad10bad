"""Pieces of a dataset, read back and encoded anew."""

import numpy as np
import pytest

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.dataset_source import DatasetSource
from jazzgen.encoding.preprocess import preprocess
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.notes import Notes


class Source:
    name = "some"
    licence = "CC0"

    def sha256(self):
        return "1" * 64

    def __len__(self):
        return 4

    def __iter__(self):
        for number in range(4):
            rng = np.random.default_rng(number)
            onset = np.cumsum(rng.choice((6, 12, 30), 40)) + 20
            rows = zip(onset.tolist(), [5] * 40, rng.integers(50, 80, 40).tolist(), strict=True)
            bars = range(0, 3000, 72 if number == 2 else 96)
            changes = Changes.build([(0, parse_chord("Dm7")), (200, parse_chord("G7"))], bars)
            about = {"title": f"Tune {number}", "style": "BEBOP", "instrument": "ts"}
            tempo = 100.0 + 33.3 * number
            yield Piece(f"p{number}", "g", Notes.of(rows), changes, tempo, about)


@pytest.fixture
def first(tmp_path):
    dataset, _ = preprocess([Source()], tmp_path / "first", tx=8, split_table={"p0": 0, "p1": 1})
    return dataset


def test_encoded_anew_they_are_the_same(first, tmp_path):
    source = DatasetSource(first, range(4))
    table = {str(n): int(side) for n, side in enumerate(first.split)}
    again, report = preprocess([source], tmp_path / "again", tx=8, split_table=table)
    assert len(source) == report.pieces == 4
    for name in ("values", "context", "offsets", "notes", "split"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    assert again.sha256() == first.sha256()
    for ours, theirs in zip(again.about(), first.about(), strict=True):
        assert {**ours, "key": theirs["key"]} == theirs


def test_some_of_them_in_any_order(first, tmp_path):
    pieces = list(DatasetSource(first, [3, 1]))
    assert [piece.key for piece in pieces] == ["3", "1"]
    assert [piece.about["title"] for piece in pieces] == ["Tune 3", "Tune 1"]


def test_whose_it_is_stays_known(first, monkeypatch):
    source = DatasetSource(first, [0])
    assert (source.name, source.licence) == ("first", "CC0")
    assert source.sha256() == first.sha256()
    monkeypatch.chdir(first.path)
    assert DatasetSource(type(first)("."), [0]).name == "first"
