"""`jazzgen calibrate`."""

import json
import shutil

import numpy as np
import pytest

from jazzgen.generation import calibration_fit
from jazzgen.generation.traits import EVENT_TRAITS, LENGTH_TRAITS
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.midi_write import Track, write_midi
from jazzgen.music.notes import Notes


@pytest.fixture
def dataset(jazzgen_cli, tmp_path, monkeypatch):
    monkeypatch.setattr(calibration_fit, "_SOLOS", 2)
    monkeypatch.setattr(calibration_fit, "_BARS", 4)
    (tmp_path / "corpus").mkdir()
    changes = Changes.build([(0, parse_chord("Dm7"))], range(0, 96 * 9, 96))
    for k in range(3):
        pitches = 60 + np.cumsum(np.random.default_rng(k).integers(-3, 4, 60)) % 20
        line = Notes.of([(t * 12, 10, int(p)) for t, p in enumerate(pitches)])
        name = tmp_path / "corpus" / f"tune {'abc'[k]}.mid"
        write_midi(name, [Track("Solo", 66, 0, line)], tempo_bpm=120, changes=changes)
    done = jazzgen_cli("preprocess", tmp_path / "corpus", "--out", tmp_path / "data")
    assert done.code == 0, done
    return tmp_path / "data"


@pytest.fixture
def model(model_folder, tmp_path):
    return shutil.copytree(model_folder, tmp_path / "model")


def test_it_goes_into_the_model_folder_and_out_again(jazzgen_cli, model, dataset, tmp_path):
    def play():
        out = tmp_path / "solo.mid"
        done = jazzgen_cli(
            *("generate", "--model", model, "--changes", "| Dm7 |", "--bars", 4, "--seed", 1),
            *("--out", out),
        )
        assert done.code == 0, done
        return out.read_bytes()

    before, config = play(), (model / "config.json").read_text()
    done = jazzgen_cli("calibrate", model, dataset, "--rounds", 2, "--json")
    assert done.code == 0, done
    calibration = json.loads(done.out)["calibration"]
    assert list(calibration["events"]) == list(EVENT_TRAITS)
    assert list(calibration["lengths"]) == list(LENGTH_TRAITS)
    assert any(calibration["events"].values())
    assert json.loads((model / "config.json").read_text())["calibration"] == calibration
    assert play() != before
    assert jazzgen_cli("calibrate", model, dataset, "--remove").code == 0
    assert play() == before
    assert {**json.loads(config), "calibration": None} == json.loads(
        (model / "config.json").read_text()
    )


def test_errors(refuses, model, tmp_path):
    assert "no such folder" in refuses("calibrate", model, tmp_path / "none")
    assert "no such model folder" in refuses("calibrate", tmp_path / "none", tmp_path)
