"""What the figures of a judgement are called, and how they are written: for text and page alike."""

import re
from typing import Final

from jazzgen.corpus.piece import Piece
from jazzgen.evaluation.bootstrap import Estimate
from jazzgen.evaluation.originality import Copied

MEASURE_NAMES = {
    "h1": ("H1, pitch classes in a bar", "bits"),
    "h4": ("H4, pitch classes in 4 bars", "bits"),
    "gs": ("GS, likeness of rhythms", ""),
    "chord_coherence": ("chord tones", "%"),
    "scale_coherence": ("scale tones", "%"),
    "pitch_range": ("pitch range", "semitones"),
    "scale_consistency": ("scale consistency", "%"),
    "notes_per_bar": ("notes a bar", ""),
}
"""Name and unit of each of `comparison.MEASURES`."""

FEATURE_NAMES = {
    "pitch_count": "pitches",
    "note_count": "notes",
    "bar_pitch_count": "pitches a bar",
    "bar_note_count": "notes a bar",
    "pitch_range": "pitch range",
    "pitch_interval": "interval size",
    "inter_onset_interval": "time between onsets",
    "pitch_class_histogram": "pitch classes",
    "pitch_class_transitions": "pitch-class steps",
    "note_length_histogram": "lengths",
    "note_length_transitions": "length steps",
}
"""Name of each feature of `set_distance`."""


def measured(name: str, value: float, *, signed: bool = False) -> str:
    """A value of one of the measures, with as many digits as say something."""
    unit = MEASURE_NAMES[name][1]
    sign = "+" if signed else ""
    if value != value:
        return "-"
    if unit == "%":
        return f"{100 * value:{sign}.1f}"
    if name in ("pitch_range", "notes_per_bar"):
        return f"{value:{sign}.1f}"
    return f"{value:{sign}.{3 if name == 'gs' else 2}f}"


def measured_interval(name: str, estimate: Estimate, *, signed: bool = False) -> str:
    """`low to high` of one of the measures; `-` where there is none."""
    if not estimate.has_interval:
        return "-"
    low, high = (measured(name, end, signed=signed) for end in (estimate.low, estimate.high))
    return f"{low} to {high}"


def number(value: float, digits: int = 2) -> str:
    """A number, `-` where there is none."""
    return "-" if value != value else f"{value:.{digits}f}"


def percent(value: float) -> str:
    """A share in percent, `-` where there is none."""
    return "-" if value != value else f"{100 * value:.1f} %"


_READABLE: Final = (
    (r"semitones_(\d+)_(\d+)", r"intervals of \1-\2 semitones"),
    (r"semitones_1", r"intervals of 1 semitone"),
    (r"semitones_(\d+)", r"intervals of \1 semitones"),
    (r"interval_(\d)_back", r"\1 intervals that come back"),
    (r"contour_(\d)_back", r"\1 directions that come back"),
    (r"rhythm_(\d)_back", r"rhythms of \1 that come back"),
    (r"motif_(\d)_back", r"motifs of \1 that come back"),
    (r"interval_(\d)_in_window", r"\1 intervals, back in 8 bars"),
    (r"rhythm_(\d)_in_window", r"rhythms of \1, back in 8 bars"),
    (r"(rhythm|notes)_like_1", r"\1 as a bar before"),
    (r"(rhythm|notes)_like_(\d)", r"\1 as \2 bars before"),
    (r"ioi_(\d+)_(\d+)", r"\1-\2 ticks to the next note"),
    (r"ioi_(\d+)", r"\1 ticks to the next note"),
    (r"ioi_long", r"long ways to the next note"),
    (r"ioi_(\w+)", r"\1 of times between onsets"),
    (r"tick_0", r"notes on the beat"),
    (r"tick_(\d+)", r"notes \1 ticks off the beat"),
    (r"tick_other", r"notes elsewhere in the beat"),
    (r"in_beat_(\d)", r"notes in beat \1"),
    (r"degree_0", r"notes on the root"),
    (r"degree_(\d+)", r"notes \1 semitones above the root"),
)


def readable(feature: str) -> str:
    """A feature of the two-sample test in words; `window_features` says what it is exactly."""
    for pattern, words in _READABLE:
        if re.fullmatch(pattern, feature):
            return re.sub(pattern, words, feature)
    return feature.replace("_", " ")


def verdict_auc(auc: float) -> str:
    """An AUC in words."""
    for limit, words in (
        (0.55, "can hardly be told from players"),
        (0.65, "can be told now and then"),
        (0.75, "can often be told"),
        (0.9, "can mostly be told"),
    ):
        if auc < limit:
            return words
    return "can nearly always be told"


def short(value: float) -> str:
    """A mean of whatever size in three digits."""
    return "-" if value != value else f"{value:.3g}"


def piece_name(piece: Piece) -> str:
    """A solo by tune and player, or tune and seed."""
    title = piece.about.get("title", "")
    performer = piece.about.get("performer", "")
    if performer:
        return f"{title or piece.key} by {performer}"
    return f"{title} ({piece.key})" if title and title not in piece.key else piece.key


def where(run: Copied) -> str:
    """Where a copied run stands in the corpus."""
    by = f" by {run.performer}" if run.performer else ""
    return f"{run.title or run.key}{by}, bar {run.bar}"
