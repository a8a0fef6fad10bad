"""Bars as written, put together."""

from fractions import Fraction

from jazzgen.corpus.written_bars import WrittenBar, WrittenNote, assemble
from jazzgen.music.chords import parse_chord


def bar(metre: int | None, *lengths: float, pitch: int = 60) -> WrittenBar:
    made = WrittenBar(Fraction(metre) if metre else None)
    for length in lengths:
        made.notes.append(WrittenNote(made.length, Fraction(length), pitch))
        made.length += Fraction(length)
    return made


def onsets(*bars: WrittenBar) -> tuple[list[int], list[int], int]:
    whole = assemble(bars)
    return whole.notes.onset.tolist(), whole.bar_lines, whole.irregular


def test_a_pickup_ends_the_first_bar() -> None:
    assert onsets(bar(4, 1), bar(4, 2, 2)) == ([72, 96, 144], [0, 96, 192], 0)


def test_a_last_bar_is_filled_up() -> None:
    assert onsets(bar(3, 3), bar(3, 2)) == ([0, 72], [0, 72, 144], 0)


def test_two_parts_of_a_bar_are_joined() -> None:
    halves = (bar(4, 4), bar(4, 2, 1), bar(4, 1), bar(4, 4))
    assert onsets(*halves) == ([0, 96, 144, 168, 192], [0, 96, 192, 288], 0)


def test_a_bar_that_holds_two_is_cut() -> None:
    assert onsets(bar(2, 2, 2), bar(2, 2)) == ([0, 48, 96], [0, 48, 96, 144], 0)


def test_other_bars_keep_their_length() -> None:
    assert onsets(bar(4, 4), bar(4, 3), bar(4, 4)) == ([0, 96, 168], [0, 96, 168, 264], 1)
    assert onsets(bar(None, 5), bar(None, 2)) == ([0, 120], [0, 120, 168], 0)


def test_empty_bars_and_an_empty_score() -> None:
    assert onsets(bar(4), bar(4, 4), bar(4)) == ([0], [0, 96], 0)
    assert onsets() == ([], [0], 0)


def test_tied_notes_become_one() -> None:
    first, second = bar(2, 2), bar(2, 1, 1)
    second.notes[0] = second.notes[0]._replace(tied=True)
    whole = assemble([first, second])
    assert [note[:3] for note in whole.notes] == [(0, 72, 60), (72, 24, 60)]


def test_triplets_fall_on_the_grid_and_chords_move_with_their_bar() -> None:
    third = Fraction(1, 3)
    pickup = WrittenBar(Fraction(2), Fraction(1), chords=[(Fraction(0), parse_chord("G7"))])
    pickup.notes = [WrittenNote(i * third, third, 60 + i) for i in range(3)]
    whole = assemble([pickup, bar(2, 2)])
    assert whole.notes.onset.tolist() == [24, 32, 40, 48]
    assert [(tick, chord.symbol) for tick, chord in whole.chords] == [(24, "G7")]
