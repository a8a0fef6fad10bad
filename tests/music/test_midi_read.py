"""Reading MIDI: tiny files in hex, hostile ones, and real ones where they are at hand."""

import random
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jazzgen.errors import MidiError
from jazzgen.music.metre import MetreChange, lay_bars
from jazzgen.music.midi_events import read_events
from jazzgen.music.midi_read import MAX_BEATS, parse_midi, read_midi
from jazzgen.music.midi_tracks import _read_fast, _split_by_channel, split_chunks

SHARED = Path(__file__).parents[3] / "shared" / "midi"

END = "00 FF 2F 00"


def midi(*tracks, kind=1, division="00 18", promised=None):
    """A file from tracks in hex; 24 MIDI ticks a beat unless told otherwise, so ticks are ticks."""
    chunks = [bytes.fromhex(track) for track in tracks]
    head = struct.pack(">4sIHH", b"MThd", 6, kind, len(chunks) if promised is None else promised)
    body = b"".join(b"MTrk" + struct.pack(">I", len(chunk)) + chunk for chunk in chunks)
    return head + bytes.fromhex(division) + body


def only_part(track, **about):
    (part,) = parse_midi(midi(track, **about)).parts
    return part


def rows(notes):
    return [(n.onset, n.length, n.pitch) for n in notes]


def test_notes_land_on_the_grid():
    # 480 ticks a beat: C4 at 0 for a beat, D4 a triplet eighth (320) after, three ticks late
    track = "00 90 3C 40  83 60 80 3C 00  82 43 90 3E 50  81 20 80 3E 00" + END
    part = only_part(track, division="01 E0")
    assert rows(part.notes) == [(0, 24, 60), (40, 8, 62)]
    assert part.notes.velocity.tolist() == [0x40, 0x50]
    assert part.onset_midi_ticks.tolist() == [0, 803]
    assert part.end_midi_ticks.tolist() == [480, 963]
    assert part.notes.onset.dtype == np.int32


@pytest.mark.parametrize(
    ("track", "expected"),
    [
        # running status and note-on with velocity 0
        ("00 90 3C 40  18 3C 00  00 3E 40  18 3E 00", [(0, 24, 60), (24, 24, 62)]),
        # zero length in the file lasts a tick
        ("00 90 3C 40  00 80 3C 00  18 90 3E 40  18 80 3E 00", [(0, 1, 60), (24, 24, 62)]),
        # overlapping notes of one pitch end in the order in which they began
        ("00 90 3C 40  0C 90 3C 40  0C 80 3C 00  0C 80 3C 00", [(0, 24, 60), (12, 24, 60)]),
        # a note that never ends is left out
        ("00 90 3C 40  00 90 3E 40  18 80 3E 00", [(0, 24, 62)]),
        # a note-off of nothing
        ("00 80 3C 00  00 90 3C 40  18 80 3C 00", [(0, 24, 60)]),
        # running status is kept across a meta event
        ("00 90 3C 40  00 FF 06 01 41  18 3C 00", [(0, 24, 60)]),
        # no end of track
        ("00 90 3C 40  18 80 3C 00", [(0, 24, 60)]),
        # system exclusive, pressure, controllers, bends between
        ("00 F0 02 7E F7 00 90 3C 40 00 A0 3C 10 00 B0 40 7F 00 D0 05 00 E0 00 40 18 80 3C 00",
         [(0, 24, 60)]),
    ],
)  # fmt: skip
def test_decisions_on_notes_in_both_readers(track, expected):
    assert rows(only_part(track).notes) == expected
    # a text after the first note makes the exact reader read the track
    late_text = " 00 FF 01 01 41"
    assert rows(only_part(track + late_text + END).notes) == expected


def test_drums_are_told_apart():
    track = "00 90 3C 40 00 99 24 40 18 80 3C 00 00 89 24 00" + END
    pitched, drums = parse_midi(midi(track, track)).parts[0::2]
    assert (pitched.is_drums, drums.is_drums) == (False, True)
    assert rows(drums.notes) == [(0, 24, 36)]


NOTE = "00 9{0} {1} 40 18 8{0} {1} 00 "


def test_parts_are_numbered_by_tracks_with_notes():
    conductor = "00 FF 03 04 53 6F 6E 67" + END
    melody = "00 FF 03 04 4C 65 61 64" + NOTE.format(0, "48") + END
    drums = NOTE.format(9, "24") + END
    song = parse_midi(midi(conductor, drums, END, melody))
    assert [(part.index, part.track, part.name) for part in song.parts] == [
        (0, 1, ""),
        (1, 3, "Lead"),
    ]


def test_channels_of_a_single_track_are_parts():
    track = "00 C2 42 00 C0 20" + NOTE.format(2, "48") + NOTE.format(0, "24") + NOTE.format(9, "23")
    parts = parse_midi(midi(track + END, kind=0)).parts
    assert [(part.program, part.is_drums) for part in parts] == [
        (32, False),
        (66, False),
        (0, True),
    ]


def test_a_guitar_with_a_channel_per_string_is_one_part():
    guitar = "00 C1 1B 00 C2 1B" + NOTE.format(1, "40") + NOTE.format(2, "45") + END
    song = parse_midi(midi(guitar, NOTE.format(0, "48") + END))
    assert [len(part.notes) for part in song.parts] == [2, 1]


def test_other_instruments_of_a_track_come_after_the_last_track():
    both = "00 C1 42 00 C2 1B" + NOTE.format(1, "40") + NOTE.format(2, "45") + END
    song = parse_midi(midi(both, NOTE.format(0, "48") + END))
    assert [(part.track, part.program) for part in song.parts] == [(0, 66), (1, 0), (0, 27)]


def test_a_program_change_does_not_split_a_part():
    track = NOTE.format(0, "40") + "00 C0 42" + NOTE.format(0, "41") + NOTE.format(0, "42") + END
    part = only_part(track)
    assert (len(part.notes), part.program) == (3, 66)


def test_tempo_metre_key_and_texts():
    # 60 bpm, 6/8, two flats minor; at tick 72 4/4; markers Dm7 and, in Latin-1 and UTF-8, é and Δ
    track = (
        "00 FF 51 03 0F 42 40  00 FF 58 04 06 03 18 08  00 FF 59 02 FE 01  00 FF 06 03 44 6D 37"
        "  00 90 3C 40 48 80 3C 00  00 FF 58 04 04 02 18 08  00 FF 51 03 07 A1 20"
        "  00 FF 05 01 E9  00 FF 01 02 CE 94  30 90 3C 40 60 80 3C 00" + END
    )
    song = parse_midi(midi(track))
    assert [(tempo.tick, tempo.bpm) for tempo in song.tempi] == [(0, 60.0), (72, 120.0)]
    assert song.tempo_bpm == 120.0
    assert [(m.tick, str(m)) for m in song.metres] == [(0, "6/8"), (72, "4/4")]
    assert [str(key) for key in song.keys] == ["G minor"]
    assert [(t.tick, t.kind, t.text) for t in song.texts] == [
        (0, "marker", "Dm7"),
        (72, "lyric", "é"),
        (72, "text", "Δ"),
    ]
    assert song.bar_lines.tolist() == [0, 72, 168, 264]
    assert song.end == 216


@pytest.mark.parametrize(
    ("metres", "end", "lines"),
    [
        ([(0, 4, 4)], 1, [0, 96]),
        ([(0, 4, 4)], 96, [0, 96]),
        ([(0, 4, 4)], 97, [0, 96, 192]),
        ([(0, 4, 4), (120, 3, 4)], 200, [0, 96, 120, 192, 264]),  # in the middle of a bar
        ([(0, 6, 8)], 100, [0, 72, 144]),
        ([(0, 5, 64)], 20, [0, 8, 15, 23]),  # bars of 7 1/2 ticks
        ([(0, 4, 4), (500, 3, 4)], 96, [0, 96]),  # a metre after the end
    ],
)
def test_bar_lines(metres, end, lines):
    assert lay_bars([MetreChange(*metre) for metre in metres], end).tolist() == lines


def test_smpte_time_is_read_as_120_beats_a_minute():
    # -25 frames a second, 40 ticks a frame: milliseconds; a note of half a second is a beat
    part = only_part("00 90 3C 40 83 74 80 3C 00" + END, division="E7 28")
    assert rows(part.notes) == [(0, 24, 60)]


def test_type_2_and_riff():
    one = midi(NOTE.format(0, "48") + END, NOTE.format(0, "4A") + END, kind=2)
    assert [part.track for part in parse_midi(one).parts] == [0, 1]
    riff = b"RIFF" + struct.pack("<I", len(one) + 12) + b"RMIDdata" + struct.pack("<I", len(one))
    assert len(parse_midi(riff + one).parts) == 2


GOOD = NOTE.format(0, "48") + END


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty (0 bytes)"),
        (b"<html>", "not a MIDI file (it does not begin with MThd)"),
        (b"MThd\0\0\0\6", "truncated MIDI: the header is cut off"),
        (midi(GOOD, kind=7), "not a MIDI file of type 0, 1 or 2"),
        (midi(GOOD)[:-5], "truncated MIDI: track 0 should have 12 bytes, 7 are left"),
        (midi(GOOD, promised=3), "truncated MIDI: 1 of 3 tracks are there"),
        (midi(GOOD, division="00 00"), "damaged MIDI: a beat of 0 ticks"),
        (midi(END), "no notes"),
        (midi("00 90 3C 40" + END), "no note in it ever ends"),
        (midi("00 90 3C"), "damaged MIDI: track 0: the event at byte 0 is cut off"),
        (midi(GOOD, "00 B0 A8 00"), "track 1: control change with the value 168 (0-127"),
        (midi("00 3C 40"), "damaged MIDI: track 0: data without a status at byte 0"),
        (midi("00 F4" + GOOD), "unknown status 0xf4"),
        (midi("00 90 3C 40 FF FF FF 7F 80 3C 00"), "which cannot be music"),
    ],
)
def test_what_cannot_be_read_says_why(data, reason):
    with pytest.raises(MidiError) as caught:
        parse_midi(data)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_errors_of_a_path_begin_with_it(tmp_path):
    path = tmp_path / "x.mid"
    with pytest.raises(MidiError, match=r"x\.mid: no such file"):
        read_midi(path)
    with pytest.raises(MidiError, match="is a directory"):
        read_midi(tmp_path)
    path.write_bytes(b"")
    with pytest.raises(MidiError, match=r"x\.mid: the file is empty"):
        read_midi(path)


@given(st.binary(max_size=60), st.integers(0, 2))
def test_any_bytes_in_a_track_are_read_or_refused(noise, kind):
    data = midi(noise.hex(), GOOD, kind=kind)
    try:
        song = parse_midi(data)
    except MidiError:
        return
    assert song.end <= MAX_BEATS * 24
    for part in song.parts:
        assert len(part.notes) > 0
        assert part.notes.length.min() >= 1
        assert np.all(np.diff(part.notes.onset) >= 0)
    assert np.all(np.diff(song.bar_lines) > 0)
    assert song.bar_lines[-1] >= song.end


def both_readers(chunk):
    """The notes of a track by symusic and by the exact reader, or None where either refuses."""
    fast = _read_fast(chunk)
    try:
        exact = _split_by_channel(read_events(chunk))
    except MidiError:
        return None
    if fast is None:
        return None
    return [
        sorted(
            (one.is_drums, *row)
            for one in instruments
            for row in zip(
                *(getattr(one, name).tolist() for name in ("onset", "end", "pitch", "velocity")),
                strict=True,
            )
        )
        for instruments in (fast, exact)
    ]


def real_files():
    if not SHARED.is_dir():
        pytest.skip("the shared MIDI files are not here")
    return sorted(SHARED.glob("*.mid"))


def test_both_readers_agree_on_real_and_on_damaged_files():
    compared = 0
    rng = random.Random(0)
    for path in real_files():
        data = path.read_bytes()
        for damage in range(4):
            spoilt = bytearray(data)
            for _ in range(2 * damage):
                spoilt[rng.randrange(14, len(spoilt))] = rng.randrange(256)
            try:
                chunks = split_chunks(bytes(spoilt))[2]
            except MidiError:
                continue
            for chunk in chunks:
                if answers := both_readers(chunk):
                    compared += 1
                    assert answers[0] == answers[1]
    assert compared > 100


def test_real_files():
    reasons = {}
    for path in real_files():
        try:
            song = read_midi(path)
        except MidiError as error:
            reasons[path.name] = str(error).removeprefix(f"{path}: ")
        else:
            assert all(len(part.notes) for part in song.parts)
    assert reasons == {
        "ValueError_Control168.mid": "damaged MIDI: track 3: control change with the value 168 "
        "(0-127 are possible) at byte 107",
        "empty.mid": "no notes",
    }
