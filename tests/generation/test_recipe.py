"""The recipe: it says everything, in a text that is read back the same."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from jazzgen.encoding.interval import VOCABULARY
from jazzgen.encoding.manner import Manner
from jazzgen.errors import JazzgenError, MidiError
from jazzgen.generation.controls import Controls
from jazzgen.generation.recipe import Recipe
from jazzgen.generation.sampling import Sampling
from jazzgen.music.changes import Changes
from jazzgen.music.charts import read_chart
from jazzgen.music.chords import NO_CHORD, parse_chord
from jazzgen.music.notes import Notes
from jazzgen.network.config import NetworkConfig
from jazzgen.network.model_folder import StoredModel
from jazzgen.network.weights import weight_shapes
from jazzgen.resources import bundled_charts

FORM = Changes.build(
    [
        (0, parse_chord("C^7")),
        (48, parse_chord("F#ø")),
        (96, NO_CHORD),
        (150, parse_chord("EΔ/G#")),
    ],
    [0, 96, 168, 264],
)
RECIPE = Recipe(
    model="mein Modell é",
    model_sha256="ab" * 32,
    form=FORM,
    bars=7,
    tempo_bpm=133.7,
    seed=2**40,
    sampling=Sampling(temperature=0.1 + 0.2, top_p=0.9, low=40, high=90, clean_up=("clean",)),
    program=56,
    engine="keras",
    chords=False,
    manner=Manner(style="bebop", feel="latin"),
    controls=Controls(density=5.5, outside=0.0, grid="eighths"),
    primer=Notes.of([(3, 12, 60, 99), (20, 31, 64)]),
    drop_primer=True,
    swing=1.0 + 0.1 + 0.2,
)


def read(text):
    return Recipe.from_json(json.loads(text))


def test_round_trip():
    text = RECIPE.to_text()
    assert text.isascii()
    again = read(text)
    for field in fields(Recipe):
        assert getattr(again, field.name) == getattr(RECIPE, field.name), field.name
    assert again.to_text() == text


@pytest.mark.parametrize("name", bundled_charts())
def test_every_bundled_chart_survives(name):
    form = read_chart(bundled_charts()[name]).changes()
    again = read(replace(RECIPE, form=form).to_text())
    assert again.form == form
    assert [c.tones for c in again.form.chords] == [c.tones for c in form.chords]


def test_every_setting_is_in_the_text():
    others = {
        "model": "x",
        "model_sha256": "cd",
        "form": FORM.repeated(bars=2),
        "bars": 8,
        "tempo_bpm": 90.0,
        "seed": 1,
        "sampling": Sampling(greedy=True),
        "program": 1,
        "engine": "numpy",
        "chords": True,
        "manner": Manner(),
        "controls": Controls(density=5.5),
        "primer": Notes.empty(),
        "drop_primer": False,
        "swing": None,
    }
    assert others.keys() == {field.name for field in fields(Recipe)}
    for name, value in others.items():
        assert replace(RECIPE, **{name: value}).to_text() != RECIPE.to_text(), name


def test_the_same_recipe_makes_the_same_solo():
    config = NetworkConfig(units=(5,), context=True)
    rng = np.random.default_rng(0)
    weights = {
        name: rng.normal(0, 0.7, shape).astype(np.float32)
        for name, shape in weight_shapes(config).items()
    }
    model = StoredModel("random", config, VOCABULARY, weights, {})
    first = RECIPE.improvise(model)
    again = read(RECIPE.to_text()).improvise(model)
    assert first.notes == again.notes
    assert len(first.notes) > 3
    assert first.changes == FORM.repeated(bars=7)
    assert first.seed == 2**40


def test_another_version_is_refused():
    data = json.loads(RECIPE.to_text())
    for version in ("0.0.1", None):
        with pytest.raises(MidiError, match="another"):
            Recipe.from_json({**data, "version": version})


@pytest.mark.parametrize(
    "damage",
    [
        {"bars": None},
        {"bars": 0},
        {"bars": "many"},
        {"tempo_bpm": 0},
        {"seed": -1},
        {"program": 128},
        {"sampling": {}},
        {"sampling": {"temperature": -1, "clean_up": []}},
        {"manner": {"style": "polka"}},
        {"manner": None},
        {"controls": {"density": -1}},
        {"controls": {"volume": 11}},
        {"controls": {"density": "much"}},
        {"primer": [[0, 12]]},
        {"primer": [[0, 0, 60, 80]]},
        {"primer": [[0, 12, 128, 80]]},
        {"primer": [[0, 1200, 60, 80]]},
        {"primer": 3},
        {"swing": 9},
        {"changes": []},
        {"changes": {"chords": [[0, "C7"]], "bar_ticks": []}},
        {"changes": {"chords": [[0, "C7"]], "bar_ticks": [96, -96]}},
        {"changes": {"chords": [[0, "H9x"]], "bar_ticks": [96]}},
        {"changes": {"chords": [[0]], "bar_ticks": [96]}},
        {"changes": {"chords": [[0, "C7"]], "bar_ticks": [10**30]}},
    ],
    ids=str,
)
def test_a_damaged_recipe_is_refused(damage):
    data = {**json.loads(RECIPE.to_text()), **damage}
    with pytest.raises(JazzgenError):
        Recipe.from_json(data)


@pytest.mark.parametrize("name", [field.name for field in fields(Recipe)])
def test_a_recipe_that_lacks_something_is_refused(name):
    data = json.loads(RECIPE.to_text())
    del data["changes" if name == "form" else name]
    with pytest.raises(MidiError, match="damaged"):
        Recipe.from_json(data)
