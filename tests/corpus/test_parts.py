"""Who plays the melody, who the chords, and the top line of a polyphonic part."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jazzgen.corpus.melodic import name_hint, profiles
from jazzgen.corpus.parts import choose_chords, choose_melody
from jazzgen.corpus.skyline import below, polyphony, skyline
from jazzgen.errors import MidiError
from jazzgen.music.changes import Changes
from jazzgen.music.general_midi import PROGRAM_NAMES, program_name
from jazzgen.music.midi_read import read_midi
from jazzgen.music.midi_write import Track, write_midi
from jazzgen.music.notes import Notes

BARS = 8
TUNE = [62, 65, 69, 72, 71, 67, 64, 60, 62, 64, 65, 69, 67, 64, 60, 57]
LINE = Notes.of([(i * 24, 22, TUNE[i % 16]) for i in range(BARS * 4)])
COMP = Notes.of([(b * 48, 40, p) for b in range(BARS * 2) for p in (53, 57, 60, 64)])
BASS = Notes.of([(i * 24, 23, 38 + TUNE[i % 16] % 12) for i in range(BARS * 4)])
KIT = Notes.of([(i * 12, 6, 42) for i in range(BARS * 8)])


def song(tmp_path, *tracks):
    path = tmp_path / "song.mid"
    write_midi(path, tracks, tempo_bpm=120, changes=Changes.unaccompanied(BARS))
    return read_midi(path)


@pytest.fixture
def band(tmp_path):
    return song(
        tmp_path,
        Track("Drums", 0, 9, KIT),
        Track("", 32, 1, BASS),
        Track("", 0, 2, COMP),
        Track("", 0, 3, LINE),
    )


def test_the_line_is_the_melody_and_the_rest_the_chords(band):
    melody = choose_melody(band)
    assert melody.index == 3
    assert "one note at a time" in melody.why
    chords = choose_chords(band, melody.index)
    assert chords.indexes == (1, 2)
    assert len(chords.notes) == len(COMP) + len(BASS)
    assert np.all(np.diff(chords.notes.onset) >= 0)


def test_scores_are_between_0_and_1_and_0_for_drums(band):
    scores = [one.score for one in profiles(band.parts, band.bar_lines)]
    assert scores[0] == 0
    assert all(0 < score <= 1 for score in scores[1:])
    assert scores[3] == max(scores)


def test_a_name_outweighs_the_looks(tmp_path):
    twins = song(tmp_path, Track("Pad", 0, 0, LINE), Track("Mélodie", 0, 1, LINE))
    chosen = choose_melody(twins)
    assert chosen.index == 1
    assert "called 'Mélodie'" in chosen.why


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        *((name, 1) for name in ("Melody", "LEAD VOCALS", "solo", "Voix / Chant", "Alto Sax")),
        *((name, -1) for name in ("Bass", "drums", "Str. Pad", "Rhythm Gtr", "Basse", "E-Bass")),
        *((name, 0) for name in ("", "Track 3", "Piano", "Guitar")),
    ],
)
def test_hints_in_names(name, sign):
    assert np.sign(name_hint(name)) == sign


def test_overrides(band):
    assert choose_melody(band, 2).index == 2
    assert choose_chords(band, 3, [2]).indexes == (2,)
    assert choose_chords(band, 3, [2, 1, 2]).indexes == (2, 1)


@pytest.mark.parametrize(
    ("index", "reason"),
    [(4, "there is no part 4: the file has parts 0 to 3"), (0, "part 0 is drums")],
)
def test_overrides_that_cannot_be(band, index, reason):
    with pytest.raises(MidiError, match=reason):
        choose_melody(band, index)
    with pytest.raises(MidiError, match=reason):
        choose_chords(band, 3, [index])


def test_only_drums(tmp_path):
    with pytest.raises(MidiError, match="only drums"):
        choose_melody(song(tmp_path, Track("", 0, 9, KIT)))


def test_a_lone_line_is_unaccompanied(tmp_path):
    alone = song(tmp_path, Track("", 66, 0, LINE))
    chords = choose_chords(alone, 0)
    assert (chords.indexes, len(chords.notes), chords.why) == ((), 0, "nobody else plays")


def test_a_pianist_accompanies_herself(tmp_path):
    line = Notes.of([(n.onset, n.length, n.pitch + 9) for n in LINE])
    hands = Notes.of([*line, *COMP])
    piano = song(tmp_path, Track("", 0, 0, hands))
    assert skyline(piano.parts[0].notes).notes == line
    chords = choose_chords(piano, 0)
    assert chords.indexes == (0,)
    assert chords.notes == COMP


def test_presence_counts_bars(band):
    half = Notes.of([(i * 24, 22, 60) for i in range(16)])
    part = band.parts[3]
    part = type(part)(
        *(half if name == "notes" else getattr(part, name) for name in part.__slots__)
    )
    assert profiles([part], band.bar_lines)[0].presence == 0.5


def rows(notes):
    return [(n.onset, n.length, n.pitch) for n in notes]


@pytest.mark.parametrize(
    ("notes", "line", "merged", "cut"),
    [
        ([], [], 0, 0),
        # the highest of a chord
        ([(0, 24, 60), (0, 24, 64), (24, 24, 62)], [(0, 24, 64), (24, 24, 62)], 1, 0),
        # legato: the line goes on down although the note above still sounds
        ([(0, 30, 64), (24, 24, 62)], [(0, 24, 64), (24, 24, 62)], 0, 1),
        # an inner voice under a long note does not interrupt it
        ([(0, 96, 72), (24, 24, 64), (48, 24, 65)], [(0, 96, 72)], 2, 0),
        # the left hand in a rest of the right
        (
            [(0, 24, 72), (0, 24, 52), (0, 24, 48), (24, 24, 48), (48, 24, 72), (48, 24, 55)],
            [(0, 24, 72), (48, 24, 72)],
            4,
            0,
        ),
    ],
)
def test_skyline(notes, line, merged, cut):
    found = skyline(Notes.of(notes))
    assert (rows(found.notes), found.merged, found.cut) == (line, merged, cut)


@given(
    st.lists(
        st.tuples(st.integers(0, 99), st.integers(1, 50), st.integers(20, 100)),
        unique_by=lambda row: (row[0], row[2]),
    )
)
def test_a_skyline_is_monophonic_and_loses_nothing_silently(noted):
    notes = Notes.of(noted)
    line, merged, _ = skyline(notes)
    assert line.is_monophonic
    assert len(line) + merged == len(notes)
    assert len(line) > 0 or not len(notes)
    assert len(below(notes, line)) == merged
    assert skyline(line).notes == line


def test_polyphony():
    assert polyphony(LINE) == 1
    assert polyphony(COMP) == 4
    assert polyphony(Notes.of([(0, 24, 60), (12, 24, 64), (96, 12, 60)])) == 60 / 48


def test_program_names():
    assert len(PROGRAM_NAMES) == 128
    assert program_name(66) == "Tenor Sax"
    assert program_name(66, is_drums=True) == "Drums"
    assert all(name == name.strip() and name for name in PROGRAM_NAMES)
