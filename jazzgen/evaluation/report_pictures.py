"""The pictures of a report, as HTML and SVG that need nothing from outside.

Figures are drawn as boxes placed in percent, so that they fill a desktop, a phone and a sheet of
paper alike; text stays text. Colours and sizes are classes of `report_style`: `real` for real
solos, `made` for the others.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from html import escape
from itertools import pairwise

import numpy as np

from jazzgen.corpus.piece import Piece
from jazzgen.evaluation.bootstrap import Estimate, FloatArray
from jazzgen.evaluation.copied_runs import Spread
from jazzgen.evaluation.note_surprise import NoteSurprise
from jazzgen.music.notes import IntArray

SYSTEM_BARS = 4
"""Bars drawn side by side in one piece, as a system of a score."""

_LETTER = 0.03  # of a system's width, of one letter of a chord symbol

HEAT = ("#f1d9a7", "#eeb479", "#e08a56", "#c95b42", "#a32c3a", "#6b1230")
"""Colours of notes by surprise."""

HEAT_FROM = (0, 2, 4, 6, 9, 13)
"""Bits from which on a note has each of these colours. Of real solos a third of the notes cost less
than 4 bits, a tenth more than 11."""


def intervals(rows: Sequence[tuple[str, Estimate]]) -> str:
    """Values with their 95 % intervals on one scale, one below the other.

    Args:
        rows: class (`real`, `made`) and estimate.
    """
    known = [
        end
        for _, estimate in rows
        for end in (estimate.low, estimate.value, estimate.high)
        if not math.isnan(end)
    ]
    if not known:
        return '<div class="strip"></div>'
    low, high = min(known), max(known)
    margin = 0.12 * (high - low) or max(abs(low), 1) * 0.1
    low, high = low - margin, high + margin

    def at(value: float) -> float:
        return 100 * (value - low) / (high - low)

    parts = []
    for kind, one in rows:
        if math.isnan(one.value):
            continue
        bar = ""
        if one.has_interval:
            left, right = at(one.low), at(one.high)
            bar = f'<i class="span" style="left:{left:.2f}%;width:{right - left:.2f}%"></i>'
        parts.append(
            f'<div class="lane {kind}">{bar}<i class="dot" style="left:{at(one.value):.2f}%"></i>'
            "</div>"
        )
    return f'<div class="strip">{"".join(parts)}</div>'


def auc_scale(told: Estimate, real: Estimate | None) -> str:
    """An AUC from 0.4 to 1, with what real solos reach against real ones as a band."""

    def at(value: float) -> float:
        return 100 * (min(max(value, 0.4), 1.0) - 0.4) / 0.6

    band = ""
    if real:
        left, right = at(real.low), at(real.high)
        band = f'<i class="band" style="left:{left:.2f}%;width:{right - left:.2f}%"></i>'
    left, right = at(told.low), at(told.high)
    ticks = "".join(
        f'<span style="left:{at(value):.1f}%">{value:.1f}</span>'
        for value in (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    )
    return (
        f'<div class="auc"><div class="track">{band}'
        f'<div class="lane made"><i class="span" style="left:{left:.2f}%;'
        f'width:{right - left:.2f}%"></i>'
        f'<i class="dot" style="left:{at(told.value):.2f}%"></i></div></div>'
        f'<div class="ticks">{ticks}</div></div>'
    )


def bar_pair(made: float, real: float) -> str:
    """Two bars from zero, one below the other."""
    most = max(abs(x) for x in (made, real) if not math.isnan(x)) if made == made else abs(real)
    most = most or 1.0
    return (
        '<div class="bars">'
        + "".join(
            f'<i class="bar {kind}" style="width:{100 * abs(value) / most:.2f}%"></i>'
            for kind, value in (("made", made), ("real", real))
            if not math.isnan(value)
        )
        + "</div>"
    )


def overlap_bar(overlap: float, best: float) -> str:
    """A share of 1 as a bar, with a mark where real solos come to."""
    if math.isnan(overlap):
        return '<div class="bars"></div>'
    mark = "" if math.isnan(best) else f'<i class="mark" style="left:{100 * best:.2f}%"></i>'
    return (
        f'<div class="bars full"><i class="bar made" style="width:{100 * overlap:.2f}%"></i>'
        f"{mark}</div>"
    )


def histogram(made: Spread, real: Spread) -> str:
    """How long the copied runs are: share of the excerpts by notes, both sides."""
    runs = np.concatenate((made.runs, real.runs))
    if not len(runs):
        return ""
    low, high = int(runs.min()), int(runs.max())
    shares = []
    for side in (made.runs, real.runs):
        counts = np.bincount(side - low, minlength=high - low + 1)
        shares.append(counts / max(1, len(side)))
    top = max(float(share.max()) for share in shares)
    columns = []
    for i in range(high - low + 1):
        pair = "".join(
            f'<i class="column {kind}" style="height:{100 * share[i] / top:.2f}%" '
            f'title="{low + i} notes: {share[i]:.0%}"></i>'
            for kind, share in zip(("made", "real"), shares, strict=True)
        )
        columns.append(f'<div><div class="pair">{pair}</div><small>{low + i}</small></div>')
    return f'<div class="histogram">{"".join(columns)}</div>'


def solo_dots(values: FloatArray, labels: Sequence[str], mean: float) -> str:
    """One dot a solo, the lowest first, with a line at the mean.

    Args:
        values: float64 `(n,)`, at least one.
        labels: names of the solos, shown where the mouse rests.
        mean: of all.
    """
    step = 0.5 if np.ptp(values) < 3 else 1.0
    low = step * math.floor(float(values.min()) / step)
    high = step * math.ceil(float(values.max()) / step + 0.01)

    def at(value: float) -> float:
        return 100 * (value - low) / (high - low)

    order = np.argsort(values, kind="stable").tolist()
    dots = "".join(
        f'<i style="left:{100 * (place + 0.5) / len(order):.2f}%;bottom:{at(values[i]):.2f}%" '
        f'title="{escape(labels[i])}: {values[i]:.2f}"></i>'
        for place, i in enumerate(order)
    )
    grid = "".join(
        f'<span style="bottom:{at(value):.2f}%">{value:g}</span>'
        for value in np.arange(low, high + step / 2, step).tolist()
    )
    return f'<div class="solos">{grid}<b style="bottom:{at(mean):.2f}%"></b>{dots}</div>'


def piano_roll(piece: Piece, bars: int, kind: str) -> str:
    """The first bars of a solo, with bar lines and chord symbols.

    Args:
        piece: the solo.
        bars: how many, at most.
        kind: class of the notes, `real` or `made`.
    """
    return _systems(piece, bars, [f'class="note {kind}"'] * len(piece.notes), None)


def surprise_roll(solo: NoteSurprise, bars: int) -> str:
    """The same, notes coloured by what they cost, with a curve of bits below."""
    bits = solo.bits
    colours = [f'fill="{heat(float(cost))}"' for cost in bits]
    return _systems(solo.piece, bars, colours, bits)


def heat(bits: float) -> str:
    """The colour of a note that costs so many bits."""
    return HEAT[bisect_right(HEAT_FROM, bits) - 1]


def heat_names() -> list[str]:
    """How many bits each of the colours stands for."""
    return [f"{low}-{high}" for low, high in pairwise(HEAT_FROM)] + [f"{HEAT_FROM[-1]}+"]


def heat_legend() -> str:
    """What the colours mean."""
    return (
        '<p class="legend">bits a note: '
        + " ".join(
            f'<span><i class="key" style="background:{colour}"></i>{name}</span>'
            for colour, name in zip(HEAT, heat_names(), strict=True)
        )
        + "</p>"
    )


def _systems(piece: Piece, bars: int, looks: Sequence[str], bits: FloatArray | None) -> str:
    lines = piece.changes.bar_lines[: bars + 1].tolist()
    notes = piece.notes[piece.notes.onset < lines[-1]]
    if not len(notes):
        return ""
    low, high = int(notes.pitch.min()) - 2, int(notes.pitch.max()) + 2
    top = max(12.0, float(bits.max())) if bits is not None else 0.0
    systems = []
    for first in range(0, len(lines) - 1, SYSTEM_BARS):
        edges = lines[first : first + SYSTEM_BARS + 1]
        # The last system is as wide as the others: its bars keep their size.
        width = edges[-1] - edges[0]
        if len(edges) <= SYSTEM_BARS:
            width = round(width * SYSTEM_BARS / (len(edges) - 1))
        systems.append(
            '<div class="system">'
            + _chord_symbols(piece, edges, width)
            + _roll(piece, edges, width, (low, high), looks)
            + (_curve(piece.notes.onset, bits, edges, width, top) if bits is not None else "")
            + f'<small class="bar-number">{first + 1}</small></div>'
        )
    return f'<div class="systems">{"".join(systems)}</div>'


def _chord_symbols(piece: Piece, edges: Sequence[int], width: int) -> str:
    spans: list[str] = []
    free = 0.0
    shown = None
    changes = piece.changes
    for start, end, chord in zip(
        changes.starts.tolist(),
        [*changes.starts[1:].tolist(), changes.end],
        changes.chords,
        strict=True,
    ):
        if end <= edges[0] or start >= edges[-1] or not chord.tones:
            continue
        at = (max(start, edges[0]) - edges[0]) / width
        if chord.symbol == shown or at < free:
            continue
        shown, free = chord.symbol, at + _LETTER * (len(chord.symbol) + 0.5)
        spans.append(f'<span style="left:{100 * at:.1f}%">{escape(chord.symbol)}</span>')
    return f'<div class="chords">{"".join(spans)}</div>'


def _roll(
    piece: Piece,
    edges: Sequence[int],
    width: int,
    pitches: tuple[int, int],
    looks: Sequence[str],
) -> str:
    low, high = pitches
    parts = [
        f'<line class="c" x1="0" x2="{width}" y1="{high - c + 0.5}" y2="{high - c + 0.5}"/>'
        for c in range(low, high + 1)
        if c % 12 == 0
    ]
    parts += [
        f'<line class="bar-line" x1="{line - edges[0]}" x2="{line - edges[0]}" '
        f'y1="0" y2="{high - low + 1}"/>'
        for line in edges
    ]
    for note, look in zip(piece.notes, looks, strict=True):
        # A note across the bar line of a system is drawn in both.
        start = max(note.onset, edges[0])
        end = min(note.onset + note.length, edges[-1])
        if start < end:
            parts.append(
                f'<rect {look} x="{start - edges[0]}" width="{max(1.5, end - start - 0.7):g}" '
                f'y="{high - note.pitch + 0.08}" height="0.84"/>'
            )
    return (
        f'<svg class="roll" viewBox="0 0 {width} {high - low + 1}" preserveAspectRatio="none" '
        f'role="img" aria-label="piano roll">{"".join(parts)}</svg>'
    )


def _curve(onset: IntArray, bits: FloatArray, edges: Sequence[int], width: int, top: float) -> str:
    inside = np.flatnonzero((onset >= edges[0]) & (onset < edges[-1])).tolist()
    starts = [int(onset[i]) - edges[0] for i in inside]
    parts = [
        f'<rect fill="{heat(float(bits[i]))}" x="{start}" '
        f'width="{max(1.5, min(after - start, 24) - 0.7):g}" y="{top - bits[i]:.2f}" '
        f'height="{bits[i]:.2f}"/>'
        for i, (start, after) in zip(inside, pairwise([*starts, edges[-1] - edges[0]]), strict=True)
    ]
    return (
        f'<svg class="curve" viewBox="0 0 {width} {top:.2f}" preserveAspectRatio="none" '
        f'role="img" aria-label="bits a note">{"".join(parts)}</svg>'
    )
