"""What a listener might notice in eight bars of a solo, as numbers with names.

`two_sample` tells generated solos from real ones by these. They are grouped in families; each
family's function says what its features are.

Conventions:
    A *window* is eight bars. Windows follow one another without overlap from the bar of the solo's
    first note; the bars left over at the end are dropped, except that a solo of fewer than eight
    bars is one window by itself. Windows in which fewer than `MIN_NOTES` notes begin are dropped:
    shares of a handful of notes are noise. A note belongs to the window in which it begins, an
    interval or a pattern to that in which it begins and ends.

    A feature that has nothing to measure (the resolution of leaps where there is no leap) is NaN.

    Transposing notes and chords together changes only the family `register`, and of that only
    where the line lies: `mean_pitch`, `lowest`, `highest`.

    Lengths are taken as `fit_lengths` spells them, whatever they were. Transcriptions measure how
    long a finger stayed down; the encodings do not spell that, and a network that plays from them
    would be given away by it and by nothing else.

    IOI: inter-onset interval, ticks from one onset to the next.

    A pattern *comes back* when its notes began at least one pattern's length ago and not more than
    eight bars ago (in `_in_window`: within the window). Patterns of `n` intervals or IOIs span
    `n + 1` notes; two that share one note do not overlap.
"""

import math
from collections.abc import Callable
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.encoding.interval import fit_lengths
from jazzgen.evaluation.metrics import Solo, chord_scale, four_notes, played_bars
from jazzgen.music.changes import Changes
from jazzgen.music.chords import Chord
from jazzgen.music.notes import IntArray, Notes
from jazzgen.music.ticks import TICKS_PER_BEAT

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Int64Array = npt.NDArray[np.int64]
Family = dict[str, float]

WINDOW_BARS: Final = 8
"""Bars a window."""

MIN_NOTES: Final = 8
"""Notes that must begin in a window for it to count."""

STEP: Final = 2
"""Semitones of the widest interval that is a step; wider ones are leaps."""

PHRASE_GAP: Final = TICKS_PER_BEAT
"""Ticks of silence that part two phrases."""

_INTERVALS: Final = (1, 2, 3, 4, 5, 6, 7, 8, 12, 13)  # lower edges of the classes after unison
_IOIS: Final = (1, 6, 8, 9, 12, 13, 16, 17, 24, 25, 49)  # lower edges of the classes, ticks
_PLACES: Final = (0, 6, 8, 12, 16, 18)  # ticks in the beat that have a feature of their own


def window_features(notes: Notes, changes: Changes) -> FloatArray:
    """The features of every window of a solo.

    Args:
        notes: the solo, of one voice, any number of notes.
        changes: what it is played over.

    Returns:
        float64 `(windows, len(FEATURES))`, in the order of `FEATURES`.

    Raises:
        ValueError: when two notes begin on the same tick.
    """
    rows = [
        [value for family in _FAMILIES.values() for value in family(window).values()]
        for window in _windows(notes, changes)
    ]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(FEATURES))


def window_table(solos: list[Solo]) -> tuple[FloatArray, IntArray]:
    """The features of every window of many solos.

    Returns:
        float64 `(windows, len(FEATURES))`, and int32 `(windows,)`, the number of the solo from
        which each window is cut.
    """
    tables = [window_features(notes, changes) for notes, changes in solos]
    solo = np.repeat(np.arange(len(tables), dtype=np.int32), [len(table) for table in tables])
    return np.concatenate([np.empty((0, len(FEATURES))), *tables]), solo


class _Line:
    """All that windows need to know of a solo, note by note; n notes that have a bar."""

    def __init__(self, notes: Notes, changes: Changes) -> None:
        if np.any(np.diff(notes.onset) <= 0):
            raise ValueError("two notes begin on the same tick: a solo has one voice")
        self.bar, inside = played_bars(notes, changes)
        fitted = fit_lengths(notes.onset, notes.length)
        self.onset: IntArray = notes.onset[inside]
        self.length: IntArray = fitted[inside]
        self.pitch: IntArray = notes.pitch[inside]
        self.interval: IntArray = np.diff(self.pitch)
        self.ioi: IntArray = np.diff(self.onset)

        first = int(np.searchsorted(changes.bar_lines, self.onset[0], side="right")) - 1
        self.bars = int(self.bar[-1]) + 1
        self.lines = changes.bar_lines[first : first + self.bars + 1]
        self.in_bar: IntArray = self.onset - self.lines[self.bar]
        self.in_beat: IntArray = self.in_bar % TICKS_PER_BEAT
        self.beat: IntArray = self.in_bar // TICKS_PER_BEAT

        self.chord = changes.index_at(self.onset)
        self.in_chord = _member(changes.chords, four_notes, self.chord, self.pitch)
        self.in_scale = _member(changes.chords, chord_scale, self.chord, self.pitch)
        root = np.array([chord.root for chord in changes.chords])[self.chord]
        self.degree = np.where(root < 0, -1, (self.pitch - root) % 12)

        # A motif is intervals and IOIs together: each pair becomes one symbol.
        self.step_symbol = self.interval.astype(np.int64) * (1 << 32) + self.ioi
        self.earlier = {
            name: earlier_occurrence(symbols, n)
            for name, symbols, n in (
                ("interval_2", self.interval, 2),
                ("interval_3", self.interval, 3),
                ("interval_4", self.interval, 4),
                ("contour_4", np.sign(self.interval), 4),
                ("rhythm_4", self.ioi, 4),
                ("motif_3", self.step_symbol, 3),
            )
        }


def _member(
    chords: tuple[Chord, ...], tones: Callable[[Chord], int], index: IntArray, pitch: IntArray
) -> FloatArray:
    """1 where a note is among the chord's `tones`, 0 where it is not, NaN without a chord."""
    mask = np.array([tones(chord) for chord in chords])[index]
    return np.where(mask == 0, math.nan, mask >> (pitch % 12) & 1)


def earlier_occurrence(symbols: npt.NDArray[np.integer], n: int) -> Int64Array:
    """Where each pattern of a sequence stood before.

    Args:
        symbols: `(k,)`, any integers.
        n: symbols in a pattern, 1 to 4.

    Returns:
        int64 `(k - n + 1,)`: for the pattern that begins at i, the last place j <= i - n at which
        the same one began, -1 where there is none.
    """
    count = len(symbols) - n + 1
    if count < 1:
        return np.empty(0, dtype=np.int64)
    _, compact = np.unique(symbols, return_inverse=True)
    code = np.zeros(count, dtype=np.int64)
    for i in range(n):
        code = code * (int(compact.max()) + 1) + compact[i : i + count]
    _, pattern = np.unique(code, return_inverse=True)
    # Sorted by pattern, then place: just before (pattern, i - n + 1) stands what is looked for,
    # or, where there is none, another pattern.
    place = np.arange(count)
    order = np.sort(pattern * count + place)
    found = order[np.maximum(np.searchsorted(order, pattern * count + place - n + 1) - 1, 0)]
    there = (found // count == pattern) & (found % count <= place - n)
    return np.where(there, found % count, -1)


class _Window:
    """The notes `low` to `high` of a solo, which begin in its bars `bar` to `bar + bars`."""

    def __init__(self, line: _Line, bar: int, bars: int) -> None:
        self.line = line
        self.low, self.high = (int(np.searchsorted(line.bar, b)) for b in (bar, bar + bars))
        self.bar, self.bars = bar, bars
        self.start, self.end = int(line.lines[bar]), int(line.lines[bar + bars])
        self.notes = slice(self.low, self.high)
        between = slice(self.low, max(self.low, self.high - 1))
        self.interval = line.interval[between]
        self.ioi = line.ioi[between]
        self.onset, self.length = line.onset[self.notes], line.length[self.notes]
        self.pitch = line.pitch[self.notes]
        self.in_bar, self.in_beat = line.in_bar[self.notes], line.in_beat[self.notes]
        self.in_chord, self.in_scale = line.in_chord[self.notes], line.in_scale[self.notes]

    def __len__(self) -> int:
        return self.high - self.low

    @cached_property
    def gap(self) -> IntArray:
        """Ticks of silence after each note but the last."""
        gap: IntArray = np.maximum(0, self.ioi - self.length[:-1])
        return gap

    @cached_property
    def phrase_starts(self) -> npt.NDArray[np.intp]:
        """The first note of each phrase, counted from the window's first."""
        return np.append(0, np.flatnonzero(self.gap >= PHRASE_GAP) + 1)

    @cached_property
    def phrase_ends(self) -> npt.NDArray[np.intp]:
        """The last note of each phrase."""
        return np.append(self.phrase_starts[1:] - 1, len(self) - 1)


def _windows(notes: Notes, changes: Changes) -> list[_Window]:
    if not len(notes) or not np.any(played_bars(notes, changes)[1]):
        return []
    line = _Line(notes, changes)
    size = min(WINDOW_BARS, line.bars)
    windows = [_Window(line, bar, size) for bar in range(0, line.bars - size + 1, size)]
    return [window for window in windows if len(window) >= MIN_NOTES]


def _intervals(window: _Window) -> Family:
    """Steps and leaps.

    - `unisons`, `semitones_1` to `semitones_7`, `semitones_8_11`, `octaves`,
      `wider_than_octave`: share of intervals of each size, up or down.
    - `rising`: share of those that are no unison that rise; `rising_leaps`: the same of leaps.
    - `interval_size`: mean, semitones. `interval_entropy`: of intervals with direction, bits.
    - `turns`: share of pairs of intervals that change direction.
    - `leaps_recovered`: share of leaps of more than a major third followed by a step back.
    - `chromatic_pairs`, `scale_pairs`, `arpeggio_pairs`: share of pairs of intervals in one
      direction that are both semitones; both steps; both thirds.
    - `direction_run`: mean number of intervals in one direction in a row, each interval counting
      for itself; `longest_direction_run`: the most. `longest_chromatic_run`: the most intervals in
      a row that are semitones in one direction.
    """
    interval, size = window.interval, np.abs(window.interval)
    before, after = interval[:-1], interval[1:]
    same_way = before * after > 0
    larger, smaller = np.maximum(size[:-1], size[1:]), np.minimum(size[:-1], size[1:])
    bins = np.searchsorted(_INTERVALS, size, side="right")
    shares = _histogram(bins, len(_INTERVALS) + 1)
    names = (
        "unisons",
        *(f"semitones_{i}" for i in range(1, 8)),
        *("semitones_8_11", "octaves", "wider_than_octave"),
    )
    leap = size[:-1] > 4
    way = np.sign(interval)
    runs = _runs(way)[way[_run_starts(way)] != 0]
    semitones = np.where(size == 1, interval, 0)
    chromatic = _runs(semitones)[semitones[_run_starts(semitones)] != 0]
    return {
        **dict(zip(names, shares, strict=True)),
        "rising": _share(interval[size > 0] > 0),
        "rising_leaps": _share(interval[size > STEP] > 0),
        "interval_size": _mean(size),
        "interval_entropy": _entropy(interval),
        "turns": _share(before * after < 0),
        "leaps_recovered": _share((before * after < 0)[leap] & (size[1:] <= STEP)[leap]),
        "chromatic_pairs": _share(same_way & (larger == 1)),
        "scale_pairs": _share(same_way & (larger <= STEP)),
        "arpeggio_pairs": _share(same_way & (smaller >= 3) & (larger <= 4)),
        "direction_run": _mean_run(runs),
        "longest_direction_run": float(runs.max(initial=0)),
        "longest_chromatic_run": float(chromatic.max(initial=0)),
    }


def _rhythm(window: _Window) -> Family:
    """Time from note to note, and how it is filled.

    - `ioi_1_5`, `ioi_6_7` (sixteenths), `ioi_8` (triplets), `ioi_9_11`, `ioi_12` (eighths),
      `ioi_13_15`, `ioi_16` (swung eighths), `ioi_17_23`, `ioi_24` (beats), `ioi_25_48`, `ioi_long`:
      share of IOIs in ticks.
    - `ioi_entropy`: bits. `ioi_kinds`: how many different ones.
    - `even_pairs`: share of pairs of IOIs that are equal. `even_run`: mean number of notes in a
      row with equal IOIs, each note counting for itself; `longest_even_run`: the most.
    - `swung_pairs`: share of pairs of IOIs of 16 and 8 ticks.
    - `density`: notes a beat. `density_spread`: standard deviation of notes a bar.
    - `silence`: share of time without a note.
    - `articulation`: mean share of the IOI that a note sounds; `articulation_spread`: its standard
      deviation. `detached`: share of notes followed by silence. `longest_note`: beats.
    """
    ioi, gap = window.ioi, window.gap
    names = [
        f"ioi_{low}" if low + 1 == high else f"ioi_{low}_{high - 1}"
        for low, high in pairwise(_IOIS)
    ]
    shares = _histogram(np.searchsorted(_IOIS, ioi, side="right") - 1, len(_IOIS))
    before, after = ioi[:-1], ioi[1:]
    runs = _runs(ioi) + 1  # n equal IOIs lie between n + 1 notes
    per_bar = np.bincount(window.line.bar[window.notes] - window.bar, minlength=window.bars)
    sounding = int(np.minimum(window.length[:-1], ioi).sum())
    sounding += min(int(window.length[-1]), window.end - int(window.onset[-1]))
    held = np.minimum(window.length[:-1] / ioi, 1)
    return {
        **dict(zip((*names, "ioi_long"), shares, strict=True)),
        "ioi_entropy": _entropy(ioi),
        "ioi_kinds": _kinds(ioi),
        "even_pairs": _share(before == after),
        "even_run": _mean_run(runs),
        "longest_even_run": float(runs.max(initial=1)),
        "swung_pairs": _share((before == 16) & (after == 8)),
        "density": len(window) * TICKS_PER_BEAT / (window.end - window.start),
        "density_spread": float(per_bar.std()),
        "silence": 1 - sounding / (window.end - window.start),
        "articulation": _mean(held),
        "articulation_spread": float(held.std()),
        "detached": _share(gap > 0),
        "longest_note": float(window.length.max()) / TICKS_PER_BEAT,
    }


def _metre(window: _Window) -> Family:
    """Where in beat and bar notes begin.

    - `tick_0` (on the beat), `tick_6`, `tick_8`, `tick_12`, `tick_16`, `tick_18`, `tick_other`:
      share of onsets so many ticks after the beat.
    - `in_beat_1` to `in_beat_3`: share of onsets in each beat of the bar.
    - `downbeats`: share of bars with a note on their first tick.
    - `empty_beats`: share of beats in which no note begins.
    - `triplet_beats`, `sixteenth_beats`: share of the others with a note 8 or 16, and 6 or 18
      ticks in.
    - `beat_pattern_entropy`: of the sets of ticks at which notes begin in a beat, bits.
    - `beat_pattern_again`: share of beats with notes whose set is that of the beat before.
    - `syncopations`: share of notes off the beat that are still the last when the next beat comes.
    - `phrases_begin_on_beat`, `phrases_end_on_beat`: share of phrases whose first, last note
      begins on a beat.
    """
    in_beat, beat = window.in_beat, window.in_bar // TICKS_PER_BEAT
    bar = window.line.bar[window.notes]
    places = {f"tick_{tick}": _share(in_beat == tick) for tick in _PLACES}
    # Beats of the window from its start; of a bar that ends within a beat, that beat counts.
    beats_in_bar = -(-np.diff(window.line.lines) // TICKS_PER_BEAT)
    first_beat = np.concatenate([[0], np.cumsum(beats_in_bar)])
    number = first_beat[bar] + beat - first_beat[window.bar]
    beats = int(first_beat[window.bar + window.bars] - first_beat[window.bar])
    pattern = np.zeros(beats, dtype=np.int64)
    np.bitwise_or.at(pattern, number, np.left_shift(1, in_beat.astype(np.int64)))
    played = pattern > 0
    triplets, sixteenths = (1 << 8 | 1 << 16), (1 << 6 | 1 << 18)
    off = (in_beat > 0)[:-1]
    reaches_over = window.ioi > TICKS_PER_BEAT - in_beat[:-1]
    starts, ends = window.phrase_starts, window.phrase_ends
    return {
        **places,
        "tick_other": 1 - math.fsum(places.values()),
        **{f"in_beat_{i + 1}": _share(beat == i) for i in range(3)},
        "downbeats": float((window.in_bar == 0).sum()) / window.bars,
        "empty_beats": _share(~played),
        "triplet_beats": _share((pattern & triplets)[played] > 0),
        "sixteenth_beats": _share((pattern & sixteenths)[played] > 0),
        "beat_pattern_entropy": _entropy(pattern[played]),
        "beat_pattern_again": _share((pattern[1:] == pattern[:-1])[played[1:]]),
        "syncopations": _share(reaches_over[off]),
        "phrases_begin_on_beat": _share(in_beat[starts] == 0),
        "phrases_end_on_beat": _share(in_beat[ends] == 0),
    }


def _harmony(window: _Window) -> Family:
    """Notes against the chord over which they begin; notes without a chord are left out.

    - `chord_tones`, `scale_tones`: share of notes in the chord's `four_notes`, `chord_scale`.
    - `chord_tones_on_beat`, `chord_tones_off_beat`: of notes that begin on a beat, or not;
      `chord_tones_strong`: of those on the first and third beat.
    - `degree_0` to `degree_11`: share of notes so many semitones above the root;
      `degree_entropy`: bits.
    - `non_chord_resolved`: share of notes outside the chord that move by step to one within the
      chord over which that begins; `non_chord_by_semitone`: the same by semitone.
    - `enclosures`: share of three notes in a row of which the first two lie a step above and a
      step below the third, and the third is a chord tone.
    - `chord_change_tones`, `chord_change_guides`: share of notes that are the first over a new
      chord which are chord tones, and which are its third or seventh.
    - `phrase_end_chord_tones`: share of phrases that end on a chord tone.
    """
    line, notes, in_chord = window.line, window.notes, window.in_chord
    degree, known = line.degree[notes], line.degree[notes] >= 0
    on_beat = window.in_beat == 0
    strong = on_beat & np.isin(window.in_bar // TICKS_PER_BEAT, (0, 2))
    counts = _histogram(degree[known], 12)
    size = np.abs(window.interval)
    moving = (in_chord[:-1] == 0) & known[1:]
    to_chord = in_chord[1:] == 1
    back = window.pitch[:-2] - window.pitch[2:], window.pitch[1:-1] - window.pitch[2:]
    around = (back[0] * back[1] < 0) & (np.maximum(np.abs(back[0]), np.abs(back[1])) <= STEP)
    chord = line.chord[notes]
    new = np.append(False, chord[1:] != chord[:-1])
    guides = np.isin(degree, (3, 4, 10, 11))
    return {
        "chord_tones": _mean(in_chord[known]),
        "scale_tones": _mean(window.in_scale[known]),
        "chord_tones_on_beat": _mean(in_chord[known & on_beat]),
        "chord_tones_off_beat": _mean(in_chord[known & ~on_beat]),
        "chord_tones_strong": _mean(in_chord[known & strong]),
        **{f"degree_{i}": share for i, share in enumerate(counts)},
        "degree_entropy": _entropy(degree[known]),
        "non_chord_resolved": _share((to_chord & (size <= STEP))[moving]),
        "non_chord_by_semitone": _share((to_chord & (size == 1))[moving]),
        "enclosures": _share((around & to_chord[1:])[known[2:]]),
        "chord_change_tones": _mean(in_chord[new & known]),
        "chord_change_guides": _share(guides[new & known]),
        "phrase_end_chord_tones": _mean(in_chord[window.phrase_ends][known[window.phrase_ends]]),
    }


def _register(window: _Window) -> Family:
    """Where the line lies and how far it reaches, semitones.

    - `mean_pitch`, `lowest`, `highest`: MIDI pitch.
    - `pitch_spread`: standard deviation. `pitch_range`: lowest to highest.
    - `bar_drift`: mean distance between the mean pitches of successive bars.
    - `bar_range`: mean range of a bar.
    """
    pitch = window.pitch
    starts = np.flatnonzero(np.diff(window.line.bar[window.notes], prepend=-1))
    counts = np.diff(np.append(starts, len(window)))
    means = np.add.reduceat(pitch, starts) / counts
    ranges = np.maximum.reduceat(pitch, starts) - np.minimum.reduceat(pitch, starts)
    return {
        "mean_pitch": _mean(pitch),
        "lowest": float(pitch.min()),
        "highest": float(pitch.max()),
        "pitch_spread": float(pitch.std()),
        "pitch_range": float(np.ptp(pitch)),
        "bar_drift": _mean(np.abs(np.diff(means))),
        "bar_range": _mean(ranges),
    }


def _repetition(window: _Window) -> Family:
    """What comes back.

    - `interval_2_back`, `interval_3_back`, `interval_4_back`, `contour_4_back`, `rhythm_4_back`,
      `motif_3_back`: share of patterns of so many intervals, directions, IOIs, intervals with
      their IOIs, that come back; `interval_4_in_window`, `rhythm_4_in_window`: within the window.
    - `sequences`, `literal_repeats`: share of motifs of three that come back transposed, and at
      the same pitch.
    - `pitch_classes`, `pitches`: how many different ones. `pitch_class_entropy`: bits.
    - `pitches_again`: share of notes whose pitch is that of the note before the last.
    - `rhythm_like_1`, `rhythm_like_2`, `rhythm_like_4`: of two bars so many bars apart, the share
      of the ticks at which notes begin in either that belong to both; mean over the window.
    - `notes_like_1`, `notes_like_2`, `notes_like_4`: the same of ticks together with pitches.
    """
    line = window.line
    back = {name: _back(window, name) for name in line.earlier}
    inside = {
        name: line.earlier[name][window.low : window.low + len(back[name])] >= window.low
        for name in ("interval_4", "rhythm_4")
    }
    motif = back["motif_3"]
    here = np.flatnonzero(motif) + window.low
    there = line.earlier["motif_3"][here]
    literal = int((line.pitch[here] == line.pitch[there]).sum())
    total = len(motif) or math.nan
    pitch_class = window.pitch % 12
    bar = line.bar[window.notes] - window.bar
    places = bar.astype(np.int64) << 32 | window.in_bar.astype(np.int64) << 8
    likeness = {}
    for name, keys in (("rhythm", places), ("notes", places | window.pitch)):
        for bars in (1, 2, 4):
            likeness[f"{name}_like_{bars}"] = _likeness(keys, bars, window.bars)
    return {
        **{f"{name}_back": _share(found) for name, found in back.items()},
        **{f"{name}_in_window": _share(found) for name, found in inside.items()},
        "sequences": (len(here) - literal) / total,
        "literal_repeats": literal / total,
        "pitch_classes": _kinds(pitch_class),
        "pitches": _kinds(window.pitch),
        "pitch_class_entropy": _entropy(pitch_class),
        "pitches_again": _share(window.pitch[2:] == window.pitch[:-2]),
        **likeness,
    }


def _back(window: _Window, name: str) -> BoolArray:
    """Which of the window's patterns of this kind come back from within eight bars."""
    line, n = window.line, int(name[-1])
    earlier = line.earlier[name][window.low : max(window.low, window.high - n)]
    bar = line.bar[window.low : window.low + len(earlier)]
    back: BoolArray = (earlier >= 0) & (bar - line.bar[earlier] <= WINDOW_BARS)
    return back


def _likeness(keys: Int64Array, apart: int, bars: int) -> float:
    """Mean Jaccard index of bars `apart`; `keys`, ascending, hold the bar from bit 32 up.

    Pairs of empty bars are left out.
    """
    if bars <= apart:
        return math.nan
    bar = keys >> 32
    count = np.bincount(bar, minlength=bars)
    later = keys[bar >= apart]
    before = later - (apart << 32)
    common = later[keys[np.searchsorted(keys, before) % len(keys)] == before] >> 32
    both = np.bincount(common, minlength=bars)[apart:]
    either = count[apart:] + count[:-apart] - both
    return _mean(both[either > 0] / either[either > 0])


def _phrases(window: _Window) -> Family:
    """Notes without a silence of a beat between them, as the window cuts them.

    - `phrases`: how many.
    - `phrase_notes`, `phrase_beats`: mean notes, and beats from the first onset to the last end;
      `phrase_notes_spread`, `phrase_beats_spread`: standard deviations.
    - `longest_phrase`: notes. `single_notes`: share of phrases of at most two notes.
    - `pause`: mean silence between phrases, beats.
    """
    starts, ends = window.phrase_starts, window.phrase_ends
    size = ends - starts + 1
    end = np.minimum(window.onset[ends] + window.length[ends], window.end)
    beats = (end - window.onset[starts]) / TICKS_PER_BEAT
    pauses = window.gap[window.gap >= PHRASE_GAP] / TICKS_PER_BEAT
    return {
        "phrases": float(len(size)),
        "phrase_notes": _mean(size),
        "phrase_notes_spread": float(size.std()),
        "phrase_beats": _mean(beats),
        "phrase_beats_spread": float(beats.std()),
        "longest_phrase": float(size.max()),
        "single_notes": _share(size <= 2),
        "pause": _mean(pauses),
    }


def _mean(values: npt.NDArray[np.number], weights: FloatArray | None = None) -> float:
    if not len(values):
        return math.nan
    return float(values.mean() if weights is None else np.average(values, weights=weights))


def _share(which: BoolArray) -> float:
    return np.count_nonzero(which) / len(which) if len(which) else math.nan


def _histogram(bins: npt.NDArray[np.integer], size: int) -> list[float]:
    """Share of each bin; NaN when there is nothing to count."""
    if not len(bins):
        return [math.nan] * size
    shares: list[float] = (np.bincount(bins, minlength=size) / len(bins)).tolist()
    return shares


def _kinds(symbols: npt.NDArray[np.integer]) -> float:
    """How many different ones there are."""
    return float(len(_run_starts(np.sort(symbols))))


def _entropy(symbols: npt.NDArray[np.integer]) -> float:
    """Bits, 0 when all are alike; NaN when there is nothing to count."""
    if not len(symbols):
        return math.nan
    share = _runs(np.sort(symbols)) / len(symbols)
    return float(-(share * np.log2(share)).sum()) + 0.0  # no negative zero


def _run_starts(symbols: npt.NDArray[np.integer]) -> npt.NDArray[np.intp]:
    """Where each run of equal symbols begins."""
    if not len(symbols):
        return np.empty(0, dtype=np.intp)
    return np.append(0, np.flatnonzero(symbols[1:] != symbols[:-1]) + 1)


def _runs(symbols: npt.NDArray[np.integer]) -> npt.NDArray[np.intp]:
    """Lengths of the runs of equal symbols."""
    return np.diff(np.append(_run_starts(symbols), len(symbols)))


def _mean_run(runs: npt.NDArray[np.intp]) -> float:
    """Mean length of the run in which a member of any run stands."""
    return _mean(runs, runs.astype(np.float64))


_FAMILIES: Final[dict[str, Callable[[_Window], Family]]] = {
    "intervals": _intervals,
    "rhythm": _rhythm,
    "metre": _metre,
    "harmony": _harmony,
    "register": _register,
    "repetition": _repetition,
    "phrases": _phrases,
}


def _names() -> dict[str, str]:
    """Asks every family for its names, which are the same for any window."""
    notes = Notes.of((12 * i, 12, 60 + i % 3) for i in range(MIN_NOTES))
    (window,) = _windows(notes, Changes.unaccompanied(1))
    return {name: family for family, measure in _FAMILIES.items() for name in measure(window)}


FEATURES: Final = _names()
"""For each feature its family, in the order of the columns of `window_features`."""
