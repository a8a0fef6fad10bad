"""The model folder: what is written is read back, and what is damaged is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import save_file

from jazzgen.encoding.grammar import NAME, GrammarEncoding
from jazzgen.encoding.interval import IntervalEncoding
from jazzgen.encoding.vocabulary import Vocabulary
from jazzgen.errors import ModelError, OutputError
from jazzgen.network.model_folder import load_model_folder, save_model_folder
from jazzgen.network.models import load_model
from jazzgen.resources import bundled_models

GRAMMAR = Vocabulary(NAME, ("C,0.500", "C,0.500,<P4,m-2>", "R,1.000", "<END>"))


@pytest.fixture
def folder(stored, tmp_path):
    path = tmp_path / "model"
    path.mkdir()
    save_model_folder(path, stored)
    return path


def edit(path, **changes):
    data = json.loads(path.read_text("utf-8"))
    data.update(changes)
    path.write_text(json.dumps({k: v for k, v in data.items() if v is not None}), "utf-8")


def test_round_trip(stored, folder):
    again = load_model_folder(folder)
    assert again.name == "model"
    assert again.network == stored.network
    assert again.vocabulary == stored.vocabulary
    assert again.weights.keys() == stored.weights.keys()
    for name, value in stored.weights.items():
        np.testing.assert_array_equal(again.weights[name], value)
        assert again.weights[name].dtype == np.float32
    assert again.info["seed"] == 3
    assert again.sha256 == stored.sha256
    assert isinstance(again.encoding(), IntervalEncoding)


def test_same_model_same_bytes(stored, folder, tmp_path):
    (tmp_path / "other").mkdir()
    save_model_folder(tmp_path / "other", stored)
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()


def test_only_whole_files_are_left(folder):
    assert {p.name for p in folder.iterdir()} == {
        "config.json",
        "vocabulary.json",
        "weights.safetensors",
    }


MARKS = np.array([3, 9, 2**32 - 1], dtype=np.uint32)


def test_fingerprints_of_the_corpus_travel_with_it(stored, folder):
    assert load_model_folder(folder).fingerprints is None
    save_model_folder(folder, replace(stored, fingerprints=MARKS))
    again = load_model_folder(folder)
    assert again.fingerprints.tolist() == MARKS.tolist()
    assert again.sha256 == stored.sha256
    (folder / "fingerprints.npy").write_bytes(b"no")
    with pytest.raises(ModelError, match=r"fingerprints\.npy: damaged fingerprints"):
        load_model_folder(folder)


def test_fingerprints_of_another_corpus_do_not_stay(stored, folder):
    save_model_folder(folder, replace(stored, fingerprints=MARKS))
    save_model_folder(folder, stored)
    assert load_model_folder(folder).fingerprints is None


def test_a_grammar_model_brings_its_settings(stored, folder):
    model = replace(stored, vocabulary=GRAMMAR, info={"min_rest": 24})
    save_model_folder(folder, model)
    encoding = load_model_folder(folder).encoding((50, 70))
    assert isinstance(encoding, GrammarEncoding)
    assert encoding.vocabulary == GRAMMAR
    assert encoding.min_rest == 24
    assert encoding.pitch_range == (50, 70)
    for damaged in (None, 0, "long"):
        edit(folder / "config.json", min_rest=damaged)
        with pytest.raises(ModelError, match="damaged model"):
            load_model_folder(folder)


def test_the_fingerprint_is_of_what_is_played(stored):
    first = stored.sha256
    assert replace(stored, name="renamed", info={"seed": 99}).sha256 == first
    for name, value in stored.weights.items():
        changed = value.copy()
        changed.flat[-1] += 1e-6
        assert replace(stored, weights={**stored.weights, name: changed}).sha256 != first
    assert replace(stored, vocabulary=GRAMMAR).sha256 != first
    other = replace(stored.network, dropout=0.3)
    assert replace(stored, network=other).sha256 != first


def test_a_missing_folder(tmp_path):
    with pytest.raises(ModelError, match="no such model folder"):
        load_model_folder(tmp_path / "nowhere")
    with pytest.raises(ModelError, match=r"config\.json is missing"):
        load_model_folder(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "vocabulary.json", "weights.safetensors"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing"):
        load_model_folder(folder)


@pytest.mark.parametrize("name", ["config.json", "vocabulary.json", "weights.safetensors"])
@pytest.mark.parametrize("damage", ["empty", "cut", "noise", "list"])
def test_a_damaged_file_is_refused(folder, name, damage):
    path = folder / name
    data = path.read_bytes()
    path.write_bytes(
        {"empty": b"", "cut": data[: len(data) - 9], "noise": b"\xff\x00\x80" * 99, "list": b"[1]"}[
            damage
        ]
    )
    with pytest.raises(ModelError, match=r"damaged model|not a jazzgen model"):
        load_model_folder(folder)


@pytest.mark.parametrize(
    "foreign", [{"format": None}, {"format": 2}, {"network": None}, {"format": "1"}], ids=str
)
def test_a_foreign_config_is_refused(folder, foreign):
    edit(folder / "config.json", **foreign)
    with pytest.raises(ModelError, match="not a jazzgen model"):
        load_model_folder(folder)


@pytest.mark.parametrize(
    "network",
    [5, "lstm", {}, {"units": [6, 5], "colour": "blue"}, {"units": []}, {"units": 6}],
    ids=str,
)
def test_a_network_that_cannot_be_is_refused(folder, network):
    if isinstance(network, dict) and network:
        network = {"context": True, "dropout": 0, "value_dropout": 0, **network}
        network.setdefault("weight_dropout", 0)
    edit(folder / "config.json", network=network)
    with pytest.raises(ModelError, match="damaged model"):
        load_model_folder(folder)


def test_another_vocabulary_is_refused(folder):
    """Whole in itself, but not what the weights were trained with."""
    path = folder / "vocabulary.json"
    path.write_text(json.dumps(GRAMMAR.to_json()), "utf-8")
    with pytest.raises(ModelError, match="not the one the network was trained with"):
        load_model_folder(folder)


def test_changed_symbols_are_refused(folder):
    edit(folder / "vocabulary.json", symbols=["a", "b"])
    with pytest.raises(ModelError, match="fingerprint"):
        load_model_folder(folder)


@pytest.mark.parametrize("encoding", ["interval", "morse"])
def test_values_unknown_to_this_version_are_refused(folder, encoding):
    other = Vocabulary(encoding, ("a", "<END>"))
    (folder / "vocabulary.json").write_text(json.dumps(other.to_json()), "utf-8")
    edit(folder / "config.json", vocabulary_sha256=other.sha256)
    with pytest.raises(ModelError, match="something else in this version"):
        load_model_folder(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("densor.bias"), r"densor\.bias missing"),
        (lambda w: w.update({"densor.bias": np.zeros(77, np.float32)}), "misshapen"),
        (lambda w: w.update({"densor.bias": np.zeros(78, np.float64)}), "misshapen"),
        (lambda w: w["lstm_1.kernel"].__setitem__((2, 3), np.nan), "not all numbers"),
        (lambda w: w["lstm_0.bias"].__setitem__(0, -np.inf), "not all numbers"),
    ],
    ids=["missing", "misshapen", "double", "nan", "infinite"],
)
def test_weights_that_do_not_fit_are_refused(stored, folder, change, message):
    weights = {name: value.copy() for name, value in stored.weights.items()}
    change(weights)
    save_file(weights, folder / "weights.safetensors")
    with pytest.raises(ModelError, match=message):
        load_model_folder(folder)


def test_a_folder_that_is_not_there_cannot_be_written(stored, tmp_path):
    with pytest.raises(OutputError, match="nowhere"):
        save_model_folder(tmp_path / "nowhere", stored)


# By name


def test_a_folder_is_found(folder, stored):
    assert load_model(str(folder)).sha256 == stored.sha256


def test_an_unknown_name_lists_the_bundled_ones():
    with pytest.raises(ModelError, match="no model 'standrad'") as caught:
        load_model("standrad")
    assert all(name in str(caught.value) for name in bundled_models())


@pytest.mark.parametrize("name", bundled_models())
def test_bundled_models_load(name):
    model = load_model(name)
    assert model.name == name
    assert (bundled_models()[name] / "README.md").is_file()
