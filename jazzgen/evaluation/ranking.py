"""Which of many solos to keep: those about which nothing is unlike what players play.

How it scores. Each of some twenty measures of a solo is held against the same measure of real
solos. For each there is a *zone*, in which the middle two thirds of players lie. Inside it nothing
is held against a solo: being average is no merit. Outside, the **penalty** is the distance from the
zone, in units of how far players spread to that side, at most `CAP`: one oddity is forgiven where
all else is well. The score is minus the mean of the penalties, 0 at best.

Some zones take a side. Of what comes back (`FROM_MEDIAN`) networks have less than players, so more
is asked for, up to what is usual: the zone begins at the median. They wander through more pitch
classes (`TO_MEDIAN`), so there it ends at the median.

Collapse is a fault that nothing makes up for: a solo that gets stuck in a note or a bar loses up
to `STUCK_CAP` there, besides what that does to the other measures.

What it is not. A good score does not tell a network from a player: both have about the same, for
players dare more. It finds the solos in which something went wrong. Those that are compared should
be over the same changes and at one tempo, as density and silence hang on the tempo.

Conventions: as in `jazzgen.evaluation.metrics`. Transposing notes and chords together changes
nothing. A measure that has nothing to measure (chord tones where there is no chord) is left out of
the mean. Real solos were measured in excerpts of as many bars as the solo has; of the lengths in
`REFERENCE` the longest that is no longer counts, or the shortest.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from jazzgen.encoding.interval import fit_lengths
from jazzgen.evaluation.metrics import (
    Solo,
    chord_coherence,
    grooving_similarity,
    pitch_class_entropy,
    pitch_range,
    played_bars,
    scale_coherence,
)
from jazzgen.evaluation.ranking_reference import REFERENCE, SURPRISE, Quantiles
from jazzgen.evaluation.window_features import FEATURES, window_features
from jazzgen.music.changes import Changes
from jazzgen.music.notes import Notes
from jazzgen.music.ticks import TICKS_PER_BEAT

CAP: Final = 3.0
"""The most that one measure can count against a solo."""

STUCK_CAP: Final = 15.0
"""The same of getting stuck: as much as five other faults together."""

FROM_MEDIAN: Final = frozenset({"interval_3_back", "interval_4_back", "rhythm_4_back"})
"""Measures of which less than the median is held against a solo."""

TO_MEDIAN: Final = frozenset({"h4"})
"""Measures of which more than the median is held against a solo."""

WINDOW_MEASURES: Final = (
    *("interval_size", "turns", "interval_3_back", "interval_4_back", "rhythm_4_back"),
    *("even_run", "tick_0", "tick_other", "syncopations"),
)
"""Measures of `window_features`: the mean over the windows of a solo."""

_COLUMNS: Final = {name: list(FEATURES).index(name) for name in WINDOW_MEASURES}

_PERCENTILES: Final = (15.87, 50.0, 84.13)  # of a normal distribution, one deviation either way


@dataclass(frozen=True, slots=True)
class Ranked:
    """How a solo scores.

    Attributes:
        score: 0 at best; the higher the better.
        parts: the penalty of each measure that is defined, 0 or more.
    """

    score: float
    parts: Mapping[str, float]


def rank(
    solos: Iterable[Solo], surprises: Sequence[float] | None = None
) -> list[tuple[int, Ranked]]:
    """Puts solos in order.

    Args:
        solos: over the same changes, of one voice.
        surprises: of each solo, as for `score`.

    Returns:
        The number of each solo, from 0, and its score, the best first; equals as they came.
    """
    rows = list(solos)
    nats = [math.nan] * len(rows) if surprises is None else surprises
    scores = [score(*solo, surprise=n) for solo, n in zip(rows, nats, strict=True)]
    return sorted(enumerate(scores), key=lambda row: -row[1].score)


def score(notes: Notes, changes: Changes, *, surprise: float = math.nan) -> Ranked:
    """Scores one solo; see the module.

    Args:
        notes: the solo, of one voice, any number of notes.
        changes: what it is played over.
        surprise: nats a note by which the model that plays it is more surprised by this solo than
            by real ones it has not learned from; left out unless given.

    Raises:
        ValueError: when two notes begin on the same tick.
    """
    lengths = [bars for bars in REFERENCE if bars <= changes.bars] or [min(REFERENCE)]
    usual = {**REFERENCE[max(lengths)], "surprise": SURPRISE[max(lengths)]}
    measured = {**measure(notes, changes), "surprise": surprise}
    parts = {
        name: penalty(name, value, usual[name])
        for name, value in measured.items()
        if not math.isnan(value)
    }
    return Ranked(-math.fsum(parts.values()) / len(parts), parts)


def penalty(name: str, value: float, quantiles: Quantiles) -> float:
    """How far a measure lies outside its zone.

    Args:
        name: of the measure.
        value: of a solo, not NaN.
        quantiles: of real solos.

    Returns:
        0 to `CAP` (or `STUCK_CAP`), in units of what lies between the median and that percentile.
    """
    low, median, high = quantiles
    below = (median if name in FROM_MEDIAN else low) - value
    above = value - (median if name in TO_MEDIAN else high)
    beyond, width = (below, median - low) if value < median else (above, high - median)
    if beyond <= 0:
        return 0.0
    cap = STUCK_CAP if name == "stuck" else CAP
    return min(cap, beyond / width) if width else cap


def measure(notes: Notes, changes: Changes) -> dict[str, float]:
    """All measures of a solo but the surprise; NaN where there is nothing to measure.

    - `density`: notes a beat, all bars counted, empty ones too.
    - `silence`: share of time without a note, lengths taken as `fit_lengths` spells them.
    - `h1`, `h4`, `gs`, `chord_tones`, `scale_tones`, `pitch_range`: see `metrics`.
    - `stuck`: see below.
    - those of `WINDOW_MEASURES`: see `window_features`.
    """
    sounding = int(fit_lengths(notes.onset, notes.length).sum())
    measured = {
        "density": len(notes) * TICKS_PER_BEAT / changes.end,
        "silence": max(0.0, 1 - sounding / changes.end),
        "h1": pitch_class_entropy(notes, changes, bars=1),
        "h4": pitch_class_entropy(notes, changes, bars=4),
        "gs": grooving_similarity(notes, changes),
        "chord_tones": chord_coherence(notes, changes),
        "scale_tones": scale_coherence(notes, changes),
        "pitch_range": pitch_range(notes),
        "stuck": float(stuck(notes)),
    }
    windows = window_features(notes, changes)
    for name, column in _COLUMNS.items():
        values = windows[:, column]
        known = values[~np.isnan(values)]
        measured[name] = float(known.mean()) if len(known) else math.nan
    return measured


def stuck(notes: Notes) -> int:
    """The most notes in a row that repeat, note for note, those just before them.

    A note repeats the one `k` notes earlier when it has the same pitch and lies as many ticks after
    the note before it. For some `k`, at least `k` notes in a row must do so: a whole figure is
    played again at once. The first note of all follows none, so it does not count: one note struck
    evenly eight times gives 6, an even figure of four notes played three times 7.

    Returns:
        Notes, 0 when nothing is repeated.
    """
    pitch, gap = notes.pitch[1:], np.diff(notes.onset)
    longest = 0
    for k in range(1, len(pitch) // 2 + 1):
        same = (pitch[k:] == pitch[:-k]) & (gap[k:] == gap[:-k])
        edges = np.flatnonzero(np.diff(same, prepend=False, append=False))
        run = int((edges[1::2] - edges[::2]).max(initial=0))
        if run >= k:
            longest = max(longest, run)
    return longest


def reference(solos: Iterable[Solo], bars: int) -> dict[str, Quantiles]:
    """What is usual among players: how `REFERENCE` was made.

    Args:
        solos: real ones.
        bars: of the excerpts that are measured: from the bar of the first note, one after the
            other, what is left over dropped. Empty excerpts count.

    Returns:
        For each measure its 16th, 50th and 84th percentile, to four digits.
    """
    rows = [measure(*part) for solo in solos for part in excerpts(*solo, bars)]
    table: dict[str, Quantiles] = {}
    for name in rows[0]:
        values = [row[name] for row in rows if not math.isnan(row[name])]
        low, median, high = (float(f"{q:.4g}") for q in np.percentile(values, _PERCENTILES))
        table[name] = low, median, high
    return table


def excerpts(notes: Notes, changes: Changes, bars: int) -> list[Solo]:
    """Cuts a solo into pieces of so many bars; see `reference`."""
    played, _ = played_bars(notes, changes)
    if not len(played):
        return []
    lines = changes.bar_lines
    first = int(np.searchsorted(lines, notes.onset[notes.onset >= lines[0]][0], side="right")) - 1
    cut = []
    for bar in range(first, first + int(played[-1]) + 2 - bars, bars):
        start, end = int(lines[bar]), int(lines[bar + bars])
        inside = notes[(notes.onset >= start) & (notes.onset < end)]
        length = np.minimum(inside.length, end - inside.onset).astype(np.int32)
        chords = [
            (max(0, int(at) - start), chord)
            for at, until, chord in zip(
                changes.starts, [*changes.starts[1:], end], changes.chords, strict=True
            )
            if at < end and until > start
        ]
        over = Changes.build(chords, (lines[bar : bar + bars + 1] - start).tolist(), changes.metre)
        within = Notes(inside.onset, length, inside.pitch, inside.velocity).shifted(-start)
        cut.append((within, over))
    return cut
