"""MIDI files as a corpus."""

from pathlib import Path

import pytest

from jazzgen.corpus.midi_source import MIN_NOTES, MidiSource, midi_files, read_piece, tune
from jazzgen.corpus.piece import Piece, Skipped
from jazzgen.errors import CorpusError
from jazzgen.music.changes import Changes
from jazzgen.music.chords import NO_CHORD, parse_chord
from jazzgen.music.midi_write import Track, write_midi
from jazzgen.music.notes import Notes

SHARED = Path(__file__).parents[3] / "shared" / "midi"

CHANGES = Changes.build(
    [(96 * bar, parse_chord(symbol)) for bar, symbol in enumerate(["C6", "Dm7", "G7", "C6"] * 2)],
    range(0, 9 * 96, 96),
)
# silent for a bar and a half
SOLO = Notes.of([(144 + i * 24, 20, 62 + i % 7) for i in range(20)])
COMP = Notes.of([(bar * 96, 90, p) for bar in range(8) for p in (48, 52, 55)])


def write(path, notes=SOLO, changes=CHANGES, comp=COMP, tempo_bpm=140):
    path.parent.mkdir(parents=True, exist_ok=True)
    tracks = [Track("Solo", 66, 0, notes)]
    if len(comp):
        tracks.append(Track("Piano", 0, 1, comp))
    write_midi(path, tracks, tempo_bpm=tempo_bpm, changes=changes)
    return path


def test_a_piece_begins_at_the_bar_line_before_its_first_note(tmp_path):
    piece = read_piece(write(tmp_path / "Tune (2).mid"), "Tune (2).mid")
    assert isinstance(piece, Piece)
    assert piece.notes == SOLO.shifted(-96)
    assert piece.changes.bar_lines.tolist() == [0, 96, 192, 288, 384, 480, 576]
    assert [chord.symbol for chord in piece.changes.chords[:3]] == ["Dm7", "G7", "C6"]
    assert piece.changes.starts[:3].tolist() == [0, 96, 192]
    assert piece.tempo_bpm == pytest.approx(140, abs=0.01)
    assert piece.group == "tune"
    assert piece.about == {"title": "Tune (2)", "instrument": "Solo"}
    assert piece.remarks == (
        "melody: part 0 (Solo), the most melodic, called 'Solo', one note at a time, "
        "plays in 75% of the bars",
        "chords from the chord symbols in the file",
    )


def test_chords_are_heard_where_none_are_written(tmp_path):
    path = write(tmp_path / "a.mid", changes=Changes.unaccompanied(8))
    piece = read_piece(path, "a")
    assert {chord.symbol for chord in piece.changes.chords} == {"C"}
    assert piece.remarks[-1].startswith("chords heard in part 1 ")


def test_a_lone_solo_is_unaccompanied_and_says_so(tmp_path):
    path = write(tmp_path / "a.mid", changes=Changes.unaccompanied(8), comp=Notes.empty())
    piece = read_piece(path, "a")
    assert piece.changes.chords == (NO_CHORD,)
    assert piece.remarks[-1] == "unaccompanied: nobody else plays"


def test_chords_by_number_are_heard_although_symbols_are_there(tmp_path):
    piece = read_piece(write(tmp_path / "a.mid"), "a", chords=[1])
    assert {chord.symbol for chord in piece.changes.chords} == {"C"}
    assert piece.remarks[-1] == "chords heard in part 1 (asked for)"


def test_an_excerpt(tmp_path):
    # beats 8 to 16.5: notes from 192 to 396; the last is cut where the excerpt ends
    piece = read_piece(write(tmp_path / "a.mid"), "a", beats=(8, 16.5))
    assert piece.notes.onset.tolist() == list(range(0, 204, 24))
    assert piece.notes.length.tolist() == [20] * 8 + [12]
    assert piece.changes.bar_lines.tolist() == [0, 96, 192, 288]
    assert [chord.symbol for chord in piece.changes.chords] == ["G7", "C6"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"melody": 2}, "there is no part 2: the file has parts 0 to 1"),
        ({"chords": [7]}, "there is no part 7: the file has parts 0 to 1"),
        ({"beats": (8, 10)}, "the melody (part 0) has only 2 notes in these beats, too few"),
        ({"beats": (400, 500)}, "the melody (part 0) has no notes in these beats, too few"),
    ],
)
def test_what_cannot_be_done_is_skipped_with_its_reason(tmp_path, options, reason):
    skipped = read_piece(write(tmp_path / "a.mid"), "a.mid", **options)
    assert isinstance(skipped, Skipped)
    assert skipped.source == "a.mid"
    assert reason in skipped.reason
    assert str(tmp_path) not in skipped.reason


def test_a_folder(tmp_path):
    write(tmp_path / "corpus" / "b.MID")
    write(tmp_path / "corpus" / "a" / "z.midi")
    write(tmp_path / "corpus" / "few.mid", notes=SOLO[: MIN_NOTES - 1], comp=Notes.empty())
    (tmp_path / "corpus" / "bad.kar").write_bytes(b"MThd")
    (tmp_path / "corpus" / "gone.mid").symlink_to(tmp_path / "nowhere")
    (tmp_path / "corpus" / "notes.txt").write_text("no MIDI")
    source = MidiSource([tmp_path / "corpus"])
    assert (source.name, len(source)) == ("corpus", 5)
    items = list(source)
    assert [getattr(item, "key", None) or item.source for item in items] == [
        "a/z.midi",
        "b.MID",
        "bad.kar",
        "few.mid",
        "gone.mid",
    ]
    assert [item.reason for item in items if isinstance(item, Skipped)] == [
        "truncated MIDI: the header is cut off",
        "the melody (part 0) has only 7 notes, too few to learn",
        "cannot be read (No such file or directory)",
    ]
    assert next(iter(source)).notes == items[0].notes
    assert source.sha256() == MidiSource([tmp_path / "corpus"]).sha256()
    (tmp_path / "corpus" / "bad.kar").write_bytes(b"MTh")
    assert source.sha256() != MidiSource([tmp_path / "corpus" / "a"]).sha256()


def test_several_paths_have_keys_of_their_own(tmp_path):
    paths = [tmp_path / "one", tmp_path / "two"]
    for path in paths:
        write(path / "a.mid")
    assert [piece.key for piece in MidiSource(paths)] == ["one/a.mid", "two/a.mid"]
    assert [piece.key for piece in MidiSource([paths[0] / "a.mid"])] == ["a.mid"]


def test_nothing_to_read(tmp_path):
    with pytest.raises(CorpusError, match="no such file or folder"):
        MidiSource([tmp_path / "none"])
    with pytest.raises(CorpusError, match="no MIDI files"):
        midi_files(tmp_path)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("Autumn Leaves.mid", "autumn leaves"),
        ("x/Autumn_Leaves (2).mid", "autumn leaves"),
        ("autumn-leaves copy.mid", "autumn leaves"),
        ("Autumn Leaves - take 3.mid", "autumn leaves"),
        ("Autumn Leaves [live].mid", "autumn leaves"),
        ("Autumn Leaves.1.mid", "autumn leaves"),
        ("Take Five.mid", "take five"),
        ("POP909_008.mid", "pop909 008"),
        ("disc/01.mid", "disc/01"),
        ("枯葉.mid", "枯葉"),
    ],
)
def test_tunes(key, expected):
    assert tune(key) == expected


def test_the_shared_files():
    if not SHARED.is_dir():
        pytest.skip("the shared MIDI files are not here")
    items = list(MidiSource([SHARED]))
    skipped = {item.source for item in items if isinstance(item, Skipped)}
    assert skipped == {"ValueError_Control168.mid", "empty.mid"}
    pieces = {item.key: item for item in items if isinstance(item, Piece)}
    assert len(pieces) == 12
    for piece in pieces.values():
        assert piece.notes.is_monophonic
        assert 0 <= piece.notes.onset[0] < piece.changes.bar_lines[1]
        assert piece.notes.end <= piece.changes.end
    melodies = {key: piece.about["instrument"] for key, piece in pieces.items()}
    assert melodies["Aicha.mid"] == "Chant"
    assert melodies["All The Small Things.mid"] == "Vocals"
    assert melodies["Funkytown.mid"] == "Vocal"
    assert melodies["Girls Just Want to Have Fun.mid"] == "Melody"
    assert melodies["Mr. Blue Sky.mid"] == "Melody"
    # its verse, as everybody plays it: F | Em7 A7 | Dm G | Em A | Bb C7 | F
    verse = [chord.symbol[:2] for chord in pieces["Mr. Blue Sky.mid"].changes.chords[:8]]
    assert verse == ["F", "Em", "A", "Dm", "G", "Em", "A", "Bb"]
