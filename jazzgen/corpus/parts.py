"""Who plays the melody of a MIDI file and who the chords, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from jazzgen.corpus.melodic import PartProfile, profiles
from jazzgen.corpus.skyline import SELF_ACCOMPANIED, below, polyphony, skyline
from jazzgen.errors import MidiError
from jazzgen.music.midi_read import MidiSong, Part
from jazzgen.music.notes import Notes

_ALONE: Final = 1.05
"""Notes at a time up to which a part is called monophonic, whatever its legato."""

_FIRST_UNPITCHED: Final = 112
"""General MIDI programs from here on are percussion and noises."""


@dataclass(frozen=True, slots=True)
class PartChoice:
    """The melody.

    Attributes:
        index: the part's number.
        why: a clause for the user.
    """

    index: int
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class ChordsChoice:
    """The accompaniment.

    Attributes:
        indexes: the numbers of the parts that play it; the melody's own number when the notes
            below its top line are taken; none when the melody is alone.
        notes: what they play.
        why: a clause for the user.
    """

    indexes: tuple[int, ...]
    notes: Notes
    why: str


def choose_melody(
    song: MidiSong,
    override: int | None = None,
    *,
    measured: Sequence[PartProfile] | None = None,
) -> PartChoice:
    """Chooses the part with the melody: the most melodic, or the one asked for.

    Args:
        song: the file.
        override: a part's number, from 0.
        measured: the profiles of its parts, when they are at hand.

    Raises:
        MidiError: when there is no such part, or only drums.
    """
    if override is not None:
        return PartChoice(_pitched(song, override).index, "asked for")
    measured = profiles(song.parts, song.bar_lines) if measured is None else measured
    pitched = [part for part in song.parts if not part.is_drums]
    if not pitched:
        raise MidiError("only drums, no melody")
    best = max(pitched, key=lambda part: (measured[part.index].score, len(part.notes), -part.index))
    seen = measured[best.index]
    reasons = ["the only part that is not drums"] if len(pitched) == 1 else ["the most melodic"]
    if seen.hint > 0:
        reasons.append(f"called {best.name!r}")
    if seen.polyphony < SELF_ACCOMPANIED:
        mostly = "mostly " if seen.polyphony > _ALONE else ""
        reasons.append(f"{mostly}one note at a time")
    else:
        reasons.append("its top line")
    if len(pitched) > 1:
        reasons.append(f"plays in {seen.presence:.0%} of the bars")
    return PartChoice(best.index, ", ".join(reasons))


def choose_chords(
    song: MidiSong,
    melody: int,
    override: Sequence[int] | None = None,
    *,
    line: Notes | None = None,
) -> ChordsChoice:
    """Chooses who accompanies: all other pitched parts, or those asked for.

    Where nobody else plays, a polyphonic melody part accompanies itself with the notes below its
    top line. In a type-2 file, whose tracks are pieces of their own, only the melody's track
    counts.

    Args:
        song: the file.
        melody: the number of the part with the melody.
        override: numbers of parts; may include the melody's, for the notes below it.
        line: the melody's skyline, when it is at hand.

    Raises:
        MidiError: when there is no such part, or it is drums.
    """
    if override is not None:
        chosen = [_pitched(song, index) for index in dict.fromkeys(override)]
        why = "asked for"
    else:
        chosen = [
            part
            for part in song.parts
            if not part.is_drums
            and part.program < _FIRST_UNPITCHED
            and part.index != melody
            and (song.format != 2 or part.track == song.parts[melody].track)
        ]
        why = (
            "all parts beside the melody that play pitches"
            if len(chosen) > 1
            else ("the only part beside the melody that plays pitches")
        )
        own = song.parts[melody]
        if not chosen:
            if polyphony(own.notes) >= SELF_ACCOMPANIED:
                chosen, why = [own], "the notes below the melody"
            else:
                why = "nobody else plays"
    heard = []
    for part in chosen:
        notes = part.notes
        if part.index == melody:
            notes = below(notes, skyline(notes).notes if line is None else line)
        heard.append(notes)
    return ChordsChoice(tuple(part.index for part in chosen), _together(heard), why)


def _pitched(song: MidiSong, index: int) -> Part:
    if not 0 <= index < len(song.parts):
        last = len(song.parts) - 1
        have = "only part 0" if not last else f"parts 0 to {last}"
        raise MidiError(f"there is no part {index}: the file has {have}")
    part = song.parts[index]
    if part.is_drums:
        raise MidiError(f"part {index} is drums")
    return part


def _together(parts: Sequence[Notes]) -> Notes:
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return Notes.empty()
    onset, length, pitch, velocity = (
        np.concatenate([getattr(notes, name) for notes in parts])
        for name in ("onset", "length", "pitch", "velocity")
    )
    order = np.argsort(onset.astype(np.int64) << 7 | pitch, kind="stable")
    return Notes(onset[order], length[order], pitch[order], velocity[order])
