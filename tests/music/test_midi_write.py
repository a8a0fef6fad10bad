"""Writing MIDI and reading it back, by jazzgen and by the libraries people use."""

import io
import json
from dataclasses import replace

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jazzgen.errors import MidiError, OutputError
from jazzgen.files import atomic_write
from jazzgen.music.changes import Changes
from jazzgen.music.chords import NO_CHORD, parse_chord
from jazzgen.music.midi_read import read_midi
from jazzgen.music.midi_write import Track, midi_bytes, read_recipe, write_midi
from jazzgen.music.notes import Notes

CHANGES = Changes.build(
    [(0, parse_chord("Dm7")), (48, parse_chord("G7")), (96, parse_chord("CΔ7"))],
    [0, 96, 192],
)
SOLO = Notes.of(
    [(0, 12, 60, 90), (12, 12, 62), (24, 8, 64), (32, 8, 65), (40, 8, 64), (96, 96, 67)]
)


def write(path, notes=SOLO, changes=CHANGES, **options):
    tracks = [Track("Solo é", 66, 0, notes), Track("Drums", 0, 9, Notes.of([(0, 6, 36)]))]
    write_midi(path, tracks, **({"tempo_bpm": 132, "changes": changes} | options))
    return path


def test_reads_back(tmp_path):
    path = write(tmp_path / "x.mid", recipe=json.dumps({"seed": 7, "title": "é"}))
    song = read_midi(path)
    solo, drums = song.parts
    assert (solo.name, solo.program, solo.is_drums) == ("Solo é", 66, False)
    assert drums.is_drums
    assert solo.notes == SOLO
    assert song.bar_lines.tolist() == CHANGES.bar_lines.tolist()
    assert song.end == CHANGES.end
    assert song.tempo_bpm == pytest.approx(132, abs=0.01)
    assert [(t.tick, t.text) for t in song.texts if t.kind == "marker"] == [
        (0, "Dm7"),
        (48, "G7"),
        (96, "CΔ7"),
    ]
    assert read_recipe(path) == {"seed": 7, "title": "é"}


def test_layout_and_exact_length(tmp_path):
    file = mido.MidiFile(write(tmp_path / "x.mid", cues=[(96, "B")]), charset="utf-8")
    assert (file.type, file.ticks_per_beat) == (1, 480)
    assert [track.name for track in file.tracks] == ["", "Solo é", "Drums"]
    assert {sum(message.time for message in track) for track in file.tracks} == {192 * 20}
    assert file.length == pytest.approx(8 * 60 / 132, abs=1e-4)
    assert [m.text for m in file.tracks[0] if m.type == "cue_marker"] == ["B"]


def test_same_arguments_same_bytes(tmp_path):
    assert write(tmp_path / "a.mid").read_bytes() == write(tmp_path / "b.mid").read_bytes()


def test_other_programs_read_it_without_a_warning(tmp_path):
    import music21
    import pretty_midi

    path = write(tmp_path / "x.mid", recipe="{}")
    assert [len(one.notes) for one in pretty_midi.PrettyMIDI(str(path)).instruments] == [6, 1]
    score = music21.converter.parse(path)
    assert [note.pitch.midi for note in score.parts[0].flatten().notes][:5] == [60, 62, 64, 65, 64]
    assert score.parts[0].flatten()[music21.meter.TimeSignature][0].ratioString == "4/4"
    with mido.MidiFile(path) as file:
        assert len(file.tracks) == 3


@pytest.mark.parametrize(
    ("lines", "metre", "expected"),
    [
        ([0, 72, 144], None, [(0, "3/4")]),
        ([0, 72, 144], (6, 8), [(0, "6/8")]),
        ([0, 24, 120, 216], None, [(0, "1/4"), (24, "4/4")]),
        ([0, 84, 168], None, [(0, "7/8")]),
        ([0, 120], None, [(0, "5/4")]),
        ([0, 90], None, [(0, "15/16")]),
    ],
)
def test_metres_come_from_the_bar_lines(tmp_path, lines, metre, expected):
    changes = Changes.build([], lines)
    song = read_midi(write(tmp_path / "x.mid", changes=replace(changes, metre=metre)))
    assert [(m.tick, str(m)) for m in song.metres] == expected
    assert song.bar_lines.tolist()[: len(lines)] == lines
    assert not [text for text in song.texts if text.kind == "marker"]


def test_bars_of_no_metre_keep_their_lines(tmp_path):
    lines = [0, 96, 104, 200, 296]
    song = read_midi(write(tmp_path / "x.mid", changes=Changes.build([], lines)))
    assert set(lines) <= set(song.bar_lines.tolist())


def test_chords_are_written_where_they_change(tmp_path):
    chords = [(0, parse_chord("F7")), (96, parse_chord("F7")), (192, NO_CHORD)]
    path = write(tmp_path / "x.mid", changes=Changes.build(chords, [0, 96, 192, 288]))
    assert [(t.tick, t.text) for t in read_midi(path).texts] == [(0, "F7"), (192, "N.C.")]


def test_overlapping_notes_of_one_pitch_are_cut(tmp_path):
    notes = Notes.of([(0, 48, 60), (24, 48, 60), (24, 12, 60), (30, 90, 64)])
    back = read_midi(write(tmp_path / "x.mid", notes)).parts[0].notes
    assert [(n.onset, n.length, n.pitch) for n in back] == [(0, 24, 60), (24, 48, 60), (30, 90, 64)]


def test_a_lone_surrogate_does_not_stop_writing(tmp_path):
    path = tmp_path / "x.mid"
    write_midi(path, [Track("\udce9", 0, 0, SOLO)], tempo_bpm=120, changes=CHANGES)
    assert read_midi(path).parts[0].name == "?"


@pytest.mark.parametrize("tempo_bpm", [0.5, 1e9])
def test_a_tempo_midi_cannot_say(tmp_path, tempo_bpm):
    with pytest.raises(ValueError, match="beats a minute"):
        write(tmp_path / "x.mid", tempo_bpm=tempo_bpm)


def test_a_recipe_that_is_none(tmp_path):
    assert read_recipe(write(tmp_path / "x.mid")) is None
    with pytest.raises(MidiError, match=r"x\.mid: its recipe cannot be read"):
        read_recipe(write(tmp_path / "x.mid", recipe="[1]"))


@st.composite
def lines_of_notes(draw):
    """Notes at any polyphony, no two of one pitch overlapping."""
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, 40),
                st.integers(1, 6),
                st.integers(0, 127),
                st.integers(1, 127),
            ),
            min_size=1,
            unique_by=lambda row: (row[0], row[2]),
        )
    )
    return Notes.of(
        [(onset * 6, length, pitch, velocity) for onset, length, pitch, velocity in rows]
    )


@settings(max_examples=60)
@given(lines_of_notes())
def test_round_trip(tmp_path_factory, notes):
    path = tmp_path_factory.getbasetemp() / "round.mid"
    write_midi(path, [Track("", 5, 3, notes)], tempo_bpm=100, changes=CHANGES)
    assert read_midi(path).parts[0].notes == notes


@settings(max_examples=60)
@given(lines_of_notes(), st.booleans(), st.integers(0, 15))
def test_mido_writes_the_same_bytes(notes, fine, channel):
    content = midi_bytes(
        [Track("Solo é", 5, channel, notes, fine=fine), Track("", 0, 0, notes)],
        tempo_bpm=133,
        changes=CHANGES,
        recipe="{}",
        cues=[(96, "B")],
    )
    again = io.BytesIO()
    mido.MidiFile(file=io.BytesIO(content), charset="utf-8").save(file=again)
    assert again.getvalue() == content


@pytest.mark.parametrize(
    "track",
    [
        Track("", 128, 0, SOLO),
        Track("", 0, 16, SOLO),
        Track("", 0, 0, Notes.of([(0, 6, 128)])),
        Track("", 0, 0, Notes.of([(-6, 6, 60)])),
        Track("", 0, 0, Notes.of([(0, 6, 60, 200)])),
    ],
)
def test_what_midi_cannot_say(track):
    with pytest.raises(ValueError, match="must be in range"):
        midi_bytes([track], tempo_bpm=120, changes=CHANGES)


def test_nothing_is_overwritten_when_writing_fails(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("before")

    def fail(error):
        with atomic_write(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(OutputError, match="disk full"):
        fail(OSError("disk full"))
    with pytest.raises(KeyError):
        fail(KeyError())
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_says_why(tmp_path):
    with pytest.raises(OutputError, match="there is no folder"):
        write(tmp_path / "no" / "x.mid")
    with pytest.raises(OutputError, match="is a folder"):
        write(tmp_path)
    with pytest.raises(OutputError, match="not a regular file"):
        write("/dev/null")
    with pytest.raises(OutputError, match="cannot write"):
        write(tmp_path / "\0")
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        write(file / "x.mid")


def test_atomic_write_follows_links_and_keeps_the_suffix(tmp_path):
    target = tmp_path / "target.npy"
    target.write_bytes(b"")
    link = tmp_path / "link.npy"
    link.symlink_to(target)
    with atomic_write(link) as temporary:
        assert temporary.suffix == ".npy"
        np.save(temporary, np.arange(3))
    assert link.is_symlink()
    assert np.load(target).tolist() == [0, 1, 2]
