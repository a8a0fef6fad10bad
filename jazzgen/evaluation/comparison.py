"""The published measures of two sets of solos side by side, with intervals for their difference.

Where each generated solo was played over the changes of a real one, the two are resampled together:
what a slow tune or an odd form does to both cancels out, and the interval of the difference is
narrower than the intervals of the two sides suggest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from jazzgen.evaluation.bootstrap import Estimate, FloatArray, Ratio, draws, interval
from jazzgen.evaluation.metrics import Solo, measure, played_bars

MEASURES: Final = (
    *("h1", "h4", "gs", "chord_coherence", "scale_coherence"),
    *("pitch_range", "scale_consistency", "notes_per_bar"),
)
"""What is compared, as defined in `jazzgen.evaluation.metrics`; and `notes_per_bar`: notes by bars,
from the bar of the first note to that of the last, each solo counting once."""

_ROUNDING: Final = 1e-9

Matches = npt.NDArray[np.intp]
"""For each generated solo, the number of the real one over whose changes it was played."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One measure of both sides.

    Attributes:
        real: of the real solos.
        generated: of the others.
        difference: generated less real.
    """

    real: Estimate
    generated: Estimate
    difference: Estimate

    @property
    def differs(self) -> bool:
        """Whether the difference is more than chance: 0 lies outside its interval."""
        # Sums of the same numbers in another order differ in their last bits.
        inside = self.difference.low <= _ROUNDING and self.difference.high >= -_ROUNDING
        return self.difference.has_interval and not inside


def measure_ratios(solos: Sequence[Solo]) -> dict[str, Ratio]:
    """Each of `MEASURES` as a sum over solos by another, so that solos can be resampled.

    Entropies, grooving similarity, range, consistency and density are means over solos; the
    coherences are shares of all notes over chords, as published.
    """
    rows = [measure(notes, changes) for notes, changes in solos]
    over_chords = np.array([row.notes_over_chords for row in rows], dtype=np.float64)

    def share(name: str) -> Ratio:
        values = np.array([getattr(row, name) for row in rows], dtype=np.float64)
        return Ratio(np.where(over_chords > 0, values, 0.0) * over_chords, over_chords)

    density = []
    for notes, changes in solos:
        bar, _ = played_bars(notes, changes)
        density.append(len(bar) / (int(bar[-1]) + 1) if len(bar) else np.nan)
    shares = ("chord_coherence", "scale_coherence")
    return {
        name: share(name)
        if name in shares
        else Ratio.mean(density if name == "notes_per_bar" else [getattr(r, name) for r in rows])
        for name in MEASURES
    }


def compare_measures(
    real: Sequence[Solo],
    generated: Sequence[Solo],
    *,
    matches: Matches | None = None,
    seed: int = 0,
) -> dict[str, Compared]:
    """Measures both sides.

    Args:
        real: at least one.
        generated: at least one.
        matches: `(len(generated),)`; None where the two sides are not of the same changes.
        seed: of the bootstrap.
    """
    ours, theirs = measure_ratios(real), measure_ratios(generated)
    drawn = draws(len(real), seed)
    other: FloatArray
    other = draws(len(generated), seed + 1) if matches is None else drawn[:, matches]
    result = {}
    for name in MEASURES:
        one, two = ours[name].estimate(drawn), theirs[name].estimate(other)
        enough = one.has_interval and two.has_interval
        apart = theirs[name].resampled(other) - ours[name].resampled(drawn)
        result[name] = Compared(
            one, two, interval(two.value - one.value, apart if enough else np.empty(0))
        )
    return result
