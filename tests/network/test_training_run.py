"""A run and its folder: what lies in it, and what becomes of it when a run is broken off."""

import json
import shutil
import struct
from dataclasses import replace

import numpy as np
import pytest

from jazzgen.encoding.context import features
from jazzgen.encoding.vocabulary import N_VALUES
from jazzgen.errors import ModelError, OutputError
from jazzgen.generation.improvise import improvise
from jazzgen.music.changes import Changes
from jazzgen.network.backend import keras
from jazzgen.network.config import NetworkConfig
from jazzgen.network.engine import NumpyEngine
from jazzgen.network.model_folder import load_model_folder
from jazzgen.network.training_run import STATE_FILE, train

FILES = {
    "README.md",
    "config.json",
    "curves.png",
    "fingerprints.npy",
    "history.json",
    "model.keras",
    "training_state.npz",
    "vocabulary.json",
    "weights.safetensors",
}


@pytest.fixture(scope="module")
def preset(tiny_preset):
    network = NetworkConfig(units=(7,), context=True, dropout=0.2)
    return replace(
        tiny_preset, network=network, training=replace(tiny_preset.training, epochs=3, batch=4)
    )


class Run:
    def __init__(self, dataset, out, preset, **options):
        self.out = out
        self.model, self.history, self.interrupted = train(dataset, out, preset, **options)


@pytest.fixture(scope="module")
def finished(dataset, preset, tmp_path_factory):
    return Run(dataset, tmp_path_factory.mktemp("run") / "fresh" / "finished", preset, seed=5)


def interrupting_in(epoch):
    def told(progress):
        if progress.epoch == epoch and progress.step == 2:
            raise KeyboardInterrupt

    return told


@pytest.fixture(scope="module")
def broken_off(dataset, preset, tmp_path_factory):
    """Interrupted in the middle of the second epoch."""
    out = tmp_path_factory.mktemp("run") / "broken-off"
    return Run(dataset, out, preset, seed=5, on_progress=interrupting_in(2))


@pytest.fixture
def copied(broken_off, tmp_path):
    """A copy of the interrupted run, to do things to."""
    return shutil.copytree(broken_off.out, tmp_path / "copy")


def test_the_folder_holds_what_it_should(finished):
    assert {path.name for path in finished.out.iterdir()} == FILES
    assert not finished.interrupted


def test_the_stored_model_is_the_returned_one(finished):
    stored = load_model_folder(finished.out)
    assert stored.name == finished.model.name == "finished"
    assert stored.sha256 == finished.model.sha256
    assert stored.info["preset"] == "tiny"
    assert stored.info["seed"] == 5
    trained = stored.info["trained"]
    assert trained["epochs"] == 3
    assert trained["best_epoch"] == finished.history.best.number
    assert trained["nats_per_note"] == finished.history.best.nats_per_note
    assert trained["measured_on"] == "validation"
    assert stored.info["parameters"] == sum(w.size for w in stored.weights.values())


def test_history_is_written(finished):
    told = json.loads((finished.out / "history.json").read_text("utf-8"))["epochs"]
    assert [row["number"] for row in told] == [1, 2, 3]
    assert [row["nats_per_note"] for row in told] == [
        e.nats_per_note for e in finished.history.epochs
    ]


def test_the_card_states_the_figure(finished, dataset):
    card = (finished.out / "README.md").read_text("utf-8")
    assert f"**{finished.history.best.nats_per_note:.3f} nats per sounding note**" in card
    assert "held-out pieces" in card
    assert "`made-up`" in card
    assert finished.model.sha256[:16] in card
    assert "](curves.png)" in card
    assert f"{len(dataset.pieces('train'))} pieces" in card


def test_curves_are_a_picture(finished):
    data = (finished.out / "curves.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert width > height > 300
    assert data.endswith(b"IEND\xaeB`\x82")


def test_the_keras_file_predicts_the_same(finished, random_context):
    model = keras.saving.load_model(finished.out / "model.keras")
    stored = load_model_folder(finished.out)
    rng = np.random.default_rng(0)
    values, context = rng.integers(N_VALUES, size=12), random_context(rng, 12)
    zeros = [np.zeros((1, n), np.float32) for n in stored.network.units for _ in "ac"]
    x = np.eye(N_VALUES, dtype=np.float32)[values]
    whole = np.asarray(model([x[None], features(context)[None], *zeros])[0])
    engine = NumpyEngine(stored.network, stored.weights)
    state = engine.start()
    for t in range(12):
        probabilities, state = engine.step(values[t : t + 1], context[t : t + 1], state)
        np.testing.assert_allclose(whole[0, t], probabilities[0], atol=1e-3)


# Breaking off and going on


def test_an_interrupted_run_leaves_a_usable_model(broken_off):
    assert broken_off.interrupted
    assert {path.name for path in broken_off.out.iterdir()} == FILES
    model = load_model_folder(broken_off.out)
    assert model.info["trained"]["epochs"] == 1
    assert len(improvise(model, Changes.unaccompanied(4), seed=1).values)
    keras.saving.load_model(broken_off.out / "model.keras")


def test_resuming_ends_in_the_same_weights(finished, copied, dataset, preset):
    # What the network was trained with counts, not what is given now; the epochs alone may change.
    other = replace(
        preset,
        name="other",
        network=NetworkConfig(units=(3,), context=False),
        training=replace(preset.training, learning_rate=1.0, batch=1),
    )
    run = Run(dataset, copied, other, seed=99, resume=True)
    assert not run.interrupted
    assert [e.nats_per_note for e in run.history.epochs] == [
        e.nats_per_note for e in finished.history.epochs
    ]
    assert run.model.sha256 == finished.model.sha256
    stored = load_model_folder(copied)
    assert stored.sha256 == finished.model.sha256
    assert stored.info["preset"] == "tiny"
    with np.load(copied / STATE_FILE) as ours, np.load(finished.out / STATE_FILE) as theirs:
        assert ours.files == theirs.files
        for name in ours.files:
            if name != "epochs":  # which holds seconds
                np.testing.assert_array_equal(ours[name], theirs[name])


def test_resuming_a_finished_run_changes_nothing(finished, tmp_path, dataset, preset):
    out = shutil.copytree(finished.out, tmp_path / "copy")
    run = Run(dataset, out, preset, resume=True)
    assert len(run.history.epochs) == 3
    assert run.model.sha256 == finished.model.sha256


def test_interrupted_in_the_first_epoch(dataset, preset, tmp_path):
    run = Run(dataset, tmp_path / "early", preset, on_progress=interrupting_in(1))
    assert run.interrupted
    assert not run.history.epochs
    model = load_model_folder(tmp_path / "early")
    improvise(model, Changes.unaccompanied(2), seed=1)
    assert "nats per sounding note" not in (tmp_path / "early" / "README.md").read_text("utf-8")
    resumed, _, _ = train(dataset, tmp_path / "early", preset, resume=True)
    whole, _, _ = train(dataset, tmp_path / "whole", preset)
    assert resumed.sha256 == whole.sha256  # the run has begun again


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"chords": ("Am7", "D7")}, {"hop": 4}, {"validation": 0.5}], ids=str
)
def test_resuming_on_another_dataset_is_refused(copied, make_dataset, preset, other):
    data = make_dataset((14, 3, 40, 22, 9, 31, 1, 17, 26), **{"validation": 0.25} | other)
    before = contents(copied)
    with pytest.raises(ModelError, match="another dataset"):
        train(data, copied, preset, resume=True)
    assert contents(copied) == before


def test_resuming_on_other_values_is_refused(copied, make_dataset, preset):
    data = make_dataset((14, 30, 40, 22), encoding="grammar")
    with pytest.raises(ModelError, match="other values"):
        train(data, copied, preset, resume=True)


@pytest.mark.parametrize(
    "damage", ["empty", "cut", "foreign", "of another network", "not an npz", "one array"]
)
def test_resuming_from_a_damaged_state_is_refused(copied, dataset, preset, damage):
    path = copied / STATE_FILE
    data = path.read_bytes()
    if damage == "empty":
        path.write_bytes(b"")
    elif damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "not an npz":
        path.write_bytes(b"training" * 100)
    elif damage == "one array":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    elif damage == "foreign":
        np.savez(path, a=np.zeros(3))
    else:
        with np.load(path) as file:
            arrays = dict(file)
        np.savez(path, **{**arrays, "weight/densor.bias": np.zeros(3)})
    with pytest.raises(ModelError, match=f"{STATE_FILE} is damaged"):
        train(dataset, copied, preset, resume=True)


@pytest.mark.parametrize("setting", ["training", "preset", "seed"])
def test_resuming_without_its_settings_is_refused(copied, dataset, preset, setting):
    path = copied / "config.json"
    info = json.loads(path.read_text("utf-8"))
    del info[setting]
    path.write_text(json.dumps(info), "utf-8")
    with pytest.raises(ModelError, match=r"config\.json"):
        train(dataset, copied, preset, resume=True)


def test_nothing_to_resume(tmp_path, dataset, preset):
    with pytest.raises(ModelError, match="no such model folder"):
        train(dataset, tmp_path / "nowhere", preset, resume=True)


# What is there already


def test_a_model_is_not_replaced_unasked(copied, dataset, preset):
    before = contents(copied)
    with pytest.raises(ModelError, match="holds a model already"):
        train(dataset, copied, preset)
    assert contents(copied) == before


def test_a_model_is_replaced_when_asked(copied, dataset, preset):
    run = Run(dataset, copied, preset, seed=6, overwrite=True, on_progress=interrupting_in(1))
    assert load_model_folder(copied).sha256 == run.model.sha256
    assert load_model_folder(copied).info["seed"] == 6
    assert not (copied / STATE_FILE).exists()  # of the run that was replaced
    card = (copied / "README.md").read_text("utf-8")
    assert run.model.sha256[:16] in card
    keras.saving.load_model(copied / "model.keras")


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_no_model_is_never_replaced(tmp_path, dataset, preset, overwrite):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ModelError, match="something other than a model"):
        train(dataset, tmp_path, preset, overwrite=overwrite)
    assert contents(tmp_path) == {"thesis.txt": b"years of work"}


def test_a_folder_that_cannot_be_made(tmp_path, dataset, preset):
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match="cannot make the model folder"):
            train(dataset, out, preset)
    assert (tmp_path / "file").read_text() == "x"


def test_training_that_goes_astray_says_so(tmp_path, dataset, preset):
    wild = replace(
        preset.training, learning_rate=1e30, clip_norm=0.0, schedule="constant", averaging=0.0
    )
    with pytest.raises(ModelError, match="lower learning rate"):
        train(dataset, tmp_path / "wild", replace(preset, training=wild))
    load_model_folder(tmp_path / "wild")  # the weights before it went astray
