"""`jazzgen score`."""

import json

import numpy as np
import pytest
from matplotlib import image

from jazzgen.corpus.midi_source import MidiSource
from jazzgen.encoding.preprocess import preprocess
from jazzgen.evaluation.likelihood import likelihood
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.midi_write import Track, write_midi
from jazzgen.music.notes import Notes
from jazzgen.network.engines import engine_of
from jazzgen.network.models import load_model

CHANGES = Changes.build(
    [(96 * bar, parse_chord(["Dm7", "G7", "C6"][bar % 3])) for bar in range(12)],
    range(0, 1153, 96),
)

SILENT = Changes.unaccompanied(4)


@pytest.fixture
def solo(tmp_path):
    """Sixty notes from the second beat of bar 3 on, with a rest in bar 5."""
    rows = [(216 + 12 * t + (24 if t > 14 else 0), 12, 60 + (5 * t) % 14) for t in range(60)]
    path = tmp_path / "solo.mid"
    write_midi(path, [Track("Solo", 66, 0, Notes.of(rows))], tempo_bpm=140, changes=CHANGES)
    return path


def scored(jazzgen_cli, *arguments):
    done = jazzgen_cli("score", *arguments, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_json(jazzgen_cli, model_folder, solo):
    answer = scored(jazzgen_cli, solo, "--model", model_folder)
    assert (answer["model"], answer["notes"], answer["tempo_bpm"]) == ("tiny", 60, 140)
    arrays = ("bar", "beat", "pitch", "chord", "bits", "pitch_bits", "length_bits", "rest_bits")
    for name in (*arrays, "expected_pitch", "expected_share"):
        assert len(answer[name]) == 60, name
    # bars are those of the file, not of the solo
    assert (answer["bar"][0], answer["beat"][0], answer["chord"][0]) == (3, 2.0, "C6")
    assert (answer["bar"][7], answer["beat"][7]) == (4, 1.5)
    assert answer["chord"][7] == "Dm7"
    assert answer["pitch"][:3] == [60, 65, 70]
    assert [i for i, bits in enumerate(answer["rest_bits"]) if bits] == [0, 15]
    whole = sum(answer["bits"]) + answer["end_bits"]
    assert whole / 60 == pytest.approx(answer["bits_per_note"], abs=1e-3)
    assert answer["bits_per_note"] == pytest.approx(answer["nats_per_note"] / np.log(2), abs=1e-5)
    parts = answer["nats_per_note_pitch"] + answer["nats_per_note_rhythm"]
    assert parts == pytest.approx(answer["nats_per_note"], abs=2e-6)


def test_it_is_the_likelihood_of_evaluate(jazzgen_cli, model_folder, solo, tmp_path):
    answer = scored(jazzgen_cli, solo, "--model", model_folder)
    dataset, _ = preprocess([MidiSource([solo])], tmp_path / "data", validation=0)
    found = likelihood(engine_of(load_model(str(model_folder))), dataset, [0], hears_manner=False)
    assert answer["nats_per_note"] == pytest.approx(found.nats_per_note, abs=1e-5)
    assert answer["interval_top1"] == pytest.approx(found.interval_hits[0] / 60, abs=1e-5)
    assert answer["event_top1"] == pytest.approx(found.event_hits[0] / found.events[0], abs=1e-5)


def test_words_for_people(jazzgen_cli, model_folder, solo):
    done = jazzgen_cli("score", solo, "--model", model_folder)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == f"{solo}: 60 notes in 8 bars, by model tiny"
    head = next(i for i, line in enumerate(lines) if line.split()[:2] == ["bar", "beat"])
    assert len(lines) == head + 11
    bits = [float(line.split()[4]) for line in lines[head + 1 :]]
    assert bits == sorted(bits, reverse=True)
    answer = scored(jazzgen_cli, solo, "--model", model_folder)
    assert bits[0] == pytest.approx(max(answer["bits"]), abs=0.06)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_the_picture(jazzgen_cli, model_folder, solo, tmp_path, ending):
    pictures = [tmp_path / f"{name}.{ending}" for name in "ab"]
    for picture in pictures:
        done = jazzgen_cli("score", solo, "--model", model_folder, "-o", picture)
        assert done.code == 0, done.err
        assert f"picture -> {picture}" in done.out
    assert pictures[0].read_bytes() == pictures[1].read_bytes()
    if ending == "png":
        pixels = image.imread(pictures[0])
        assert pixels.shape[1] == 1430
        assert len(np.unique(pixels[:, :, :3].reshape(-1, 3), axis=0)) > 10
    elif ending == "svg":
        text = pictures[0].read_text("utf-8")
        assert "Dm7" in text
        assert "bits" in text


def test_a_solo_without_chords(jazzgen_cli, model_folder, tmp_path):
    path = tmp_path / "alone.mid"
    notes = Notes.of((24 * t, 24, 60 + t) for t in range(12))
    write_midi(path, [Track("Solo", 66, 0, notes)], tempo_bpm=100, changes=SILENT)
    answer = scored(jazzgen_cli, path, "--model", model_folder, "-o", tmp_path / "x.png")
    assert answer["chord"] == [None] * 12


def test_which_part(jazzgen_cli, model_folder, tmp_path):
    path = tmp_path / "two.mid"
    parts = [
        Track(name, 66, i, Notes.of((24 * t, 24, base + t) for t in range(12)))
        for i, (name, base) in enumerate((("one", 60), ("two", 40)))
    ]
    write_midi(path, parts, tempo_bpm=100, changes=SILENT)
    answer = scored(jazzgen_cli, path, "--model", model_folder, "--melody", 1)
    assert answer["pitch"] == list(range(40, 52))
    excerpt = scored(jazzgen_cli, path, "--model", model_folder, "--melody", 0, "--beats", "2-12")
    assert excerpt["pitch"] == list(range(62, 72))


class TestRefused:
    def test_no_such_file(self, refuses, model_folder, tmp_path):
        refuses("score", tmp_path / "no.mid", "--model", model_folder)

    def test_a_folder(self, refuses, model_folder, tmp_path):
        line = refuses("score", tmp_path, "--model", model_folder)
        assert "jazzgen evaluate" in line

    def test_no_midi(self, refuses, model_folder, tmp_path):
        (tmp_path / "text.mid").write_text("hello")
        assert "not a MIDI file" in refuses("score", tmp_path / "text.mid", "--model", model_folder)

    def test_too_few_notes(self, refuses, model_folder, tmp_path):
        path = tmp_path / "short.mid"
        write_midi(
            path, [Track("Solo", 66, 0, Notes.of([(0, 24, 60)]))], tempo_bpm=100, changes=SILENT
        )
        assert "only 1 notes" in refuses("score", path, "--model", model_folder)

    def test_a_grammar_model(self, refuses, grammar_model_folder, solo):
        assert "`grammar`" in refuses("score", solo, "--model", grammar_model_folder)

    def test_an_unknown_picture(self, refuses, model_folder, solo, tmp_path):
        arguments = ("--model", model_folder, "-o", tmp_path / "a.jpg")
        assert ".png, .svg, .pdf" in refuses("score", solo, *arguments, code=2)

    def test_a_picture_that_cannot_be_written(self, refuses, model_folder, solo, tmp_path):
        arguments = ("--model", model_folder, "-o", tmp_path / "no" / "a.png")
        assert "there is no folder" in refuses("score", solo, *arguments)
