"""Lessons: the corpus, what teachers improvise over its changes, and what they expect."""

from dataclasses import replace

import numpy as np
import pytest

from jazzgen.encoding.preprocess import preprocess
from jazzgen.errors import DatasetError, ModelError
from jazzgen.generation.imagined import ImaginedSource
from jazzgen.generation.lessons import plan, prepare_lessons, read_lessons
from jazzgen.network.distillation import PLAYED_SHARE
from jazzgen.network.model_folder import load_model_folder


class Scales:
    name = "scales"
    licence = "CC0"

    def sha256(self):
        return "3" * 64

    def __len__(self):
        return 4

    def __iter__(self):
        from jazzgen.corpus.piece import Piece
        from jazzgen.music.changes import Changes
        from jazzgen.music.chords import parse_chord
        from jazzgen.music.notes import Notes

        for number in range(4):
            notes = Notes.of((12 * t, 10, 55 + (t * (number + 2)) % 17) for t in range(16))
            changes = Changes.build([(0, parse_chord("Dm7"))], (0, 96, 192))
            about = {"style": "BEBOP", "instrument": "ts", "title": f"Scale {number}"}
            yield Piece(f"s{number}", f"g{number}", notes, changes, 140.0, about)


@pytest.fixture
def dataset(tmp_path):
    table = {"s0": 0, "s1": 0, "s2": 1, "s3": 2}
    made, _ = preprocess([Scales()], tmp_path / "data", tx=8, split_table=table)
    return made


@pytest.fixture
def teacher(model_folder):
    return load_model_folder(model_folder)


def test_lessons(dataset, teacher, tmp_path):
    told = []
    out = tmp_path / "lessons"
    made = prepare_lessons(
        dataset, [teacher], out, rounds=2, seed=5, progress=lambda *at: told.append(at)
    )
    data = made.dataset
    assert told[-1] == (7, 7)
    # Two to learn from, one held out, twice two improvised; the piece on neither side is left out.
    assert data.split.tolist() == [0, 0, 1, 0, 0, 0, 0]
    for ours, theirs in enumerate((0, 1, 2)):
        for a, b in zip(data.sequence(ours), dataset.sequence(theirs), strict=True):
            np.testing.assert_array_equal(a, b)
    rows = list(data.about())
    assert [row["group"] for row in rows] == ["g0", "g1", "g2", "g0", "g1", "g0", "g1"]
    assert rows[3]["about"] == rows[0]["about"]
    assert len({row["key"] for row in rows}) == 7

    sums = np.asarray(made.targets, np.float64).sum(axis=1)
    for piece in range(7):
        span = slice(data.offsets[piece] + 1, data.offsets[piece + 1])
        np.testing.assert_allclose(sums[span], piece != 2, atol=1e-2)
        of_played = np.asarray(made.targets)[span][range(span.stop - span.start), data.values[span]]
        assert (of_played >= PLAYED_SHARE - 1e-3).all() == (piece in (0, 1))

    again = read_lessons(out, plan(dataset, [teacher], 2, 5))
    assert again.dataset.sha256() == data.sha256()
    np.testing.assert_array_equal(again.targets, made.targets)
    assert read_lessons(out) is not None


def test_lessons_of_another_plan_do_not_count(dataset, teacher, tmp_path):
    out = tmp_path / "lessons"
    assert read_lessons(out) is None
    prepare_lessons(dataset, [teacher], out, rounds=0)
    changed = {name: w + 1 for name, w in teacher.weights.items()}
    other = replace(teacher, weights=changed)
    assert read_lessons(out, plan(dataset, [teacher], 0, 0)) is not None
    for wanted in (
        plan(dataset, [teacher], 1, 0),
        plan(dataset, [teacher], 0, 1),
        plan(dataset, [other], 0, 0),
        plan(dataset, [teacher, teacher], 0, 0),
    ):
        assert read_lessons(out, wanted) is None
    (out / "soft_targets.npy").write_bytes(b"no")
    with pytest.raises(DatasetError, match="damaged lessons"):
        read_lessons(out)
    (out / "soft_targets.npy").unlink()
    assert read_lessons(out) is None


def test_teachers_take_turns_and_are_reproducible(dataset, teacher):
    other = replace(teacher, weights={n: 0 * w for n, w in teacher.weights.items()}, name="other")
    source = ImaginedSource([teacher, other], dataset, [0, 1, 0], seed=3)
    first, again = list(source), list(source)
    assert len(source) == 3
    assert [piece.notes for piece in first] == [piece.notes for piece in again]
    alone = list(ImaginedSource([teacher], dataset, [0, 1, 0], seed=3))
    assert first[0].notes == alone[0].notes
    assert first[1].notes != alone[1].notes
    assert first[2].notes == alone[2].notes
    assert all(piece.notes.is_monophonic and piece.tempo_bpm == 140 for piece in first)
    assert source.sha256() != ImaginedSource([teacher], dataset, [0, 1, 0], seed=3).sha256()


def test_a_teacher_of_other_values_is_refused(dataset, grammar_model_folder, tmp_path):
    with pytest.raises(ModelError, match="knows other values"):
        prepare_lessons(dataset, [load_model_folder(grammar_model_folder)], tmp_path / "lessons")
    assert not (tmp_path / "lessons").exists()
