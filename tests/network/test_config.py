import json
import math
from dataclasses import replace

import pytest

from jazzgen.network.config import PRESETS, NetworkConfig, TrainingConfig

NETWORK = NetworkConfig(units=(4, 3), context=True, dropout=0.5)
TRAINING = TrainingConfig(epochs=3, batch=2, span=5, learning_rate=0.1)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_preset_survives_json(preset):
    for settings in (preset.network, preset.training):
        assert type(settings).from_json(json.loads(json.dumps(settings.to_json()))) == settings


def test_presets_go_by_their_own_names():
    assert all(preset.name == name for name, preset in PRESETS.items())
    assert {"classic", "standard"} <= PRESETS.keys()


@pytest.mark.parametrize("settings", [NETWORK, TRAINING])
def test_missing_and_unknown_settings_are_named(settings):
    data = settings.to_json()
    first = next(iter(data))
    with pytest.raises(ValueError, match=first):
        type(settings).from_json({k: v for k, v in data.items() if k != first})
    with pytest.raises(ValueError, match="colour"):
        type(settings).from_json({**data, "colour": 1})


def test_settings_from_before_there_was_a_choice_of_precision_are_read():
    data = TRAINING.to_json()
    del data["precision"]
    assert TrainingConfig.from_json(data) == TRAINING
    assert TRAINING.precision == "float32"


@pytest.mark.parametrize(
    "changed",
    [
        {"units": ()},
        {"units": (64, 0)},
        {"units": (9000,)},
        {"dropout": 1.0},
        {"weight_dropout": -0.1},
        {"value_dropout": math.nan},
    ],
)
def test_networks_that_cannot_be_are_refused(changed):
    with pytest.raises(ValueError, match=r"units|dropout"):
        replace(NETWORK, **changed)


@pytest.mark.parametrize(
    "changed",
    [{"epochs": 0}, {"batch": 0}, {"span": -1}, {"schedule": "linear"}, {"precision": "double"}],
)
def test_training_that_cannot_be_is_refused(changed):
    with pytest.raises(ValueError, match=r"epochs|span|schedule|precision"):
        replace(TRAINING, **changed)
