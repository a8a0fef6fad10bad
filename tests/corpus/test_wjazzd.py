"""The Weimar Jazz Database, from a small file of the same tables and from the real one."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from jazzgen.corpus.piece import Piece, Skipped
from jazzgen.corpus.sources import open_source
from jazzgen.corpus.wjazzd import WJazzDSource
from jazzgen.encoding.preprocess import preprocess
from jazzgen.encoding.split import read_split_table
from jazzgen.errors import CorpusError
from jazzgen.music.notes import Note

REAL = Path(__file__).parents[3] / "shared" / "wjazzd"

SCHEMA = """
create table melody(eventid integer primary key, melid integer, onset real, pitch real,
    duration real, division integer, bar integer, beat integer, tatum integer, beatdur real);
create table beats(beatid integer primary key, melid integer, onset real, bar integer,
    beat integer, signature text, chord text);
create table solo_info(melid integer, performer text, title text, instrument text, style text,
    avgtempo float, signature text);
"""


class Base:
    """Writes a database."""

    def __init__(self, path):
        self.path = path
        with closing(sqlite3.connect(path)) as db:
            db.executescript(SCHEMA)

    def run(self, statement, *rows):
        with closing(sqlite3.connect(self.path)) as db, db:
            db.execute("pragma synchronous = off")
            db.executemany(statement, rows or [()])

    def solo(self, melid, notes, chords, bars=2, beats=4, first_bar=1, tempo=120.0, **info):
        """Adds a solo at one beat a half second.

        Args:
            notes: bar, beat, tatum, division, pitch and seconds.
            chords: chords by bar and beat.
        """
        numbers = [
            (bar, beat) for bar in range(first_bar, bars + 1) for beat in range(1, beats + 1)
        ]
        self.run(
            "insert into beats(melid, onset, bar, beat, chord) values (?, ?, ?, ?, ?)",
            *((melid, i * 0.5, *where, chords.get(where, "")) for i, where in enumerate(numbers)),
        )
        self.run(
            "insert into melody(melid, onset, bar, beat, tatum, division, pitch, duration, "
            "beatdur) values (?, ?, ?, ?, ?, ?, ?, ?, 0.5)",
            *((melid, i * 0.1, *note) for i, note in enumerate(notes)),
        )
        about = {"performer": "P", "title": f"T{melid}", **info}
        self.run(
            "insert into solo_info(melid, performer, title, instrument, avgtempo) "
            "values (?, ?, ?, ?, ?)",
            (melid, about["performer"], about["title"], "ts", tempo),
        )

    def read(self):
        return list(WJazzDSource(self.path))


@pytest.fixture
def base(tmp_path):
    return Base(tmp_path / "jazz.db")


LINE = [(1, 1, 1, 2, 60, 0.25), (1, 2, 1, 1, 62, 0.5), (2, 1, 1, 4, 64, 0.1)]


def test_a_solo(base):
    base.solo(7, LINE, {(1, 1): "D-7", (1, 3): "G79b", (2, 1): "Cj7"}, tempo=181.5)
    (piece,) = base.read()
    assert isinstance(piece, Piece)
    assert (piece.key, piece.group, piece.tempo_bpm) == ("7", "P / t7", 181.5)
    assert list(piece.notes) == [Note(0, 12, 60), Note(24, 24, 62), Note(96, 5, 64)]
    assert [chord.symbol for chord in piece.changes.chords] == ["D-7", "G79b", "Cj7"]
    assert piece.changes.starts.tolist() == [0, 48, 96]
    assert piece.changes.bar_lines.tolist() == [0, 96, 192]
    assert piece.about == {"performer": "P", "title": "T7", "instrument": "ts"}
    assert piece.remarks == ()


@pytest.mark.parametrize("beats", [2, 3, 5, 6, 9])
def test_metres(base, beats):
    notes = [(1, 1, 1, 1, 60, 0.1), (2, beats, 1, 1, 62, 0.1)]
    base.solo(1, notes, {(1, 1): "C"}, beats=beats)
    (piece,) = base.read()
    assert piece.changes.bar_lines.tolist() == [0, 24 * beats, 48 * beats]
    assert piece.notes.onset.tolist() == [0, 24 * (2 * beats - 1)]


@pytest.mark.parametrize(
    ("tatum", "division", "tick"),
    [
        *((n + 1, 3, 8 * n) for n in range(3)),
        *((n + 1, 4, 6 * n) for n in range(4)),
        (2, 5, 5),  # 4.8
        (3, 5, 10),  # 9.6
        (2, 7, 3),  # 3.43
        (7, 7, 21),  # 20.57
        (36, 36, 23),  # 23.33
        (1, 9, 0),
    ],
)
def test_divisions_go_to_the_nearest_tick(base, tatum, division, tick):
    base.solo(1, [(1, 1, 1, 1, 60, 0.01), (1, 2, tatum, division, 61, 0.01)], {})
    (piece,) = base.read()
    assert piece.notes.onset.tolist() == [0, 24 + tick]


def test_notes_on_one_tick_are_merged_and_counted(base):
    notes = [
        (1, 1, 1, 1, 60, 0.1),
        (1, 1, 1, 36, 61, 0.1),  # on the same tick
        (1, 2, 35, 36, 62, 0.1),  # 22.67
        (1, 2, 36, 36, 63, 0.1),  # 23.33: both 23
        (1, 3, 1, 1, 64, 0.1),
    ]
    base.solo(1, notes, {})
    (piece,) = base.read()
    assert piece.notes.pitch.tolist() == [60, 62, 64]
    assert piece.notes.is_monophonic
    assert piece.remarks == ("left out on the tick of another note: 2",)


def test_lengths_end_at_the_next_note_and_last_a_tick(base):
    base.solo(1, [(1, 1, 1, 1, 60, 5.0), (1, 2, 1, 1, 62, 0.0001)], {})
    (piece,) = base.read()
    assert piece.notes.length.tolist() == [24, 1]


def test_pickup_bars_and_a_late_start(base):
    # bars -1 and 0 count too; what lies ahead of the first note's bar is cut
    base.solo(1, [(0, 3, 1, 1, 60, 0.1)], {(-1, 1): "F7", (1, 1): "Bb7"}, first_bar=-1, bars=1)
    (piece,) = base.read()
    assert piece.notes.onset.tolist() == [48]
    assert piece.changes.bar_lines.tolist() == [0, 96, 192]
    assert [chord.symbol for chord in piece.changes.chords] == ["F7", "Bb7"]
    assert piece.changes.starts.tolist() == [0, 96]


def test_no_chord_and_no_chords(base):
    base.solo(1, LINE, {(1, 1): "NC", (2, 1): "Eo7"})
    base.solo(2, LINE, {})
    first, second = base.read()
    assert [chord.root for chord in first.changes.chords] == [-1, 4]
    assert [chord.root for chord in second.changes.chords] == [-1]


def test_takes_of_a_tune_by_a_player_are_one_group(base):
    titles = ["Embraceable You (Alt. Take)", "Embraceable You", "Embraceable You - 2"]
    for melid, title in enumerate(titles):
        base.solo(melid, LINE, {}, title=title)
    base.solo(3, LINE, {}, title="Embraceable You", performer="Q")
    base.solo(4, LINE, {}, title="Body and Soul")
    groups = [piece.group for piece in base.read()]
    assert len(set(groups[:3])) == 1
    assert len(set(groups)) == 3


def test_in_order_of_their_numbers(base):
    for melid in (5, 3, 4):
        base.solo(melid, LINE, {})
    source = WJazzDSource(base.path)
    assert [piece.key for piece in source] == ["3", "4", "5"]
    assert (len(source), source.name) == (3, "jazz.db")
    assert [piece.key for piece in source] == ["3", "4", "5"]  # can be read again


def test_fingerprint_is_of_the_file(base):
    base.solo(1, LINE, {})
    before = WJazzDSource(base.path).sha256()
    assert WJazzDSource(base.path).sha256() == before
    base.solo(2, LINE, {})
    assert WJazzDSource(base.path).sha256() != before


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("update melody set bar = 99 where melid = 1 and pitch = 62", "1 notes on beats that"),
        ("update melody set pitch = null where melid = 1", "damaged rows"),
        ("update melody set pitch = 'x' where melid = 1", "damaged rows"),
        ("update melody set pitch = 200 where melid = 1", r"damaged rows: pitch 200"),
        ("update melody set pitch = 9e999 where melid = 1", "damaged rows"),
        ("update melody set duration = null where melid = 1", "damaged rows"),
        ("update melody set division = 0 where melid = 1", "damaged rows"),
        ("update melody set tatum = 0 where melid = 1", "damaged rows: tatum 0 of a beat of"),
        ("update melody set tatum = 5 where melid = 1", "damaged rows: tatum 5 of a beat of"),
        ("update beats set chord = 'H7' where melid = 1 and bar = 2 and beat = 1", "bar 2: .*H7"),
        ("update solo_info set avgtempo = 'fast' where melid = 1", "damaged rows"),
        ("delete from melody where melid = 1", "no notes"),
        ("delete from beats where melid = 1", "no beats"),
    ],
)
def test_a_damaged_solo_is_left_out_with_its_reason(base, damage, reason):
    base.solo(1, LINE, {(1, 1): "C"})
    base.solo(2, LINE, {(1, 1): "C"})
    base.run(damage)
    skipped, good = base.read()
    assert isinstance(skipped, Skipped)
    assert skipped.source.startswith("solo 1")
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(skipped.reason)
    assert "\n" not in skipped.reason
    assert good.key == "2"


def test_notes_without_a_length_of_beat_take_the_solos_own(base):
    base.solo(1, LINE, {})
    base.run("update melody set beatdur = null")
    (piece,) = base.read()
    assert piece.notes.length.tolist() == [12, 24, 5]


@pytest.mark.parametrize("table", ["melody", "beats", "solo_info"])
def test_a_missing_table(base, table):
    base.run(f"drop table {table}")
    with pytest.raises(CorpusError, match=f"table `{table}` is missing"):
        WJazzDSource(base.path)


@pytest.mark.parametrize(
    ("table", "column"), [("melody", "division"), ("melody", "beatdur"), ("beats", "onset")]
)
def test_a_missing_column(base, table, column):
    base.run(f"alter table {table} drop column {column}")
    with pytest.raises(CorpusError, match=f"table `{table}` lacks {column}"):
        WJazzDSource(base.path)


def test_not_a_database(tmp_path):
    path = tmp_path / "jazz.db"
    path.write_bytes(b"MThd" * 100)
    with pytest.raises(CorpusError, match="not a readable SQLite database"):
        open_source(str(path))
    path.write_bytes(b"")
    with pytest.raises(CorpusError, match="not the Weimar Jazz Database"):
        open_source(str(path))
    with pytest.raises(CorpusError, match="no such file"):
        open_source(str(tmp_path / "none.db"))


def test_a_truncated_database(base):
    base.solo(1, LINE * 400, {})
    whole = base.path.read_bytes()
    base.path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CorpusError, match="not a readable SQLite database"):
        list(WJazzDSource(base.path))


def test_damage_in_the_middle_of_a_database(base):
    base.solo(1, LINE * 400, {})
    whole = bytearray(base.path.read_bytes())
    whole[-8192:] = b"\xff" * 8192  # pages of the notes; the list of solos is whole
    base.path.write_bytes(whole)
    source = WJazzDSource(base.path)
    with pytest.raises(CorpusError, match="not a readable SQLite database"):
        list(source)


def test_recognised_by_its_content(base, tmp_path):
    base.solo(1, LINE, {})
    renamed = base.path.rename(tmp_path / "anything")
    assert isinstance(open_source(str(renamed)), WJazzDSource)


@pytest.fixture(scope="module")
def items():
    return list(WJazzDSource(REAL / "wjazzd-subset.db"))


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared Weimar Jazz Database is not here")
class TestTheRealOne:
    def test_every_solo_is_read(self, items):
        assert len(items) == 413
        assert [item for item in items if isinstance(item, Skipped)] == []
        assert sum(len(piece.notes) for piece in items) >= 181_955

    def test_pieces_keep_their_promises(self, items):
        for piece in items:
            lines = piece.changes.bar_lines
            assert lines[0] == 0
            assert 0 <= piece.notes.onset[0] < lines[1]
            assert piece.notes.is_monophonic
            assert piece.notes.length.min() >= 1
            assert piece.notes.end <= piece.changes.end
            assert 30 < piece.tempo_bpm < 400

    def test_all_but_the_free_ones_have_chords(self, items):
        free = [p for p in items if all(chord.root < 0 for chord in p.changes.chords)]
        assert len(free) == 11
        assert {p.about["performer"] for p in free} >= {"Ornette Coleman"}

    def test_all_its_metres(self, items):
        beats = Counter()
        for piece in items:
            bars = (piece.changes.bar_lines[1:] - piece.changes.bar_lines[:-1]) // 24
            beats.update(set(bars.tolist()))
        assert {3, 4, 5, 6, 9} <= set(beats)

    def test_the_published_split(self, tmp_path):
        table = read_split_table(REAL / "split.csv")
        source = WJazzDSource(REAL / "wjazzd-subset.db")
        dataset, report = preprocess([source], tmp_path / "data", split_table=table)
        sides = {side: len(dataset.pieces(side)) for side in ("train", "validation", "other")}
        assert sides == {"train": 342, "validation": 43, "other": 28}
        assert report.skipped == []
        assert dataset.notes.sum() == report.notes == 181_955
        assert 0 < report.folded < 0.001 * report.notes
