"""Everything there is to measure about a model, or about a folder of solos, beside real ones.

Real solos are those of one side of a corpus. A model is asked how well it expects them, and plays
solos of its own over their changes; any other solos are taken as they are. Then both sets are
compared: `comparison` (published measures), `set_distance` (mgeval), `two_sample`, `copied_runs`.
Every part that cannot be measured is None, and `remarks` says why.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Final

import numpy as np

from jazzgen.corpus.midi_source import tune
from jazzgen.corpus.piece import Piece
from jazzgen.encoding.manner import Manner
from jazzgen.errors import EvaluationError
from jazzgen.evaluation.comparison import compare_measures
from jazzgen.evaluation.copied_runs import CopiedRuns, copied_runs
from jazzgen.evaluation.judgement import Expectation, Generated, Judgement, RealSolos
from jazzgen.evaluation.likelihood import likelihood
from jazzgen.evaluation.line import Line
from jazzgen.evaluation.metrics import Solo
from jazzgen.evaluation.note_surprise import NoteSurprise, note_surprise
from jazzgen.evaluation.originality import CorpusIndex
from jazzgen.evaluation.seen_before import seen_before
from jazzgen.evaluation.set_distance import (
    FeatureCeiling,
    ceiling,
    compare,
    feature_table,
)
from jazzgen.evaluation.two_sample import (
    real_against_real,
    two_sample,
)
from jazzgen.generation import solo as improvised
from jazzgen.generation.improvise import improvise_all
from jazzgen.generation.sampling import Sampling
from jazzgen.network.engines import engine_of
from jazzgen.network.model_folder import StoredModel

MAX_BARS: Final = 64
"""Bars of each solo that are compared: features that grow with a solo compare only between solos
of about one length, and nobody plays four hundred bars over one of the charts."""

MANNER: Final = ("style", "instrument", "rhythmfeel")
"""What is known of a piece that says in what manner it is played."""

MOST_SOLOS: Final = 100
"""Solos that a model plays unless told otherwise."""

Task = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
"""Shows what is being done while a block runs; called with done and total."""


def _unseen(_: str) -> AbstractContextManager[Callable[[int, int], None]]:
    return nullcontext(lambda _done, _total: None)


def judge_model(
    model: StoredModel,
    real: RealSolos,
    *,
    solos: int | None = None,
    max_bars: int = MAX_BARS,
    sampling: Sampling | None = None,
    in_manner: bool = True,
    seed: int = 0,
    task: Task = _unseen,
) -> Judgement:
    """Measures a model.

    Args:
        model: the model.
        real: what it is compared with.
        solos: how many it plays, at least 1: as many as there are real ones, at most
            `MOST_SOLOS`, unless given.
        max_bars: bars of each solo that are compared, at least 1.
        sampling: how it draws.
        in_manner: whether it is asked for the style, instrument and feel of the real solo over
            whose changes it plays, where it has learned what they are; else they are left open.
        seed: solo k is drawn with seed + k; of all else that is random too.
        task: shows progress.
    """
    remarks: list[str] = []
    sampling = sampling or Sampling()
    expectation = _expectation(model, real, remarks, task)
    generated = None
    if real.pieces:
        count = solos or min(len(real.pieces), MOST_SOLOS)
        generated = _improvised(
            model, real.pieces, count, max_bars, sampling, in_manner, seed, task
        )
    return _compared(
        Judgement(
            subject=model.name,
            is_model=True,
            real=real,
            generated=generated,
            max_bars=max_bars,
            sampling=sampling,
            expectation=expectation,
            remarks=tuple(remarks),
        ),
        seed,
        task,
    )


def judge_solos(
    name: str,
    pieces: Sequence[Piece],
    real: RealSolos,
    *,
    max_bars: int = MAX_BARS,
    seed: int = 0,
    task: Task = _unseen,
) -> Judgement:
    """Measures solos of whatever origin.

    Args:
        name: how they are called.
        pieces: the solos, at least one, spelled as those of the corpus are.
        real: what they are compared with.
        max_bars: bars of each solo that are compared, at least 1.
        seed: of all that is random.
        task: shows progress.
    """
    return _compared(
        Judgement(
            subject=name,
            is_model=False,
            real=real,
            generated=Generated(tuple(cut(piece, max_bars) for piece in pieces)),
            max_bars=max_bars,
            sampling=Sampling(),
            remarks=("no likelihood: that is measured of models (`jazzgen score` of one solo)",),
        ),
        seed,
        task,
    )


def cut(piece: Piece, bars: int) -> Piece:
    """The first bars of a piece; the last note ends with them."""
    if bars >= piece.changes.bars:
        return piece
    changes = piece.changes.cut(bars)
    notes = piece.notes[piece.notes.onset < changes.end]
    length = np.minimum(notes.length, changes.end - notes.onset).astype(np.int32)
    return replace(piece, notes=replace(notes, length=length), changes=changes)


def tune_of(piece: Piece) -> str:
    """The tune a piece is played over, the same for all who play it, as far as titles tell."""
    title = piece.about.get("title", "")
    return tune(title) if any(sign.isalpha() for sign in title) else piece.group


def _expectation(
    model: StoredModel, real: RealSolos, remarks: list[str], task: Task
) -> Expectation | None:
    dataset = real.dataset
    intervals = model.vocabulary.encoding == "interval"
    if model.vocabulary != dataset.vocabulary:
        remarks.append(
            f"no likelihood: {model.name} spells solos in the encoding "
            f"`{model.vocabulary.encoding}` with a vocabulary that {real.name} does not have; "
            + (
                "give a corpus in the encoding `interval`"
                if intervals
                else "give the dataset it was trained on as --corpus"
            )
        )
        return None
    engine = engine_of(model)
    with task("expecting the real solos") as progress:
        found = likelihood(
            engine,
            dataset,
            real.numbers,
            hears_chords=model.hears_chords,
            hears_manner=model.hears_manner,
            progress=progress,
        )
    seen = seen_before(model, dataset, real.numbers)
    if seen:
        remarks.append(
            f"WARNING: {model.name} has learned from {seen} of these {len(real.numbers)} pieces; "
            "its likelihood says what it remembers, not what it can do"
        )
    elif seen is None:
        remarks.append(
            f"whether {model.name} has learned from these pieces, its folder does not tell"
        )
    if not intervals:
        remarks.append(
            "nats per note of the grammar do not compare with those of intervals: it leaves "
            "pitches open"
        )
    examples: tuple[NoteSurprise, ...] = ()
    if intervals and real.pieces:
        order = np.argsort(found.by_piece, kind="stable").tolist()
        long = [i for i in order if len(real.pieces[i].notes) >= _EXAMPLE_NOTES] or order
        chosen = dict.fromkeys((long[len(long) // 2], long[-1]))
        pieces = [cut(real.pieces[i], _EXAMPLE_BARS) for i in chosen]
        examples = tuple(note_surprise(model, pieces, engine=engine))
    return Expectation(found, intervals, seen, examples)


_EXAMPLE_NOTES: Final = 64
_EXAMPLE_BARS: Final = 32


def _improvised(
    model: StoredModel,
    real: Sequence[Piece],
    count: int,
    max_bars: int,
    sampling: Sampling,
    in_manner: bool,
    seed: int,
    task: Task,
) -> Generated:
    """Solos over the changes of real ones: over each of them, or over some, evenly chosen."""
    numbers = np.arange(count)
    matches = numbers % len(real) if count >= len(real) else numbers * len(real) // count
    played = [real[number] for number in matches.tolist()]
    manners = [
        {k: v for k, v in over.about.items() if k in MANNER and in_manner} for over in played
    ]
    requests = [
        improvised.Request(over.changes.cut(max_bars), seed + k, over.tempo_bpm, Manner.of(manner))
        for k, (over, manner) in enumerate(zip(played, manners, strict=True))
    ]
    solos: dict[int, improvised.Solo] = {}
    with task("improvising") as progress:
        for number, solo in improvise_all(model, requests, sampling=sampling):
            solos[number] = solo
            progress(len(solos), count)
    pieces = [
        Piece(
            key=f"seed {seed + k}",
            group=over.group,
            notes=solos[k].notes,
            changes=solos[k].changes,
            tempo_bpm=over.tempo_bpm,
            about={"title": over.about.get("title", "") or over.key, **manner},
        )
        for k, (over, manner) in enumerate(zip(played, manners, strict=True))
    ]
    asked = in_manner and model.hears_manner
    return Generated(tuple(pieces), matches.astype(np.intp), seed, asked)


def _compared(judged: Judgement, seed: int, task: Task) -> Judgement:
    """Adds everything that is measured of two sets of solos."""
    remarks = list(judged.remarks)
    real, generated = judged.real, judged.generated
    if generated is None:
        remarks.append(
            f"nothing but the likelihood: {real.name} is in the encoding "
            f"`{real.dataset.vocabulary.encoding}`, which does not keep the notes"
        )
        return replace(judged, remarks=tuple(remarks))
    ours = [cut(piece, judged.max_bars) for piece in real.pieces]
    theirs = generated.pieces
    # Real solos of the rest of the corpus stand for generated ones in real against real.
    others = _others(real, len(theirs), seed)
    pool = [*ours, *(cut(piece, judged.max_bars) for piece in others)]

    measures = compare_measures(_solos(ours), _solos(theirs), matches=generated.matches, seed=seed)
    table, pool_table = feature_table(_solos(ours)), feature_table(_solos(pool))
    features = compare(table, feature_table(_solos(theirs)))
    if min(len(ours), len(theirs)) < 2:
        remarks.append("no overlaps: they take two solos or more on each side")
    ceilings: dict[str, FeatureCeiling] = {}
    if len(pool) >= 4:
        ceilings = ceiling(pool_table, held_out=len(others) or None, seed=seed)

    told, told_real = None, None
    by_tune = [[(tune_of(piece), _solo(piece)) for piece in side] for side in (ours, theirs, pool)]
    try:
        with task("telling solos from real ones"):
            told = two_sample(by_tune[0], by_tune[1], seed=seed)
    except EvaluationError as error:
        remarks.append(f"no two-sample test: {error}")
    if told:
        try:
            with task("telling real ones from real ones"):
                told_real = real_against_real(by_tune[2], seed=seed)
        except EvaluationError as error:
            remarks.append(f"no real-against-real test: {error}")

    with task("looking for copies"):
        copied = _copied(real, theirs, remarks)
    return replace(
        judged,
        measures=measures,
        features=features,
        ceilings=ceilings,
        told=told,
        told_real=told_real,
        copied=copied,
        remarks=tuple(remarks),
    )


def _solo(piece: Piece) -> Solo:
    return piece.notes, piece.changes


def _solos(pieces: Sequence[Piece]) -> list[Solo]:
    return [_solo(piece) for piece in pieces]


def _others(real: RealSolos, count: int, seed: int) -> list[Piece]:
    """Other real solos of the corpus, as many as are judged if there are so many; else none."""
    rest = sorted(set(range(len(real.dataset))) - set(real.numbers))
    if len(rest) < max(2, count):
        return []
    rng = np.random.Generator(np.random.PCG64(seed))
    drawn = np.sort(rng.choice(rest, size=max(2, count), replace=False))
    return list(real.dataset.solos(drawn.tolist()))


def _copied(real: RealSolos, theirs: Sequence[Piece], remarks: list[str]) -> CopiedRuns | None:
    dataset = real.dataset
    # What a model learned from; all of it where no side is set apart.
    train = dataset.pieces("train")
    whole = real.side == "all" or not len(train)
    index = CorpusIndex.from_dataset(dataset, None if whole else train)
    lines = [Line.from_notes(piece.notes, piece.changes, key=piece.key) for piece in theirs]
    found = copied_runs(index, Line.from_dataset(dataset, real.numbers), lines)
    if not found.excerpt_notes:
        remarks.append("no distribution of copied runs: the solos are too short")
    return found
