"""Whole solos: they fill the bars and keep to the rules, whatever the network says."""

from dataclasses import replace

import numpy as np
import pytest

from jazzgen.encoding.context import ContextMaker
from jazzgen.encoding.grammar import NAME as GRAMMAR
from jazzgen.encoding.interval import END, FIRST_LENGTH, LENGTHS, REST, VOCABULARY, IntervalDecoder
from jazzgen.encoding.vocabulary import Vocabulary
from jazzgen.generation.ending import SHORTEST_LAST_NOTE
from jazzgen.generation.improvise import improvise
from jazzgen.generation.sampling import Sampling
from jazzgen.music.changes import Changes
from jazzgen.music.charts import parse_chart
from jazzgen.network.config import NetworkConfig
from jazzgen.network.engine import NumpyEngine
from jazzgen.network.model_folder import StoredModel
from jazzgen.network.weights import weight_shapes

BLUES = parse_chart("| F7 | Bb7 Bdim7 | F7/C / Cm7 F7 | % |").changes()
CHANGES = {
    "4/4": BLUES,
    "3/4": parse_chart("time: 3/4\n| Dm7 | G7 | C6 | % | Am7 |").changes(),
    "5/4": parse_chart("time: 5/4\n| Em7 | A7 |").changes(),
    "no chords": Changes.unaccompanied(3),
    "one bar": Changes.unaccompanied(1, 3),
    "uneven": Changes.build([], [0, 96, 131, 132, 300]),
}
EVERYWHERE = pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
TINY = Vocabulary(GRAMMAR, ("C,0.500", "C,0.500,<P4,m-2>", "R,1.000", "<END>"))


def model(vocabulary=VOCABULARY, seed=0, **bias):
    """Random weights; `bias` makes values likelier (`value_77=20`)."""
    config = NetworkConfig(units=(8, 6), context=True)
    rng = np.random.default_rng(seed)
    weights = {
        name: rng.normal(0, 0.7, shape).astype(np.float32)
        for name, shape in weight_shapes(config).items()
    }
    for name, more in bias.items():
        weights["densor.bias"][int(name.removeprefix("value_"))] += more
    return StoredModel("random", config, vocabulary, weights, {"min_rest": 24})


MODEL = model()


def replayed(solo):
    """The decoder's tick and phase when each value is due, and at last."""
    decoder, seen = IntervalDecoder(), []
    for value in solo.values:
        seen.append((decoder.tick, decoder.phase, value))
        decoder.push(value)
    return seen, decoder


@EVERYWHERE
@pytest.mark.parametrize("seed", range(4))
def test_fills_exactly_the_bars(changes, seed):
    solo = improvise(MODEL, changes, seed=seed, sampling=Sampling(ending=False))
    seen, decoder = replayed(solo)
    assert all(tick < changes.end for tick, _, _ in seen)
    assert decoder.tick >= changes.end or decoder.ended
    assert solo.notes.end <= changes.end
    assert solo.notes.is_monophonic
    assert np.all(solo.notes.length >= 1)
    ends = [tick for tick, _, value in seen if value == END]
    assert all(tick >= changes.bar_lines[-2] for tick in ends)
    assert solo.changes == changes


@EVERYWHERE
def test_the_end_waits_for_the_last_bar(changes):
    solo = improvise(model(value_77=30), changes, seed=1)
    seen, decoder = replayed(solo)
    last_bar = changes.bar_lines[-2]
    assert decoder.ended or decoder.tick >= changes.end
    in_last_bar = [tick for tick, phase, _ in seen[:-1] if phase == 0 and tick >= last_bar]
    # There it comes at once, but never before there was a note.
    assert len(in_last_bar) == (1 if len(changes.bar_lines) == 2 else 0)
    assert len(solo.notes) > 0


def test_an_ending_is_a_chord_tone_on_a_beat_of_the_last_bar():
    """Of eighths, every other one is on a beat, and some of those are chord tones."""
    eighths = model(**{f"value_{FIRST_LENGTH + LENGTHS.index(12)}": 30})
    last_bar = int(BLUES.bar_lines[-2])
    ended = 0
    for seed in range(16):
        solo = improvise(eighths, BLUES, seed=seed)
        longer = improvise(eighths, BLUES, seed=seed, sampling=Sampling(ending=False))
        assert solo.values == longer.values[: len(solo.values)]
        closes = [
            note
            for note in longer.notes
            if note.onset >= last_bar
            and (note.onset - last_bar) % 24 == 0
            and note.pitch % 12 in BLUES.at(note.onset).pitch_classes
        ]
        if not closes:
            assert solo.notes == longer.notes
            continue
        ended += 1
        onset, length, pitch, _ = list(solo.notes)[-1]
        assert (onset, pitch, length) == (closes[0].onset, closes[0].pitch, 24)
        assert len(solo.values) < len(longer.values) or onset == last_bar + 72
    assert ended >= 4


def test_lengths_never_follow_lengths():
    eager = model(**{f"value_{FIRST_LENGTH + i}": 15 for i in range(len(LENGTHS))})
    solo = improvise(eager, BLUES.repeated(bars=12), seed=3)
    is_length = [FIRST_LENGTH <= v < END for v in solo.values]
    assert any(is_length)
    expected = [k % 2 == 1 for k in range(len(is_length))]
    assert is_length == expected


@pytest.mark.parametrize(("low", "high"), [(60, 72), (0, 12), (115, 127), (46, 86), (90, 102)])
def test_stays_in_range(low, high):
    climbing = model(value_48=8, value_0=8)
    for subject in (climbing, MODEL):
        solo = improvise(
            subject, BLUES.repeated(bars=16), seed=2, sampling=Sampling(low=low, high=high)
        )
        assert len(solo.notes) > 4
        assert low <= solo.notes.pitch.min() <= solo.notes.pitch.max() <= high
        assert len(set(solo.notes.pitch.tolist())) > 1


def test_the_same_seed_plays_the_same_solo():
    first, again, other = (improvise(MODEL, BLUES, seed=s) for s in (7, 7, 8))
    assert first.values == again.values
    assert first.notes == again.notes
    assert first.values != other.values
    assert first.seed == 7


@pytest.mark.parametrize("vocabulary", [VOCABULARY, TINY], ids=["interval", "grammar"])
def test_greedy_is_one_solo_whatever_the_seed(vocabulary):
    subject = model(vocabulary, seed=2)
    greedy = Sampling(greedy=True, clean_up=())
    solos = [
        improvise(subject, BLUES.repeated(bars=8), seed=seed, sampling=greedy) for seed in range(5)
    ]
    assert len({solo.values for solo in solos}) == 1
    assert all(solo.notes == solos[0].notes for solo in solos)


def test_greedy_is_what_temperature_nearly_zero_comes_to():
    changes = BLUES.repeated(bars=8)
    cold = improvise(MODEL, changes, seed=1, sampling=Sampling(temperature=1e-6, top_p=1.0))
    assert cold.values == improvise(MODEL, changes, seed=2, sampling=Sampling(greedy=True)).values


def test_greedy_takes_the_likeliest_that_may_follow():
    solo = improvise(
        model(value_77=30, value_60=20, value_49=10), BLUES, seed=0, sampling=Sampling(greedy=True)
    )
    assert solo.values[:2] == (REST, 60)  # the end would be likelier, and a length most of all


def test_a_note_over_the_last_bar_line_is_cut_there():
    whole_notes = model(value_76=40, value_25=40)  # a semitone up, for a bar
    changes = Changes.build([], [0, 96, 96 + 30])
    solo = improvise(whole_notes, changes, seed=0)
    assert [tuple(n)[:3] for n in solo.notes] == [(0, 96, 61), (96, 30, 62)]


@pytest.mark.parametrize("room", [1, 2, SHORTEST_LAST_NOTE, 4])
def test_a_click_at_the_end_is_left_out(room):
    whole_notes = model(value_76=40, value_25=40)
    solo = improvise(whole_notes, Changes.build([], [0, 48, 96 + room]), seed=0)
    assert solo.notes.onset.tolist() == ([0] if room < SHORTEST_LAST_NOTE else [0, 96])


def test_the_network_hears_the_changes_and_itself(monkeypatch):
    """Each step is fed the value before, and the context of the value to come."""
    fed = []

    class Listening(NumpyEngine):
        def step(self, values, context, state):
            fed.append((int(values[0]), context[0].tolist()))
            return super().step(values, context, state)

    solo = improvise(MODEL, BLUES, seed=4, engine=Listening(MODEL.network, MODEL.weights))
    assert [value for value, _ in fed] == [END, *solo.values[:-1]]
    decoder, maker = IntervalDecoder(), ContextMaker(BLUES, 120.0)
    for (_, context), value in zip(fed, solo.values, strict=True):
        row = maker.rows(
            np.array([decoder.tick], dtype=np.int32),
            np.array([decoder.reference]),
            np.array([decoder.phase]),
        )
        assert context == row[0].tolist()
        decoder.push(value)
    assert len({tuple(context[4:8]) for _, context in fed}) > 4


# The grammar


@EVERYWHERE
@pytest.mark.parametrize("seed", range(3))
def test_a_tiny_grammar(changes, seed):
    subject = model(TINY)
    narrow = Sampling(low=50, high=70, ending=False)
    solo = improvise(subject, changes, seed=seed, sampling=narrow)
    assert set(solo.values) <= {0, 1, 2, 3}
    assert 3 not in solo.values[:-1]
    ticks = np.cumsum([0, *(24 if v == 2 else 12 for v in solo.values if v != 3)])
    if solo.values[-1] == 3:
        assert ticks[-1] >= changes.bar_lines[-2]
    else:
        assert ticks[-2] < changes.end <= ticks[-1]
    assert solo.notes.is_monophonic
    assert solo.notes.end <= changes.end
    assert all(50 <= p <= 70 for p in solo.notes.pitch)
    again = improvise(subject, changes, seed=seed, sampling=narrow)
    assert again.notes == solo.notes


def test_a_grammar_without_an_end():
    solo = improvise(model(Vocabulary(GRAMMAR, TINY.symbols[:3])), BLUES, seed=0)
    assert set(solo.values) <= {0, 1, 2}
    assert solo.notes.end <= BLUES.end


def test_cleaning_up_can_be_switched_off():
    subject = model(TINY, value_0=20)
    narrow = Sampling(low=60, high=72, ending=False)
    raw = improvise(subject, BLUES, seed=1, sampling=replace(narrow, clean_up=()))
    pruned = improvise(subject, BLUES, seed=1, sampling=narrow)
    assert len(raw.notes) == BLUES.end // 12
    assert len(pruned.notes) < len(raw.notes)
    assert pruned.values == raw.values


# Settings


@pytest.mark.parametrize(
    "setting",
    [
        {"temperature": 0.0},
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"top_p": float("nan")},
        {"low": -1},
        {"high": 128},
        {"low": 60, "high": 71},
        {"clean_up": ("sweep",)},
    ],
    ids=str,
)
def test_settings_that_make_no_sense(setting):
    with pytest.raises(ValueError, match=r"temperature|top-p|range|no such step"):
        Sampling(**setting)


def test_both_engines_play_the_same_solo():
    from jazzgen.network.keras_engine import KerasEngine

    engine = KerasEngine(MODEL.network, MODEL.weights)
    changes = BLUES.repeated(bars=8)
    for seed in (1, 2):
        ours = improvise(MODEL, changes, seed=seed)
        theirs = improvise(MODEL, changes, seed=seed, engine=engine)
        assert ours.values == theirs.values
        assert ours.notes == theirs.notes


def test_chords_that_a_network_never_learned_are_not_shown_to_it():
    """A model of pieces without chords plays the same over any changes of the same bars."""
    hearing = model()
    deaf = replace(hearing, info={"dataset": {"has_chords": False}})
    silence = BLUES.without_chords()
    assert improvise(deaf, BLUES, seed=3).notes == improvise(deaf, silence, seed=3).notes
    assert improvise(hearing, BLUES, seed=3).notes != improvise(hearing, silence, seed=3).notes
