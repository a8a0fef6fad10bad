"""`jazzgen preprocess`."""

import json
import os

import numpy as np
import pytest

from jazzgen.encoding.dataset import Dataset
from jazzgen.encoding.preprocess import InterruptedRunError
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.midi_write import Track, write_midi
from jazzgen.music.notes import Notes

CHANGES = Changes.build(
    [(96 * bar, parse_chord(["Dm7", "G7", "C6"][bar % 3])) for bar in range(8)], range(0, 800, 96)
)


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for i in range(6):
        line = Notes.of([(t * 12, 10, 60 + (t * (i + 2)) % 14) for t in range(60)])
        write_midi(
            folder / f"tune {chr(97 + i)}.mid",
            [Track("Solo", 66, 0, line)],
            tempo_bpm=120,
            changes=CHANGES,
        )
    (folder / "text.mid").write_text("hello")
    whole = (folder / "tune a.mid").read_bytes()
    (folder / "truncated.mid").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.mid").write_bytes(b"")
    return folder


def test_json_is_one_object(jazzgen_cli, corpus, tmp_path):
    done = jazzgen_cli("preprocess", corpus, "--out", tmp_path / "data", "--tx", 16, "--json")
    assert done.code == 0
    assert done.out.count("\n") == 1
    answer = json.loads(done.out)
    dataset = Dataset(tmp_path / "data")
    assert answer["pieces"] == 6
    assert answer["notes"] == 360 == dataset.notes.sum()
    assert answer["values"] == len(dataset.values) - 6
    assert answer["m"] == len(dataset.windows("train"))
    assert (answer["Tx"], answer["n_values"]) == (16, 78)
    assert [row["source"] for row in answer["skipped"]] == [
        "empty.mid",
        "text.mid",
        "truncated.mid",
    ]
    reasons = [row["reason"] for row in answer["skipped"]]
    assert "empty" in reasons[0]
    assert "not a MIDI file" in reasons[1]
    assert reasons[2].startswith("truncated MIDI")
    assert dataset.info["skipped"] == answer["skipped"]
    assert answer["split"] == {"train": 5, "validation": 1, "other": 0}
    # what people read went to stderr
    assert "skipped empty.mid: " in done.err
    assert f"train 5 pieces, X ({answer['m']}, 16, 78), Y (16, {answer['m']}, 78)" in done.err


def test_words_for_people(jazzgen_cli, corpus, tmp_path):
    done = jazzgen_cli("preprocess", corpus, "--out", tmp_path / "data")
    assert done.code == 0
    assert done.out.startswith("6 pieces, 360 notes, ")
    assert "skipped text.mid: not a MIDI file" in done.err


def test_quiet(jazzgen_cli, corpus, tmp_path):
    done = jazzgen_cli("preprocess", corpus, "--out", tmp_path / "data", "--quiet")
    assert done == (0, "", "")
    done = jazzgen_cli(
        "preprocess", corpus, "--out", tmp_path / "data", "--overwrite", "-q", "--json"
    )
    assert (json.loads(done.out)["pieces"], done.err) == (6, "")


def test_jobs_change_nothing(jazzgen_cli, corpus, tmp_path, monkeypatch):
    monkeypatch.setattr("jazzgen.encoding.reading._FEW", 0)
    answers = []
    for jobs in (1, 3):
        out = tmp_path / f"data {jobs}"
        done = jazzgen_cli("preprocess", corpus, "--out", out, "--jobs", jobs, "--json")
        answers.append({**json.loads(done.out), "out": None})
        assert done.code == 0
    assert answers[0] == answers[1]
    names = sorted(path.name for path in out.iterdir())
    for name in names:
        assert (out / name).read_bytes() == (tmp_path / "data 1" / name).read_bytes()


def test_ctrl_c_is_one_line(jazzgen_cli, corpus, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise InterruptedRunError("interrupted; the same command goes on after 5 of 9 items")

    monkeypatch.setattr("jazzgen.cli.preprocess.build_dataset", interrupted)
    done = jazzgen_cli("preprocess", corpus, "--out", tmp_path / "data")
    line = "error: interrupted; the same command goes on after 5 of 9 items\n"
    assert done == (130, "", line)


def test_tensors(jazzgen_cli, corpus, tmp_path):
    npz = tmp_path / "t.npz"
    done = jazzgen_cli("preprocess", corpus, "--out", tmp_path / "data", "--tensors", npz, "--json")
    answer = json.loads(done.out)
    with np.load(npz) as arrays:
        x, y = Dataset(tmp_path / "data").tensors()
        assert arrays["X"].shape == (answer["m"], 30, 78)
        assert arrays["Y"].shape == (30, answer["m"], 78)
        assert np.array_equal(arrays["X"], x)
        assert np.array_equal(arrays["Y"], y)


def test_a_split_as_published(jazzgen_cli, corpus, tmp_path):
    table = tmp_path / "split.csv"
    table.write_text("key,split\ntune a.mid,train\ntune b.mid,validation\n")
    done = jazzgen_cli("preprocess", corpus, "--out", tmp_path / "data", "--split", table, "--json")
    assert json.loads(done.out)["split"] == {"train": 1, "validation": 1, "other": 4}


def test_nothing_held_out_is_said(jazzgen_cli, corpus, tmp_path):
    done = jazzgen_cli("preprocess", corpus, "--out", tmp_path / "data", "--validation", 0)
    assert "nothing is held out" in done.err


def test_grammar(jazzgen_cli, corpus, tmp_path):
    done = jazzgen_cli(
        *("preprocess", corpus, "--out", tmp_path / "data"),
        *("--encoding", "grammar", "--rests", 0.5, "--json"),
    )
    answer = json.loads(done.out)
    dataset = Dataset(tmp_path / "data")
    assert dataset.vocabulary.encoding == "grammar"
    assert dataset.info["min_rest"] == 12
    assert answer["symbols"] == len(dataset.vocabulary.symbols) <= 78


def test_a_file_name_that_is_not_utf_8(jazzgen_cli, corpus, tmp_path):
    name = os.fsdecode(b"caf\xe9.mid")
    try:
        (corpus / "tune a.mid").rename(corpus / name)
        (corpus / "text.mid").rename(corpus / os.fsdecode(b"t\xe9xt.mid"))
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    done = jazzgen_cli("preprocess", corpus, "--out", tmp_path / "data", "--json")
    assert done.code == 0
    assert name in [row["key"] for row in Dataset(tmp_path / "data").about()]
    assert [row["source"] for row in json.loads(done.out)["skipped"]][-1].endswith("xt.mid")
    done.out.encode("utf-8")
    done = jazzgen_cli("preprocess", corpus, "--out", tmp_path / os.fsdecode(b"d\xe9"))
    done.out.encode("utf-8")
    assert done.code == 0


class TestRefused:
    def test_a_folder_without_midi(self, refuses, tmp_path):
        (tmp_path / "none").mkdir()
        line = refuses("preprocess", tmp_path / "none", "--out", tmp_path / "data")
        assert "no MIDI files" in line
        assert not (tmp_path / "data").exists()

    def test_no_such_source(self, refuses, tmp_path):
        line = refuses("preprocess", tmp_path / "none", "--out", tmp_path / "data")
        assert "no such file or folder" in line
        assert "music21" in refuses("preprocess", "music21:nobody", "--out", tmp_path / "data")

    @pytest.mark.parametrize("name", ["text.mid", "truncated.mid", "empty.mid"])
    def test_nothing_usable_says_why(self, refuses, corpus, tmp_path, name):
        line = refuses("preprocess", corpus / name, "--out", tmp_path / "data", "--quiet")
        assert "none of 1 items could be used" in line
        assert ("MIDI" in line) or ("empty" in line)
        assert [path.name for path in tmp_path.iterdir()] == ["corpus"]

    def test_a_foreign_database(self, refuses, tmp_path):
        (tmp_path / "a.db").write_bytes(b"nothing")
        line = refuses("preprocess", tmp_path / "a.db", "--out", tmp_path / "data")
        assert "not a readable SQLite database" in line

    @pytest.mark.parametrize("encoding", ["interval", "grammar"])
    def test_out_that_cannot_be_written(self, refuses, corpus, tmp_path, encoding):
        (tmp_path / "file").write_text("dear")
        for out in (tmp_path / "file" / "data", tmp_path / "file", corpus):
            refuses("preprocess", corpus, "--out", out, "--encoding", encoding, "--quiet")
        refuses("preprocess", corpus, "--out", "x" * 400, "--encoding", encoding, "--quiet")
        assert (tmp_path / "file").read_text() == "dear"
        assert len(list(corpus.iterdir())) == 9

    def test_tensors_that_cannot_be_written(self, refuses, corpus, tmp_path):
        refuses(
            *("preprocess", corpus, "--out", tmp_path / "data", "--quiet"),
            *("--tensors", corpus / "text.mid" / "t.npz"),
        )
        assert (corpus / "text.mid").read_text() == "hello"

    def test_a_bad_split(self, refuses, corpus, tmp_path):
        out = ("--out", tmp_path / "data", "--quiet")
        assert "none.csv" in refuses("preprocess", corpus, *out, "--split", tmp_path / "none.csv")
        table = tmp_path / "split.csv"
        table.write_text("key,split\n1,train\n")
        assert "names none" in refuses("preprocess", corpus, *out, "--split", table)
        assert not (tmp_path / "data").exists()

    def test_an_earlier_dataset_survives(self, jazzgen_cli, refuses, corpus, tmp_path):
        jazzgen_cli("preprocess", corpus, "--out", tmp_path / "data", "--quiet")
        before = (tmp_path / "data" / "values.npy").read_bytes()
        refuses("preprocess", corpus / "text.mid", "--out", tmp_path / "data", "--quiet")
        assert (tmp_path / "data" / "values.npy").read_bytes() == before
        assert len(Dataset(tmp_path / "data")) == 6

    @pytest.mark.parametrize(
        "options",
        [
            ["--tx", "1"],
            ["--tx", "x"],
            ["--hop", "0"],
            ["--jobs", "0"],
            ["--validation", "1"],
            ["--validation", "nan"],
            ["--rests", "1"],
            ["--rests", "0", "--encoding", "grammar"],
            ["--rests", "nan", "--encoding", "grammar"],
            ["--rests", "inf", "--encoding", "grammar"],
            ["--encoding", "words"],
            ["--chords", "x"],
            ["--beats", "8-4"],
            ["--melody", "-1"],
        ],
    )
    def test_nonsense_options(self, refuses, corpus, tmp_path, options):
        line = refuses("preprocess", corpus, "--out", tmp_path / "data", *options, code=2)
        assert options[0] in line
        assert not (tmp_path / "data").exists()
