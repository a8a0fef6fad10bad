import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jazzgen.errors import ChordError
from jazzgen.music.chords import NO_CHORD, Chord, parse_chord, pitch_class, pitch_class_name

SHARED = Path(__file__).resolve().parents[2].parent / "shared"

# Spellings on the left, tones above C on the right.
QUALITIES = [
    ("C CM Cmaj Cma Cmajor", "0 4 7"),
    ("C5 Cno3", "0 7"),
    ("C2 Cadd9 Cadd2 C(add9)", "0 2 4 7"),
    ("Cadd11 Cadd4", "0 4 5 7"),
    ("Csus Csus4", "0 5 7"),
    ("Csus2", "0 2 7"),
    ("Csus24", "0 2 5 7"),
    ("C6 Cmaj6 CM6", "0 4 7 9"),
    ("C69 C6/9 C6(9)", "0 2 4 7 9"),
    ("C69#11 C6911#", "0 2 4 6 7 9"),
    ("Cmaj7 C^7 C^ CΔ CΔ7 C△7 Cj7 CM7 Cma7 CMaj7 CMA7 Cmajor7 C7M", "0 4 7 11"),
    ("Cmaj9 C^9 CM9 Cj79", "0 2 4 7 11"),
    ("Cmaj13 C^13", "0 2 4 7 9 11"),
    ("Cmaj7#11 C^7#11 CM7(#11)", "0 4 6 7 11"),
    ("Cmaj9#11 C^9#11 Cj7911#", "0 2 4 6 7 11"),
    ("Cmaj7#5 C^7#5 C+j7 C+^7 Cmaj7+5", "0 4 8 11"),
    ("Cmaj7b5", "0 4 6 11"),
    ("Cj79#", "0 3 4 7 11"),
    ("Cj79#11#", "0 3 4 6 7 11"),
    ("Cm C- Cmin Cmi Cminor", "0 3 7"),
    ("Cm6 C-6 Cmin6", "0 3 7 9"),
    ("Cm69 C-69 Cm6/9", "0 2 3 7 9"),
    ("Cm7 C-7 Cmin7 Cmi7 CMI7 CMin7", "0 3 7 10"),
    ("Cm9 C-9 C-79", "0 2 3 7 10"),
    ("Cm11 C-11 C-7911", "0 2 3 5 7 10"),
    ("Cm13 C-13", "0 2 3 7 9 10"),
    ("C-79b Cm7b9 C-7(b9)", "0 1 3 7 10"),
    ("CmMaj7 C-^7 C-j7 Cm(maj7) C-maj7 Cm/maj7 CmM7 C-Δ7", "0 3 7 11"),
    ("C-^9 CmMaj9", "0 2 3 7 11"),
    ("Cmadd9 Cm(add9)", "0 2 3 7"),
    ("Cmb6 C-b6", "0 3 7 8"),
    ("Cmaug C-#5 Cm#5", "0 3 8"),
    ("Cø Cø7 CØ Ch Ch7 Cm7b5 C-7b5 Cm7(b5) C-7-5", "0 3 6 10"),
    ("Cø9 Ch9 Cm9b5", "0 2 3 6 10"),
    ("Co C° Cdim C0 Cmb5", "0 3 6"),
    ("Co7 C°7 Cdim7 C07 Cº7", "0 3 6 9"),
    ("Co^7 Cdim(maj7)", "0 3 6 11"),
    ("C+ Caug C+5 C(#5)", "0 4 8"),
    ("C7", "0 4 7 10"),
    ("C9 C79 C7(9)", "0 2 4 7 10"),
    ("C11 C7911 C9sus C9sus4 Csus79", "0 2 5 7 10"),
    ("C13 C7913", "0 2 4 7 9 10"),
    ("C7b9 C79b C7(b9) C7-9", "0 1 4 7 10"),
    ("C7#9 C79# C7(#9) C7+9", "0 3 4 7 10"),
    ("C7b9#9", "0 1 3 4 7 10"),
    ("C7b5 C7-5", "0 4 6 10"),
    ("C+7 C7#5 C7+ C7+5 Caug7 C7aug", "0 4 8 10"),
    ("C9#5 C+79 C+9", "0 2 4 8 10"),
    ("C+79# C7#5#9 C7#9#5", "0 3 4 8 10"),
    ("C+79b C7b9#5", "0 1 4 8 10"),
    ("C+7911#", "0 2 4 6 8 10"),
    ("C7#11 C7#4 C7+11", "0 4 6 7 10"),
    ("C9#11 C7911#", "0 2 4 6 7 10"),
    ("C13#11 C7911#13", "0 2 4 6 7 9 10"),
    ("C7b9#11", "0 1 4 6 7 10"),
    ("C79#11# C7#9#11", "0 3 4 6 7 10"),
    ("C7b13", "0 4 7 8 10"),
    ("C7913b C9b13 C7(9,b13)", "0 2 4 7 8 10"),
    ("C79b13b C7b9b13 C7(b9,b13) C7(b9)(b13)", "0 1 4 7 8 10"),
    ("C79b13 C13b9", "0 1 4 7 9 10"),
    ("C79#13 C13#9", "0 3 4 7 9 10"),
    ("C7alt Calt", "0 1 3 4 6 8 10"),
    ("C7sus C7sus4 Csus7", "0 5 7 10"),
    ("C7sus2", "0 2 7 10"),
    ("C13sus Csus7913 C13sus4", "0 2 5 7 9 10"),
    ("C7b9sus C7susb9 C7sus4(b9)", "0 1 5 7 10"),
    ("C7b13sus", "0 5 7 8 10"),
    ("C7susadd3", "0 4 5 7 10"),
    ("C7no3 C7omit3", "0 7 10"),
    ("C7no5", "0 4 10"),
]
SPELLINGS = [(symbol, tones) for symbols, tones in QUALITIES for symbol in symbols.split()]

ROOTS = [
    ("Cb", 11), ("C", 0), ("C#", 1), ("C♯", 1), ("Db", 1), ("D♭", 1), ("D", 2), ("D#", 3),
    ("Eb", 3), ("E", 4), ("E#", 5), ("Fb", 4), ("F", 5), ("F#", 6), ("Gb", 6), ("G", 7),
    ("G#", 8), ("Ab", 8), ("A", 9), ("A#", 10), ("Bb", 10), ("B", 11), ("B#", 0),
]  # fmt: skip

SLASHES = [
    ("C/E", 0, 4, {0, 4, 7}),
    ("C/Bb", 0, 10, {0, 4, 7}),
    ("F+/Ab", 5, 8, {5, 9, 1}),
    ("Dm7/G", 2, 7, {2, 5, 9, 0}),
    ("G-69/Ab", 7, 8, {7, 10, 2, 4, 9}),
    ("Bm/maj7/A#", 11, 10, {11, 2, 6, 10}),
    ("Eb6/9/G", 3, 7, {3, 7, 10, 0, 5}),
    ("Bbj7911#/Ab", 10, 8, {10, 2, 5, 9, 0, 4}),
    ("F♯m7♭5/C", 6, 0, {6, 9, 0, 4}),
]


def test_the_table_is_large():
    assert len(SPELLINGS) >= 150
    assert len({symbol for symbol, _ in SPELLINGS}) == len(SPELLINGS)


@pytest.mark.parametrize(("symbol", "tones"), SPELLINGS)
def test_tones(symbol, tones):
    chord = parse_chord(symbol)
    assert (chord.symbol, chord.root, chord.bass) == (symbol, 0, 0)
    assert chord.pitch_classes == tuple(map(int, tones.split()))


@pytest.mark.parametrize(("name", "root"), ROOTS)
def test_roots(name, root):
    chord = parse_chord(name + "m7")
    assert (chord.root, chord.bass) == (root, root)
    assert set(chord.pitch_classes) == {(root + tone) % 12 for tone in (0, 3, 7, 10)}


@pytest.mark.parametrize(("symbol", "root", "bass", "tones"), SLASHES)
def test_slash_chords(symbol, root, bass, tones):
    chord = parse_chord(symbol)
    assert (chord.root, chord.bass, set(chord.pitch_classes)) == (root, bass, tones)


@pytest.mark.parametrize("symbol", ["NC", "N.C.", "n", "nc", "n.c.", "N", " N.C. "])
def test_no_chord(symbol):
    assert parse_chord(symbol) is NO_CHORD


def test_space_around_is_dropped():
    assert parse_chord(" Dm7 ") == parse_chord("Dm7")


@pytest.mark.parametrize(
    ("symbol", "unreadable"),
    [
        ("", "it is empty"),
        ("Hm7", "'H' is no root"),
        ("c7", "'c' is no root"),
        ("/E", "'/' is no root"),
        ("%", "'%' is no root"),
        ("Cfoo7", "'foo7' is no quality"),
        ("C7b9x", "'x' is no quality"),
        ("C/H", "'H' is no quality"),
        ("C7/", "'/' is no quality"),
        ("C 7", "' 7' is no quality"),
        ("C|D", "'|D' is no quality"),
        ("C/E/G", "'E' is no quality"),
        ("C7(Gm7)", "'Gm7)' is no quality"),
        ("C74", "'4' is no quality"),
        ("C8", "'8' is no quality"),
    ],
)
def test_what_cannot_be_read_is_named_with_examples(symbol, unreadable):
    with pytest.raises(ChordError) as caught:
        parse_chord(symbol)
    message = str(caught.value)
    assert f"cannot read chord {symbol!r}" in message
    assert unreadable in message
    assert "like Cm7" in message


@given(st.text(alphabet="ABCDEFGH#b♭mMajinsudgolt+-^ø°0123456789()/, NC.", max_size=12))
def test_any_text_is_a_chord_or_a_chord_error(symbol):
    try:
        chord = parse_chord(symbol)
    except ChordError:
        return
    assert chord is NO_CHORD or (0 <= chord.root < 12 and chord.tones >> chord.root & 1)


chords = st.builds(
    lambda root, spelling, bass: parse_chord(root[0] + spelling[0][1:] + bass),
    st.sampled_from(ROOTS),
    st.sampled_from(SPELLINGS),
    st.sampled_from(["", "/C", "/F#", "/Ab", "/B"]),
)


@given(chords, st.integers(-30, 30), st.booleans())
def test_transposition_moves_every_tone_and_can_be_read_again(chord, semitones, sharps):
    moved = chord.transposed(semitones, sharps=sharps)
    assert moved.root == (chord.root + semitones) % 12
    assert moved.bass == (chord.bass + semitones) % 12
    assert set(moved.pitch_classes) == {(tone + semitones) % 12 for tone in chord.pitch_classes}
    assert parse_chord(moved.symbol) == moved


@pytest.mark.parametrize(
    ("symbol", "semitones", "sharps", "expected"),
    [
        ("Cm7", 3, False, "Ebm7"),
        ("Cm7", 3, True, "D#m7"),
        ("C♭7", 1, False, "C7"),
        ("Dm7b5", 4, False, "F#m7b5"),
        ("D79b13b", -2, False, "C79b13b"),
        ("CΔ7", 6, False, "GbΔ7"),
        ("F/A", 4, False, "A/C#"),
        ("F7/Eb", -5, False, "C7/Bb"),
        ("Fm/Ab", 1, False, "F#m/A"),
        ("C", 12, False, "C"),
    ],
)
def test_transposed_symbols(symbol, semitones, sharps, expected):
    assert parse_chord(symbol).transposed(semitones, sharps=sharps).symbol == expected


def test_no_chord_stays_no_chord():
    assert NO_CHORD.transposed(5) is NO_CHORD


def test_a_chord_without_a_readable_symbol_is_transposed_by_its_tones():
    chord = Chord(symbol="?", root=0, bass=0, tones=0b10010001)
    assert chord.transposed(2) == Chord(symbol="D", root=2, bass=2, tones=0b1001000100)


@pytest.mark.parametrize("number", range(12))
def test_names_of_pitch_classes(number):
    assert pitch_class(pitch_class_name(number)) == number
    assert pitch_class(pitch_class_name(number, sharps=True)) == number


def test_every_symbol_of_the_weimar_jazz_database():
    path = SHARED / "wjazzd" / "wjazzd-subset.db"
    if not path.is_file():
        pytest.skip(f"no {path}")
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT DISTINCT chord FROM beats WHERE chord != ''").fetchall()
    assert len(rows) == 407
    for (symbol,) in rows:
        parse_chord(symbol)


def test_every_symbol_of_the_published_charts():
    path = SHARED / "charts" / "JazzStandards.json"
    if not path.is_file():
        pytest.skip(f"no {path}")
    lines = re.findall(r'"Chords": "([^"]*)"', json.dumps(json.loads(path.read_text("utf-8"))))
    written = {cell for line in lines for bar in line.split("|") for cell in bar.split(",")}
    # Alternates, as in C7(Gm7), are chords of their own.
    symbols = {symbol for cell in written for symbol in re.split(r"[()](?=[A-G]|$)", cell)} - {""}
    assert len(symbols) > 800
    for symbol in symbols:
        parse_chord(symbol)
