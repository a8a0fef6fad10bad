"""Scanning a track at once gives what reading it byte by byte gives."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jazzgen.errors import MidiError
from jazzgen.music.midi_events import read_events, scan_events

DELTAS = st.sampled_from(["00", "01", "18", "83 60", "81 80 00", "FF FF 7F", "80 80 80 05"])
PITCHES = st.sampled_from(["3C", "3D", "48"])
EVENTS = st.one_of(
    st.builds("{} {} 50".format, st.sampled_from(["90", "91", "99"]), PITCHES),
    st.builds("{} {} 00".format, st.sampled_from(["90", "80", "81", "89"]), PITCHES),
    st.builds("{} 40".format, PITCHES),  # on the running status
    st.builds("{} 00".format, PITCHES),
    st.sampled_from(
        [
            *("C0 05", "C1 07", "D0 20", "05", "B0 07 64", "E0 00 40", "A0 3C 10"),
            *("FF 06 02 44 6D", "FF 51 03 07 A1 20", "FF 01 81 00 " + "41 " * 128),
            *("F0 03 01 02 F7", "FF 2F 00", "F4", "90 BC 50", "FF 06 7F 00"),
        ]
    ),
)


@settings(max_examples=500)
@given(st.lists(st.tuples(DELTAS, EVENTS), max_size=40), st.integers(0, 3))
def test_scanned_as_read(events, cut):
    data = bytes.fromhex(" ".join(f"{delta} {event}" for delta, event in events))
    data = data[: len(data) - cut]
    scanned = scan_events(data)
    try:
        exact = read_events(data)
    except MidiError:
        assert scanned is None
        return
    if scanned is None:  # unusual: it is read again
        return
    assert scanned.metas == exact.metas
    assert np.array_equal(scanned.notes, exact.notes)
    assert (scanned.hanging, scanned.position) == (exact.hanging, exact.position)
    assert (scanned.end_midi_ticks, scanned.complete) == (exact.end_midi_ticks, True)


def test_usual_tracks_are_scanned():
    notes = " ".join(f"00 90 {60 + i % 5:02X} 50 18 80 {60 + i % 5:02X} 00" for i in range(50))
    data = bytes.fromhex(f"00 C0 42 {notes} 00 FF 06 01 41 {notes} 00 FF 2F 00")
    scanned = scan_events(data)
    assert scanned is not None
    assert len(scanned.notes) == 100
    assert scanned.notes[:, 5].tolist() == [0x42] * 100
