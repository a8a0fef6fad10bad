"""A judgement as one JSON object, the same bytes for the same judgement."""

import math
from typing import Any

from jazzgen.evaluation.bootstrap import Estimate
from jazzgen.evaluation.copied_runs import CopiedRuns, Spread
from jazzgen.evaluation.judgement import Generated, Judgement
from jazzgen.evaluation.likelihood import BITS_PER_NAT
from jazzgen.evaluation.two_sample import TwoSample

_DIGITS = 6

TELLS = 10
"""Features that a report names, of those that give the machine away."""


def judgement_json(judged: Judgement) -> dict[str, Any]:
    """Everything that was measured.

    The figures of `jazzgen evaluate --json` that other programs rely on come first; what does not
    apply is null. An interval is `[low, high]`, 95 %.
    """
    found, copied = judged.expectation, judged.copied
    figures: dict[str, Any] = dict.fromkeys(
        ("nats_per_note", "nats_per_note_pitch", "nats_per_note_rhythm")
    )
    likelihood = None
    if found:
        estimates = found.likelihood.estimates()
        if not found.intervals:
            estimates = {name: estimates[name] for name in ("nats_per_note", "event_top1")}
        figures |= {name: _plain(e.value) for name, e in estimates.items() if name in figures}
        likelihood = {
            "pieces": len(judged.real.numbers),
            "seen_in_training": found.seen,
            "bits_per_note": _plain(found.likelihood.nats_per_note * BITS_PER_NAT),
            **{name: _estimate(estimate) for name, estimate in estimates.items()},
            "by_piece": [
                {"key": key, "nats_per_note": _plain(nats)}
                for key, nats in zip(_keys(judged), found.likelihood.by_piece.tolist(), strict=True)
            ],
        }
    measures = judged.measures
    return {
        "subject": judged.subject,
        "kind": "model" if judged.is_model else "solos",
        "corpus": judged.real.name,
        "side": judged.real.side,
        "pieces": len(judged.real.numbers),
        "notes": judged.real.notes,
        **figures,
        **{
            name: _plain(measures[name].generated.value) if name in measures else None
            for name in ("h1", "h4", "gs", "chord_coherence", "scale_coherence")
        },
        "two_sample_auc": _plain(judged.told.auc) if judged.told else None,
        "longest_copied": copied.longest if copied else None,
        "solos": _solos(judged.generated, judged),
        "likelihood": likelihood,
        "measures": {
            name: {
                "generated": _estimate(one.generated),
                "real": _estimate(one.real),
                "difference": _estimate(one.difference),
            }
            for name, one in measures.items()
        },
        "features": {
            name: {
                "overlap": _plain(one.overlap),
                "kl": _plain(one.kl),
                "overlap_real": _plain(judged.ceilings[name].overlap) if judged.ceilings else None,
                "kl_real": _plain(judged.ceilings[name].kl) if judged.ceilings else None,
            }
            for name, one in judged.features.items()
        },
        "two_sample": _told(judged.told),
        "two_sample_real": {
            "auc": _plain(judged.told_real.auc),
            "interval": [_plain(judged.told_real.low), _plain(judged.told_real.high)],
        }
        if judged.told_real
        else None,
        "copied": _copied(copied, judged) if copied else None,
        "remarks": list(judged.remarks),
    }


def _keys(judged: Judgement) -> list[str]:
    rows = list(judged.real.dataset.about())
    return [str(rows[number]["key"]) for number in judged.real.numbers]


def _solos(generated: Generated | None, judged: Judgement) -> dict[str, Any] | None:
    if generated is None:
        return None
    drawn = generated.first_seed is not None
    return {
        "pieces": len(generated.pieces),
        "notes": sum(len(piece.notes) for piece in generated.pieces),
        "bars": sum(piece.changes.bars for piece in generated.pieces),
        "max_bars": judged.max_bars,
        "seed": generated.first_seed,
        "sampling": judged.sampling.to_json() if drawn else None,
        "in_manner": generated.in_manner if drawn else None,
    }


def _told(told: TwoSample | None) -> dict[str, Any] | None:
    if told is None:
        return None
    return {
        "auc": _plain(told.auc),
        "interval": [_plain(told.low), _plain(told.high)],
        "trees": _plain(told.trees),
        "logistic": _plain(told.logistic),
        "windows_real": told.windows_real,
        "windows_generated": told.windows_generated,
        "tells": [
            {
                "feature": tell.feature,
                "family": tell.family,
                "real": _plain(tell.real),
                "generated": _plain(tell.generated),
                "auc": _plain(tell.auc),
                "importance": _plain(tell.importance),
            }
            for tell in told.tells[:TELLS]
        ],
    }


def _copied(copied: CopiedRuns, judged: Judgement) -> dict[str, Any]:
    assert judged.generated is not None
    pieces = judged.generated.pieces
    return {
        "excerpt_notes": copied.excerpt_notes,
        "generated": _spread(copied.generated),
        "real": _spread(copied.real),
        "generated_intervals": _spread(copied.generated_intervals),
        "real_intervals": _spread(copied.real_intervals),
        "longest": [
            {
                "solo": pieces[number].key,
                "notes": run.length,
                "bar": run.at_bar,
                "from": {
                    "key": run.key,
                    "title": run.title,
                    "performer": run.performer,
                    "bar": run.bar,
                },
                "places": run.places,
            }
            for number, run in copied.offenders
        ],
    }


def _spread(spread: Spread) -> dict[str, Any]:
    return {
        "excerpts": len(spread.runs),
        "mean": _plain(spread.mean),
        "median": _plain(spread.median),
        "p90": _plain(spread.p90),
        "max": _plain(spread.longest),
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {
        "value": _plain(estimate.value),
        "interval": [_plain(estimate.low), _plain(estimate.high)]
        if estimate.has_interval
        else None,
    }


def _plain(number: float) -> float | None:
    """Rounded, so that the last bits of a sum do not show; None for NaN."""
    return None if math.isnan(number) else round(float(number), _DIGITS)
