"""The grammar encoding: values worked out by hand, round trips, vocabulary rules, seeds."""

import itertools
import random
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.grammar import GrammarEncoding, build_vocabulary, spell
from jazzgen.encoding.grammar_cleanup import clean, clean_up, prune, quantise
from jazzgen.encoding.grammar_decoding import Token, parse_token
from jazzgen.encoding.grammar_harmony import categories, interval_semitones
from jazzgen.encoding.grammar_rhythm import grammar_rhythm, nearest, split_rest
from jazzgen.encoding.vocabulary import END, N_VALUES, UNKNOWN, Vocabulary
from jazzgen.errors import DatasetError
from jazzgen.music.changes import Changes
from jazzgen.music.chords import NO_CHORD, Chord
from jazzgen.music.notes import Note, Notes


def chord(symbol: str, *tones: int) -> Chord:
    return Chord(symbol, tones[0], tones[0], sum(1 << t for t in tones))


C6 = chord("C6", 0, 4, 7, 9)
G7 = chord("G7", 7, 11, 2, 5)
DM7 = chord("Dm7", 2, 5, 9, 0)
FM = chord("Fm", 5, 8, 0)
CHORDS = (C6, G7, DM7, FM)


def piece(notes: Notes, changes: Changes) -> Piece:
    return Piece(key="p", group="g", notes=notes, changes=changes)


def symbols(notes: Notes, changes: Changes, min_rest: int = 96) -> list[str]:
    return [s.symbol for s in spell(notes, changes, min_rest)]


def test_values_worked_out_by_hand() -> None:
    """Over C6 (A C E G in thirds: minor, so A Dorian, the highest that holds it), then G7."""
    changes = Changes.build([(0, C6), (96, G7)], [0, 96, 192])
    notes = Notes.of(
        [
            (0, 12, 64),  # E, chord tone; first of the bar
            (12, 8, 66),  # F#, of A Dorian; M2 up: M2+m3 = P4, M2-m3 = down a m2
            (20, 7, 65),  # F, next to E; F# to F is a d1 in letters 3-3: +m3 = d3, -m3 = d-3
            (32, 5, 70),  # B-, next to A; P4 up: m6 and M2
            (48, 2, 75),  # E-, next to E; P4 up
            (95, 24, 71),  # B, moved to the bar line: chord tone of G7, first of the bar
            (120, 16, 72),  # C, of the scale; m2 up: d4 and M-2
        ]
    )
    assert symbols(notes, changes) == [
        "C,0.500",
        "S,0.333,<P4,m-2>",
        "A,0.250,<d3,M-3>",
        "A,0.250,<m6,M2>",
        "A,0.250,<m6,M2>",
        "C,1.000",
        "S,0.667,<d4,M-2>",
    ]


@pytest.mark.parametrize(
    ("chord", "expected"),
    [
        (C6, "CASACASCACAS"),
        # No major chord by name (G# is no A-), so Dorian; all its tones are in B- Dorian, whose
        # D- and A- are no names of notes.
        (chord("Ab", 8, 0, 3), "CAACASXSCASA"),
        (NO_CHORD, "X" * 12),
    ],
)
def test_categories_over_a_chord(chord: Chord, expected: str) -> None:
    assert categories(chord.tones, chord.bass) == expected


def test_a_rest_is_spelled_from_min_rest_on() -> None:
    changes = Changes.build([(0, C6)], [0, 96, 192, 288, 384])
    notes = Notes.of([(24, 24, 60), (72, 24, 64), (96 * 3, 24, 67)])
    assert symbols(notes, changes) == [
        "C,1.000",
        "C,1.000,<P5,A1>",
        "R,4.000",
        "R,4.000",
        "C,1.000",
    ]
    assert symbols(notes, changes, 24)[:3] == ["R,1.000", "C,1.000", "R,1.000"]
    assert split_rest(96 + 48 + 18) == (96, 48, 18)


def test_encoded_tells_where_values_stand_in_the_solo() -> None:
    changes = Changes.build([(0, C6)], [0, 96, 192, 288])
    solo = piece(Notes.of([(0, 24, 60), (196, 24, 64)]), changes)
    encoded = GrammarEncoding.from_pieces([solo]).encode(solo)
    assert encoded.ticks.tolist() == [0, 24, 120, 192, 196, 220]  # 172 of silence: 96 + 72 + 6
    assert encoded.reference.tolist() == [60, 60, 60, 60, 60, 64]
    assert (encoded.sounding, encoded.unknown) == (2, 0)
    assert not encoded.phase.any()


# --- intervals and harmony against music21 ------------------------------------------------


def test_bounds_are_those_of_music21() -> None:
    interval = pytest.importorskip("music21.interval")
    note = pytest.importorskip("music21.note")
    from jazzgen.encoding.grammar_harmony import leap_bounds

    for before in range(48, 60):
        first = note.Note(before)
        for pitch in range(before - 26, before + 27, 1):
            leap = interval.Interval(first, note.Note(pitch))
            upper = interval.add([leap, "m3"])
            lower = interval.subtract([leap, "m3"])
            assert leap_bounds(before, pitch) == f"<{upper.directedName},{lower.directedName}>"
            for bound, margin in ((upper, 3), (lower, -3)):
                assert interval_semitones(bound.directedName) == pitch - before + margin


def test_categories_are_those_of_music21() -> None:
    music21 = pytest.importorskip("music21")
    rng = random.Random(7)
    for _ in range(150):
        bass = rng.randrange(12)
        others = rng.sample(range(12), rng.randint(0, 6))
        upwards = sorted({bass, *others}, key=lambda p: (p - bass) % 12)
        pitches = [music21.pitch.Pitch(48 + bass + (p - bass) % 12) for p in upwards]
        theirs = music21.chord.Chord(pitches)
        major = theirs.quality == "major"
        scale = (music21.scale.MajorScale() if major else music21.scale.DorianScale()).derive(
            theirs
        )
        scale_names = {p.name for p in scale.getPitches()}
        near = set()
        for tone, step in itertools.product(theirs.pitches, (1, -1)):
            moved = tone.transpose(step)
            near |= {moved.name, moved.getEnharmonic().name}
        expected = "".join(
            "C"
            if name in theirs.pitchNames
            else "S"
            if name in scale_names
            else "A"
            if name in near
            else "X"
            for name in (music21.pitch.Pitch(60 + p).name for p in range(12))
        )
        assert categories(sum(1 << p for p in upwards), bass) == expected


# --- rhythm and round trips ---------------------------------------------------------------


@st.composite
def solos(draw: st.DrawFn) -> tuple[Notes, Changes]:
    rows = []
    tick = draw(st.integers(0, 95))
    for _ in range(draw(st.integers(1, 30))):
        length = draw(st.integers(1, 60))
        rows.append((tick, length, draw(st.integers(30, 100))))
        tick += length + draw(st.sampled_from([0, 0, 1, 3, 7, 12, 24, 50, 96, 150, 400]))
    bar = draw(st.sampled_from([48, 72, 96, 120]))
    lines = list(range(0, tick + bar, bar))
    starts = draw(st.lists(st.integers(0, lines[-1] - 1), max_size=8, unique=True))
    changes = [(start, draw(st.sampled_from((*CHORDS, NO_CHORD)))) for start in starts]
    return Notes.of(rows), Changes.build(changes, lines)


def decoded(encoding: GrammarEncoding, values: np.ndarray, changes: Changes, seed: int) -> Notes:
    decoder = encoding.decoder(changes, rng=np.random.default_rng(seed))
    for value in values.tolist():
        assert decoder.allowed()[value]
        decoder.push(value)
    return decoder.notes()


def heads(notes: Notes, changes: Changes, min_rest: int) -> list[Token]:
    return [parse_token(s)._replace(bounds=None) for s in symbols(notes, changes, min_rest)]


@settings(max_examples=150, deadline=None)
@given(solos(), st.sampled_from([1, 6, 12, 24, 96]), st.integers(0, 9))
def test_round_trip(solo: tuple[Notes, Changes], min_rest: int, seed: int) -> None:
    notes, changes = solo
    encoding = GrammarEncoding(_whole_vocabulary(notes, changes, min_rest), min_rest)
    encoded = encoding.encode(piece(notes, changes))
    again = decoded(encoding, encoded.values, changes, seed)
    regular = grammar_rhythm(notes, min_rest)
    assert again.onset.tolist() == regular.onset.tolist()
    assert again.length.tolist() == regular.length.tolist()
    assert grammar_rhythm(regular, min_rest) == regular
    assert again.is_monophonic

    before, after = heads(notes, changes, min_rest), heads(again, changes, min_rest)
    assert [t.length for t in after] == [t.length for t in before]
    tick = 0
    for was, now in zip(before, after, strict=True):
        over = _categories_at(changes, tick)
        if was.category == "R" or was.category in over:
            assert now.category == was.category
        tick += was.length


@settings(max_examples=60, deadline=None)
@given(solos(), st.integers(0, 9))
def test_round_trip_keeps_categories_when_no_note_changes_its_chord(
    solo: tuple[Notes, Changes], seed: int
) -> None:
    notes, changes = grammar_rhythm(solo[0], 1), solo[1]
    encoding = GrammarEncoding(_whole_vocabulary(notes, changes, 1), 1)
    encoded = encoding.encode(piece(notes, changes))
    again = decoded(encoding, encoded.values, changes, seed)
    assert heads(again, changes, 1) == heads(notes, changes, 1)


def _categories_at(changes: Changes, tick: int) -> str:
    from jazzgen.encoding.grammar_decoding import Harmony

    return Harmony(changes).at(nearest(tick))


def _whole_vocabulary(notes: Notes, changes: Changes, min_rest: int) -> Vocabulary:
    return Vocabulary("grammar", tuple(sorted(set(symbols(notes, changes, min_rest)))))


@pytest.mark.parametrize(
    ("tick", "expected"),
    [(0, 0), (3, 0), (4, 6), (7, 6), (9, 8), (10, 12), (14, 12), (15, 16), (17, 18), (21, 18)],
)
def test_grid(tick: int, expected: int) -> None:
    assert nearest(tick) == expected
    assert nearest(tick + 240) == expected + 240


def test_a_chord_later_in_the_bar_counts_where_none_sounds_yet() -> None:
    changes = Changes.build([(48, C6), (96, NO_CHORD)], [0, 96, 192])
    notes = Notes.of([(0, 24, 60), (96, 24, 60)])
    assert symbols(notes, changes) == ["C,1.000", "X,1.000"]


# --- decoding -----------------------------------------------------------------------------


def test_drawn_notes_fit_bounds_range_and_chord() -> None:
    vocabulary = Vocabulary("grammar", ("C,0.500", "S,0.250,<P5,A1>", END, UNKNOWN))
    encoding = GrammarEncoding(vocabulary, pitch_range=(55, 79))
    changes = Changes.build([(0, DM7)], [0, 96])
    for seed in range(40):
        decoder = encoding.decoder(changes, rng=np.random.default_rng(seed))
        assert decoder.allowed().tolist() == [True, True, True] + [False] * 75
        decoder.push(0)
        decoder.push(1)
        first, second = decoder.notes()
        assert first.pitch % 12 in {2, 5, 9, 0}
        assert 53 <= first.pitch <= 67
        assert 1 <= second.pitch - first.pitch <= 7
        assert categories(DM7.tones, 2)[second.pitch % 12] == "S"
        assert (decoder.tick, decoder.reference) == (18, second.pitch)
        decoder.push(2)
        assert decoder.ended
        assert not decoder.allowed().any()


def test_the_nearest_note_of_the_category_where_the_bounds_hold_none() -> None:
    vocabulary = Vocabulary("grammar", ("C,1.000,<P-8,d-12>",))
    decoder = GrammarEncoding(vocabulary).decoder(
        Changes.build([(0, C6)], [0, 96]), rng=np.random.default_rng(0), start_pitch=50
    )
    decoder.push(0)  # an octave below a note at the bottom of the range
    assert decoder.notes().pitch.tolist() == [48]


def test_any_note_within_the_bounds_where_the_category_is_empty() -> None:
    vocabulary = Vocabulary("grammar", ("C,1.000",))
    decoder = GrammarEncoding(vocabulary).decoder(
        Changes.unaccompanied(1), rng=np.random.default_rng(0)
    )
    decoder.push(0)
    assert 53 <= decoder.notes().pitch[0] <= 67


def test_values_that_cannot_follow() -> None:
    vocabulary = Vocabulary("grammar", ("C,1.000", END, UNKNOWN))
    decoder = GrammarEncoding(vocabulary).decoder(
        Changes.unaccompanied(1), rng=np.random.default_rng(0)
    )
    for value in (-1, 2, 3, 78):
        with pytest.raises(ValueError, match="cannot follow"):
            decoder.push(value)


def test_same_seed_same_solo() -> None:
    vocabulary = Vocabulary("grammar", ("C,0.250", "X,0.333,<P5,A1>", "A,0.250,<m-2,d-6>"))
    encoding = GrammarEncoding(vocabulary)
    changes = Changes.build([(0, C6), (48, G7)], [0, 96])
    values = np.array([0, 1, 2, 1, 2, 1, 0, 2, 1] * 4)
    one, same, other = (decoded(encoding, values, changes, seed) for seed in (1, 1, 2))
    assert one == same
    assert one != other


# --- vocabulary ---------------------------------------------------------------------------


def test_vocabulary_up_to_77_symbols_has_them_all_and_an_end() -> None:
    counts = Counter({f"C,{i}.000": 1 for i in range(1, 78)})
    vocabulary = build_vocabulary(counts)
    assert vocabulary.symbols == (*sorted(counts), END)
    assert (vocabulary.end, vocabulary.unknown) == (77, None)


def test_vocabulary_of_78_symbols_is_deepjazz_own_and_has_no_end() -> None:
    counts = Counter({f"C,{i}.000": 1 for i in range(1, 79)})
    assert build_vocabulary(counts).symbols == tuple(sorted(counts))


def test_vocabulary_beyond_78_symbols_keeps_the_most_frequent() -> None:
    counts = Counter({f"C,{i}.000": 2 if i > 90 else 1 for i in range(1, 101)})
    vocabulary = build_vocabulary(counts)
    assert len(vocabulary.symbols) == N_VALUES
    assert vocabulary.symbols[-2:] == (END, UNKNOWN)
    kept = vocabulary.symbols[:-2]
    assert list(kept) == sorted(kept)
    assert {f"C,{i}.000" for i in range(91, 101)} <= set(kept)
    ones = sorted(f"C,{i}.000" for i in range(1, 91))
    assert [s for s in kept if counts[s] == 1] == ones[:66]


def test_vocabulary_does_not_depend_on_the_order_of_counting() -> None:
    names = [f"C,{i}.000" for i in range(1, 101)]
    shuffled = names[:]
    random.Random(3).shuffle(shuffled)
    first = build_vocabulary(dict.fromkeys(names, 1))
    assert first.sha256 == build_vocabulary(dict.fromkeys(shuffled, 1)).sha256


def test_vocabulary_does_not_depend_on_the_hash_seed() -> None:
    code = (
        "from jazzgen.encoding.grammar import build_vocabulary;"
        "print(build_vocabulary(dict.fromkeys({f'C,{i}.000' for i in range(99)}, 1)).sha256)"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(seen) == 1


def test_a_rare_value_becomes_unknown() -> None:
    changes = Changes.unaccompanied(40)
    common = Notes.of([(96 * i, 24 * i + 24, 60) for i in range(3)])
    rare = Notes.of([(0, 5000, 60)])
    vocabulary = Vocabulary("grammar", ("X,1.000", "X,2.000", "X,3.000", END, UNKNOWN))
    encoding = GrammarEncoding(vocabulary)
    assert encoding.encode(piece(common, changes)).unknown == 0
    encoded = encoding.encode(piece(rare, changes))
    assert (encoded.values.tolist(), encoded.unknown) == ([4], 1)
    without = GrammarEncoding(Vocabulary("grammar", ("X,1.000", END)))
    with pytest.raises(DatasetError, match="not among the 2 values"):
        without.encode(piece(rare, changes))


@pytest.mark.parametrize("symbol", ["", "C", "Q,0.250", "C,0.250,<P4>", "C,0.000", "C,1.0,<q4,P1>"])
def test_symbols_of_another_vocabulary_are_refused(symbol: str) -> None:
    with pytest.raises(ValueError, match=r"not a value|no length|interval"):
        GrammarEncoding(Vocabulary("grammar", (symbol,)))


def test_options_out_of_range_are_refused() -> None:
    vocabulary = Vocabulary("grammar", ("C,1.000",))
    with pytest.raises(ValueError, match="rest of 0"):
        GrammarEncoding(vocabulary, min_rest=0)
    with pytest.raises(ValueError, match="octave"):
        GrammarEncoding(vocabulary, pitch_range=(60, 65))


# --- cleaning up --------------------------------------------------------------------------


def test_quantise_moves_to_the_grid() -> None:
    notes = Notes.of([(1, 2, 60), (7, 5, 61), (17, 9, 62)])
    assert [note[:3] for note in quantise(notes)] == [(0, 6, 60), (6, 6, 61), (18, 8, 62)]
    straight = quantise(notes, triplets=False)
    assert [note[:3] for note in straight] == [(0, 6, 60), (6, 6, 61), (18, 6, 62)]


def test_prune_halves_a_run_of_one_pitch() -> None:
    notes = Notes.of([Note(12 * i, 12, 60) for i in range(5)] + [Note(60, 12, 62)])
    assert prune(notes).onset.tolist() == [0, 24, 48, 60]


def test_clean_leaves_one_voice() -> None:
    notes = Notes.of([(0, 24, 60), (0, 24, 64), (2, 10, 65), (12, 30, 67), (30, 6, 69)])
    assert [n[:3] for n in clean(notes)] == [(0, 12, 60), (12, 18, 67), (30, 6, 69)]
    assert clean(Notes.empty()) == Notes.empty()


@given(solos())
@settings(max_examples=50, deadline=None)
def test_clean_up_gives_one_voice(solo: tuple[Notes, Changes]) -> None:
    assert clean_up(solo[0]).is_monophonic
    assert clean_up(solo[0], ()) == solo[0]


def test_an_unknown_step_is_refused() -> None:
    with pytest.raises(ValueError, match="polish"):
        clean_up(Notes.empty(), ["polish"])
