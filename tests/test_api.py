"""The commands as Python functions."""

import mido
import numpy as np
import pytest

import jazzgen
from jazzgen.encoding.context import N_SLOTS, features
from jazzgen.music.notes import Notes
from jazzgen.network.engine import NumpyEngine

CHANGES = "| Dm7 | G7 | Cmaj7 | % |"


def test_every_public_name_is_there():
    for name in jazzgen.__all__:
        assert getattr(jazzgen, name) is not None
        assert name in dir(jazzgen)
    with pytest.raises(AttributeError, match="no attribute 'solo'"):
        jazzgen.solo  # noqa: B018


def test_a_take_is_written_with_its_recipe(tmp_path):
    take = jazzgen.improvise(CHANGES, choruses=2, seed=7, tempo_bpm=180)
    assert take.changes.bars == 8
    assert take.notes.end <= take.changes.end
    take.write(tmp_path / "solo.mid")
    again = jazzgen.improvise(CHANGES, bars=8, seed=7, tempo_bpm=180)
    again.write(tmp_path / "again.mid")
    assert (tmp_path / "again.mid").read_bytes() == (tmp_path / "solo.mid").read_bytes()
    assert mido.MidiFile(tmp_path / "solo.mid").ticks_per_beat == 480


def test_changes_and_models_may_be_given_loaded():
    form = jazzgen.parse_chart(CHANGES).changes()
    model = jazzgen.load_model("classic")
    one = jazzgen.improvise(form, model=model, seed=1)
    other = jazzgen.improvise(CHANGES, model="classic", seed=1)
    assert one.notes == other.notes


def test_manner_controls_and_primer(tmp_path):
    first = jazzgen.improvise(CHANGES, seed=1)
    phrase = first.notes[:6]
    first.write(tmp_path / "phrase.mid")
    settings = {
        "bars": 12,
        "seed": 2,
        "manner": jazzgen.Manner(instrument="tp"),
        "controls": jazzgen.Controls(density=4, outside=0.1),
        "swing": 2.0,
    }
    take = jazzgen.improvise(CHANGES, primer=phrase, **settings)
    assert take.notes[:6] == phrase
    assert take.recipe.program == 56
    added = jazzgen.improvise(CHANGES, primer=phrase, drop_primer=True, **settings)
    assert added.notes == take.notes[6:]
    from_file = jazzgen.improvise(CHANGES, primer=tmp_path / "phrase.mid", **settings)
    assert from_file.notes[: len(first.notes)].onset.tolist() == first.notes.onset.tolist()


def test_a_drawn_seed_is_told():
    take = jazzgen.improvise(CHANGES)
    assert jazzgen.improvise(CHANGES, seed=take.recipe.seed).notes == take.notes


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"seed": -1}, "seed"),
        ({"program": 200}, "program"),
        ({"tempo_bpm": -1}, "tempo"),
        ({"bars": 4, "choruses": 1}, "not both"),
        ({"bars": 0}, "at least one bar"),
        ({"swing": 5}, "swing ratio"),
        ({"primer": Notes.of([(0, 1000, 60)])}, "leaves no room"),
    ],
)
def test_settings_that_make_no_sense(wrong, said):
    with pytest.raises(ValueError, match=said):
        jazzgen.improvise(CHANGES, **({"seed": 0} | wrong))


def test_one_source_or_several_and_unknown_names(tmp_path):
    take = jazzgen.improvise("blues-f", seed=3)
    take.write(tmp_path / "a.mid")
    dataset = jazzgen.preprocess(tmp_path / "a.mid", tmp_path / "data")
    assert len(dataset) == len(jazzgen.preprocess([tmp_path], tmp_path / "other")) == 1
    with pytest.raises(jazzgen.JazzgenError, match="holds a dataset already"):
        jazzgen.preprocess(tmp_path, tmp_path / "data")
    with pytest.raises(ValueError, match="no preset 'foo'"):
        jazzgen.train(dataset, tmp_path / "model", preset="foo")


@pytest.mark.parametrize("name", ["standard", "classic"])
def test_the_keras_inference_model_takes_one_step(name):
    stored = jazzgen.load_model(name)
    step = jazzgen.keras_network(name).step_model()
    engine = NumpyEngine(stored.network, stored.weights)
    context = np.zeros((1, N_SLOTS), dtype=np.int16)
    wanted, after = engine.step(np.array([77]), context, engine.start())
    beside = [features(context)] if stored.network.context else []
    x = np.eye(78, dtype=np.float32)[[77]]
    probabilities, *states = step([x, *beside, *engine.start()])
    assert np.allclose(probabilities, wanted, atol=2e-3)
    for state, ours in zip(states, after, strict=True):
        assert np.allclose(state, ours, atol=1e-2)


def test_a_take_as_mido_knows_it(tmp_path):
    take = jazzgen.improvise("| Dm7 | G7 | Cmaj7 | % |", seed=3, swing=2.0)
    take.write(tmp_path / "take.mid")
    file = take.midi()
    assert [track.name for track in file.tracks] == ["", "Solo", "Piano"]
    assert sum(m.type == "note_on" for m in file.tracks[1]) == len(take.notes)
    file.save(tmp_path / "again.mid")
    # mido, given the same events, writes the same bytes.
    assert (tmp_path / "again.mid").read_bytes() == (tmp_path / "take.mid").read_bytes()
