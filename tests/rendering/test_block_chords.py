"""The held chords: right tones, right bass, right places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jazzgen.music.changes import Changes
from jazzgen.music.charts import parse_chart, read_chart
from jazzgen.music.chords import NO_CHORD, parse_chord
from jazzgen.rendering.block_chords import VELOCITY, block_chords
from jazzgen.resources import bundled_charts

ROOTS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
QUALITIES = (
    *("", "m", "5", "dim", "+", "6", "m6", "7", "^7", "m7", "mM7", "ø", "o7", "sus", "7sus"),
    *(
        "9",
        "m9",
        "^9",
        "6/9",
        "7b9",
        "7#9",
        "7b9#9",
        "11",
        "m11",
        "13",
        "^13#11",
        "13#11",
        "7b9b13",
    ),
    *("alt", "add9", "/E", "m7/Bb", "^7#11"),
)
symbols = st.builds(str.__add__, st.sampled_from(ROOTS), st.sampled_from(QUALITIES))


def at(notes, tick):
    """Pitches struck at a tick, the bass first."""
    return [note.pitch for note in notes if note.onset == tick]


def one_bar_each(chords):
    return Changes.build(
        [(96 * bar, parse_chord(chord)) for bar, chord in enumerate(chords)],
        range(0, 96 * (len(chords) + 1), 96),
    )


@given(st.lists(symbols, min_size=1, max_size=6))
def test_bass_and_chord_tones_within_their_ranges(chords):
    changes = one_bar_each(chords)
    notes = block_chords(changes)
    for tick, chord in zip(changes.starts.tolist(), changes.chords, strict=True):
        bass, *upper = at(notes, tick)
        assert bass % 12 == chord.bass
        assert 36 <= bass <= 47
        assert all(52 <= pitch <= 71 for pitch in upper)
        assert {pitch % 12 for pitch in upper} <= set(chord.pitch_classes)
        fewest = min(4, len(chord.pitch_classes)) - (len(chord.pitch_classes) == 4)
        assert fewest <= len(upper) == len(set(upper)) <= 4
        assert max(upper) - min(upper) < 12  # close together
    assert set(notes.velocity.tolist()) == {VELOCITY}


@pytest.mark.parametrize("root", range(12))
@pytest.mark.parametrize(
    ("symbol", "kept"),
    [
        ("C", {0, 4, 7}),
        ("C7", {0, 4, 7, 10}),
        ("C^7", {4, 7, 11}),
        ("C7b9", {1, 4, 7, 10}),
        ("C9", {0, 4, 10, 2}),
        ("C7#9", {0, 4, 10, 3}),
        ("Cm11", {3, 10, 2, 5}),
        ("C13", {4, 10, 2, 9}),
        ("C13#11", {4, 10, 6, 9}),
        ("Calt", {4, 10, 3, 8}),
        ("C^9", {4, 7, 11, 2}),
        ("C6/9", {0, 4, 9, 2}),
    ],
)
def test_which_tones_are_left_to_the_bass_player(symbol, kept, root):
    """In every key the same: never the third or the seventh."""
    chord = parse_chord(symbol).transposed(root)
    changes = Changes.build([(0, chord)], [0, 96])
    _, *upper = at(block_chords(changes), 0)
    assert {(pitch - root) % 12 for pitch in upper} == kept


def test_strikes_at_bar_lines_and_changes_and_fills_what_is_between():
    changes = parse_chart("| Dm7 / G7 / | Cmaj7 | % | A7 Dm7 G7 |").changes()
    notes = block_chords(changes)
    assert sorted(set(notes.onset.tolist())) == [0, 48, 96, 192, 288, 336, 360]
    ends = {note.onset: note.onset + note.length for note in notes}
    assert ends == {0: 48, 48: 96, 96: 192, 192: 288, 288: 336, 336: 360, 360: 384}
    for onset in ends:
        assert len({n.length for n in notes if n.onset == onset}) == 1


def test_a_chord_held_over_bars_is_struck_in_each():
    notes = block_chords(Changes.build([(0, parse_chord("Dm7"))], [0, 96, 168, 264]))
    assert sorted(set(notes.onset.tolist())) == [0, 96, 168]
    assert notes.end == 264


def test_no_chord_is_silent():
    changes = Changes.build(
        [(0, NO_CHORD), (96, parse_chord("F7")), (144, NO_CHORD)], [0, 96, 192, 288]
    )
    notes = block_chords(changes)
    assert set(notes.onset.tolist()) == {96}
    assert notes.end == 144
    assert len(block_chords(Changes.unaccompanied(4))) == 0


def movement(before, now):
    return sum(min(abs(p - q) for q in before) for p in now)


def test_voices_move_little():
    chords = ["Am7", "D7", "Eø", "A7", "Dm7", "G7", "Cm7", "F7", "Bbm7", "Eb7", "Db7", "C6", "Gb7"]
    changes = one_bar_each(chords)
    notes = block_chords(changes)
    played = [at(notes, tick)[1:] for tick in changes.starts.tolist()]
    alone = [at(block_chords(one_bar_each([chord])), 0)[1:] for chord in chords]
    assert sum(map(movement, played, played[1:])) < sum(map(movement, alone, alone[1:]))
    assert max(map(movement, played, played[1:])) <= 8
    again = block_chords(one_bar_each(["Dm7", "Dm7"]))
    assert at(again, 0) == at(again, 96)


@pytest.mark.parametrize("name", bundled_charts())
def test_every_bundled_chart_is_filled(name):
    changes = read_chart(bundled_charts()[name]).changes()
    notes = block_chords(changes)
    assert notes.end == changes.end
    assert set(changes.bar_lines.tolist()[:-1]) <= set(notes.onset.tolist())
