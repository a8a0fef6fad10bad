"""`jazzgen inspect`."""

import json
import re

import pytest
from click.testing import CliRunner

from jazzgen.cli.inspect import inspect
from jazzgen.errors import CorpusError, MidiError
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.midi_write import Track, write_midi
from jazzgen.music.notes import Notes

LINE = Notes.of([(i * 24, 22, 62 + (i * 3) % 7) for i in range(32)])
COMP = Notes.of([(b * 96, 90, p) for b in range(8) for p in (48, 52, 55, 59)])
KIT = Notes.of([(i * 24, 6, 42) for i in range(32)])


def write(path, changes=None, comp=COMP):
    tracks = [
        Track("Drums", 0, 9, KIT),
        Track("Keys", 4, 1, comp),
        Track("Horn", 66, 0, LINE),
    ]
    changes = changes or Changes.unaccompanied(8)
    write_midi(path, [t for t in tracks if len(t.notes)], tempo_bpm=140, changes=changes)
    return str(path)


def call(*arguments):
    return CliRunner().invoke(inspect, arguments)


def test_table(tmp_path):
    done = call(write(tmp_path / "a.mid"))
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0].endswith("a.mid: type 1, 8 bars of 4/4, 140 bpm")
    text = [" ".join(line.split()) for line in done.stdout.splitlines()]
    text[2:5] = [re.sub(r" 0\.\d\d ", " ", row) for row in text[2:5]]
    assert text[1:7] == [
        "part name instrument notes range at a time melodic role",
        "0 Drums Drums 32 1.0 drums",
        "1 Keys E-Piano 1 32 C3-B3 4.0 chords",
        "2 Horn Tenor Sax 32 D4-Ab4 1.0 melody",
        "melody: part 2 (the most melodic, one note at a time, plays in 100% of the bars), "
        "32 notes",
        "chords: heard in part 1 (the only part beside the melody that plays pitches)",
    ]
    assert text[7] == "| Cmaj7 | % | % | % | % | % | % | % |"


def test_json_is_one_object(tmp_path):
    changes = Changes.build([(0, parse_chord("Dm7")), (144, parse_chord("G7"))], range(0, 800, 96))
    done = call(write(tmp_path / "a.mid", changes), "--json")
    assert done.stderr == ""
    (report,) = json.loads(done.stdout)["files"]
    assert report["melody"]["part"] == 2
    assert report["chords"] == {
        "from": "symbols",
        "parts": [],
        "why": "the file has chord symbols",
        "changes": 2,
        "first_bars": ["Dm7", "Dm7 G7", "%", "%", "%", "%", "%", "%"],
    }
    assert [part["role"] for part in report["parts"]] == ["drums", "", "melody"]


def test_overrides_and_excerpt(tmp_path):
    path = write(tmp_path / "a.mid")
    done = call(path, "--melody", "1", "--chords", "1,2", "--beats", "4-8", "--json")
    (report,) = json.loads(done.stdout)["files"]
    assert report["melody"] == {"part": 1, "why": "asked for", "notes": 1, "merged": 3}
    assert report["chords"]["parts"] == [1, 2]


def test_no_chords(tmp_path):
    done = call(write(tmp_path / "a.mid", comp=Notes.empty()))
    assert "chords: none (nobody else plays)" in done.stdout


def test_one_bad_file_among_several(tmp_path):
    good = write(tmp_path / "a.mid")
    bad = tmp_path / "b.mid"
    bad.write_bytes(b"RIFF")
    done = call(str(bad), good, str(tmp_path / "none.mid"), "--json")
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        f"error: {bad}: not a MIDI file (it does not begin with MThd)",
        f"error: {tmp_path / 'none.mid'}: no such file or folder",
    ]
    answer = json.loads(done.stdout)
    assert len(answer["files"]) == 1
    assert answer["errors"][0] == {
        "file": str(bad),
        "reason": "not a MIDI file (it does not begin with MThd)",
    }


def test_the_only_file_is_bad(tmp_path):
    bad = tmp_path / "b.mid"
    bad.write_bytes(b"")
    done = call(str(bad))
    assert isinstance(done.exception, MidiError)
    assert str(done.exception) == f"{bad}: the file is empty (0 bytes)"
    assert isinstance(call(str(tmp_path / "none")).exception, CorpusError)
    done = call(write(tmp_path / "a.mid"), "--melody", "9")
    assert str(done.exception).endswith("a.mid: there is no part 9: the file has parts 0 to 2")


def test_quiet(tmp_path):
    done = call(write(tmp_path / "a.mid"), "--quiet")
    assert (done.exit_code, done.output) == (0, "")


@pytest.mark.parametrize(
    "arguments", [("--beats", "8"), ("--beats", "8-4"), ("--chords", "x"), ("--melody", "-1")]
)
def test_wrong_usage(tmp_path, arguments):
    assert call(write(tmp_path / "a.mid"), *arguments).exit_code == 2
    assert call().exit_code == 2


def test_help_teaches():
    text = call("--help").output
    assert "jazzgen inspect song.mid --melody 5" in text
