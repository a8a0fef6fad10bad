"""Published measures of one solo, and their means over many.

Each function below names its formula, its range, when it is NaN, and where it comes from.

Conventions:
    A solo is a pair of `Notes` and the `Changes` they are played over, times in ticks. A note
    counts once, by its onset, whatever its length and velocity.

    The *bars of a solo* run from the bar of its first note to the bar of its last: silence before
    and after is not measured, silence between is. Notes outside the changes' bar lines have no bar
    and are left out wherever bars matter.

    A measure that has nothing to measure is NaN, never 0, so that it cannot pass for a result;
    means over solos leave NaN out.

    Transposing notes and chords together changes nothing here.

The two coherences need a decision that the papers leave to the reader. MINGUS (Madaghiele, Lisena,
Troncy, ISMIR 2021) asks whether the *name* of a note is among the names of the chord's four notes,
and among the names of "the chord's scale", which its code builds by adding the steps 2 to 7 of the
major scale on the root to the chord symbol. By name a G flat over D7 is no chord tone; by pitch
class, as here, it is. See `four_notes` and `chord_scale` for the rest. Over the 413 solos of the
Weimar Jazz Database at hand these rules give 49.5 and 77.9 % of the notes, where 49.6 and 77.8 are
published.
"""

import math
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.music.changes import Changes
from jazzgen.music.chords import Chord
from jazzgen.music.notes import IntArray, Notes

Solo = tuple[Notes, Changes]
"""A solo and the changes it is played over."""

GROOVE_SLOTS: Final = 64
"""Slots a bar in which grooving similarity is published; its value depends on their number."""

_MAJOR: Final = (0, 2, 4, 5, 7, 9, 11)

_MAJOR_SCALES: Final = np.array(
    [[(pitch - tonic) % 12 in _MAJOR for pitch in range(12)] for tonic in range(12)]
)


@dataclass(frozen=True, slots=True)
class Measures:
    """All measures of one solo.

    Attributes:
        notes: number of notes.
        notes_over_chords: number of notes that begin while a chord sounds.
        h1: pitch-class entropy of one bar, bits, 0 to log2(12) = 3.585.
        h4: the same of four bars.
        gs: grooving similarity at 64 slots a bar, 0 to 1.
        chord_coherence: share of notes that belong to the chord, 0 to 1.
        scale_coherence: share of notes that belong to the chord's scale, 0 to 1.
        pitch_range: semitones from the lowest note to the highest, 0 to 127.
        scale_consistency: share of notes in the best major or minor scale, 7/12 to 1.
    """

    notes: int
    notes_over_chords: int
    h1: float
    h4: float
    gs: float
    chord_coherence: float
    scale_coherence: float
    pitch_range: float
    scale_consistency: float


MEANS: Final = ("h1", "h4", "gs", "pitch_range", "scale_consistency")
"""Measures that `summary` averages over solos, each solo counting once."""

SHARES: Final = ("chord_coherence", "scale_coherence")
"""Measures that `summary` takes of all notes of all solos together."""


def measure(notes: Notes, changes: Changes) -> Measures:
    """Measures one solo in every way.

    Args:
        notes: the solo, `(n,)`, any number of notes.
        changes: what it is played over.
    """
    return Measures(
        notes=len(notes),
        notes_over_chords=notes_over_chords(notes, changes),
        h1=pitch_class_entropy(notes, changes, bars=1),
        h4=pitch_class_entropy(notes, changes, bars=4),
        gs=grooving_similarity(notes, changes),
        chord_coherence=chord_coherence(notes, changes),
        scale_coherence=scale_coherence(notes, changes),
        pitch_range=pitch_range(notes),
        scale_consistency=scale_consistency(notes),
    )


def summary(solos: Iterable[Solo]) -> dict[str, float]:
    """Measures many solos and takes means.

    Args:
        solos: any number of solos; with none, everything but the counts is NaN.

    Returns:
        `solos`, `notes` (counts) and a value for each measure of `Measures`, as `summarise` takes
        it.
    """
    return summarise(measure(notes, changes) for notes, changes in solos)


def summarise(measured: Iterable[Measures]) -> dict[str, float]:
    """Means of what was measured before; also of a bootstrap sample of it.

    The entropies, grooving similarity, pitch range and scale consistency are means over the solos
    in which they are not NaN, each solo counting once (Wu & Yang, ISMIR 2020). The coherences are
    shares of all notes that begin over a chord, so long solos weigh more (MINGUS's evaluation); the
    mean over solos would be about one point higher on the Weimar Jazz Database.

    Args:
        measured: one `Measures` for each solo.
    """
    rows = list(measured)
    means: dict[str, float] = {"solos": len(rows), "notes": sum(row.notes for row in rows)}
    for name in MEANS:
        values = [value for row in rows if not math.isnan(value := getattr(row, name))]
        means[name] = math.fsum(values) / len(values) if values else math.nan
    over_chords = [row for row in rows if row.notes_over_chords]
    total = sum(row.notes_over_chords for row in over_chords)
    for name in SHARES:
        hits = math.fsum(getattr(row, name) * row.notes_over_chords for row in over_chords)
        means[name] = hits / total if total else math.nan
    return means


def pitch_class_entropy(notes: Notes, changes: Changes, bars: int) -> float:
    """How many pitch classes a passage of some bars uses, and how evenly.

    In every window of `bars` bars, one bar apart, the onsets are counted into a 12-bin pitch-class
    histogram, which is normalised to h. The entropy is `-sum(h * log2(h))`, and the mean over all
    windows with notes in them is returned. A solo of fewer bars is one window.

    Args:
        notes: the solo.
        changes: its bar lines count, its chords do not.
        bars: window length in bars, at least 1: 1 for H1, 4 for H4.

    Returns:
        Bits, 0 (one pitch class) to log2(12); NaN without notes.

    Reference: Wu & Yang, The Jazz Transformer on the Front Line, ISMIR 2020.
    """
    if bars < 1:
        raise ValueError("a window takes at least one bar")
    bar, inside = played_bars(notes, changes)
    if not len(bar):
        return math.nan
    histograms = np.zeros((int(bar[-1]) + 1, 12), dtype=np.int64)
    np.add.at(histograms, (bar, notes.pitch[inside] % 12), 1)
    window = min(bars, len(histograms))
    sums = np.concatenate([np.zeros((1, 12), dtype=np.int64), np.cumsum(histograms, axis=0)])
    counts = sums[window:] - sums[:-window]
    total = counts.sum(axis=1, keepdims=True)
    share = counts[total[:, 0] > 0] / total[total[:, 0] > 0]
    surprise = np.log2(share, out=np.zeros_like(share), where=share > 0)
    return float(-(share * surprise).sum(axis=1).mean()) + 0.0  # no negative zero


def grooving_similarity(notes: Notes, changes: Changes, slots: int = GROOVE_SLOTS) -> float:
    """How alike the rhythms of any two bars are.

    Each bar becomes a binary vector of `slots` equal slots, 1 where at least one note begins (at
    the nearest slot; just before the bar line, the last one). The result is 1 minus the mean share
    of slots in which two bars differ, over all pairs of bars, empty bars included.

    The published figures draw 1,000 pairs where a solo has more. Here every pair counts: of n bars
    c have an onset in a slot, so c * (n - c) pairs differ there, and no pair need be looked at.

    Args:
        notes: the solo.
        changes: its bar lines count, its chords do not.
        slots: slots a bar, at least 1, whatever the metre.

    Returns:
        0 to 1 (all bars alike); NaN with fewer than two bars. Real solos: .862 at 64 slots, .820
        at 48, .589 at 16.

    Reference: Wu & Yang, The Jazz Transformer on the Front Line, ISMIR 2020.
    """
    if slots < 1:
        raise ValueError("a bar takes at least one slot")
    bar, inside = played_bars(notes, changes)
    bars = int(bar[-1]) + 1 if len(bar) else 0
    if bars < 2:
        return math.nan
    onset = notes.onset[inside].astype(np.int64)
    place = np.searchsorted(changes.bar_lines, onset, side="right")
    start = changes.bar_lines[place - 1]
    length = changes.bar_lines[place] - start
    slot = np.minimum((2 * (onset - start) * slots + length) // (2 * length), slots - 1)
    onsets = np.zeros((bars, slots), dtype=bool)
    onsets[bar, slot] = True
    used = onsets.sum(axis=0)
    differing = int((used * (bars - used)).sum())
    return 1.0 - differing / (slots * bars * (bars - 1) / 2)


def notes_over_chords(notes: Notes, changes: Changes) -> int:
    """Number of notes that begin while a chord sounds: those that the coherences count."""
    sounding = np.array([chord.root >= 0 for chord in changes.chords])
    return int(np.count_nonzero(sounding[changes.index_at(notes.onset)]))


def chord_coherence(notes: Notes, changes: Changes) -> float:
    """Share of notes that begin over a chord and are among its `four_notes`, by pitch class.

    Returns:
        0 to 1; NaN where no note begins over a chord.

    Reference: Madaghiele, Lisena, Troncy, MINGUS, ISMIR 2021, who follow BebopNet (Hakimi,
    Bhonker, El-Yaniv, ISMIR 2020).
    """
    return _coherence(notes, changes, four_notes)


def scale_coherence(notes: Notes, changes: Changes) -> float:
    """Share of notes that begin over a chord and lie in its `chord_scale`, by pitch class.

    Returns:
        0 to 1; NaN where no note begins over a chord.

    Reference: as for `chord_coherence`.
    """
    return _coherence(notes, changes, chord_scale)


@lru_cache(maxsize=4096)
def four_notes(chord: Chord) -> int:
    """Root, third, fifth, and seventh or sixth of a chord.

    Extensions and a slash bass do not count. The fourth or second of a suspended chord stands for
    its third. Triads have three notes. (MINGUS's chords have four notes too; it gives triads a
    major seventh, which is not done here. With all extensions the Weimar Jazz Database comes to
    50.8 %.)

    Returns:
        Pitch classes as a bit mask, 0 to 4095; 0 without a chord.
    """
    if chord.root < 0:
        return 0
    intervals = {(tone - chord.root) % 12 for tone in chord.pitch_classes}
    degrees = ((0,), (4, 3, 5, 2), (7, 8, 6), (10, 11, 9))
    return _mask(chord.root, {next((i for i in d if i in intervals), 0) for d in degrees})


@lru_cache(maxsize=4096)
def chord_scale(chord: Chord) -> int:
    """All tones of a chord, completed by the major scale on its root.

    Of that scale, a third, fifth or seventh that the chord has in another shape is left out: m7
    becomes Dorian, 7 Mixolydian, maj7 major, a minor triad melodic minor. Tensions stand beside the
    scale's own tones (a b9 beside the 9), as in MINGUS, which adds the whole major scale even to
    chords that contradict it (82.7 % of the notes of real solos by pitch class).

    Returns:
        Pitch classes as a bit mask, 0 to 4095; 0 without a chord.
    """
    if chord.root < 0:
        return 0
    intervals = {(tone - chord.root) % 12 for tone in chord.pitch_classes}
    scale = set(_MAJOR)
    for natural, others in ((4, {3}), (7, {6, 8}), (11, {10})):
        if natural not in intervals and intervals & others:
            scale.discard(natural)
    return chord.tones | _mask(chord.root, scale)


def pitch_range(notes: Notes) -> float:
    """Semitones from the lowest note to the highest: `max(pitch) - min(pitch)`.

    Returns:
        0 to 127; NaN without notes (MusPy returns 0 there).

    Reference: Dong, Chen, McAuley, Berg-Kirkpatrick, MusPy, ISMIR 2020.
    """
    return float(notes.pitch.max() - notes.pitch.min()) if len(notes) else math.nan


def scale_consistency(notes: Notes) -> float:
    """The largest share of notes that lies in any one major or minor scale.

    Minor is natural minor, as in MusPy, and so has the pitch classes of its relative major: twelve
    scales are tried.

    Returns:
        7/12 to 1; NaN without notes.

    Reference: Mogren, C-RNN-GAN, 2016; Dong et al., MusPy, ISMIR 2020.
    """
    if not len(notes):
        return math.nan
    counts = np.bincount(notes.pitch % 12, minlength=12)
    return float((_MAJOR_SCALES @ counts).max() / counts.sum())


def played_bars(notes: Notes, changes: Changes) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """The bar of each note, counted from the bar of the first.

    Returns:
        int32 `(k,)`, 0 at first and not decreasing, of the notes that have a bar; and which those
        are, bool `(n,)`.
    """
    lines = changes.bar_lines
    inside = (notes.onset >= lines[0]) & (notes.onset < lines[-1])
    bar = np.searchsorted(lines, notes.onset[inside], side="right").astype(np.int32)
    return (bar - bar[0] if len(bar) else bar), inside


def _coherence(notes: Notes, changes: Changes, tones: Callable[[Chord], int]) -> float:
    """Share of the notes over a chord whose pitch class is among its `tones`."""
    wanted = np.array([tones(chord) for chord in changes.chords])[changes.index_at(notes.onset)]
    over_chord = wanted != 0
    if not over_chord.any():
        return math.nan
    held = wanted[over_chord] >> (notes.pitch[over_chord] % 12) & 1
    return float(held.mean())


def _mask(root: int, intervals: Set[int]) -> int:
    """Bit mask of the pitch classes at these intervals (semitones) above a root."""
    return sum(1 << (root + interval) % 12 for interval in intervals)
