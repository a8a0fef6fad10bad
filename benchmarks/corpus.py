"""A corpus of any size out of what the project ships, to measure reading on.

    python -m benchmarks.corpus FOLDER FILES

The bundled model improvises over every bundled chart, a band accompanies it in several ways, and
each file is one such take, transposed and cut, with some of its parts left out. Three files in a
thousand are broken, one in fifty is of type 0. A file depends on its number alone.
"""

import argparse
import io
import multiprocessing
import tempfile
from collections.abc import Iterator
from pathlib import Path

import mido
import numpy as np
from symusic import Score, Tempo, TextMeta, TimeSignature
from symusic import Track as ScoreTrack

import jazzgen
from jazzgen.music.changes import Changes
from jazzgen.music.chords import NO_CHORD, Chord, parse_chord
from jazzgen.music.midi_write import Track, write_midi
from jazzgen.music.notes import Note, Notes
from jazzgen.rendering.block_chords import block_chords
from jazzgen.resources import bundled_charts

TAKES = 4
"""Solos over each chart."""

_BARS = (32, 160)
"""Of a file: a chorus of a standard to five."""

_BAR = 4 * 480
_SOLOISTS = (66, 65, 56, 57, 71, 26, 11, 73)
"""General MIDI programs."""


def make_corpus(folder: Path, files: int) -> None:
    """Writes so many MIDI files below a folder, a thousand a folder."""
    takes = list(_takes())
    folders = [
        (folder / f"{first // 1000:03}", range(first, min(first + 1000, files)))
        for first in range(0, files, 1000)
    ]
    if len(folders) < 4:
        _keep(takes)
        list(map(_fill, folders))
        return
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(initializer=_keep, initargs=(takes,)) as pool:
        pool.map(_fill, folders, chunksize=1)


_kept: list[Score] = []
"""The takes, in the process that fills folders."""


def _keep(takes: list[bytes]) -> None:
    _kept[:] = map(Score.from_midi, takes)


def _fill(wanted: tuple[Path, range]) -> None:
    folder, numbers = wanted
    folder.mkdir(parents=True)
    for number in numbers:
        (folder / f"tune {number:06}.mid").write_bytes(_file(_kept, number))


def _file(takes: list[Score], number: int) -> bytes:
    rng = np.random.default_rng([7, number])
    score = _varied(takes[int(rng.integers(len(takes)))], rng)
    data = score.dumps_midi()
    if number % 50 == 3:
        data = _one_track(data)
    match number % 1000:
        case 500:
            return data[: len(data) // 2]
        case 750:
            return b""
        case 999:
            return b"no MIDI"
    return data


def _varied(take: Score, rng: np.random.Generator) -> Score:
    """Some bars of a take, on other pitches, in another tempo, by fewer players."""
    bars = max(take.end() // _BAR, 2)
    length = int(rng.integers(min(_BARS[0], bars), min(_BARS[1], bars) + 1))
    first = int(rng.integers(0, bars - length + 1))
    score = take.clip(first * _BAR, (first + length) * _BAR, clip_end=True)
    score = score.shift_time(-first * _BAR)
    by = int(rng.integers(-5, 7))
    kept = []
    for track in score.tracks:
        if track.name != "Solo" and rng.random() < 0.2:
            continue
        if not track.is_drum:
            track.shift_pitch(by, inplace=True)
        kept.append(track)
    score.tracks = [ScoreTrack(name="tempo"), *kept]  # without notes, as most files have it
    symbols = [(m.time, m.text) for m in take.markers if m.time < (first + length) * _BAR]
    markers = [
        TextMeta(max(time - first * _BAR, 0), parse_chord(text).transposed(by).symbol)
        for time, text in symbols
    ]
    score.markers = markers if rng.random() < 0.5 else []
    metre = take.time_signatures[0]
    score.time_signatures = [TimeSignature(0, metre.numerator, metre.denominator)]
    tempo = float(rng.integers(60, 280))
    changes = range(0, length, 8) if rng.random() < 0.3 else (0,)
    score.tempos = [Tempo(bar * _BAR, qpm=tempo + bar) for bar in changes]
    return score


def _one_track(data: bytes) -> bytes:
    """The same as a file of type 0."""
    file = mido.MidiFile(file=io.BytesIO(data))
    single = mido.MidiFile(type=0, ticks_per_beat=file.ticks_per_beat)
    single.tracks.append(mido.merge_tracks(file.tracks))
    made = io.BytesIO()
    single.save(file=made)
    return made.getvalue()


def _takes() -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "take.mid"
        for number, name in enumerate(bundled_charts()):
            for seed in range(TAKES):
                solo = jazzgen.improvise(name, bars=_BARS[1], model="classic", seed=seed)
                program = _SOLOISTS[(number + seed) % len(_SOLOISTS)]
                tracks = [Track("Solo", program, 0, solo.notes)]
                tracks += _band(solo.changes, seed)
                write_midi(path, tracks, tempo_bpm=120, changes=solo.changes)
                yield path.read_bytes()


def _band(changes: Changes, manner: int) -> list[Track]:
    """Piano, bass and drums: held chords or stabs, walking or two beats, straight or triplets."""
    rng = np.random.default_rng(manner)
    piano = block_chords(changes)
    if manner % 2:
        piano = Notes.of(
            Note(note.onset + at, 6, note.pitch, 60)
            for note in piano
            for at in (0, 36)
            if at < note.length
        )
    bass: list[Note] = []
    drums: list[Note] = []
    beats = range(0, changes.end, 24 if manner % 3 else 48)
    for tick in beats:
        chord = changes.at(tick)
        if chord != NO_CHORD:
            tones = _bass_tones(chord)
            pitch = 36 + (chord.bass if tick % 96 == 0 else int(rng.choice(tones))) % 12
            bass.append(Note(tick, beats.step - 2, pitch, 90))
    for tick in range(0, changes.end, 24):
        drums.append(Note(tick, 4, 51, 70))
        if tick % 48 == 24:
            drums += [Note(tick + (16 if manner % 2 else 12), 4, 51, 60), Note(tick, 4, 44, 60)]
    return [
        Track("Piano", 0, 1, piano),
        Track("Bass", 32, 2, Notes.of(bass)),
        Track("Drums", 0, 9, Notes.of(drums)),
    ]


def _bass_tones(chord: Chord) -> tuple[int, ...]:
    return (chord.root, *chord.pitch_classes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("files", type=int)
    arguments = parser.parse_args()
    make_corpus(arguments.folder, arguments.files)


if __name__ == "__main__":
    main()
