"""A judgement as lines for a terminal."""

from collections.abc import Sequence

from jazzgen.evaluation.copied_runs import CopiedRuns, Spread
from jazzgen.evaluation.judgement import Expectation, Judgement
from jazzgen.evaluation.likelihood import BITS_PER_NAT
from jazzgen.evaluation.report_words import (
    FEATURE_NAMES,
    MEASURE_NAMES,
    measured,
    measured_interval,
    number,
    percent,
    piece_name,
    readable,
    short,
    verdict_auc,
    where,
)

_TELLS = 5


def judgement_lines(judged: Judgement) -> list[str]:
    """The figures in tables, and beside each of them what would be good."""
    real = judged.real
    lines = [
        f"{judged.subject} beside {len(real.numbers)} real solos "
        f"({_side(real.side)}{real.name}, {real.notes:,} notes)"
    ]
    if judged.expectation:
        lines += ["", *_expectation(judged.expectation)]
    if judged.generated:
        lines += ["", *_measures(judged), "", *_features(judged), "", *_told(judged)]
    if judged.copied:
        lines += ["", *_copied(judged.copied, judged)]
    return lines


def _side(side: str) -> str:
    return "all of " if side == "all" else f"{side} side of "


def table(rows: Sequence[Sequence[str]], numeric: set[int]) -> list[str]:
    """Rows in columns two spaces apart; those of `numeric` end flush."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(
            cell.rjust(width) if place in numeric else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _expectation(found: Expectation) -> list[str]:
    estimates = found.likelihood.estimates()
    nats = estimates["nats_per_note"]
    between = f" ({nats.low:.3f} to {nats.high:.3f})" if nats.has_interval else ""
    lines = [
        "How well it expects them (lower is better)",
        f"  {nats.value:.3f} nats per note{between}, {nats.value * BITS_PER_NAT:.3f} bits",
    ]
    if found.intervals:
        lines.append(
            f"  pitch {estimates['nats_per_note_pitch'].value:.3f}, "
            f"rhythm {estimates['nats_per_note_rhythm'].value:.3f}; right at the first guess: "
            f"intervals {percent(estimates['interval_top1'].value)}, "
            f"lengths {percent(estimates['length_top1'].value)}"
        )
    return lines


def _measures(judged: Judgement) -> list[str]:
    assert judged.generated is not None
    rows = [("", "solos", "real", "difference", "95 %", "")]
    for name, one in judged.measures.items():
        label, unit = MEASURE_NAMES[name]
        words = ""
        if one.differs:
            words = "too high" if one.difference.value > 0 else "too low"
        elif one.difference.has_interval:
            words = "as real"
        rows.append(
            (
                f"{label}{f' ({unit})' if unit else ''}",
                measured(name, one.generated.value),
                measured(name, one.real.value),
                measured(name, one.difference.value, signed=True),
                measured_interval(name, one.difference, signed=True),
                words,
            )
        )
    made = judged.generated
    notes = sum(len(piece.notes) for piece in made.pieces)
    how = f", seeds from {made.first_seed}" if made.first_seed is not None else ""
    return [
        f"{len(made.pieces)} solos of it, {notes:,} notes{how}; both sides cut to "
        f"{judged.max_bars} bars",
        *table(rows, {1, 2, 3, 4}),
    ]


def _features(judged: Judgement) -> list[str]:
    rows = [("", "overlap", "real with real", "KL", "real with real")]
    for name, one in judged.features.items():
        best = judged.ceilings.get(name)
        rows.append(
            (
                FEATURE_NAMES[name],
                number(one.overlap),
                number(best.overlap) if best else "-",
                number(one.kl, 3),
                number(best.kl, 3) if best else "-",
            )
        )
    return [
        "Sets of solos by their distances (mgeval; overlap as high, KL as low as real with real)",
        *table(rows, {1, 2, 3, 4}),
    ]


def _told(judged: Judgement) -> list[str]:
    told, real = judged.told, judged.told_real
    if told is None:
        return ["Told from real ones: -"]
    beside = f"; real from real {real.auc:.2f} ({real.low:.2f} to {real.high:.2f})" if real else ""
    rows = [("gives it away", "solos", "real", "AUC alone")]
    rows += [
        (readable(tell.feature), short(tell.generated), short(tell.real), f"{tell.auc:.2f}")
        for tell in told.tells[:_TELLS]
    ]
    return [
        f"Told from real ones: AUC {told.auc:.3f} ({told.low:.3f} to {told.high:.3f}){beside}; "
        "0.5 is best",
        f"  eight bars {verdict_auc(told.auc)}",
        *table(rows, {1, 2, 3}),
    ]


def _copied(copied: CopiedRuns, judged: Judgement) -> list[str]:
    assert judged.generated is not None
    lines = ["Longest copied runs, in notes (near those of real solos is good)"]
    if copied.excerpt_notes:
        rows = [(f"in {copied.excerpt_notes} notes", "mean", "median", "90 %", "longest")]
        for label, spread in (
            ("solos, intervals and rhythm", copied.generated),
            ("real, intervals and rhythm", copied.real),
            ("solos, intervals alone", copied.generated_intervals),
            ("real, intervals alone", copied.real_intervals),
        ):
            rows.append((label, *_spread(spread)))
        lines += table(rows, {1, 2, 3, 4})
    for number_, run in copied.offenders[:3]:
        piece = judged.generated.pieces[number_]
        again = f" and {run.places - 1} more" if run.places > 1 else ""
        lines.append(
            f"  {run.length} notes from bar {run.at_bar} of {piece_name(piece)}: "
            f"{where(run)}{again}"
        )
    return lines


def _spread(spread: Spread) -> tuple[str, str, str, str]:
    return (
        number(spread.mean, 1),
        number(spread.median, 1),
        number(spread.p90, 1),
        number(spread.longest, 0),
    )
