"""The written solo, opened by the libraries that people open it with."""

import json

import mido
import numpy as np
import pytest

from jazzgen.errors import OutputError
from jazzgen.generation.recipe import Recipe
from jazzgen.generation.sampling import Sampling
from jazzgen.music.changes import Changes
from jazzgen.music.charts import parse_chart
from jazzgen.music.midi_read import read_midi
from jazzgen.music.midi_write import read_recipe
from jazzgen.music.notes import Notes
from jazzgen.rendering.solo_file import PIANO, TENOR_SAX, write_solo

SOLO = Notes.of([(0, 12, 60), (12, 8, 62), (24, 24, 64), (102, 6, 65), (120, 12, 65), (132, 6, 65)])
FORMS = {
    "4/4": parse_chart("| Dm7 / G7 / | Cmaj7 |").changes(),
    "3/4": parse_chart("time: 3/4\n| Dm7 | G7 | Ebø |").changes(),
    "5/4": parse_chart("time: 5/4\n| Dm7 | G7 |").changes(),
}
TEMPO_BPM = 132.0


def recipe(form, **options):
    settings = {
        "model": "m",
        "model_sha256": "0" * 64,
        "form": form,
        "bars": form.bars,
        "tempo_bpm": TEMPO_BPM,
        "seed": 1,
        "sampling": Sampling(),
        "program": TENOR_SAX,
    }
    return Recipe(**settings | options)


@pytest.fixture(params=FORMS.values(), ids=FORMS)
def form(request):
    return request.param


@pytest.fixture
def written(form, tmp_path):
    path = tmp_path / "solo.mid"
    write_solo(path, SOLO, form, recipe(form))
    return path


def duration_s(form):
    return form.end / 24 * 60 / TEMPO_BPM


def test_mido(written, form):
    file = mido.MidiFile(written)
    assert (file.type, file.ticks_per_beat) == (1, 480)
    assert [track.name for track in file.tracks[1:]] == ["Solo", "Piano"]
    # Every track ends with the last bar.
    assert {sum(m.time for m in track) for track in file.tracks} == {20 * form.end}
    assert file.length == pytest.approx(duration_s(form), abs=0.01)
    first = file.tracks[0]
    (tempo,) = [m for m in first if m.type == "set_tempo"]
    assert mido.tempo2bpm(tempo.tempo) == pytest.approx(TEMPO_BPM, abs=0.001)
    (metre,) = [m for m in first if m.type == "time_signature"]
    assert (metre.numerator, metre.denominator) == (int(form.bar_lines[1]) // 24, 4)
    programs = {m.program for track in file.tracks for m in track if m.type == "program_change"}
    assert programs == {TENOR_SAX, PIANO}


def test_markers_are_the_chords(written, form):
    song = read_midi(written)
    markers = [(text.tick, text.text) for text in song.texts if text.kind == "marker"]
    expected = zip(form.starts.tolist(), form.chords, strict=True)
    assert markers == [(tick, chord.symbol) for tick, chord in expected]


def test_the_recipe_lies_in_it(written, form):
    texts = [m.text for m in mido.MidiFile(written).tracks[0] if m.type == "text"]
    assert len(texts) == 1
    assert texts[0].startswith("jazzgen:")
    assert json.loads(texts[0].removeprefix("jazzgen:")) == json.loads(recipe(form).to_text())
    assert Recipe.from_json(read_recipe(written)).to_text() == recipe(form).to_text()


def test_jazzgen_reads_the_solo_back(written):
    solo, piano = read_midi(written).parts
    assert solo.name == "Solo"
    assert solo.notes == SOLO
    assert len(piano.notes) > 0


def test_pretty_midi(written, form):
    import pretty_midi

    song = pretty_midi.PrettyMIDI(str(written))
    solo, piano = song.instruments
    assert (solo.name, solo.program, solo.is_drum) == ("Solo", TENOR_SAX, False)
    assert piano.program == PIANO
    assert [n.pitch for n in solo.notes] == SOLO.pitch.tolist()
    onset_s = SOLO.onset / 24 * 60 / TEMPO_BPM
    np.testing.assert_allclose([n.start for n in solo.notes], onset_s, atol=1e-4)
    # The chords sound to the end of the last bar.
    assert song.get_end_time() == pytest.approx(duration_s(form), abs=1e-3)
    _, tempi = song.get_tempo_changes()
    assert tempi == pytest.approx([TEMPO_BPM], abs=1e-3)


def test_music21(written, form):
    import music21

    score = music21.converter.parse(str(written), forceSource=True)
    solo = score.parts[0]
    assert solo.partName == "Solo"
    notes = solo.stripTies().flatten().notes
    assert [(24 * n.offset, n.pitch.midi) for n in notes] == [
        (onset, pitch) for onset, _, pitch, _ in SOLO
    ]
    metre = score.recurse().getElementsByClass(music21.meter.TimeSignature).first()
    assert (metre.numerator, metre.denominator) == (int(form.bar_lines[1]) // 24, 4)
    mark = score.recurse().getElementsByClass(music21.tempo.MetronomeMark).first()
    assert mark.number == pytest.approx(TEMPO_BPM, abs=0.5)
    assert score.highestTime == pytest.approx(form.end / 24)


def test_same_arguments_same_bytes(written, form, tmp_path):
    write_solo(tmp_path / "again.mid", SOLO, form, recipe(form))
    assert (tmp_path / "again.mid").read_bytes() == written.read_bytes()


def test_without_chords(tmp_path):
    form = FORMS["4/4"]
    for name, options, changes in (
        ("asked", {"chords": False}, form),
        ("none", {}, Changes.unaccompanied(2)),
    ):
        path = tmp_path / f"{name}.mid"
        write_solo(path, SOLO, changes, recipe(changes, program=56, **options))
        file = mido.MidiFile(path)
        assert [track.name for track in file.tracks[1:]] == ["Solo"]
        assert {m.program for m in file.tracks[1] if m.type == "program_change"} == {56}
        assert sum(m.time for m in file.tracks[1]) == 20 * changes.end


def test_a_silent_solo_is_still_a_file(tmp_path):
    form = FORMS["4/4"]
    write_solo(tmp_path / "x.mid", Notes.empty(), form, recipe(form))
    assert mido.MidiFile(tmp_path / "x.mid").tracks[1].name == "Solo"


def test_a_path_that_cannot_be_written(tmp_path):
    form = FORMS["4/4"]
    for path in (tmp_path, tmp_path / "nowhere" / "x.mid"):
        with pytest.raises(OutputError):
            write_solo(path, SOLO, form, recipe(form))
