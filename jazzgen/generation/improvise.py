"""One solo over given changes, value by value."""

from dataclasses import dataclass

import numpy as np

from jazzgen.encoding.base import EVENT, START_PITCH, BoolArray, Decoder
from jazzgen.encoding.context import ContextMaker
from jazzgen.encoding.grammar_cleanup import clean_up
from jazzgen.encoding.interval import MAX_LEAP, REST
from jazzgen.encoding.manner import Manner
from jazzgen.errors import ModelError
from jazzgen.generation.calibration import Calibration, Calibrator
from jazzgen.generation.controls import Controls
from jazzgen.generation.ending import closes, cut, hold_last
from jazzgen.generation.primer import check_primer, listen
from jazzgen.generation.sampling import Distribution, Sampling, draw, shape_distribution
from jazzgen.generation.steering import Steering
from jazzgen.music.changes import Changes
from jazzgen.music.charts import DEFAULT_TEMPO_BPM
from jazzgen.music.notes import Notes
from jazzgen.network.engine import Engine
from jazzgen.network.engines import engine_of
from jazzgen.network.model_folder import StoredModel


@dataclass(frozen=True, slots=True, eq=False)
class Solo:
    """An improvised solo.

    Attributes:
        notes: the notes, monophonic, within the changes; a primer's first.
        changes: what it is played over.
        values: the values drawn, in order.
        seed: from which it was drawn.
        given: how many of the notes are the primer's.
    """

    notes: Notes
    changes: Changes
    values: tuple[int, ...]
    seed: int
    given: int = 0

    @property
    def added(self) -> Notes:
        """The notes without the primer's."""
        return self.notes[self.given :]


def improvise(
    model: StoredModel,
    changes: Changes,
    *,
    tempo_bpm: float = DEFAULT_TEMPO_BPM,
    seed: int,
    sampling: Sampling | None = None,
    manner: Manner | None = None,
    controls: Controls | None = None,
    primer: Notes | None = None,
    engine: Engine | None = None,
    calibrator: Calibrator | None = None,
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
        manner: style, instrument and feel; a model that never learned any ignores it.
        controls: how busy, how far out, in what phrases.
        primer: a phrase from the beginning of the changes, from whose end the solo goes on.
        engine: what steps the network; made from the model unless given.
        calibrator: what weighs the draws; made from the model's calibration unless given.

    Raises:
        ModelError: when the model cannot do what is asked: controls and primers need the
            interval encoding, a limit to copying the fingerprints of what was learned.
        ValueError: when nothing can follow the primer.
    """
    sampling = sampling or Sampling()
    controls = controls or Controls()
    primer = Notes.empty() if primer is None else primer
    engine = engine or engine_of(model)
    intervals = model.vocabulary.encoding == "interval"
    _check_model(model, controls, primer)
    # Nothing is left to chance when greedy, not even the pitches that the grammar leaves open.
    rng = np.random.default_rng(0 if sampling.greedy else seed)
    encoding = model.encoding((sampling.low, sampling.high))
    start_pitch = min(max(START_PITCH, sampling.low), sampling.high)
    decoder = encoding.decoder(changes, rng=rng, start_pitch=start_pitch)
    # Chords that the network never saw while it learned would only be noise to it.
    heard = changes if model.hears_chords else changes.without_chords()
    context = ContextMaker(heard, tempo_bpm, manner if model.hears_manner else None)
    end = encoding.vocabulary.end
    last_bar = int(changes.bar_lines[-2])

    value = -1 if end is None else end
    if len(primer):
        check_primer(primer, changes, sampling.low, sampling.high)
        value, state = listen(primer, decoder, engine, context, value)
    else:
        state = engine.start()
    if calibrator is None and sampling.calibrated and not sampling.greedy:
        calibrator = _calibrator(model, changes)
    if calibrator is not None and len(primer):
        calibrator.hear(primer)
    steering = None
    if controls.given:
        steering = Steering(
            controls,
            changes,
            tempo_bpm=tempo_bpm,
            phrase=primer,
            fingerprints=model.fingerprints,
        )
    # First what the model got wrong on average, then what is asked of this solo.
    weighers = [weigher for weigher in (calibrator, steering) if weigher is not None]

    def weighted(distribution: Distribution) -> Distribution:
        for weigher in weighers:
            distribution = weigher.weighted(distribution, decoder)
        return distribution

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
        if steering is not None:
            steering.limit(allowed, decoder)
        if sampling.greedy:
            value = int(np.argmax(shape_distribution(probabilities[0], allowed, weighted=weighted)))
        else:
            distribution = shape_distribution(
                probabilities[0],
                allowed,
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                weighted=weighted,
            )
            value = draw(distribution, rng)
        silent = silent and not (intervals and value < REST)
        tick = decoder.tick
        decoder.push(value)
        values.append(value)
        for weigher in weighers:
            weigher.push(value, tick, decoder.reference)
        if (
            ending
            and decoder.tick > last_bar
            and decoder.phase == EVENT
            and closes(decoder.notes(), changes)
        ):
            break
    notes = decoder.notes() if intervals else clean_up(decoder.notes(), sampling.clean_up)
    notes = cut(notes, changes.end)
    if ending:
        notes = hold_last(notes, changes)
    return Solo(_joined(primer, notes), changes, tuple(values), seed, len(primer))


def _calibrator(model: StoredModel, changes: Changes) -> Calibrator | None:
    if model.calibration is None:
        return None
    try:
        return Calibrator(Calibration.from_json(model.calibration), changes)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"model {model.name}: its calibration is damaged ({error})") from error


def _check_model(model: StoredModel, controls: Controls, primer: Notes) -> None:
    if model.vocabulary.encoding != "interval":
        wanted = "going on from a phrase needs" if len(primer) else "these controls need"
        if len(primer) or controls.given:
            raise ModelError(
                f"{wanted} a model of the interval encoding; {model.name} is of the encoding "
                f"`{model.vocabulary.encoding}`"
            )
    if controls.max_copied is not None and model.fingerprints is None:
        raise ModelError(
            f"model {model.name} has no fingerprints of the solos it learned from, so copying "
            "cannot be kept in bounds"
        )


def _keep_in_range(allowed: BoolArray, decoder: Decoder, sampling: Sampling) -> None:
    pitches = decoder.reference + np.arange(-MAX_LEAP, MAX_LEAP + 1)
    allowed[:REST] &= (pitches >= sampling.low) & (pitches <= sampling.high)


def _joined(first: Notes, then: Notes) -> Notes:
    """Notes one after the other."""
    if not len(first):
        return then
    return Notes.of([*first, *then])
