"""One solo over given changes, value by value."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from jazzgen.encoding.base import EVENT, START_PITCH, BoolArray, Decoder
from jazzgen.encoding.context import ContextMaker
from jazzgen.encoding.grammar_cleanup import STEPS, clean_up
from jazzgen.encoding.interval import MAX_LEAP, REST
from jazzgen.generation.sampling import draw, shape_distribution
from jazzgen.music.changes import Changes
from jazzgen.music.charts import DEFAULT_TEMPO_BPM
from jazzgen.music.notes import Notes
from jazzgen.music.ticks import TICKS_PER_BEAT
from jazzgen.network.engine import Engine, NumpyEngine
from jazzgen.network.model_folder import StoredModel

ENDING_TICKS = TICKS_PER_BEAT
"""A solo that has come to its end holds the last note this long, as far as there is room."""

SHORTEST_LAST_NOTE = 3
"""Ticks below which a note cut by the last bar line is left out rather than heard as a click."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How values are drawn.

    Attributes:
        temperature: above 0; see `shape_distribution`.
        top_p: above 0, at most 1; see `shape_distribution`.
        greedy: take the likeliest value instead of drawing: the course exercise's way, one solo
            for a model and changes whatever the seed.
        low: lowest pitch, MIDI 0-127.
        high: highest pitch, at least an octave above.
        ending: come to an end in the last bar, on a chord tone on a beat, rather than play on to
            the last bar line. A solo of one bar plays on.
        clean_up: of solos in the grammar encoding, the steps of `grammar_cleanup` that are taken;
            interval solos need none.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    greedy: bool = False
    low: int = 46
    high: int = 86
    ending: bool = True
    clean_up: tuple[str, ...] = tuple(STEPS)

    def __post_init__(self) -> None:
        if not 0 < self.temperature < math.inf:
            raise ValueError("the temperature must be above 0 and finite")
        if not 0 < self.top_p <= 1:
            raise ValueError("top-p must be above 0 and at most 1")
        if not (self.low >= 0 and self.low + 12 <= self.high <= 127):
            raise ValueError("the range must span an octave or more within MIDI pitches 0-127")
        if unknown := set(self.clean_up) - STEPS.keys():
            raise ValueError(f"no such step: {', '.join(sorted(unknown))} ({', '.join(STEPS)})")

    def to_json(self) -> dict[str, Any]:
        """The settings, for the recipe."""
        return {**asdict(self), "clean_up": list(self.clean_up)}


@dataclass(frozen=True, slots=True, eq=False)
class Solo:
    """An improvised solo.

    Attributes:
        notes: the notes, monophonic, within the changes.
        changes: what it is played over.
        values: the values drawn, in order.
        seed: from which it was drawn.
    """

    notes: Notes
    changes: Changes
    values: tuple[int, ...]
    seed: int


def improvise(
    model: StoredModel,
    changes: Changes,
    *,
    tempo_bpm: float = DEFAULT_TEMPO_BPM,
    seed: int,
    sampling: Sampling | None = None,
    engine: Engine | None = None,
) -> Solo:
    """Draws a solo over the whole of the changes.

    It has at least one note, and its end cannot be drawn before the last bar. There it ends with
    the first chord tone on a beat (see `Sampling.ending`), or else where the changes do: a note
    that would sound longer is cut.

    Args:
        model: the trained network.
        changes: the chords and bars to fill.
        tempo_bpm: beats a minute; the faster, the fewer notes a beat.
        seed: of the NumPy `Generator` that everything is drawn from.
        sampling: how values are drawn.
        engine: what steps the network; made from the model unless given.
    """
    sampling = sampling or Sampling()
    engine = engine or NumpyEngine(model.network, model.weights)
    # Nothing is left to chance when greedy, not even the pitches that the grammar leaves open.
    rng = np.random.default_rng(0 if sampling.greedy else seed)
    encoding = model.encoding((sampling.low, sampling.high))
    start_pitch = min(max(START_PITCH, sampling.low), sampling.high)
    decoder = encoding.decoder(changes, rng=rng, start_pitch=start_pitch)
    # Chords that the network never saw while it learned would only be noise to it.
    heard = changes if model.hears_chords else changes.without_chords()
    context = ContextMaker(heard, tempo_bpm)
    end = encoding.vocabulary.end
    last_bar = int(changes.bar_lines[-2])
    intervals = encoding.vocabulary.encoding == "interval"

    value = -1 if end is None else end
    state = engine.start()
    values: list[int] = []
    silent = True
    ending = sampling.ending and changes.bars > 1
    while decoder.tick < changes.end and not decoder.ended:
        row = context.rows(
            np.array([decoder.tick], dtype=np.int32),
            np.array([decoder.reference]),
            np.array([decoder.phase]),
        )
        probabilities, state = engine.step(np.array([value]), row, state)
        allowed = decoder.allowed()
        if end is not None and decoder.tick < last_bar:
            allowed[end] = False
        if intervals and decoder.phase == EVENT:
            _keep_in_range(allowed, decoder, sampling)
            if silent and decoder.tick >= last_bar:
                allowed[REST:] = False
        if sampling.greedy:
            value = int(np.argmax(np.where(allowed, probabilities[0], -1.0)))
        else:
            distribution = shape_distribution(
                probabilities[0],
                allowed,
                temperature=sampling.temperature,
                top_p=sampling.top_p,
            )
            value = draw(distribution, rng)
        silent = silent and not (intervals and value < REST)
        decoder.push(value)
        values.append(value)
        if ending and decoder.tick > last_bar and _has_come_to_an_end(decoder, changes):
            break
    notes = decoder.notes() if intervals else clean_up(decoder.notes(), sampling.clean_up)
    notes = _cut(notes, changes.end)
    if ending:
        notes = _hold_last(notes, changes)
    return Solo(notes, changes, tuple(values), seed)


def _has_come_to_an_end(decoder: Decoder, changes: Changes) -> bool:
    """Whether the note just finished closes the solo: in the last bar, on a beat, a chord tone."""
    if decoder.phase != EVENT or not len(notes := decoder.notes()):
        return False
    return _closes(notes, changes)


def _closes(notes: Notes, changes: Changes) -> bool:
    onset, pitch = int(notes.onset[-1]), int(notes.pitch[-1])
    last_bar = int(changes.bar_lines[-2])
    if onset < last_bar or (onset - last_bar) % TICKS_PER_BEAT:
        return False
    tones = changes.at(onset).tones
    return not tones or bool(tones >> pitch % 12 & 1)


def _hold_last(notes: Notes, changes: Changes) -> Notes:
    if not len(notes) or not _closes(notes, changes):
        return notes
    length = notes.length.copy()
    room = changes.end - int(notes.onset[-1])
    length[-1] = min(max(int(length[-1]), ENDING_TICKS), room)
    return Notes(notes.onset, length, notes.pitch, notes.velocity)


def _keep_in_range(allowed: BoolArray, decoder: Decoder, sampling: Sampling) -> None:
    pitches = decoder.reference + np.arange(-MAX_LEAP, MAX_LEAP + 1)
    allowed[:REST] &= (pitches >= sampling.low) & (pitches <= sampling.high)


def _cut(notes: Notes, end: int) -> Notes:
    kept = notes[notes.onset <= end - SHORTEST_LAST_NOTE]
    length = np.minimum(kept.length, end - kept.onset)
    return Notes(kept.onset, length.astype(np.int32), kept.pitch, kept.velocity)
