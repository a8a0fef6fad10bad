"""A solo goes on from a phrase, at its end, as if the network had played the phrase itself."""

from dataclasses import replace

import numpy as np
import pytest

from jazzgen.encoding.context import ContextMaker
from jazzgen.encoding.grammar import NAME as GRAMMAR
from jazzgen.encoding.interval import END, LENGTHS, REST, VOCABULARY, encode_notes
from jazzgen.encoding.vocabulary import Vocabulary
from jazzgen.errors import MidiError, ModelError
from jazzgen.generation.controls import Controls
from jazzgen.generation.improvise import improvise
from jazzgen.generation.played import Played
from jazzgen.generation.primer import read_primer
from jazzgen.generation.sampling import Sampling
from jazzgen.music.changes import Changes
from jazzgen.music.charts import parse_chart
from jazzgen.music.midi_write import Track, write_midi
from jazzgen.music.notes import Notes
from jazzgen.network.config import NetworkConfig
from jazzgen.network.engine import NumpyEngine
from jazzgen.network.model_folder import StoredModel
from jazzgen.network.weights import weight_shapes

CHANGES = parse_chart("| F7 | Bb7 Bdim7 | F7/C / Cm7 F7 | % |").changes()
PRIMER = Notes.of([(12, 12, 65, 99), (24, 7, 69), (40, 8, 72), (60, 30, 75)])


def model(seed=0, vocabulary=VOCABULARY):
    config = NetworkConfig(units=(8, 6), context=True)
    rng = np.random.default_rng(seed)
    weights = {
        name: rng.normal(0, 0.7, shape).astype(np.float32)
        for name, shape in weight_shapes(config).items()
    }
    return StoredModel("random", config, vocabulary, weights, {"min_rest": 24})


MODEL = model()


@pytest.mark.parametrize("last", [1, 5, 7, 11, 12, 13, 23, 25, 31, 96, 97, 150])
@pytest.mark.parametrize("seed", range(3))
def test_goes_on_where_the_last_note_ends(last, seed):
    primer = Notes.of([*list(PRIMER)[:-1], (60, last, 75)])
    solo = improvise(MODEL, CHANGES, seed=seed, primer=primer)
    assert solo.given == 4
    assert solo.notes[:4] == primer  # as they were given: neither moved nor cut
    assert len(solo.added) > 0
    rests = 0
    for value, length in zip(solo.values[::2], solo.values[1::2], strict=False):
        if value != REST:
            break
        rests += LENGTHS[length - REST - 1]
    assert solo.added.onset[0] == 60 + last + rests
    assert solo.added.pitch[0] == 75 + solo.values[solo.values.index(value)] - 24
    assert solo.notes.is_monophonic
    assert solo.notes.end <= CHANGES.end


def test_is_heard_value_by_value():
    fed = []

    class Listening(NumpyEngine):
        def step(self, values, context, state):
            fed.append((int(values[0]), context[0].tolist()))
            return super().step(values, context, state)

    solo = improvise(
        MODEL, CHANGES, seed=2, primer=PRIMER, engine=Listening(MODEL.network, MODEL.weights)
    )
    encoded = encode_notes(PRIMER)
    assert [value for value, _ in fed] == [END, *encoded.values.tolist(), *solo.values[:-1]]
    maker = ContextMaker(CHANGES, 120.0)
    rows = maker.rows(encoded.ticks, encoded.reference, encoded.phase)
    heard = [context for _, context in fed[: len(rows)]]
    assert heard[:-1] == rows[:-1].tolist()
    at_end = maker.rows(np.array([90]), np.array([75]), np.array([0]))
    assert heard[-1] == at_end[0].tolist()


def test_its_own_beginning_leads_to_its_own_end():
    greedy = Sampling(greedy=True)
    for seed in range(5):
        subject = model(seed)
        whole = improvise(subject, CHANGES, seed=0, sampling=greedy)
        if len(whole.notes) < 8:
            continue
        rest = improvise(subject, CHANGES, seed=0, sampling=greedy, primer=whole.notes[:5])
        assert rest.notes == whole.notes
        assert rest.values == whole.values[-len(rest.values) :]


def test_controls_go_on_from_it():
    played = Played.after(Notes.of([(0, 12, 60), (48, 12, 62), (60, 20, 64)]))
    assert (played.start, played.phrase_start, played.sounded_until) == (80, 48, 80)
    assert played.notes == 0
    assert Played.after(Notes.empty()) == Played()
    solo = improvise(MODEL, CHANGES, seed=1, primer=PRIMER, controls=Controls(max_leap=3))
    assert np.all(np.abs(np.diff(solo.notes.pitch[3:])) <= 3)


@pytest.mark.parametrize(
    ("primer", "said"),
    [
        (Notes.of([(0, 12, 60), (6, 12, 62)]), "one note at a time"),
        (Notes.of([(360, 24, 60)]), "ends in bar 4, and the changes have 4 bars"),
        (Notes.of([(400, 24, 60)]), "ends after them"),
        (Notes.of([(0, 24, 120)]), "pitch 120, more than two octaves"),
    ],
)
def test_phrases_that_nothing_can_follow(primer, said):
    with pytest.raises(ValueError, match=said):
        improvise(MODEL, CHANGES, seed=1, primer=primer)


def test_a_phrase_may_lie_outside_the_range():
    low = Notes.of([(0, 24, 30)])
    solo = improvise(MODEL, CHANGES, seed=1, primer=low, sampling=Sampling(low=50, high=70))
    assert solo.added.pitch.min() >= 50


def test_a_phrase_that_ends_just_before_the_last_bar_line():
    for room in (1, 2, 3, 12):
        primer = Notes.of([(0, CHANGES.end - room, 60)])
        solo = improvise(MODEL, CHANGES, seed=1, primer=primer)
        assert solo.notes.end <= CHANGES.end
        assert len(solo.added) == (room >= 3) or room > 3


def test_grammar_models_cannot():
    grammar = model(vocabulary=Vocabulary(GRAMMAR, ("C,0.500", "R,1.000", "<END>")))
    with pytest.raises(ModelError, match="going on from a phrase needs a model of the interval"):
        improvise(grammar, CHANGES, seed=1, primer=PRIMER)
    with pytest.raises(ModelError, match="these controls need"):
        improvise(grammar, CHANGES, seed=1, controls=replace(Controls(), outside=0.1))


# Files


def write(path, *parts):
    tracks = [Track(f"part {i}", 66, i, Notes.of(notes)) for i, notes in enumerate(parts)]
    write_midi(path, tracks, tempo_bpm=120, changes=Changes.unaccompanied(4))
    return path


def test_the_melody_of_a_file(tmp_path):
    notes = [(24 + 12 * i, 12, 60 + i) for i in range(6)]
    assert read_primer(write(tmp_path / "a.mid", notes)) == Notes.of(notes)
    one = [(96, 13, 71, 100)]
    assert read_primer(write(tmp_path / "one.mid", one)) == Notes.of(one)


def test_of_chords_the_highest_notes(tmp_path):
    line = [(24 * i, 24, 70 + i % 3) for i in range(8)]
    under = [(onset, length, pitch - 5) for onset, length, pitch in line]
    assert read_primer(write(tmp_path / "a.mid", line + under)) == Notes.of(line)


def test_files_without_a_phrase(tmp_path):
    with pytest.raises(MidiError, match=r"a\.mid: "):
        read_primer(write(tmp_path / "a.mid", []))
    with pytest.raises(MidiError, match="no such file"):
        read_primer(tmp_path / "none.mid")
