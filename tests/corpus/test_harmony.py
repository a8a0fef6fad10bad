"""Chords from chord symbols, and chords heard."""

import random

import numpy as np
import pytest

from jazzgen.corpus.harmony import heard_chords, song_chords, written_chords
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.midi_read import read_midi
from jazzgen.music.midi_write import Track, write_midi
from jazzgen.music.notes import Notes

LINE = Notes.of([(i * 24, 22, 60 + i % 5) for i in range(32)])


def lines(bars, bar=96):
    return np.arange(0, (bars + 1) * bar, bar, dtype=np.int32)


def voiced(symbols, length=96, low=True):
    """Block chords around middle C, and the bass below."""
    notes = []
    for number, symbol in enumerate(symbols):
        chord = parse_chord(symbol)
        start = number * length
        notes += [(start, length, 54 + (p - 54) % 12) for p in chord.pitch_classes]
        if low:
            notes.append((start, length, 36 + chord.bass))
    return Notes.of(notes)


def named(rows):
    return [(tick, chord.symbol) for tick, chord in rows]


@pytest.mark.parametrize(
    "quality", ["", "m", "7", "maj7", "m7", "m7b5", "dim7", "6", "m6", "mMaj7", "7sus4", "9"]
)
def test_block_chords_are_heard_as_what_they_are(quality):
    for root in ("C", "Db", "F", "A"):
        (row,) = heard_chords(voiced([root + quality]), lines(1))
        assert named([row]) == [(0, root + quality)]


def test_two_chords_a_bar():
    symbols = ["Dm7", "G7", "Cmaj7", "A7", "Dm7", "G7", "C6", "C6"]
    rows = heard_chords(voiced(symbols, length=48), lines(4))
    assert named(rows) == [(i * 48, symbol) for i, symbol in enumerate(symbols[:-1])]


def test_equal_neighbours_are_one():
    rows = heard_chords(voiced(["F7", "F7", "Bb7"]), lines(3))
    assert named(rows) == [(0, "F7"), (192, "Bb7")]


def test_walking_bass_and_stabs():
    rng = random.Random(1)
    symbols = ["Dm7", "G7", "Cmaj7", "Fmaj7", "Bm7b5", "E7", "Am7", "A7"]
    notes = []
    for bar, symbol in enumerate(symbols):
        chord = parse_chord(symbol)
        for beat in (0, 1.5, 2.5):
            start = int(bar * 96 + beat * 24)
            notes += [(start, 5, 54 + (p - 54) % 12) for p in chord.pitch_classes]
        walk = [chord.root, *rng.sample(chord.pitch_classes, 2), chord.root - 1]
        notes += [(bar * 96 + i * 24, 22, 36 + p % 12) for i, p in enumerate(walk)]
    rows = heard_chords(Notes.of(notes), lines(8))
    assert named(rows) == [(bar * 96, symbol) for bar, symbol in enumerate(symbols)]


def test_waltz_and_compound_metre():
    waltz = heard_chords(voiced(["C", "G7"], length=72), lines(2, 72))
    assert named(waltz) == [(0, "C"), (72, "G7")]
    halves = heard_chords(voiced(["C", "G7"], length=36), lines(1, 72), compound=True)
    assert named(halves) == [(0, "C"), (36, "G7")]


def test_silence_before_within_and_after():
    two = Notes.of([*voiced(["C"]).shifted(96), *voiced(["F"]).shifted(96 * 6)])
    rows = heard_chords(two, lines(8))
    assert named(rows) == [(0, "N.C."), (96, "C"), (192, "N.C."), (576, "F")]
    # a bar of rest is held
    short = Notes.of([*voiced(["C"]), *voiced(["F"]).shifted(192)])
    assert named(heard_chords(short, lines(3))) == [(0, "C"), (192, "F")]


def test_many_bars_fill_several_blocks():
    symbols = ["Dm7", "G7", "Cmaj7", "Cmaj7"] * 20
    rows = heard_chords(voiced(symbols), lines(80))
    assert [chord.symbol for _, chord in rows] == ["Dm7", "G7", "Cmaj7"] * 20


def test_rows_are_strictly_in_order_and_inside():
    rng = np.random.default_rng(0)
    onset = np.sort(rng.integers(0, 960, 300)).astype(np.int32)
    notes = Notes(
        onset,
        rng.integers(1, 2000, 300).astype(np.int32),
        rng.integers(0, 128, 300).astype(np.int32),
        np.full(300, 80, np.int32),
    )
    rows = heard_chords(notes, lines(10))
    ticks = [tick for tick, _ in rows]
    assert ticks[0] == 0
    assert ticks == sorted(set(ticks))
    assert ticks[-1] < 960


def song_with_texts(tmp_path, texts, kind="marker", changes=None):
    import mido

    path = tmp_path / "song.mid"
    changes = changes or Changes.unaccompanied(8)
    write_midi(path, [Track("Solo", 66, 0, LINE)], tempo_bpm=120, changes=changes)
    file = mido.MidiFile(path)
    track = mido.MidiTrack()
    now = 0
    for tick, text in texts:
        track.append(mido.MetaMessage(kind, text=text, time=(tick - now) * 20))
        now = tick
    file.tracks.append(track)
    file.save(path)
    return read_midi(path)


@pytest.mark.parametrize("kind", ["marker", "text", "lyrics", "cue_marker"])
def test_chord_symbols_of_every_kind(tmp_path, kind):
    texts = [(0, "Dm7"), (96, "G7"), (192, "Cmaj7"), (288, "Cmaj7"), (384, "A7b9")]
    rows = written_chords(song_with_texts(tmp_path, texts, kind))
    assert named(rows) == [(0, "Dm7"), (96, "G7"), (192, "Cmaj7"), (384, "A7b9")]


@pytest.mark.parametrize(
    "texts",
    [
        [(0, "A"), (384, "B"), (768, "A"), (1152, "C")],  # sections
        [(0, "Intro"), (96, "Verse"), (192, "C"), (288, "A7")],  # few can be read
        [(0, "Am"), (24, "I"), (48, "blue"), (72, "Do"), (96, "you"), (120, "care")],  # a lyric
        [(0, "E")],
        [],
    ],
)
def test_what_is_no_chord_symbols(tmp_path, texts):
    assert written_chords(song_with_texts(tmp_path, texts)) == []


@pytest.mark.parametrize(
    "texts",
    [
        [(0, "C"), (96, "F"), (192, "G"), (288, "C")],  # single letters, but one a bar
        [(0, "Dm7")],
        [(0, "[C]"), (96, "(Am)"), (192, "F")],
        [(0, "C7"), (96, "F7"), (192, "C7"), (288, "solo!"), (384, "F7")],  # one in five is not
    ],
)
def test_what_is_chord_symbols(tmp_path, texts):
    assert written_chords(song_with_texts(tmp_path, texts))


def test_own_files_keep_their_changes(tmp_path):
    chords = [(0, parse_chord("Cø")), (96, parse_chord("F7alt")), (192, parse_chord("Bb-Δ7"))]
    changes = Changes.build(chords, range(0, 384, 96))
    song = song_with_texts(tmp_path, [], changes=changes)
    rows, source = song_chords(song, Notes.empty())
    assert (rows, source) == (chords, "symbols")


def test_no_chords_at_all(tmp_path):
    song = song_with_texts(tmp_path, [])
    assert song_chords(song, Notes.empty()) == ([], "none")
    rows, source = song_chords(song, voiced(["Dm7", "G7"]))
    assert (named(rows)[:2], source) == ([(0, "Dm7"), (96, "G7")], "accompaniment")
