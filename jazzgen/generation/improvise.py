"""Solos over given changes."""

from collections.abc import Iterable, Iterator

from jazzgen.encoding.manner import Manner
from jazzgen.generation.controls import Controls
from jazzgen.generation.ensemble import ROWS, Ensemble, MakeCalibrator
from jazzgen.generation.sampling import Sampling
from jazzgen.generation.solo import Request, Solo
from jazzgen.music.changes import Changes
from jazzgen.music.charts import DEFAULT_TEMPO_BPM
from jazzgen.music.notes import Notes
from jazzgen.network.engine import Engine
from jazzgen.network.engines import engine_of
from jazzgen.network.model_folder import StoredModel


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
) -> Solo:
    """Improvises one solo over changes; see `improvise_all` and `Request`."""
    request = Request(changes, seed, tempo_bpm, manner, primer or Notes.empty())
    solos = improvise_all(model, [request], sampling=sampling, controls=controls, engine=engine)
    return next(solos)[1]


def improvise_all(
    model: StoredModel,
    requests: Iterable[Request],
    *,
    sampling: Sampling | None = None,
    controls: Controls | None = None,
    engine: Engine | None = None,
    calibrator: MakeCalibrator | None = None,
    rows: int = ROWS,
) -> Iterator[tuple[int, Solo]]:
    """Improvises solos over changes.

    Each has at least one note, and its end cannot be drawn before the last bar. There it ends with
    the first chord tone on a beat (see `Sampling.ending`), or else where the changes do: a note
    that would sound longer is cut.

    Args:
        model: the trained network.
        requests: what each solo is to be; taken one by one as there is room.
        sampling: how values are drawn.
        controls: how busy, how far out, in what phrases.
        engine: what steps the network; made from the model unless given.
        calibrator: makes what weighs the draws; the model's calibration unless given.
        rows: solos that are played side by side; whatever it is, the solos are the same.

    Yields:
        Which of the requests, and its solo, in the order in which they come to their end.

    Raises:
        ModelError: when the model cannot do what is asked: controls and primers need the
            interval encoding, a limit to copying the fingerprints of what was learned.
        ValueError: when nothing can follow a primer.
    """
    engine = engine or engine_of(model)
    ensemble = Ensemble(
        model, engine, sampling or Sampling(), controls or Controls(), calibrator=calibrator
    )
    return ensemble.play(requests, rows)


def in_order(solos: Iterable[tuple[int, Solo]]) -> Iterator[Solo]:
    """Solos in the order of their requests; those that come early wait for their turn."""
    early: dict[int, Solo] = {}
    due = 0
    for number, solo in solos:
        early[number] = solo
        while due in early:
            yield early.pop(due)
            due += 1
