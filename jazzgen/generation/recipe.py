"""The recipe of a solo: all that is needed to make the same one again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from jazzgen import __version__
from jazzgen.errors import MidiError
from jazzgen.generation.improvise import Sampling, Solo, improvise
from jazzgen.music.changes import Changes
from jazzgen.music.chords import NO_CHORD, Chord, parse_chord
from jazzgen.music.midi_write import FASTEST_BPM, SLOWEST_BPM
from jazzgen.network.engine import Engine
from jazzgen.network.model_folder import StoredModel


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """What a solo was made of.

    Attributes:
        model: name of the model.
        model_sha256: its fingerprint.
        form: the changes, once through.
        bars: bars of the solo; the form is repeated or cut.
        tempo_bpm: beats a minute.
        seed: of the random draws.
        sampling: how values were drawn.
        program: General MIDI program of the solo, 0-127.
        engine: `numpy` or `keras`; they may differ in the last bit.
        chords: whether the chords are played too.
    """

    model: str
    model_sha256: str
    form: Changes
    bars: int
    tempo_bpm: float
    seed: int
    sampling: Sampling
    program: int
    engine: str = "numpy"
    chords: bool = True

    def __post_init__(self) -> None:
        if self.form.bars < 1 or not np.all(np.diff(self.form.bar_lines) > 0):
            raise ValueError("the changes have no bars")
        if self.bars < 1:
            raise ValueError(f"a solo takes at least one bar, not {self.bars}")
        if self.seed < 0:
            raise ValueError(f"a seed is at least 0, not {self.seed}")
        if not 0 <= self.program <= 127:
            raise ValueError(f"a General MIDI program is 0 to 127, not {self.program}")
        if not SLOWEST_BPM <= self.tempo_bpm <= FASTEST_BPM:
            raise ValueError(
                f"a tempo is {SLOWEST_BPM:g} to {FASTEST_BPM:g} beats a minute, "
                f"not {self.tempo_bpm}"
            )

    def improvise(self, model: StoredModel, engine: Engine | None = None) -> Solo:
        """Draws the solo."""
        return improvise(
            model,
            self.form.repeated(bars=self.bars),
            tempo_bpm=self.tempo_bpm,
            seed=self.seed,
            sampling=self.sampling,
            engine=engine,
        )

    def to_text(self) -> str:
        """A JSON object in ASCII, the same for equal recipes."""
        form = self.form
        data = {
            "version": __version__,
            "model": self.model,
            "model_sha256": self.model_sha256,
            "changes": {
                "chords": [
                    [start, chord.symbol]
                    for start, chord in zip(form.starts.tolist(), form.chords, strict=True)
                ],
                "bar_ticks": np.diff(form.bar_lines).tolist(),
                "metre": form.metre,
            },
            "bars": self.bars,
            "tempo_bpm": self.tempo_bpm,
            "seed": self.seed,
            "sampling": self.sampling.to_json(),
            "program": self.program,
            "engine": self.engine,
            "chords": self.chords,
        }
        return json.dumps(data, ensure_ascii=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Recipe":
        """Reads what `to_text` wrote.

        Raises:
            MidiError: when it is not a recipe of this version of jazzgen.
        """
        if data.get("version") != __version__:
            raise MidiError(
                f"the recipe is of jazzgen {data.get('version')}, this is {__version__}: another "
                "version makes another solo of it"
            )
        try:
            rows = [(int(start), _chord(symbol)) for start, symbol in data["changes"]["chords"]]
            lines = np.cumsum([0, *data["changes"]["bar_ticks"]]).tolist()
            metre = data["changes"]["metre"]
            if metre is not None:
                numerator, denominator = map(int, metre)
                metre = numerator, denominator
            sampling = {**data["sampling"], "clean_up": tuple(data["sampling"]["clean_up"])}
            return cls(
                model=str(data["model"]),
                model_sha256=str(data["model_sha256"]),
                form=Changes.build(rows, lines, metre),
                bars=int(data["bars"]),
                tempo_bpm=float(data["tempo_bpm"]),
                seed=int(data["seed"]),
                sampling=Sampling(**sampling),
                program=int(data["program"]),
                engine=str(data["engine"]),
                chords=bool(data["chords"]),
            )
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise MidiError(f"the recipe is damaged ({error})") from error


def _chord(symbol: str) -> Chord:
    return NO_CHORD if symbol == NO_CHORD.symbol else parse_chord(symbol)
