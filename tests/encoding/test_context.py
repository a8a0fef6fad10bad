"""Context rows: worked out by hand, and the same in every key."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jazzgen.encoding.context import N_FEATURES, N_SLOTS, SLOTS, ContextMaker, features
from jazzgen.encoding.manner import Manner
from jazzgen.music.changes import Changes
from jazzgen.music.chords import NO_CHORD, parse_chord

TWO_FIVE_ONE = Changes.build(
    [(0, parse_chord("Dm7")), (96, parse_chord("G7")), (192, parse_chord("Cmaj7"))],
    [0, 96, 192, 288],
)


def rows(changes, *wanted):
    """Rows for triples of tick, reference and phase."""
    ticks, reference, phase = (np.array(column) for column in zip(*wanted, strict=True))
    made = ContextMaker(changes, 120.0).rows(ticks.astype(np.int32), reference, phase)
    assert made.dtype == np.int16
    assert made.shape == (len(wanted), N_SLOTS)
    return made.tolist()


def row(changes, tick, reference=60, phase=0):
    (only,) = rows(changes, (tick, reference, phase))
    return dict(zip((slot.name for slot in SLOTS), only, strict=True))


def flags(*tones):
    return sum(1 << tone for tone in tones)


def test_rows_worked_out_by_hand():
    assert rows(TWO_FIVE_ONE, (0, 62, 0), (130, 67, 1), (191, 60, 0), (286, 61, 1)) == [
        # D over Dm7: R b3 5 b7; then G7, whose root is a fourth above, a bar away
        [0, 0, 0, 4, 0, flags(0, 3, 7, 10), 5, flags(5, 9, 0, 3), 3, 62, 120, 0, 0, 0],
        # bar 2, beat 2, tick 10, G over G7; then Cmaj7, a fourth above, in 62 ticks
        [1, 1, 10, 4, 0, flags(0, 4, 7, 10), 5, flags(5, 9, 0, 4), 3, 67, 120, 0, 0, 0],
        # the last tick of bar 2; C over G7; Cmaj7 in 1 tick
        [0, 3, 23, 4, 7, flags(7, 11, 2, 5), 0, flags(0, 4, 7, 11), 0, 60, 120, 0, 0, 0],
        # C# over Cmaj7: root a major seventh above; nothing follows
        [1, 3, 22, 4, 11, flags(11, 3, 6, 10), 12, 0, 5, 61, 120, 0, 0, 0],
    ]


@pytest.mark.parametrize(
    ("ticks_left", "wanted"),
    [(1, 0), (12, 0), (13, 1), (24, 1), (48, 2), (96, 3), (97, 4), (193, 5)],
)
def test_classes_of_time_until_the_next_chord(ticks_left, wanted):
    changes = Changes.build([(0, parse_chord("C")), (384, parse_chord("F"))], range(0, 481, 96))
    assert row(changes, 384 - ticks_left)["until_next"] == wanted


def test_past_the_end_the_last_bar_and_chord_go_on():
    for tick in (300, 396, 492, 288 + 96 * 50 + 12):
        assert row(TWO_FIVE_ONE, tick) == row(TWO_FIVE_ONE, 204)
    waltz = Changes.build([(0, parse_chord("C"))], [0, 96, 168])  # 4/4, then 3/4
    seen = row(waltz, 168 + 72 + 50)
    assert (seen["beat"], seen["tick"], seen["metre"]) == (2, 2, 3)


def test_pickup():
    changes = Changes.build([(24, parse_chord("F7"))], [0, 24, 120])
    seen = row(changes, 6)
    assert (seen["beat"], seen["tick"], seen["metre"]) == (0, 6, 1)
    assert (seen["root"], seen["tones"]) == (12, 0)  # nothing before the first chord
    assert (seen["next_root"], seen["until_next"]) == (5, 1)
    seen = row(changes, 24)
    assert (seen["beat"], seen["tick"], seen["metre"], seen["root"]) == (0, 0, 4, 5)


@pytest.mark.parametrize(
    ("bar", "tick", "beat", "within", "metre"),
    [
        (72, 71, 2, 23, 3),  # 3/4
        (120, 100, 4, 4, 5),  # 5/4
        (84, 80, 3, 8, 4),  # 7/8: the fourth beat is half as long
        (12, 11, 0, 11, 1),  # 1/8
        (24 * 13, 24 * 12 + 5, 11, 5, 12),  # more beats than are told apart
        (24 * 20, 24 * 19, 11, 0, 12),
    ],
)
def test_odd_metres(bar, tick, beat, within, metre):
    seen = row(Changes.build([(0, parse_chord("C"))], [0, bar, 2 * bar]), bar + tick)
    assert (seen["beat"], seen["tick"], seen["metre"]) == (beat, within, metre)


def test_next_is_the_next_different_chord():
    symbols = ["C", "C", "Cmaj7", "C^7", "NC", "Am7"]
    changes = Changes.build(
        [(96 * i, parse_chord(symbol)) for i, symbol in enumerate(symbols)], range(0, 577, 96)
    )
    seen = row(changes, 0)
    assert (seen["next_root"], seen["next_tones"]) == (0, flags(0, 4, 7, 11))
    assert seen["until_next"] == 4  # 192 ticks: the second C is passed over
    seen = row(changes, 192)
    assert (seen["next_root"], seen["next_tones"], seen["until_next"]) == (12, 0, 4)  # NC follows
    assert row(changes, 384)["root"] == 12
    assert row(changes, 384)["next_root"] == 9
    assert row(changes, 480)["next_root"] == 12


def test_same_tones_with_another_root_are_another_chord():
    changes = Changes.build([(0, parse_chord("C6")), (96, parse_chord("Am7"))], [0, 96, 192])
    assert row(changes, 0)["next_root"] == 9
    assert row(changes, 0)["next_tones"] == row(changes, 0)["tones"]


def test_without_chords():
    seen = row(Changes.unaccompanied(2), 100)
    assert [seen[name] for name in ("root", "tones", "next_root", "next_tones")] == [12, 0, 12, 0]


CHORDS = st.sampled_from(
    ["C", "F#m7", "Bb7", "Ebmaj7", "Ab7b9", "Dm7b5", "C/E", "Gsus", "Bo7", "NC"]
)


@given(
    st.lists(st.tuples(CHORDS, st.integers(1, 200)), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(24, 100), st.integers(0, 1)), min_size=1),
    st.integers(-24, 24),
)
def test_the_same_in_every_key_but_for_the_register(chords, wanted, semitones):
    starts = np.cumsum([0, *(length for _, length in chords)]).tolist()
    parsed = [parse_chord(symbol) for symbol, _ in chords]
    lines = range(0, starts[-1] + 97, 96)

    def over(by):
        moved = [c if c.root < 0 else c.transposed(by) for c in parsed]
        changes = Changes.build(list(zip(starts, moved, strict=False)), lines)
        return np.array(rows(changes, *((tick, ref + by, phase) for tick, ref, phase in wanted)))

    here, there = over(0), over(semitones)
    register = [slot.name for slot in SLOTS].index("register")
    assert np.array_equal(np.delete(here, register, 1), np.delete(there, register, 1))
    assert np.array_equal(here[:, register] + semitones, there[:, register])
    for table, column in zip((slot.table for slot in SLOTS), here.T, strict=True):
        assert column.min() >= 0
        assert column.max() < len(table)


@given(st.integers(0, 2000), st.integers(1, 500))
def test_rows_do_not_depend_on_their_neighbours(tick, other):
    alone = rows(TWO_FIVE_ONE, (tick, 64, 0))
    assert rows(TWO_FIVE_ONE, (other, 70, 1), (tick, 64, 0))[1:] == alone


class TestFeatures:
    def test_shape(self):
        context = np.zeros((4, 5, N_SLOTS), dtype=np.int16)
        made = features(context)
        assert made.shape == (4, 5, N_FEATURES)
        assert made.dtype == np.float32
        assert N_FEATURES == 2 + 12 + 24 + 13 + 13 + 12 + 13 + 12 + 6 + 11 + 6 + 8 + 10 + 5

    def test_flags_worked_out_by_hand(self):
        made = features(np.array(rows(TWO_FIVE_ONE, (130, 67, 1))))[0]
        parts = np.split(made, np.cumsum([slot.table.shape[1] for slot in SLOTS])[:-1])
        on = [np.flatnonzero(part).tolist() for part in parts]
        chords = [[0], [0, 4, 7, 10], [5], [0, 4, 5, 9], [3]]
        assert on[:-4] == [[1], [1], [10], [4], *chords, [5, 6]]
        assert on[-3:] == [[], [], []]  # no manner asked for
        # G4 = 67 lies 1/6 of the way from 66 to 72
        assert parts[-5][[5, 6]] == pytest.approx([5 / 6, 1 / 6])

    def test_register_flags_sum_to_one(self):
        [register] = [slot.table for slot in SLOTS if slot.name == "register"]
        assert register.shape[0] == 128
        assert register.sum(axis=1) == pytest.approx(np.ones(128))
        assert register.min() >= 0
        assert np.array_equal(register[0], register[36])
        assert np.array_equal(register[127], register[96])

    def test_no_chord_is_not_a_root(self):
        seen = features(np.array(rows(TWO_FIVE_ONE, (0, 60, 0))))
        silent = features(np.array(rows(Changes.build([(0, NO_CHORD)], [0, 96]), (0, 60, 0))))
        assert not np.array_equal(seen, silent)


def test_tempo_is_told_the_same_all_the_way_and_capped():
    for tempo_bpm, wanted in ((60.4, 60), (200.0, 200), (999.0, 400)):
        made = ContextMaker(TWO_FIVE_ONE, tempo_bpm).rows(
            np.array([0, 100], dtype=np.int32), np.array([60, 60]), np.array([0, 0])
        )
        assert made[:, [slot.name for slot in SLOTS].index("tempo")].tolist() == [wanted, wanted]


def test_tempo_flags_are_one_at_their_centres_and_share_between():
    [tempo] = [slot.table for slot in SLOTS if slot.name == "tempo"]
    assert tempo[[60, 120, 240]].max(axis=1) == pytest.approx(1, abs=0.02)
    assert np.allclose(tempo.sum(axis=1), 1, atol=0.02)
    assert (tempo[40] == tempo[60]).all()


def test_manner_sets_one_flag_a_part_and_none_where_open():
    manner = Manner(style="bebop", instrument="ts")
    made = ContextMaker(TWO_FIVE_ONE, 120.0, manner).rows(
        np.array([0, 100], dtype=np.int32), np.array([60, 60]), np.array([0, 0])
    )
    assert made[:, -3:].tolist() == [[3, 9, 0]] * 2
    flags_of = np.split(features(made)[0], np.cumsum([s.table.shape[1] for s in SLOTS])[:-1])
    assert [np.flatnonzero(part).tolist() for part in flags_of[-3:]] == [[2], [8], []]
