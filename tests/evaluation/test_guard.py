"""The guard: solos worked out by hand, and models that must be warned of."""

import json
from dataclasses import replace

import numpy as np
import pytest

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.preprocess import preprocess
from jazzgen.evaluation import guard as module
from jazzgen.evaluation.guard import Guard, Habits, guard
from jazzgen.evaluation.line import Line
from jazzgen.evaluation.originality import CorpusIndex
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.notes import Notes
from jazzgen.network.config import NetworkConfig
from jazzgen.network.model_folder import StoredModel
from jazzgen.network.weights import weight_shapes

FOUR = Changes.unaccompanied(4)


class Walks:
    """Aimless lines of eighths, quarters and sixteenths."""

    name = "walks"
    licence = ""

    def __init__(self, pieces=6, notes=150):
        self._pieces, self._notes = pieces, notes

    def sha256(self):
        return "2" * 64

    def __len__(self):
        return self._pieces

    def __iter__(self):
        for number in range(self._pieces):
            rng = np.random.default_rng(number)
            length = rng.choice((6, 12, 24), self._notes)
            onset = np.cumsum(length) - length
            pitch = 60 + np.abs(np.cumsum(rng.choice((-3, -2, -1, 1, 2, 4), self._notes)) % 24 - 12)
            notes = Notes.of(zip(onset.tolist(), length.tolist(), pitch.tolist(), strict=True))
            bars = -(-notes.end // 96)
            chords = [(96 * b, parse_chord(("Dm7", "G7", "Cmaj7")[b % 3])) for b in range(bars)]
            changes = Changes.build(chords, range(0, 96 * (bars + 1), 96))
            yield Piece(f"w{number}", f"g{number}", notes, changes)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    made, _ = preprocess([Walks()], tmp_path_factory.mktemp("guard") / "data", tx=8, validation=0.0)
    return made


def nothing(weights):
    """Every value alike."""


def model_with(dataset, change):
    config = NetworkConfig(units=(4,), context=True)
    weights = {name: np.zeros(s, np.float32) for name, s in weight_shapes(config).items()}
    change(weights)
    return StoredModel("m", config, dataset.vocabulary, weights, {})


def habits(*bars):
    """Of one solo in 4/4, each bar as (ticks from its line, pitch)."""
    rows = [(96 * n + at, 6, pitch) for n, bar in enumerate(bars) for at, pitch in bar]
    return module._habits([(Notes.of(rows), Changes.unaccompanied(len(bars)))], [])


def test_repeating_is_counted():
    a, b = [(0, 60), (24, 60), (48, 62)], [(0, 62), (24, 62), (48, 62)]
    told = habits(a, b, a, [(0, 62)], [(0, 62)], a)
    assert told.notes == 14
    # 60 60 62 | 62 62 62 | 60 60 62 | 62 | 62 | 60 60 62
    assert told.repeated_notes == pytest.approx((1 + 3 + 1 + 2 + 1) / 14)
    assert told.longest_hang == 4
    assert told.repeated_bars == 2 / 4  # bars of one note do not count
    assert module._habits([(Notes.empty(), FOUR)], []).repeated_notes == 0


def test_a_bar_is_told_from_one_that_is_shifted_or_transposed():
    assert habits([(0, 60), (24, 62)], [(12, 60), (36, 62)], [(0, 61), (24, 63)]).repeated_bars == 0


def test_notes_in_long_copied_runs_are_counted():
    profile = np.arange(1, 31, dtype=np.int32)
    assert module._covered(profile).all()
    profile = np.array([1, *[3] * 20, *range(4, 14), 2, 2], dtype=np.int32)  # 13 ends at note 30
    covered = module._covered(profile)
    assert np.flatnonzero(covered).tolist() == list(range(18, 31))


def test_what_is_played_back_is_found(dataset):
    piece = next(iter(dataset.solos([0])))
    index = CorpusIndex.from_dataset(dataset)
    profile = index.profile(Line.from_notes(piece.notes, piece.changes))
    told = module._habits([(piece.notes, piece.changes)], [profile])
    assert told.copied == 1
    assert told.longest_copied == len(piece.notes)
    real = module._habits([], index.profiles())
    assert real.copied < 0.05
    assert Guard(told, replace(real, repeated_notes=0.1)).copies


REAL = Habits(1000, 0.1, 4, 0.05, 8, 0.02)


@pytest.mark.parametrize(
    ("odd", "stuck", "copies"),
    [
        ({}, False, False),
        ({"repeated_notes": 0.24, "repeated_bars": 0.17, "longest_hang": 12}, False, False),
        ({"repeated_notes": 0.26}, True, False),
        ({"repeated_bars": 0.18}, True, False),
        ({"longest_hang": 13}, True, False),
        ({"notes": 0}, True, False),
        ({"copied": 0.14, "longest_copied": 40}, False, True),
    ],
    ids=str,
)
def test_verdicts(odd, stuck, copies):
    told = Guard(replace(REAL, **odd), REAL)
    assert (told.collapsed, told.copies) == (stuck, copies)
    repeating, copying = told.lines
    assert repeating.startswith("warning: ") == stuck
    assert copying.startswith("warning: ") == copies
    assert ("--max-copied" in copying) == copies
    data = json.loads(json.dumps(told.to_json()))
    assert (data["collapsed"], data["copies"]) == (stuck, copies)
    assert data["real"]["longest_copied"] == 8


def test_a_network_that_hangs_on_one_note_is_warned_of(dataset):
    def hang(weights):
        weights["densor.bias"][24] = 30  # the leap of no semitones
        weights["densor.bias"][60] = 10

    told = guard(model_with(dataset, hang), dataset)
    assert told.collapsed
    assert told.played.repeated_notes > 0.9
    assert told.played.longest_hang > 20
    assert told.real.repeated_notes < 0.1


def test_a_network_that_plays_anything_is_not(dataset):
    told = guard(model_with(dataset, nothing), dataset)
    assert not told.collapsed
    assert not told.copies
    assert told.played.notes > 50
    assert told.to_json() == guard(model_with(dataset, nothing), dataset).to_json()


@pytest.mark.slow
def test_an_overfitted_network_is_warned_of(tmp_path):
    """One piece, learned by heart."""
    from jazzgen.network.config import Preset, TrainingConfig
    from jazzgen.network.training_run import train

    data, _ = preprocess([Walks(1, 60)], tmp_path / "data", tx=8, validation=0.0)
    preset = Preset(
        "heart",
        NetworkConfig(units=(48,), context=True),
        TrainingConfig(epochs=150, batch=1, span=128, learning_rate=0.01, clip_norm=1.0),
    )
    model, history, _ = train(data, tmp_path / "m", preset)
    assert history.best.nats_per_note < 0.3
    told = guard(model, data)
    assert told.copies
    assert told.played.longest_copied > 30
    assert told.lines[1].startswith("warning: it plays its training pieces back")


def test_of_the_grammar_it_says_nothing(tmp_path, grammar_model_folder):
    from jazzgen.network.model_folder import load_model_folder

    data, _ = preprocess([Walks()], tmp_path / "data", encoding="grammar")
    assert guard(load_model_folder(grammar_model_folder), data) is None
