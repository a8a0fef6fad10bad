"""Fingerprints: which runs have one, that they never change, and their file."""

import io

import numpy as np
import pytest

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.fingerprints import (
    RUN_STEPS,
    fingerprints,
    hash_runs,
    load_fingerprints,
    save_fingerprints,
    steps,
)
from jazzgen.encoding.preprocess import preprocess
from jazzgen.encoding.split import SPLITS
from jazzgen.errors import DatasetError, ModelError, OutputError
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.notes import Notes

MELODY = [60, 62, 63, 67, 65, 58, 59, 60, 72, 71, 69, 68]
GAPS = [12, 12, 8, 16, 6, 6, 24, 12, 8, 8, 20, 12]


class Pieces:
    name, licence = "pieces", ""

    def __init__(self, *pieces):
        self._pieces = pieces

    def sha256(self):
        return "0" * 64

    def __len__(self):
        return len(self._pieces)

    def __iter__(self):
        return iter(self._pieces)


def piece(key, pitches, gaps, lengths=None):
    onset = np.cumsum([0, *gaps[:-1]]).tolist()
    notes = Notes.of(zip(onset, lengths or gaps, pitches, strict=True))
    changes = Changes.build([(0, parse_chord("Dm7"))], range(0, notes.end + 96, 96))
    return Piece(key, key, notes, changes)


@pytest.fixture
def dataset(tmp_path):
    def make(*pieces, **options):
        return preprocess([Pieces(*pieces)], tmp_path / "data", **options)[0]

    return make


def runs(pitches, gaps):
    """The runs of a melody, counted out."""
    row = [(gap, b - a) for gap, a, b in zip(gaps, pitches, pitches[1:], strict=False)]
    return {tuple(row[i : i + RUN_STEPS]) for i in range(len(row) - RUN_STEPS + 1)}


def hashed(found):
    gap, leap = np.moveaxis(np.array(sorted(found)), -1, 0)
    return sorted(hash_runs(steps(gap, leap)).tolist())


class TestOfADataset:
    def test_every_run_of_six_steps_has_one(self, dataset):
        found = fingerprints(dataset(piece("p", MELODY, GAPS)), [0])
        assert found.dtype == np.uint32
        assert len(runs(MELODY, GAPS)) == 12 - RUN_STEPS
        assert found.tolist() == hashed(runs(MELODY, GAPS))

    def test_runs_do_not_lead_from_piece_to_piece(self, dataset):
        halves = [piece("1", MELODY[:8], GAPS[:8]), piece("2", MELODY[4:], GAPS[4:])]
        found = fingerprints(dataset(*halves), [0, 1])
        wanted = runs(MELODY[:8], GAPS[:8]) | runs(MELODY[4:], GAPS[4:])
        assert found.tolist() == hashed(wanted)

    def test_transposed_and_in_another_articulation_it_is_the_same(self, dataset):
        short = [2] * 12
        others = [piece("1", MELODY, GAPS), piece("2", [p + 5 for p in MELODY], GAPS, short)]
        assert len(fingerprints(dataset(*others), [0, 1])) == 12 - RUN_STEPS

    def test_another_rhythm_is_another(self, dataset):
        others = [piece("1", MELODY, GAPS), piece("2", MELODY, [g + 1 for g in GAPS])]
        assert len(fingerprints(dataset(*others), [0, 1])) == 2 * (12 - RUN_STEPS)

    def test_of_training_pieces_unless_told(self, dataset):
        rng = np.random.default_rng(1)
        pieces = [piece(str(i), rng.integers(50, 70, 20).tolist(), [12] * 20) for i in range(12)]
        made = dataset(*pieces)
        train = np.flatnonzero(made.split == SPLITS.index("train"))
        assert 0 < len(train) < 12
        assert fingerprints(made).tolist() == fingerprints(made, train).tolist()
        assert len(fingerprints(made)) == 14 * len(train)

    def test_six_notes_have_none(self, dataset):
        found = fingerprints(dataset(piece("p", MELODY[:6], GAPS[:6])), [0])
        assert found.shape == (0,)
        assert found.dtype == np.uint32

    def test_another_encoding_is_refused(self, dataset):
        made = dataset(piece("p", MELODY * 4, GAPS * 4), encoding="grammar", tx=4)
        with pytest.raises(DatasetError, match="not of the encoding `grammar`"):
            fingerprints(made)


class TestTheHash:
    def test_it_never_changes(self):
        # Written down once: model folders hold such numbers.
        row = steps([12, 12, 8, 16, 6, 6], [2, 1, 4, -2, -7, 1])
        assert row.tolist() == [614, 613, 420, 806, 311, 319]
        assert int(hash_runs(row)) == 1539768131

    def test_no_two_steps_have_one_number(self):
        gap, leap = np.meshgrid(np.arange(1, 400), np.arange(-24, 25))
        assert len(np.unique(steps(gap, leap))) == gap.size

    def test_collisions_are_as_rare_as_chance_has_it(self):
        # All runs of few, close steps: 4^6 by rhythm, 7^6 by leap; 1.7 collisions to be expected.
        leaps = np.stack(np.meshgrid(*[np.arange(-3, 4)] * RUN_STEPS), -1).reshape(-1, RUN_STEPS)
        found = np.unique(hash_runs(steps(12, leaps)))
        assert len(leaps) - len(found) < 10

    def test_the_order_of_steps_matters(self):
        row = steps([12, 12, 8, 16, 6, 6], [2, 1, 4, -2, -7, 1])
        assert hash_runs(row) != hash_runs(row[::-1])


class TestTheFile:
    SOME = np.array([3, 9, 2**32 - 1], dtype=np.uint32)

    @pytest.mark.parametrize("array", [SOME, SOME[:0]])
    def test_round_trip(self, tmp_path, array):
        save_fingerprints(tmp_path / "f.npy", array)
        again = load_fingerprints(tmp_path / "f.npy")
        assert again.tolist() == array.tolist()
        assert again.dtype == np.uint32

    @pytest.mark.parametrize(
        "array",
        [
            np.array([3, 9], dtype=np.int64),
            np.array([[3, 9]], dtype=np.uint32),
            np.array([9, 3], dtype=np.uint32),
            np.array([3, 3], dtype=np.uint32),
            np.array([{}], dtype=object),
        ],
    )
    def test_what_is_no_fingerprints_is_refused(self, tmp_path, array):
        np.save(tmp_path / "f.npy", array, allow_pickle=True)
        with pytest.raises(ModelError, match="damaged fingerprints"):
            load_fingerprints(tmp_path / "f.npy")

    def test_every_truncated_file_is_refused(self, tmp_path):
        whole = io.BytesIO()
        np.save(whole, self.SOME)
        for size in range(len(whole.getvalue())):
            (tmp_path / "f.npy").write_bytes(whole.getvalue()[:size])
            with pytest.raises(ModelError, match="damaged fingerprints"):
                load_fingerprints(tmp_path / "f.npy")

    def test_no_file(self, tmp_path):
        with pytest.raises(ModelError, match="no such file"):
            load_fingerprints(tmp_path / "f.npy")
        with pytest.raises(OutputError):
            save_fingerprints(tmp_path / "nowhere" / "f.npy", self.SOME)
