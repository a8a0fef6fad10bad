import json

import pytest

from jazzgen.errors import ModelError
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.midi_write import Track, write_midi
from jazzgen.music.notes import Notes

CHANGES = Changes.build([(0, parse_chord("Dm7")), (384, parse_chord("G7"))], range(0, 865, 96))


@pytest.fixture
def dataset(jazzgen_cli, tmp_path):
    (tmp_path / "midi").mkdir()
    for i in range(4):
        line = Notes.of([(t * 12, 10, 60 + (t * (i + 2)) % 14) for t in range(60)])
        file = tmp_path / "midi" / f"tune {'abcd'[i]}.mid"
        write_midi(file, [Track("Solo", 66, 0, line)], tempo_bpm=120, changes=CHANGES)
    assert jazzgen_cli("preprocess", tmp_path / "midi", "--out", tmp_path / "data").code == 0
    return tmp_path / "data"


def test_json_is_one_object_and_the_model_plays(jazzgen_cli, dataset, tmp_path):
    out = tmp_path / "model"
    arguments = ("train", dataset, "--out", out, "--preset", "classic", "--epochs", "2")
    done = jazzgen_cli(*arguments, "--batch", 10**8, "--json")
    answer = json.loads(done.out)
    assert done.code == 0
    assert answer["epochs"] == 2
    assert answer["nats_per_note"] > 0
    assert answer["seconds"] > 0
    assert answer["values_per_second"] > 0
    assert "epoch 2: loss" in done.err
    solo = tmp_path / "solo.mid"
    assert jazzgen_cli("generate", "--model", out, "--bars", 2, "-o", solo, "-q") == (0, "", "")

    again = jazzgen_cli(*arguments)
    assert again.code == 1
    assert "holds a model already; --resume" in again.err
    more = jazzgen_cli("train", dataset, "--out", out, "--resume", "--epochs", 3, "--json", "-q")
    assert json.loads(more.out)["epochs"] == 3
    assert more.err == ""


@pytest.mark.parametrize(
    ("options", "expected"), [((), "float32"), (("--precision", "mixed"), "mixed")], ids=str
)
def test_precision_is_as_asked_for(jazzgen_cli, dataset, tmp_path, monkeypatch, options, expected):
    from jazzgen.network import training_run

    asked = []

    def stop(dataset, out, preset, **others):
        asked.append(preset.training.precision)
        raise ModelError("enough")

    monkeypatch.setattr(training_run, "train", stop)
    assert jazzgen_cli("train", dataset, "--out", tmp_path / "m", *options).code == 1
    assert asked == [expected]


def test_interrupted_it_says_how_to_go_on_and_stops_what_follows(
    jazzgen_cli, dataset, tmp_path, monkeypatch
):
    from jazzgen.network import training_run

    real = training_run.train

    def interrupted(*arguments, on_progress, **options):
        def interrupt(progress):
            if progress.epoch == 2:
                raise KeyboardInterrupt

        return real(*arguments, on_progress=interrupt, **options)

    monkeypatch.setattr(training_run, "train", interrupted)
    out = tmp_path / "model"
    done = jazzgen_cli("train", dataset, "--out", out, "--preset", "classic", "--epochs", "4")
    assert done.code == 130
    assert "--resume" in done.err
    monkeypatch.setattr(training_run, "train", real)
    done = jazzgen_cli("train", dataset, "--out", out, "--resume", "--json")
    assert (done.code, json.loads(done.out)["epochs"]) == (0, 4)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (("--resume", "--overwrite"), 2),
        (("--resume", "--batch", "3"), 2),
        (("--resume", "--precision", "mixed"), 2),
        (("--precision", "float64"), 2),
        (("--epochs", "0"), 2),
        (("--preset", "best"), 2),
        (("--resume",), 1),
    ],
    ids=str,
)
def test_wrong_usage_is_one_line(refuses, dataset, tmp_path, wrong, code):
    refuses("train", dataset, "--out", tmp_path / "model", *wrong, code=code)
    assert not (tmp_path / "model").exists()


def test_no_dataset(refuses, tmp_path):
    assert "no such folder" in refuses("train", tmp_path / "nix", "--out", tmp_path / "model")


def test_melody_is_for_midi_alone(refuses, tmp_path):
    said = refuses("preprocess", "music21:demos", "--melody", "1", "--out", tmp_path / "x", code=2)
    assert "for MIDI files alone" in said


# Going on from a model, and learning from others


@pytest.mark.slow
def test_going_on_from_a_model(jazzgen_cli, dataset, model_folder, tmp_path):
    out = tmp_path / "tuned"
    arguments = ("train", dataset, "--from", model_folder, "--out", out, "--epochs", "1", "--json")
    done = jazzgen_cli(*arguments)
    assert done.code == 0, done.err
    seen = json.loads(done.out)["guard"]
    assert seen["played"]["notes"] > 0
    assert {"collapsed", "copies", "played", "real"} == seen.keys()
    assert "of its notes" in done.err
    assert f"({json.loads(done.out)['nats_per_note_before']:.3f} before)" in done.err
    config = json.loads((out / "config.json").read_text("utf-8"))
    assert config["from"]["name"] == "tiny"
    assert config["network"]["units"] == [8, 6]
    assert config["preset"] == "fine-tuned"
    assert config["memory"]
    solo = tmp_path / "solo.mid"
    assert jazzgen_cli("generate", "--model", out, "--bars", 2, "-o", solo, "-q") == (0, "", "")


@pytest.mark.slow
def test_learning_from_a_teacher(jazzgen_cli, dataset, model_folder, tmp_path, monkeypatch):
    """Broken off, it goes on with the same lessons; then they are thrown away."""
    from jazzgen.network import training_run

    real, lessons = training_run.train, tmp_path / "taught-lessons"

    def interrupted(*arguments, on_progress, **options):
        def interrupt(progress):
            if progress.epoch == 2:
                raise KeyboardInterrupt

        return real(*arguments, on_progress=interrupt, **options)

    monkeypatch.setattr(training_run, "train", interrupted)
    out = tmp_path / "taught"
    arguments = ("train", dataset, "--teacher", model_folder, "--out", out, "--epochs", "2")
    small = (*arguments, "--from", model_folder)  # its own 256 units take long
    assert jazzgen_cli(*small).code == 130
    assert (lessons / "soft_targets.npy").exists()
    monkeypatch.setattr(training_run, "train", real)
    done = jazzgen_cli("train", dataset, "--out", out, "--resume", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["epochs"] == 2
    assert not lessons.exists()
    config = json.loads((out / "config.json").read_text("utf-8"))
    assert "improvised by tiny" in config["lessons"]["sources"]

    done = jazzgen_cli("train", dataset, "--out", out, "--resume", "--epochs", "3")
    assert done.code == 1
    assert "their lessons are gone; begin again with --overwrite" in done.err


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--from", "classic", "--preset", "standard"), "leave out --preset"),
        (("--teacher", "classic", "--preset", "classic"), "leave out --preset"),
        (("--rounds", "2"), "--rounds is of lessons"),
        (("--resume", "--from", "classic"), "a resumed run keeps its settings"),
        (("--resume", "--teacher", "classic"), "a resumed run keeps its settings"),
    ],
    ids=str,
)
def test_wrong_usage_of_models(refuses, dataset, tmp_path, wrong, said):
    assert said in refuses("train", dataset, "--out", tmp_path / "model", *wrong, code=2)


@pytest.mark.parametrize("option", ["--from", "--teacher"])
def test_no_such_model(refuses, dataset, tmp_path, option):
    assert "no model 'nix'" in refuses("train", dataset, "--out", tmp_path / "m", option, "nix")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("option", ["--from", "--teacher"])
def test_a_model_of_other_values(
    refuses, jazzgen_cli, dataset, grammar_model_folder, tmp_path, option
):
    out = tmp_path / "m"
    said = refuses("train", dataset, "--out", out, option, grammar_model_folder, "-q")
    assert "knows other values than" in said
    assert not out.exists()
