"""Runs that begin with a model or learn from teachers, and what models remember of it."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from jazzgen.encoding.fingerprints import fingerprints
from jazzgen.encoding.grammar import NAME
from jazzgen.encoding.vocabulary import N_VALUES, Vocabulary
from jazzgen.errors import ModelError
from jazzgen.network import memory_fit, training_run
from jazzgen.network.config import FINE_TUNING, NetworkConfig
from jazzgen.network.distillation import soft_targets
from jazzgen.network.memory import GATE_INPUTS, Memory
from jazzgen.network.model_folder import load_model_folder
from jazzgen.network.training_run import STATE_FILE, train


@pytest.fixture(scope="module", autouse=True)
def few_steps():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory_fit, "_STEPS", 10)
        yield


@pytest.fixture(scope="module")
def preset(tiny_preset):
    network = NetworkConfig(units=(9,), context=True, dropout=0.2, memory=True)
    training = replace(tiny_preset.training, epochs=2, batch=4)
    return replace(tiny_preset, network=network, training=training)


@pytest.fixture
def start(stored):
    known = np.array([3, 5], np.uint32)
    info = {"dataset": {"has_chords": True, "has_manner": True}}
    return replace(stored, name="elder", fingerprints=known, info=info)


def interrupt(progress):
    raise KeyboardInterrupt


def test_it_begins_with_the_weights_of_the_model(start, dataset, preset, tmp_path):
    still = replace(preset, training=replace(preset.training, epochs=1, learning_rate=1e-12))
    model, _, _ = train(dataset, tmp_path / "m", still, start=start)
    assert model.network.units == start.network.units
    assert model.network.dropout == preset.network.dropout  # under the preset's regularisation
    for name, value in start.weights.items():
        np.testing.assert_allclose(model.weights[name], value, atol=1e-6)
    stored = load_model_folder(tmp_path / "m")
    origin = stored.info["from"]
    assert (origin["name"], origin["sha256"]) == ("elder", start.sha256)
    # Nothing was learned, so nothing has become better or worse.
    assert origin["nats_per_note"] == pytest.approx(stored.info["trained"]["nats_per_note"])
    assert stored.memory is not None
    assert stored.memory == model.memory
    assert stored.info["trained"]["nats_per_note_with_memory"] > 0


@pytest.mark.slow
def test_of_few_pieces_the_memory_stays(start, dataset, preset, tmp_path, monkeypatch):
    gates = Memory(((0.1,) * len(GATE_INPUTS), (0.2,) * len(GATE_INPUTS)))
    start = replace(start, memory=gates)
    out = tmp_path / "m"
    train(dataset, out, preset, start=start, on_progress=lambda p: p.epoch > 1 and interrupt(p))
    resumed, _, _ = train(dataset, out, preset, resume=True)
    assert resumed.memory == load_model_folder(out).memory == gates
    monkeypatch.setattr(training_run, "_FEW_VALUES", 10)
    many, _, _ = train(dataset, tmp_path / "many", preset, start=start)
    assert many.memory not in (None, gates)


def test_it_knows_what_the_model_had_learned(start, make_dataset, preset, tmp_path):
    silent = make_dataset((14, 30, 20, 22), chords=("N.C.",))
    one = replace(preset, training=replace(preset.training, epochs=1))
    model, _, _ = train(silent, tmp_path / "m", one, start=start)
    assert model.hears_chords
    assert model.hears_manner
    known = set(model.fingerprints.tolist())
    assert known == {3, 5} | set(fingerprints(silent).tolist())
    assert load_model_folder(tmp_path / "m").fingerprints.tolist() == sorted(known)
    alone, _, _ = train(silent, tmp_path / "alone", one)
    assert not alone.hears_chords
    assert not alone.hears_manner
    assert set(alone.fingerprints.tolist()) == known - {3, 5}


@pytest.mark.slow
@pytest.mark.parametrize("epoch", [1, 2])
def test_resuming_needs_the_model_no_more(start, dataset, preset, tmp_path, epoch):
    def told(progress):
        if progress.epoch == epoch:
            raise KeyboardInterrupt

    _, _, interrupted = train(dataset, tmp_path / "m", preset, start=start, on_progress=told)
    assert interrupted
    resumed, _, _ = train(dataset, tmp_path / "m", preset, resume=True)
    whole, _, _ = train(dataset, tmp_path / "whole", preset, start=start)
    assert resumed.sha256 == whole.sha256
    assert resumed.info["from"] == whole.info["from"]
    assert resumed.info["dataset"] == whole.info["dataset"]
    assert resumed.fingerprints.tolist() == whole.fingerprints.tolist()


def test_a_model_without_context_gets_no_memory(stored, random_weights, dataset, tmp_path):
    config = NetworkConfig(units=(6,), context=False)
    start = replace(stored, network=config, weights=random_weights(config))
    gently = replace(FINE_TUNING, training=replace(FINE_TUNING.training, epochs=1))
    model, _, _ = train(dataset, tmp_path / "m", gently, start=start)
    assert model.memory is None
    assert not model.network.context


def test_a_model_of_other_values_is_refused(start, dataset, preset, tmp_path):
    start = replace(start, vocabulary=Vocabulary(NAME, ("C,0.500", "<END>")))
    with pytest.raises(ModelError, match="model elder knows other values than"):
        train(dataset, tmp_path / "m", preset, start=start)
    assert not (tmp_path / "m").exists()


# Teachers


@pytest.fixture(scope="module")
def lessons(dataset, tmp_path_factory, random_weights):
    from jazzgen.encoding.interval import IntervalEncoding
    from jazzgen.network.model_folder import StoredModel

    config = NetworkConfig(units=(6,), context=True)
    teacher = StoredModel("t", config, IntervalEncoding.vocabulary, random_weights(config), {})
    pieces = dataset.pieces("train").tolist()
    out = tmp_path_factory.mktemp("lessons") / "targets.npy"
    return dataset, soft_targets([teacher], dataset, pieces, pieces, out)


def test_targets_of_teachers_are_learned(lessons, dataset, preset, tmp_path):
    """Told to expect one value alone, it soon expects little else."""
    targets = np.zeros((len(dataset.values), N_VALUES), np.float16)
    targets[:, 7] = 1
    quick = replace(preset.training, learning_rate=0.1, epochs=5, schedule="constant")
    model, history, _ = train(
        dataset, tmp_path / "m", replace(preset, training=quick), lessons=(dataset, targets)
    )
    assert history.epochs[-1].loss < 0.5
    sources = [source["name"] for source in dataset.info["sources"]]
    assert model.info["lessons"] == {"sha256": dataset.sha256(), "sources": sources}


@pytest.mark.slow
def test_resuming_needs_the_lessons(lessons, dataset, make_dataset, preset, tmp_path):
    def told(progress):
        if progress.epoch == 2:
            raise KeyboardInterrupt

    out = tmp_path / "m"
    train(dataset, out, preset, lessons=lessons, on_progress=told)
    with pytest.raises(ModelError, match="lessons are gone; begin again with --overwrite"):
        train(dataset, out, preset, resume=True)
    other = make_dataset((14, 30, 20, 22), seed=4)
    targets = np.zeros((len(other.values), N_VALUES), np.float16)
    with pytest.raises(ModelError, match="learned from other lessons"):
        train(dataset, out, preset, resume=True, lessons=(other, targets))
    resumed, _, _ = train(dataset, out, preset, resume=True, lessons=lessons)
    whole, _, _ = train(dataset, tmp_path / "whole", preset, lessons=lessons)
    assert resumed.sha256 == whole.sha256
    assert resumed.info["lessons"] == whole.info["lessons"]


def test_lessons_for_a_run_without_are_refused(lessons, dataset, preset, tmp_path):
    out = tmp_path / "m"
    train(dataset, out, preset, on_progress=interrupt)
    assert not (out / STATE_FILE).exists()
    before = json.loads((out / "config.json").read_text("utf-8"))
    with pytest.raises(ModelError, match="other lessons"):
        train(dataset, out, preset, resume=True, lessons=lessons)
    assert json.loads((out / "config.json").read_text("utf-8")) == before
    shutil.rmtree(out)
