"""Calibration: how it weighs, and that what it is fitted to comes out."""

from dataclasses import replace

import numpy as np
import pytest

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.base import EVENT, LENGTH
from jazzgen.encoding.interval import FIRST_LENGTH, LENGTHS, MAX_LEAP, REST
from jazzgen.encoding.preprocess import preprocess
from jazzgen.errors import ModelError
from jazzgen.generation import calibration_fit
from jazzgen.generation.calibration import Calibration, Calibrator
from jazzgen.generation.calibration_fit import calibrate
from jazzgen.generation.forms import Forms
from jazzgen.generation.improvise import improvise
from jazzgen.generation.sampling import Sampling
from jazzgen.generation.traits import EVENT_TRAITS, LENGTH_TRAITS
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.notes import Note, Notes
from jazzgen.network.models import load_model

CHANGES = Changes.build([(0, parse_chord("C7"))], range(0, 96 * 5, 96))


class Made(list):
    """A source of these pieces."""

    name = "made"
    licence = ""

    def sha256(self):
        return "0"


def weights(**given):
    """A calibration that weighs only the traits named (with _ for a space)."""
    names = {name.replace("_", " "): weight for name, weight in given.items()}
    return Calibration(
        tuple(names.get(name, 0.0) for name in EVENT_TRAITS),
        tuple(names.get(name, 0.0) for name in LENGTH_TRAITS),
    )


def weighted(calibration, distribution, phase=EVENT):
    """What becomes of the first draw of a solo, or of the second."""
    forms = Forms()
    place = np.array([forms.add(CHANGES, CHANGES, 120.0, None)])
    made = Calibrator(calibration, forms)
    tick, pitch = np.array([0]), np.array([60])
    return made.weighted(distribution[None], place, tick, phase, pitch)[0]


def flat():
    distribution = np.ones(78)
    return distribution / distribution.sum()


def test_weights_multiply_odds():
    made = weighted(weights(rest=float(np.log(3))), flat())
    assert made.sum() == pytest.approx(1)
    assert made[REST] / made[0] == pytest.approx(3)
    assert made[:REST] == pytest.approx(np.full(REST, made[0]))


def test_lengths_have_weights_of_their_own():
    made = weighted(weights(ends_on_the_beat=1.0), flat(), LENGTH)
    on_beat = np.array(LENGTHS) % 24 == 0
    of_lengths = made[FIRST_LENGTH : FIRST_LENGTH + len(LENGTHS)]
    assert of_lengths[on_beat] / of_lengths[~on_beat][0] == pytest.approx(np.full(4, np.e))


def test_no_weights_change_nothing():
    made = weighted(weights(), flat())
    assert made == pytest.approx(flat())


def test_what_is_ruled_out_stays_so():
    distribution = np.zeros(78)
    distribution[5] = 1.0
    made = weighted(weights(rest=2.0), distribution)
    assert made == pytest.approx(distribution)


def test_hearing_notes_is_pushing_their_values():
    notes = Notes.of([Note(0, 12, 62), Note(12, 12, 64), Note(48, 24, 60)])
    forms = Forms()
    place = np.array([forms.add(CHANGES, CHANGES, 120.0, None)])
    calibrator = Calibrator(weights(third_interval_again=1.0), forms, rows=2)
    calibrator.begin(1, notes)
    tick, pitch = np.array([96, 96]), np.array([60, 60])
    nothing, again = calibrator.traits.table(place + tick, tick, EVENT, pitch)
    assert not nothing[:, EVENT_TRAITS.index("as a bar ago")].any()
    assert again[MAX_LEAP + 4, EVENT_TRAITS.index("as a bar ago")] == 0
    assert again[MAX_LEAP + 2, EVENT_TRAITS.index("as a bar ago")] == 1


@pytest.mark.parametrize("phase", [EVENT, LENGTH])
def test_weights_times_traits(phase):
    """What is summed once for a chord, a leap or a place is in sum what the table says."""
    rng = np.random.default_rng(5)
    made = Calibration(
        *(tuple(rng.normal(size=n)) for n in (len(EVENT_TRAITS), len(LENGTH_TRAITS)))
    )
    forms = Forms()
    place = np.array([forms.add(CHANGES, CHANGES, 120.0, None)])
    calibrator = Calibrator(made, forms)
    calibrator.begin(0, Notes.of([Note(12 * i, 12, 60 + i % 4) for i in range(9)]))
    tick, pitch = np.array([108]), np.array([60])
    got = calibrator.weighted(flat()[None], place + tick, tick, phase, pitch)[0]
    table = calibrator.traits.table(place + tick, tick, phase, pitch)[0]
    span = slice(0, REST + 1) if phase == EVENT else slice(FIRST_LENGTH, 77)
    own = np.array(made.events if phase == EVENT else made.lengths)
    expected = np.ones(78)
    expected[span] = np.exp(table @ own)
    assert got == pytest.approx(expected / expected.sum(), rel=1e-9)


def test_json_round_trip_and_damage():
    made = weights(rest=0.5, ends_on_the_beat=-1.0)
    assert Calibration.from_json(made.to_json()) == made
    with pytest.raises(KeyError):
        Calibration.from_json({"events": {}, "lengths": {}})
    with pytest.raises(ValueError, match="a weight for every trait"):
        Calibration((0.0,), (0.0,))


def with_calibration(model, calibration):
    return replace(model, info={**model.info, "calibration": calibration})


def test_a_model_plays_by_its_calibration_unless_told_not_to():
    model = with_calibration(load_model("standard"), None)
    other = with_calibration(model, weights(scale_tone=1.5).to_json())
    assert model.sha256 != other.sha256
    plain, weighed, not_weighed = (
        improvise(m, CHANGES, seed=3, sampling=Sampling(calibrated=c)).values
        for m, c in ((model, True), (other, True), (other, False))
    )
    assert plain == not_weighed
    assert plain != weighed
    greedy = [improvise(m, CHANGES, seed=0, sampling=Sampling(greedy=True)) for m in (model, other)]
    assert greedy[0].values == greedy[1].values


def test_a_damaged_calibration_is_one_error():
    model = with_calibration(load_model("standard"), {"events": {}})
    with pytest.raises(ModelError, match="calibration is damaged"):
        improvise(model, CHANGES, seed=0)


def test_fitting_brings_traits_nearer(tmp_path, monkeypatch):
    """Players here play nothing but chord tones in quarters; the network is drawn to them."""
    monkeypatch.setattr(calibration_fit, "_SOLOS", 4)
    monkeypatch.setattr(calibration_fit, "_BARS", 8)
    rng = np.random.default_rng(0)
    pieces = []
    for k in range(4):
        pitches = rng.choice([60, 64, 67, 70, 72], size=32)
        notes = Notes.of([Note(24 * i, 24, int(p)) for i, p in enumerate(pitches)])
        changes = Changes.build([(0, parse_chord("C7"))], range(0, 96 * 9, 96))
        pieces.append(Piece(f"p{k}", f"p{k}", notes, changes))
    dataset, _ = preprocess([Made(pieces)], tmp_path / "data", validation=0.0)
    model = with_calibration(load_model("standard"), None)
    told: list[tuple[int, int]] = []
    made = calibrate(model, dataset, rounds=4, progress=lambda *at: told.append(at))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert made == calibrate(model, dataset, rounds=4)
    assert made.to_json()["lengths"]["length 24-30"] > 0.2

    def share_of_quarters(calibration):
        played = with_calibration(model, calibration)
        notes = [improvise(played, pieces[0].changes, seed=s).notes for s in range(4)]
        return np.concatenate([n.length == 24 for n in notes]).mean()

    assert share_of_quarters(made.to_json()) > share_of_quarters(None) + 0.05
