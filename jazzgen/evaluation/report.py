"""A judgement as a page: one HTML file that asks nothing of the network and runs no script."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

from jazzgen import __version__
from jazzgen.evaluation import report_pictures as pictures
from jazzgen.evaluation.bootstrap import Estimate
from jazzgen.evaluation.copied_runs import CopiedRuns
from jazzgen.evaluation.judgement import Expectation, Judgement
from jazzgen.evaluation.likelihood import BITS_PER_NAT
from jazzgen.evaluation.note_surprise import NoteSurprise
from jazzgen.evaluation.report_json import TELLS
from jazzgen.evaluation.report_style import STYLE
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
from jazzgen.evaluation.two_sample import TwoSample
from jazzgen.files import atomic_write

_ROLL_BARS: Final = 16
_SHOWN_SOLOS: Final = 2
_EXTREMES: Final = 3


def write_report(path: Path, judged: Judgement) -> None:
    """Writes the page.

    Raises:
        OutputError: when `path` cannot be written.
    """
    text = report_html(judged)
    with atomic_write(path) as file:
        # A lone surrogate comes from a file name that is not UTF-8.
        file.write_text(text, encoding="utf-8", errors="xmlcharrefreplace")


def report_html(judged: Judgement) -> str:
    """The page, the same for the same judgement."""
    sections = [_head(judged), _cards(judged), _remarks(judged.remarks)]
    if judged.measures:
        sections.append(_measures(judged))
    if judged.told:
        sections.append(_told(judged, judged.told))
    if judged.features:
        sections.append(_features(judged))
    if judged.copied:
        sections.append(_copied(judged, judged.copied))
    if judged.expectation:
        sections.append(_expectation(judged, judged.expectation))
    if judged.generated:
        sections.append(_rolls(judged))
    sections.append(
        f"<footer>jazzgen {escape(__version__)}. docs/evaluation.md says how each figure is "
        "defined, where it comes from, and what it cannot tell.</footer>"
    )
    title = escape(f"{judged.subject} beside real solos")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(filter(None, sections))
        + "\n</main></body></html>\n"
    )


def _head(judged: Judgement) -> str:
    real, made = judged.real, judged.generated
    side = "all" if real.side == "all" else f"the {real.side} side"
    lead = f"{len(real.numbers)} real solos ({side} of {escape(real.name)}, {real.notes:,} notes)"
    if made:
        notes = sum(len(piece.notes) for piece in made.pieces)
        lead += f" and {len(made.pieces)} solos of {escape(judged.subject)} ({notes:,} notes"
        if made.first_seed is not None:
            drawn = judged.sampling
            lead += (
                f", over the same changes, seeds from {made.first_seed}, temperature "
                f"{drawn.temperature:g}, top-p {drawn.top_p:g}"
            )
        lead += f"), both cut to {judged.max_bars} bars"
    key = (
        '<p class="legend"><span><i class="key made"></i>'
        f"{escape(judged.subject)}</span><span><i class='key real'></i>real solos</span>"
        "<span>bars: 95 % intervals over solos</span></p>"
    )
    return f'<h1>{escape(judged.subject)} beside real solos</h1><p class="lead">{lead}.</p>{key}'


def _card(name: str, figure: str, beside: str) -> str:
    return (
        f'<div class="card"><div class="name">{name}</div><div class="figure">{figure}</div>'
        f'<div class="beside">{beside}</div></div>'
    )


def _cards(judged: Judgement) -> str:
    cards = []
    if judged.expectation:
        found = judged.expectation.likelihood
        nats = found.estimates()["nats_per_note"]
        beside = f"{found.nats_per_note * BITS_PER_NAT:.2f} bits"
        if nats.has_interval:
            beside += f"; {nats.low:.2f} to {nats.high:.2f}"
        cards.append(_card("nats a note, on real solos", f"{nats.value:.3f}", beside))
    if judged.told:
        real = judged.told_real
        beside = f"real from real {real.auc:.2f}" if real else "0.5 is a perfect disguise"
        cards.append(_card("AUC, told from real ones", f"{judged.told.auc:.2f}", beside))
    if judged.measures:
        good = sum(not one.differs for one in judged.measures.values())
        cards.append(
            _card(
                "published measures as real",
                f"{good} of {len(judged.measures)}",
                "no difference beyond chance",
            )
        )
    if judged.copied and judged.copied.excerpt_notes:
        copied = judged.copied
        cards.append(
            _card(
                f"longest copied run in {copied.excerpt_notes} notes",
                f"{copied.generated.mean:.1f}",
                f"on average; real solos {copied.real.mean:.1f}",
            )
        )
    return f'<div class="cards">{"".join(cards)}</div>' if cards else ""


def _remarks(remarks: Sequence[str]) -> str:
    if not remarks:
        return ""
    return '<div class="warn">' + "".join(f"<p>{escape(text)}.</p>" for text in remarks) + "</div>"


def _measures(judged: Judgement) -> str:
    rows = []
    for name, one in judged.measures.items():
        label, unit = MEASURE_NAMES[name]
        verdict, kind = "", ""
        if one.differs:
            verdict, kind = ("too high" if one.difference.value > 0 else "too low"), "off"
        elif one.difference.has_interval:
            verdict, kind = "as real", "good"
        apart = measured_interval(name, one.difference, signed=True)
        rows.append(
            f'<div class="row"><div class="name">{label}<small>{unit or "&nbsp;"}</small></div>'
            + pictures.intervals([("made", one.generated), ("real", one.real)])
            + f'<div class="figures"><span class="made">{measured(name, one.generated.value)}'
            f'</span> beside <span class="real">{measured(name, one.real.value)}</span><br>'
            f"<small>difference {apart}</small></div>"
            f'<div class="verdict {kind}">{verdict}</div></div>'
        )
    return (
        "<h2>Published measures</h2>"
        '<p class="how">H1 and H4: entropy of the pitch classes in one and in four bars; GS: how '
        "alike the rhythms of any two bars are; chord and scale tones: shares of the notes; scale "
        "consistency: share of the notes in the best single scale. Neither high nor low is good: "
        "near real solos is.</p>" + "".join(rows)
    )


def _told(judged: Judgement, told: TwoSample) -> str:
    real = judged.told_real
    beside = (
        f" Real solos are told from other real solos with {real.auc:.2f} (band: "
        f"{real.low:.2f} to {real.high:.2f})."
        if real
        else ""
    )
    rows = []
    for tell in told.tells[:TELLS]:
        rows.append(
            f'<div class="row three"><div class="name">{escape(readable(tell.feature))}'
            f"<small>{escape(tell.family)}</small></div>"
            + pictures.bar_pair(tell.generated, tell.real)
            + f'<div class="figures"><span class="made">{short(tell.generated)}</span> beside '
            f'<span class="real">{short(tell.real)}</span><br><small>AUC alone {tell.auc:.2f}'
            "</small></div></div>"
        )
    return (
        "<h2>Told from real ones</h2>"
        f"<p>Eight bars of it {verdict_auc(told.auc)}: of two windows of eight bars, one of each, "
        f"the better of two classifiers names the right one in {100 * told.auc:.0f} % of all "
        f"cases ({100 * told.low:.0f} to {100 * told.high:.0f} %), where guessing gives 50 %."
        f"{beside}</p>"
        + pictures.auc_scale(
            Estimate(told.auc, told.low, told.high),
            Estimate(real.auc, real.low, real.high) if real else None,
        )
        + "<h3>What gives it away</h3>"
        '<p class="how">The features that the classifier needs most, means over windows.</p>'
        + "".join(rows)
    )


def _features(judged: Judgement) -> str:
    rows = []
    for name, one in judged.features.items():
        best = judged.ceilings.get(name)
        beside = number(best.overlap) if best else "-"
        rows.append(
            f'<div class="row three"><div class="name">{FEATURE_NAMES[name]}</div>'
            + pictures.overlap_bar(one.overlap, best.overlap if best else float("nan"))
            + f'<div class="figures"><span class="made">{number(one.overlap)}</span> beside '
            f'<span class="real">{beside}</span>'
            f"<br><small>KL {number(one.kl, 3)} beside {number(best.kl, 3) if best else '-'}"
            "</small></div></div>"
        )
    return (
        "<h2>Sets of solos by their distances</h2>"
        '<p class="how">For each feature, the distances among real solos and those between real '
        "solos and these: the area that both densities share (mgeval). The mark is what other real "
        "solos reach in their place. KL: the divergence of the two, in nats.</p>" + "".join(rows)
    )


def _copied(judged: Judgement, copied: CopiedRuns) -> str:
    assert judged.generated is not None
    parts = [
        "<h2>Copied runs</h2>"
        '<p class="how">The most notes in a row that also stand in a solo of the corpus, on '
        "whatever pitch. Players quote too, so near them is good; above is copying. Columns: share "
        "of the excerpts.</p>"
    ]
    if copied.excerpt_notes:
        parts.append('<div class="two">')
        for title, made, real in (
            ("intervals and rhythm", copied.generated, copied.real),
            ("intervals alone", copied.generated_intervals, copied.real_intervals),
        ):
            parts.append(
                f"<div><h3>Longest in {copied.excerpt_notes} notes, {title}</h3>"
                + pictures.histogram(made, real)
                + f'<p class="how">Mean <b>{made.mean:.1f}</b> beside {real.mean:.1f}; median '
                f"{made.median:g} beside {real.median:g}; nine of ten up to {made.p90:.0f} beside "
                f"{real.p90:.0f}; longest {made.longest:.0f} beside {real.longest:.0f}.</p></div>"
            )
        parts.append("</div>")
    if copied.offenders:
        rows = "".join(
            f'<tr><td class="n">{run.length}</td><td>{escape(piece_name(piece))}, bar '
            f"{run.at_bar}</td><td>{escape(where(run))}"
            f"{f' (and {run.places - 1} more)' if run.places > 1 else ''}</td></tr>"
            for piece, run in (
                (judged.generated.pieces[place], run) for place, run in copied.offenders
            )
        )
        parts.append(
            "<h3>The longest of all</h3><div class='scroll'><table><tr><th class='n'>notes</th>"
            f"<th>in</th><th>from</th></tr>{rows}</table></div>"
        )
    return "".join(parts)


def _expectation(judged: Judgement, found: Expectation) -> str:
    likelihood = found.likelihood
    each = likelihood.by_piece
    rows = list(judged.real.dataset.about())
    labels = []
    for place in judged.real.numbers:
        about = rows[place].get("about", {})
        by = f" by {about['performer']}" if about.get("performer") else ""
        labels.append(f"{about.get('title') or rows[place]['key']}{by}")
    order = sorted(range(len(each)), key=lambda i: float(each[i]))

    def named(chosen: Sequence[int]) -> str:
        return "; ".join(f"{escape(labels[i])} ({each[i]:.2f})" for i in chosen)

    words = ""
    if found.intervals:
        estimates = likelihood.estimates()
        words = (
            f" Of these, {likelihood.nats_per_note_pitch:.3f} nats are pitch (notes, rests and the "
            f"end), {likelihood.nats_per_note_rhythm:.3f} lengths. Its first guess is right for "
            f"{percent(estimates['interval_top1'].value)} of the intervals and "
            f"{percent(estimates['length_top1'].value)} of the lengths."
        )
    parts = [
        "<h2>How well it expects real solos</h2>"
        f"<p>{likelihood.nats_per_note:.3f} nats a note; lower is better.{words}</p>"
        "<h3>Nats a note, solo by solo</h3>"
        + pictures.solo_dots(each, labels, likelihood.nats_per_note)
    ]
    if len(each) > 2 * _EXTREMES:
        parts.append(
            f'<p class="how">Easiest: {named(order[:_EXTREMES])}. Hardest: '
            f"{named(order[: -_EXTREMES - 1 : -1])}. Dashed: all notes together.</p>"
        )
    for title, solo in zip(
        ("As surprising as most", "The most surprising"), found.examples, strict=False
    ):
        parts.append(_surprise(title, solo))
    return "".join(parts)


def _surprise(title: str, solo: NoteSurprise) -> str:
    return (
        f"<h3>{title}: {escape(piece_name(solo.piece))}</h3>"
        + pictures.surprise_roll(solo, _ROLL_BARS)
        + pictures.heat_legend()
    )


def _rolls(judged: Judgement) -> str:
    assert judged.generated is not None
    made, real = judged.generated, judged.real.pieces
    chosen = sorted({0, len(made.pieces) // 2})[:_SHOWN_SOLOS]
    parts = ["<h2>Solos to look at</h2>"]
    for i in chosen:
        piece = made.pieces[i]
        parts.append(f"<h3>{escape(judged.subject)}: {escape(piece_name(piece))}</h3>")
        parts.append(pictures.piano_roll(piece, _ROLL_BARS, "made"))
        if made.matches is not None:
            over = real[int(made.matches[i])]
            parts.append(f"<h3>real: {escape(piece_name(over))}</h3>")
            parts.append(pictures.piano_roll(over, _ROLL_BARS, "real"))
    if made.matches is None:
        for i in sorted({0, len(real) // 2})[:_SHOWN_SOLOS]:
            parts.append(f"<h3>real: {escape(piece_name(real[i]))}</h3>")
            parts.append(pictures.piano_roll(real[i], _ROLL_BARS, "real"))
    return "".join(parts)
