"""How like one set of solos is to another, feature by feature.

After Yang & Lerch, On the evaluation of generative models in music, Neural Computing and
Applications 32, 2020 (their code is called mgeval). Each solo becomes a few features. For each
feature, the Euclidean distances between all pairs of solos within a set (*intra-set*) and between
the sets (*inter-set*) are smoothed to densities; where the generated solos are like the real ones,
these densities coincide. Reported are the area that two densities share (overlap, 0 to 1, higher
is better) and their Kullback-Leibler divergence (nats, 0 or more, lower is better).

Conventions:
    Times are in beats, not seconds, so tempo plays no part.

    Features whose size grows with the solo (numbers of notes and of pitches, and through them the
    range) compare only between solos of about one length: cut both sets to as many bars.

    Both numbers depend on the number of solos. What real solos reach against other real solos is
    the ceiling to read them by: `ceiling`.

    A solo in which a feature is not defined (no interval in one note) is left out of that feature;
    with fewer than two solos left in a set the result is NaN.

Differences from mgeval's code, each on purpose: divergence is taken at the same distances in both
densities (mgeval takes each over its own range); densities are integrated over all they cover, so
that a set overlaps itself by nearly 1 (mgeval stops at the smallest and largest distance);
histograms are weighted by length but not by velocity; every two successive notes are a transition
(pretty_midi drops those more than 50 ms apart); transition matrices are shares of all transitions,
not counts; a length is named by its beats in every metre; densities are computed from binned
distances.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from jazzgen.evaluation.metrics import Solo, played_bars
from jazzgen.music.changes import Changes
from jazzgen.music.notes import IntArray, Notes
from jazzgen.music.ticks import TICKS_PER_BEAT

FloatArray = npt.NDArray[np.float64]

FeatureTable = Mapping[str, FloatArray]
"""For each feature, float64 `(solos, size)`: one row a solo, NaN where it is not defined."""

LENGTH_CLASSES: Final = (96, 48, 24, 12, 6, 72, 36, 18, 9, 32, 16, 8)
"""Ticks of mgeval's note lengths: whole to sixteenth, the four dotted, three triplet lengths."""

_GRID: Final = 1024  # points at which densities are known
_SMALLEST: Final = 1e-10  # probability below which a divergence takes no notice


@dataclass(frozen=True, slots=True, eq=False)
class FeatureDistance:
    """How far two sets lie apart in one feature.

    Attributes:
        overlap: area shared by the densities of the distances within the reference set and
            between the sets, 0 to 1.
        kl: divergence of the first from the second, nats, 0 to 23.
        overlap_generated: as `overlap`, with the distances within the generated set in place of
            those within the reference set. Low where solos of a model are all alike, or wildly
            unlike.
        kl_generated: as `kl`, likewise.
        distance: float64 `(1024,)`, evenly spaced distances at which the densities are given.
        within_reference: float64 `(1024,)`, density of the distances within the reference set.
        within_generated: float64 `(1024,)`, the same within the generated set.
        between: float64 `(1024,)`, the same between the sets.

    All are NaN, and the arrays empty, where a set has fewer than two solos with this feature.
    """

    overlap: float
    kl: float
    overlap_generated: float
    kl_generated: float
    distance: FloatArray
    within_reference: FloatArray
    within_generated: FloatArray
    between: FloatArray


class FeatureCeiling(NamedTuple):
    """The same numbers as in `FeatureDistance`, of real solos against other real solos."""

    overlap: float
    kl: float
    overlap_generated: float
    kl_generated: float


def compare(reference: FeatureTable, generated: FeatureTable) -> dict[str, FeatureDistance]:
    """Compares two sets of solos in every feature that both tables hold.

    Args:
        reference: real solos, from `feature_table`.
        generated: the others.
    """
    return {
        name: _compare(_defined(reference[name]), _defined(generated[name]))
        for name in reference
        if name in generated
    }


def ceiling(
    reference: FeatureTable, *, held_out: int | None = None, splits: int = 10, seed: int = 0
) -> dict[str, FeatureCeiling]:
    """What real solos reach against other real solos.

    Args:
        reference: real solos, at least four, from `feature_table`.
        held_out: how many of them play the generated ones; half of them when not given. Take as
            many as are compared with: a smaller set reaches less.
        splits: how often to draw them, at least 1.
        seed: of the draws.

    Returns:
        Means over the draws, for each feature.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    solos = len(next(iter(reference.values())))
    held_out = solos // 2 if held_out is None else held_out
    if not 2 <= held_out <= solos - 2:
        raise ValueError(f"{held_out} of {solos} solos cannot be held out: 2 must remain on a side")
    draws = []
    for _ in range(splits):
        order = rng.permutation(solos)
        out, rest = order[:held_out], order[held_out:]
        draws.append(
            compare(
                {name: rows[rest] for name, rows in reference.items()},
                {name: rows[out] for name, rows in reference.items()},
            )
        )
    return {
        name: FeatureCeiling(
            overlap=float(np.mean([draw[name].overlap for draw in draws])),
            kl=float(np.mean([draw[name].kl for draw in draws])),
            overlap_generated=float(np.mean([draw[name].overlap_generated for draw in draws])),
            kl_generated=float(np.mean([draw[name].kl_generated for draw in draws])),
        )
        for name in reference
    }


def feature_table(solos: Iterable[Solo]) -> dict[str, FloatArray]:
    """The features of many solos.

    Returns:
        For each feature, float64 `(solos, size)`.
    """
    rows = [features(notes, changes) for notes, changes in solos]
    return {
        name: np.array([row[name] for row in rows]).reshape(len(rows), size)
        for name, (size, _) in _FEATURES.items()
    }


def features(notes: Notes, changes: Changes) -> dict[str, FloatArray]:
    """The features of one solo, each float64 `(size,)`; NaN where it is not defined.

    - `pitch_count`: number of different pitches (mgeval's `total_used_pitch`).
    - `note_count`: number of notes (`total_used_note`).
    - `bar_pitch_count`: mean number of different pitches in a bar (`bar_used_pitch`).
    - `bar_note_count`: mean number of notes in a bar (`bar_used_note`).
    - `pitch_range`: semitones between lowest and highest pitch.
    - `pitch_interval`: mean size of the interval between successive notes, semitones
      (`avg_pitch_shift`).
    - `inter_onset_interval`: mean time between successive onsets, beats (`avg_IOI`).
    - `pitch_class_histogram`: `(12,)`, share of sounding time (`total_pitch_class_histogram`).
    - `pitch_class_transitions`: `(144,)`, share of each pair of successive pitch classes.
    - `note_length_histogram`: `(12,)`, share of notes in each of `LENGTH_CLASSES`, the nearest.
    - `note_length_transitions`: `(144,)`, share of each pair of successive length classes.

    Args:
        notes: the solo.
        changes: its bar lines count, its chords do not.
    """
    return {
        name: compute(notes, changes) if len(notes) else np.full(size, math.nan)
        for name, (size, compute) in _FEATURES.items()
    }


def _one(value: float) -> FloatArray:
    return np.array([value], dtype=np.float64)


def _mean(values: npt.NDArray[np.integer]) -> FloatArray:
    return _one(float(values.mean()) if len(values) else math.nan)


def _shares(bins: IntArray, size: int, weights: IntArray | None = None) -> FloatArray:
    """Histogram that sums to 1; NaN when there is nothing to count."""
    counts = np.bincount(bins, weights, minlength=size).astype(np.float64)
    return counts / counts.sum() if len(bins) else np.full(size, math.nan)


def _pairs(classes: IntArray) -> FloatArray:
    """Shares of each pair of successive classes 0-11, `(144,)`, the first class varying slowest."""
    return _shares(12 * classes[:-1] + classes[1:], 144)


def _length_class(notes: Notes) -> IntArray:
    classes = np.array(LENGTH_CLASSES, dtype=np.int32)
    nearest: npt.NDArray[np.intp] = np.abs(notes.length[:, None] - classes).argmin(axis=1)
    return nearest.astype(np.int32)


def _bar_pitch_count(notes: Notes, changes: Changes) -> FloatArray:
    bar, inside = played_bars(notes, changes)
    if not len(bar):
        return _one(math.nan)
    return _one(len(np.unique(bar * 128 + notes.pitch[inside])) / (int(bar[-1]) + 1))


def _bar_note_count(notes: Notes, changes: Changes) -> FloatArray:
    bar, _ = played_bars(notes, changes)
    return _one(len(bar) / (int(bar[-1]) + 1) if len(bar) else math.nan)


_FEATURES: Final[dict[str, tuple[int, Callable[[Notes, Changes], FloatArray]]]] = {
    "pitch_count": (1, lambda notes, _: _one(len(np.unique(notes.pitch)))),
    "note_count": (1, lambda notes, _: _one(len(notes))),
    "bar_pitch_count": (1, _bar_pitch_count),
    "bar_note_count": (1, _bar_note_count),
    "pitch_range": (1, lambda notes, _: _one(int(np.ptp(notes.pitch)))),
    "pitch_interval": (1, lambda notes, _: _mean(np.abs(np.diff(notes.pitch)))),
    "inter_onset_interval": (1, lambda notes, _: _mean(np.diff(notes.onset)) / TICKS_PER_BEAT),
    "pitch_class_histogram": (12, lambda notes, _: _shares(notes.pitch % 12, 12, notes.length)),
    "pitch_class_transitions": (144, lambda notes, _: _pairs(notes.pitch % 12)),
    "note_length_histogram": (12, lambda notes, _: _shares(_length_class(notes), 12)),
    "note_length_transitions": (144, lambda notes, _: _pairs(_length_class(notes))),
}


def _defined(rows: FloatArray) -> FloatArray:
    return rows[~np.isnan(rows).any(axis=1)]


def _compare(reference: FloatArray, generated: FloatArray) -> FeatureDistance:
    if min(len(reference), len(generated)) < 2:
        nan, none = math.nan, np.empty(0)
        return FeatureDistance(nan, nan, nan, nan, none, none, none, none)
    samples = (
        _distances(reference, reference)[np.triu_indices(len(reference), 1)],
        _distances(generated, generated)[np.triu_indices(len(generated), 1)],
        _distances(reference, generated).ravel(),
    )
    grid, (within_reference, within_generated, between) = densities(samples)
    step = float(grid[1] - grid[0])
    return FeatureDistance(
        overlap=_overlap(within_reference, between, step),
        kl=_divergence(within_reference, between, step),
        overlap_generated=_overlap(within_generated, between, step),
        kl_generated=_divergence(within_generated, between, step),
        distance=grid,
        within_reference=within_reference,
        within_generated=within_generated,
        between=between,
    )


def _distances(a: FloatArray, b: FloatArray) -> FloatArray:
    """Euclidean distance of every row of `a` to every row of `b`."""
    if a.shape[1] == 1:
        return np.asarray(np.abs(a - b.T), dtype=np.float64)
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)), dtype=np.float64)


def densities(samples: Sequence[FloatArray]) -> tuple[FloatArray, list[FloatArray]]:
    """Gaussian kernel density estimates of several samples, on one grid.

    The bandwidth is Scott's rule, `n ** -0.2` standard deviations, at least two steps of the grid
    (so a sample of equal values is a narrow peak).

    Args:
        samples: each float64 `(n,)`, n at least 1.

    Returns:
        The grid, float64 `(1024,)`, and for each sample its density there, of sum 1 by the grid's
        step.
    """
    low = min(float(sample.min()) for sample in samples)
    high = max(float(sample.max()) for sample in samples)
    scott = [
        float(sample.std(ddof=1)) * len(sample) ** -0.2 if len(sample) > 1 else 0.0
        for sample in samples
    ]
    margin = 4 * max(*scott, 0.02 * (high - low)) or 1.0
    grid, step = np.linspace(low - margin, high + margin, _GRID, retstep=True)
    return grid, [
        _density(sample, grid, float(step), max(bandwidth, 2 * float(step)))
        for sample, bandwidth in zip(samples, scott, strict=True)
    ]


def _density(sample: FloatArray, grid: FloatArray, step: float, bandwidth: float) -> FloatArray:
    """Density of one sample: each value shared by its two grid points, then smoothed."""
    place = (sample - grid[0]) / step
    below = np.minimum(place.astype(np.intp), _GRID - 2)
    upper = place - below
    counts = np.bincount(below, 1 - upper, minlength=_GRID)
    counts += np.bincount(below + 1, upper, minlength=_GRID)
    reach = min(math.ceil(6 * bandwidth / step), _GRID)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / bandwidth) ** 2)
    smooth = np.convolve(counts, kernel)[reach : reach + _GRID]
    return np.asarray(smooth / (smooth.sum() * step), dtype=np.float64)


def _overlap(p: FloatArray, q: FloatArray, step: float) -> float:
    return min(1.0, float(np.minimum(p, q).sum() * step))


def _divergence(p: FloatArray, q: FloatArray, step: float) -> float:
    """Kullback-Leibler divergence of p from q in nats."""
    p, q = np.maximum(p * step, _SMALLEST), np.maximum(q * step, _SMALLEST)
    p, q = p / p.sum(), q / q.sum()
    return max(0.0, float((p * np.log(p / q)).sum()))
