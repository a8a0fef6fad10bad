"""The chords of a MIDI file: read from its chord symbols, or heard in the accompaniment.

Hearing goes by half bars. How long each pitch class sounds in one, and which are in the bass,
makes a profile of 24 numbers; one matrix product compares all profiles with all chords (12 roots
times the qualities below); the best path through them pays for every change of chord, less on a
bar line, so passing notes change nothing. Template matching with a bass and a path is the common
ground of chord recognition (Fujishima, ICMC 1999; Papadopoulos and Peeters, CBMI 2007); the
numbers were set on chord charts voiced for piano and walking bass.
"""

from collections import defaultdict
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.errors import ChordError
from jazzgen.music.chords import NO_CHORD, Chord, parse_chord, pitch_class_name
from jazzgen.music.midi_read import MidiSong, Text
from jazzgen.music.notes import IntArray, Notes
from jazzgen.music.ticks import TICKS_PER_BEAT

FloatArray = npt.NDArray[np.float32]
ChordRows = list[tuple[int, Chord]]

_QUALITIES: Final = {
    # Weights of the tones by semitones above the root, and a prior: how readily the chord is
    # believed. The third and seventh tell chords apart; the fifth is often left out.
    "": ({0: 1.0, 4: 1.0, 7: 0.8}, 0.0),
    "m": ({0: 1.0, 3: 1.0, 7: 0.8}, 0.0),
    "7": ({0: 1.0, 4: 1.0, 7: 0.6, 10: 0.9}, 0.0),
    "maj7": ({0: 1.0, 4: 1.0, 7: 0.7, 11: 0.8}, 0.0),
    "m7": ({0: 1.0, 3: 1.0, 7: 0.7, 10: 0.9}, 0.0),
    "m7b5": ({0: 1.0, 3: 1.0, 6: 1.0, 10: 0.9}, -0.01),
    "dim7": ({0: 1.0, 3: 1.0, 6: 1.0, 9: 1.0}, -0.02),
    "6": ({0: 1.0, 4: 1.0, 7: 0.8, 9: 0.8}, -0.02),
    "m6": ({0: 1.0, 3: 1.0, 7: 0.8, 9: 0.8}, -0.03),
    "mMaj7": ({0: 1.0, 3: 1.0, 7: 0.8, 11: 0.8}, -0.05),
    "+": ({0: 1.0, 4: 1.0, 8: 1.0}, -0.06),
    "7#5": ({0: 1.0, 4: 1.0, 8: 0.9, 10: 0.9}, -0.05),
    "dim": ({0: 1.0, 3: 1.0, 6: 1.0}, -0.05),
    "sus4": ({0: 1.0, 5: 0.9, 7: 0.9}, -0.04),
    "7sus4": ({0: 1.0, 5: 0.9, 7: 0.7, 10: 0.9}, -0.04),
    "9": ({0: 1.0, 4: 1.0, 7: 0.4, 10: 0.9, 2: 0.6}, -0.01),
    "m9": ({0: 1.0, 3: 1.0, 7: 0.5, 10: 0.9, 2: 0.6}, -0.02),
    "maj9": ({0: 1.0, 4: 1.0, 7: 0.5, 11: 0.8, 2: 0.6}, -0.02),
    "7b9": ({0: 1.0, 4: 1.0, 7: 0.4, 10: 0.9, 1: 0.7}, -0.02),
    "13": ({0: 0.9, 4: 1.0, 10: 1.0, 2: 0.5, 9: 0.8}, -0.03),
}

_BASS_WEIGHT: Final = 0.2
"""What the right bass is worth beside a perfect match of the tones, which is 1."""
_BASS: Final = {0: 1.0, 7: 0.25, 4: 0.25, 3: 0.25, 10: 0.1, 11: 0.1}
"""How well a bass note fits by semitones above the root; only where it belongs to the chord."""
_BASS_SPAN: Final = 9
"""Semitones above the lowest note of a half bar that still count as bass: root, fifth, sixth."""
_ABOVE_BASS: Final = 0.5
"""What a note above the lowest counts beside it."""
_ON_THE_BEAT: Final = 2.0
"""How much more a bass note counts that sounds when the half bar begins: the root's place."""
_LOW: Final = 48
"""MIDI pitch (C3) under which a note that begins within a half bar is taken for a bass line."""
_PASSING: Final = 0.15
"""What such a note counts among the tones: walking basses pass through all keys."""
_LOUDNESS: Final = 0.6
"""Exponent of sounding time: four beats of a tone are not four times as much as one."""
_LONGEST: Final = 8 * 4 * TICKS_PER_BEAT
"""Ticks after which a sounding note is no longer heard: a stuck note, a drone."""
_SHORTEST: Final = 12
"""Ticks a struck note counts at least: a stab says as much as a pad."""

_BLOCK: Final = 32
"""Half bars in one matrix product. BLAS gives larger ones to several threads, which takes a hundred
times longer when another process has the other core."""

_CHANGE: Final = 0.09
"""Price of a chord change on a bar line, in units of a perfect match."""
_CHANGE_INSIDE: Final = 0.14
"""The same within a bar."""
_SILENT: Final = -1
"""Stands for no chord among the numbers of chords."""
_SILENCE_BARS: Final = 2
"""Bars of silent accompaniment after which there is no chord any more."""


def song_chords(
    song: MidiSong, accompaniment: Notes, *, listen: bool = False
) -> tuple[ChordRows, str]:
    """The chords of a file on the tick grid.

    Args:
        song: the file; its chord symbols are taken if it has any.
        accompaniment: what is heard otherwise; without notes there are no chords.
        listen: listen to the accompaniment even if there are chord symbols.

    Returns:
        Ticks and chords, no two neighbours equal, empty when there are none; and where they come
        from: `symbols`, `accompaniment` or `none`.
    """
    if not listen and (rows := written_chords(song)):
        return rows, "symbols"
    if len(accompaniment):
        compound = song.metres[0].denominator == 8
        return heard_chords(accompaniment, song.bar_lines, compound=compound), "accompaniment"
    return [], "none"


def written_chords(song: MidiSong) -> ChordRows:
    """Chords from the chord symbols in markers, texts, lyrics or cue points; empty without.

    The texts of one kind in one track are chord symbols when four in five can be read as such and
    they cannot be mistaken for something else: section letters (`A`, `B`), a single word.
    """
    groups: defaultdict[tuple[int, str], list[Text]] = defaultdict(list)
    for text in song.texts:
        if text.text and not text.text.startswith("jazzgen:"):
            groups[text.track, text.kind].append(text)
    best: ChordRows = []
    for texts in groups.values():
        rows = [(text.tick, chord) for text in texts if (chord := _symbol(text.text)) is not None]
        if len(rows) > len(best) and len(rows) >= 0.8 * len(texts) and _are_chords(rows, song):
            best = rows
    return _merged(best)


def heard_chords(notes: Notes, bar_lines: IntArray, *, compound: bool = False) -> ChordRows:
    """Chords recognised in an accompaniment, at most two per bar (one per beat in odd metres).

    Args:
        notes: the accompaniment, at any polyphony.
        bar_lines: int32 `(bars + 1,)`.
        compound: bars of 72 ticks are 6/8, two groups of three, rather than 3/4.

    Returns:
        Ticks and chords, no two neighbours equal, from tick 0; `NO_CHORD` where nothing sounds
        for two bars and before the first note.
    """
    bounds, price = _half_bars(bar_lines, compound)
    profiles, sounding = _profiles(notes, bounds)
    templates, priors = _templates()
    fit = np.empty((len(profiles), len(priors)), np.float32)  # (segments, chords)
    for block in range(0, len(fit), _BLOCK):
        rows_now = slice(block, block + _BLOCK)
        np.matmul(profiles[rows_now], templates, out=fit[rows_now])
    fit += priors
    fit[~sounding] = 0.0
    path = _best_path(fit, price)
    path[_silent(sounding, bounds, bar_lines)] = _SILENT
    new = np.append(True, path[1:] != path[:-1])
    rows = zip(bounds[:-1][new].tolist(), path[new].tolist(), strict=True)
    return [(start, NO_CHORD if state == _SILENT else _chord(state)) for start, state in rows]


@lru_cache(maxsize=4096)
def _symbol(text: str) -> Chord | None:
    try:
        return parse_chord(text.strip(" []()"))
    except ChordError:
        return None


def _are_chords(rows: ChordRows, song: MidiSong) -> bool:
    symbols = [chord.symbol for _, chord in rows]
    if any(any(sign.isdigit() for sign in symbol) for symbol in symbols):
        return True
    if len(rows) < 3 or len(set(symbols)) < 2:
        return False
    if max(map(len, symbols)) > 1:
        return True
    # Single letters are chords only if they come as fast as chords do: sections last longer.
    steps = np.diff([tick for tick, _ in rows])
    bar = float(np.median(np.diff(song.bar_lines)))
    return float(np.median(steps)) <= 2 * bar


def _merged(rows: ChordRows) -> ChordRows:
    """The rows in order, without those that repeat the chord before; of one tick, the last."""
    by_tick = dict(rows)
    merged: ChordRows = []
    for tick in sorted(by_tick):
        chord = by_tick[tick]
        if not merged or chord != merged[-1][1]:
            merged.append((tick, chord))
    return merged


def _half_bars(bar_lines: IntArray, compound: bool) -> tuple[IntArray, FloatArray]:
    """Segments (their bounds, `(s + 1,)`) and the price of a change at each start, `(s,)`."""
    bounds: list[int] = []
    price: list[float] = []
    for start, end in pairwise(bar_lines.tolist()):
        length = end - start
        half = 2 * TICKS_PER_BEAT
        if length % half:
            half = 36 if compound and length % 36 == 0 else TICKS_PER_BEAT
        inside = range(start + half, end, half)
        bounds += [start, *inside]
        price += [_CHANGE] + [_CHANGE_INSIDE] * len(inside)
    bounds.append(int(bar_lines[-1]))
    return np.array(bounds, np.int32), np.array(price, np.float32)


def _profiles(notes: Notes, bounds: IntArray) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Per segment 12 shares of sounding time (norm 1) and 12 of the bass (sum 1).

    Returns:
        float32 `(s, 24)`, and bool `(s,)`: whether anything sounds.
    """
    segments = len(bounds) - 1
    end = notes.onset + np.minimum(notes.length, _LONGEST)
    first = np.searchsorted(bounds, notes.onset, side="right") - 1
    last = np.searchsorted(bounds, end, side="left") - 1
    first = np.clip(first, 0, segments - 1)
    last = np.clip(last, first, segments - 1)
    # One row for each note and each segment in which it sounds.
    count = last - first + 1
    note = np.repeat(np.arange(len(notes)), count)
    segment = np.arange(len(note)) - np.repeat(np.cumsum(count) - count, count) + first[note]
    begins = np.maximum(notes.onset[note], bounds[segment])
    time = np.minimum(end[note], bounds[segment + 1]) - begins
    struck = notes.onset[note] >= bounds[segment]
    time = np.where(struck, np.maximum(time, _SHORTEST), time)
    pitch = notes.pitch[note]
    place = segment * 12 + pitch % 12
    lowest = np.full(segments, 128, np.int32)
    np.minimum.at(lowest, segment, pitch)
    in_bass = pitch <= lowest[segment] + _BASS_SPAN
    early = begins <= bounds[segment] + 3  # a sixteenth triplet late is still on the beat
    weight = time * in_bass * np.where(early, _ON_THE_BEAT, 1.0)
    weight *= np.where(pitch == lowest[segment], 1.0, _ABOVE_BASS)
    bass = np.bincount(place, weights=weight, minlength=segments * 12).reshape(segments, 12)
    time = time * np.where((pitch < _LOW) & ~early, _PASSING, 1.0)
    heard = np.bincount(place, weights=time, minlength=segments * 12).reshape(segments, 12)
    tones = np.power(heard, _LOUDNESS)

    total = np.sqrt((tones**2).sum(axis=1, keepdims=True))
    bass_total = bass.sum(axis=1, keepdims=True)
    profile = np.hstack([tones / np.maximum(total, 1e-9), bass / np.maximum(bass_total, 1e-9)])
    return profile.astype(np.float32), total[:, 0] > 0


@lru_cache(maxsize=1)
def _templates() -> tuple[FloatArray, FloatArray]:
    """float32 `(24, 12 K)` weights and `(12 K,)` priors; chord `root * K + quality`."""
    columns, priors = [], []
    for root in range(12):
        for tones, prior in _QUALITIES.values():
            column = np.zeros(24)
            for interval, weight in tones.items():
                column[(root + interval) % 12] = weight
            column[:12] /= np.linalg.norm(column[:12])
            for interval, weight in _BASS.items():
                if interval in tones:
                    column[12 + (root + interval) % 12] = weight * _BASS_WEIGHT
            columns.append(column)
            priors.append(prior)
    return np.array(columns, np.float32).T.copy(), np.array(priors, np.float32)


def _best_path(fit: FloatArray, price: FloatArray) -> npt.NDArray[np.intp]:
    """The chord of each segment, `(s,)`, such that fits less prices of changes are highest."""
    segments = len(fit)
    score = fit.copy()  # of the best path that ends in each chord
    changed = np.empty(segments, fit.dtype)  # the same when it comes from another chord
    before, either = score[0], np.empty_like(score[0])
    for s, (now, cost) in enumerate(zip(score[1:], price[1:], strict=True), start=1):
        changed[s] = change = before[before.argmax()] - cost
        np.maximum(before, change, out=either)
        np.add(either, now, out=now)
        before = now
    best = score.argmax(axis=1)
    path = np.empty(segments, np.intp)
    path[-1] = state = best[-1]
    for s in range(segments - 1, 0, -1):
        if score[s - 1, state] <= changed[s]:  # in silence, as late as can be
            state = best[s - 1]
        path[s - 1] = state
    return path


def _silent(
    sounding: npt.NDArray[np.bool_], bounds: IntArray, bar_lines: IntArray
) -> npt.NDArray[np.bool_]:
    """Bool `(s,)`: segments without a chord, in long silences and before the first sound."""
    silent = np.zeros(len(sounding), np.bool_)
    limit = _SILENCE_BARS * int(np.median(np.diff(bar_lines)))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ~sounding, [False]])))
    for first, after in edges.reshape(-1, 2).tolist():
        if first == 0 or bounds[after] - bounds[first] > limit:
            silent[first:after] = True
    return silent


@lru_cache(maxsize=512)
def _chord(state: int) -> Chord:
    root, quality = divmod(state, len(_QUALITIES))
    return parse_chord(pitch_class_name(root) + list(_QUALITIES)[quality])
