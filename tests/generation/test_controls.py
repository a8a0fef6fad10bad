"""Controls do what they say: limits always, the rest on average over solos of the bundled model."""

from dataclasses import replace

import numpy as np
import pytest

from jazzgen.encoding.context import ContextMaker
from jazzgen.encoding.fingerprints import RUN_STEPS, hash_runs, steps
from jazzgen.encoding.grammar import NAME as GRAMMAR
from jazzgen.encoding.interval import END, MAX_LEAP, REST, VOCABULARY, IntervalDecoder, fold_leap
from jazzgen.encoding.manner import Manner
from jazzgen.encoding.vocabulary import Vocabulary
from jazzgen.errors import ModelError
from jazzgen.generation.controls import BOUNDS, DIFFICULTIES, Controls
from jazzgen.generation.copy_guard import CopyGuard
from jazzgen.generation.improvise import improvise
from jazzgen.generation.limits import GRIDS
from jazzgen.generation.sampling import Sampling, draw, shape_distribution
from jazzgen.music.changes import Changes
from jazzgen.music.charts import parse_chart, read_chart
from jazzgen.music.chord_scales import scale_tones
from jazzgen.network.config import NetworkConfig
from jazzgen.network.engine import NumpyEngine
from jazzgen.network.model_folder import StoredModel
from jazzgen.network.models import load_model
from jazzgen.network.weights import weight_shapes
from jazzgen.resources import bundled_charts

BLUES = read_chart(bundled_charts()["blues-f"]).changes()
CHANGES = parse_chart("| Dm7 | G7alt | Cmaj7 Am7 | N.C. |").changes().repeated(bars=16)
WALTZ = parse_chart("time: 3/4\n| Dm7 | G7 | C6 | % |").changes().repeated(bars=16)


def random_model(seed=0, vocabulary=VOCABULARY):
    config = NetworkConfig(units=(8, 6), context=True)
    rng = np.random.default_rng(seed)
    weights = {
        name: rng.normal(0, 0.7, shape).astype(np.float32)
        for name, shape in weight_shapes(config).items()
    }
    return StoredModel("random", config, vocabulary, weights, {"min_rest": 24})


MODEL = random_model()


@pytest.fixture(scope="module")
def solos():
    """Solos of the bundled model at 140 beats a minute, with a seed each."""
    model = load_model("standard")
    engine = NumpyEngine(model.network, model.weights)

    def run(count, bars, *, tempo_bpm=140, sampling=None, **controls):
        return [
            improvise(
                model,
                BLUES.repeated(bars=bars),
                tempo_bpm=tempo_bpm,
                seed=seed,
                sampling=sampling,
                controls=Controls(**controls),
                engine=engine,
            )
            for seed in range(count)
        ]

    return run


def density(solos):
    return np.mean([len(solo.notes) / solo.changes.bars for solo in solos])


def phrases_and_pauses(solos):
    """Mean length of phrases in bars and of pauses in beats; a pause is a beat of silence."""
    phrases, pauses = [], []
    for solo in solos:
        onset, end = solo.notes.onset, solo.notes.onset + solo.notes.length
        silence = onset[1:] - end[:-1]
        breaks = np.flatnonzero(silence >= 24)
        first, last = np.append(0, breaks + 1), np.append(breaks, len(onset) - 1)
        phrases += ((end[last] - onset[first]) / 96).tolist()
        pauses += (silence[breaks] / 24).tolist()
    return np.mean(phrases), np.mean(pauses)


def shares(solos):
    """Shares of chord tones and of notes outside the scale, by the chord at the onset."""
    chord_tones, outside, total = 0, 0, 0
    for solo in solos:
        for onset, _, pitch, _ in solo.notes:
            chord = solo.changes.at(onset)
            chord_tones += chord.tones >> pitch % 12 & 1
            outside += not scale_tones(chord) >> pitch % 12 & 1
            total += 1
    return chord_tones / total, outside / total


# Left open


@pytest.mark.parametrize("sampling", [Sampling(), Sampling(temperature=0.8, top_p=0.9)])
def test_left_open_they_change_nothing(sampling):
    """Value by value what the network says, within what may follow; nothing in between."""
    sampling = replace(sampling, ending=False)
    solo = improvise(MODEL, CHANGES, seed=5, sampling=sampling, controls=Controls())
    assert solo.values == improvise(MODEL, CHANGES, seed=5, sampling=sampling).values
    engine, decoder = NumpyEngine(MODEL.network, MODEL.weights), IntervalDecoder()
    maker, rng = ContextMaker(CHANGES, 120.0), np.random.default_rng(5)
    state, value = engine.start(), END
    sounded = False
    for drawn in solo.values:
        row = maker.rows(
            np.array([decoder.tick]), np.array([decoder.reference]), np.array([decoder.phase])
        )
        odds, state = engine.step(np.array([value]), row, state)
        allowed = decoder.allowed()
        in_last_bar = decoder.tick >= CHANGES.bar_lines[-2]
        if not in_last_bar:
            allowed[END] = False
        if decoder.phase == 0:
            pitches = decoder.reference + np.arange(-MAX_LEAP, MAX_LEAP + 1)
            allowed[:REST] &= (pitches >= sampling.low) & (pitches <= sampling.high)
        assert sounded or not in_last_bar
        shaped = shape_distribution(
            odds[0], allowed, temperature=sampling.temperature, top_p=sampling.top_p
        )
        value = draw(shaped, rng)
        assert value == drawn
        sounded = sounded or value < REST
        decoder.push(value)


def test_given_is_what_is_not_left_open():
    assert Controls().given == ()
    controls = Controls(outside=0.0, density=3)
    assert controls.given == ("density", "outside")
    assert Controls.from_json(controls.to_json()) == controls


@pytest.mark.parametrize("name", BOUNDS)
def test_settings_out_of_range(name):
    low, high, _ = BOUNDS[name]
    for value in (low - 1, high + 1, float("nan")):
        if np.isinf(value):
            continue
        with pytest.raises(ValueError, match="not "):
            Controls(**{name: value})


def test_an_unknown_grid():
    with pytest.raises(ValueError, match=r"no such grid: 7ths \(quarters, "):
        Controls(grid="7ths")


# Limits hold for every note, whatever the network says


@pytest.mark.parametrize("changes", [CHANGES, WALTZ, Changes.unaccompanied(12)])
@pytest.mark.parametrize("seed", range(3))
def test_limits_hold(changes, seed):
    controls = Controls(max_leap=5, notes_per_s=8, grid="triplets", syncopation=0)
    sampling = Sampling(low=55, high=70, ending=False)
    solo = improvise(MODEL, changes, tempo_bpm=150, seed=seed, sampling=sampling, controls=controls)
    notes = solo.notes
    assert len(notes) > 8
    assert np.all(np.abs(np.diff(notes.pitch)) <= 5)
    assert 55 <= notes.pitch.min() <= notes.pitch.max() <= 70
    assert np.all(notes.length[:-1] >= 8)  # 7.5 ticks at 150 are an eighth of a second
    assert set((notes.onset % 24).tolist()) <= set(GRIDS["triplets"])
    off_beat = notes.onset % 24 > 0
    assert np.all((notes.onset % 24 + notes.length <= 24)[off_beat])


def test_outside_0_is_never_outside():
    solo = improvise(MODEL, CHANGES, seed=1, controls=Controls(outside=0))
    assert len(solo.notes) > 8
    for onset, _, pitch, _ in solo.notes:
        at_home = {CHANGES.at(onset), CHANGES.at(onset + 12)}  # its own, or one anticipated
        scales = [scale_tones(chord) for chord in at_home]
        assert not any(scales) or any(scale >> pitch % 12 & 1 for scale in scales)


def test_copied_runs_are_cut_short():
    """A network that would play a solo of its corpus again note for note."""
    free = improvise(MODEL, CHANGES, seed=4)
    leap = [fold_leap(int(d)) for d in np.diff(free.notes.pitch)]
    ids = steps(np.diff(free.notes.onset), np.array(leap))
    runs = np.lib.stride_tricks.sliding_window_view(ids, RUN_STEPS)
    model = replace(MODEL, fingerprints=np.unique(hash_runs(runs)))
    guard = CopyGuard(model.fingerprints, 8)
    assert max(guard.push(note.onset, note.pitch) for note in free.notes) == len(free.notes)
    for seed in (4, 5):
        kept = improvise(model, CHANGES, seed=seed, controls=Controls(max_copied=8))
        guard = CopyGuard(model.fingerprints, 8)
        assert max(guard.push(note.onset, note.pitch) for note in kept.notes) <= 8


def test_what_a_model_cannot_do_is_refused():
    with pytest.raises(ModelError, match="no fingerprints"):
        improvise(MODEL, CHANGES, seed=1, controls=Controls(max_copied=8))
    grammar = random_model(vocabulary=Vocabulary(GRAMMAR, ("C,0.500", "R,1.000", "<END>")))
    with pytest.raises(ModelError, match="controls need a model of the interval encoding"):
        improvise(grammar, CHANGES, seed=1, controls=Controls(density=3))


@pytest.mark.parametrize("seed", range(3))
def test_everything_at_once_still_fills_the_bars(seed):
    controls = Controls(6, 0.2, 1, 2, 7, 8, "sixteenths", 0.3)
    for changes in (CHANGES, WALTZ):
        solo = improvise(MODEL, changes, seed=seed, controls=controls)
        assert len(solo.notes)
        assert solo.notes.is_monophonic
        assert solo.notes.end <= changes.end
        again = improvise(MODEL, changes, seed=seed, controls=controls)
        assert again.values == solo.values


def test_greedy_minds_them_too():
    greedy = Sampling(greedy=True)
    solo = improvise(MODEL, CHANGES, seed=1, sampling=greedy, controls=Controls(max_leap=2))
    assert np.all(np.abs(np.diff(solo.notes.pitch)) <= 2)


# On average


@pytest.mark.parametrize("wanted", [3, 6, 12])
def test_density(solos, wanted):
    assert density(solos(6, 12, density=wanted)) == pytest.approx(wanted, rel=0.15)


def test_density_in_a_narrow_range_with_phrases(solos):
    made = solos(6, 12, density=5, phrase=2, sampling=Sampling(low=58, high=72))
    assert density(made) == pytest.approx(5, rel=0.15)
    assert all(solo.notes.pitch.min() >= 58 for solo in made)
    assert all(solo.notes.pitch.max() <= 72 for solo in made)


def test_phrases_and_pauses(solos):
    short = phrases_and_pauses(solos(4, 24, phrase=1, breath=2))
    long = phrases_and_pauses(solos(5, 36, phrase=3, breath=4))
    assert short == pytest.approx((1, 2), rel=0.25)
    assert long == pytest.approx((3, 4), rel=0.25)


def test_outside(solos):
    measured = [shares(solos(4, 12, outside=outside)) for outside in (0, 0.5, 1)]
    chord_tones, outside = zip(*measured, strict=True)
    assert list(chord_tones) == sorted(chord_tones, reverse=True)
    assert list(outside) == sorted(outside)
    assert chord_tones[0] > chord_tones[-1] + 0.25
    assert outside[0] < 0.06
    assert outside[-1] > 0.35


def test_difficulty(solos):
    """Each level is busier than the one before, and no harder than it says."""
    busy = []
    for level in DIFFICULTIES.values():
        controls = level.controls(140, 4)
        made = solos(4, 12, sampling=Sampling(low=level.low, high=level.high), **controls.to_json())
        busy.append(density(made))
        assert busy[-1] == pytest.approx(controls.density, rel=0.2)
        for solo in made:
            assert level.low <= solo.notes.pitch.min() <= solo.notes.pitch.max() <= level.high
            leaps = np.abs(np.diff(solo.notes.pitch))
            assert leaps.max() <= (controls.max_leap or MAX_LEAP)
            per_s = 140 * 24 / 60 / solo.notes.length[:-1]
            assert per_s.max() <= controls.notes_per_s + 1e-9
    assert busy == sorted(busy)


def test_difficulty_slows_down_with_the_tempo():
    for level in DIFFICULTIES.values():
        slow, fast = level.controls(60, 4), level.controls(300, 4)
        assert slow.density == pytest.approx(4 * level.notes_per_beat)
        assert fast.density * 300 / 60 / 4 <= level.limits.notes_per_s * 0.4 + 1e-9
        assert replace(slow, density=None) == level.limits
        assert replace(fast, density=None, grid=level.limits.grid) == level.limits
    grids = [level.controls(300, 4).grid for level in DIFFICULTIES.values()]
    assert grids == ["quarters", "quarters", "eighths", None]


def test_a_fast_easy_solo_is_played_on_the_beat(solos):
    controls = DIFFICULTIES["easy"].controls(240, 4)
    for solo in solos(2, 12, tempo_bpm=240, **controls.to_json()):
        assert set((solo.notes.onset % 24).tolist()) == {0}


@pytest.mark.slow
def test_outside_in_small_steps(solos):
    steps = (0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1)
    measured = [shares(solos(30, 16, outside=outside)) for outside in steps]
    chord_tones, outside = zip(*measured, strict=True)
    assert list(chord_tones) == sorted(chord_tones, reverse=True)
    assert list(outside) == sorted(outside)


@pytest.mark.slow
@pytest.mark.parametrize("tempo_bpm", [80, 120, 200])
@pytest.mark.parametrize("wanted", [2, 4, 8, 12, 16])
def test_density_at_all_tempi(solos, wanted, tempo_bpm):
    made = solos(24, 16, tempo_bpm=tempo_bpm, density=wanted)
    assert density(made) == pytest.approx(wanted, rel=0.12)


@pytest.mark.slow
@pytest.mark.parametrize("tempo_bpm", [120, 200])
@pytest.mark.parametrize("phrase", [0.5, 1, 2, 4])
def test_phrases_at_all_tempi(solos, phrase, tempo_bpm):
    made = solos(16, 48, tempo_bpm=tempo_bpm, phrase=phrase)
    assert phrases_and_pauses(made)[0] == pytest.approx(phrase, rel=0.3)


@pytest.mark.slow
@pytest.mark.parametrize("breath", [1, 2, 4])
def test_pauses_at_all_tempi(solos, breath):
    for tempo_bpm in (120, 200):
        made = solos(16, 48, tempo_bpm=tempo_bpm, breath=breath)
        assert phrases_and_pauses(made)[1] == pytest.approx(breath, rel=0.3)


@pytest.mark.slow
def test_manners_change_what_is_played_in_the_direction_of_their_data():
    """Of the solos it learned from: traditional 5.1 notes a bar, bebop 7.0; trombones lie eleven
    semitones below vibraphones."""
    model = load_model("standard")

    def played(**manner):
        solos = [
            improvise(model, BLUES, tempo_bpm=180, seed=seed, manner=Manner(**manner))
            for seed in range(16)
        ]
        bars = sum(solo.changes.bars for solo in solos)
        pitch = np.concatenate([solo.notes.pitch for solo in solos]).mean()
        return sum(len(solo.notes) for solo in solos) / bars, float(pitch)

    assert played(style="bebop")[0] > played(style="traditional")[0] + 0.3
    assert played(instrument="vib")[1] > played(instrument="tb")[1] + 1
