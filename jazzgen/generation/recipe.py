"""The recipe of a solo: all that is needed to make the same one again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from jazzgen import __version__
from jazzgen.encoding.manner import Manner
from jazzgen.errors import MidiError
from jazzgen.generation.controls import Controls
from jazzgen.generation.improvise import improvise_all
from jazzgen.generation.primer import check_primer
from jazzgen.generation.sampling import Sampling
from jazzgen.generation.solo import Request, Solo
from jazzgen.music.changes import Changes
from jazzgen.music.midi_write import FASTEST_BPM, SLOWEST_BPM
from jazzgen.music.notes import Notes
from jazzgen.music.swing import HARDEST, STRAIGHTEST
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
        engine: `numpy` or `keras`; they round differently, and so their solos differ.
        chords: whether the chords are played too.
        manner: style, instrument and feel that were asked for.
        controls: what else was asked for.
        primer: the phrase from which the solo goes on, from the first bar; no notes: none.
        drop_primer: whether only what was added is written, at its place.
        swing: the ratio in which straight eighths are written, 1 to 3; None: as they are drawn.
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
    manner: Manner = field(default_factory=Manner)
    controls: Controls = field(default_factory=Controls)
    primer: Notes = field(default_factory=Notes.empty)
    drop_primer: bool = False
    swing: float | None = None

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
        if self.swing is not None and not STRAIGHTEST <= self.swing <= HARDEST:
            raise ValueError(
                f"a swing ratio is {STRAIGHTEST:g} (straight) to {HARDEST:g}, not {self.swing:g}"
            )
        if len(self.primer):
            low, high = self.sampling.low, self.sampling.high
            check_primer(self.primer, self.form.repeated(bars=self.bars), low, high)

    def request(self) -> Request:
        """What is to be drawn."""
        changes = self.form.repeated(bars=self.bars)
        return Request(changes, self.seed, self.tempo_bpm, self.manner, self.primer)

    def improvise(self, model: StoredModel, engine: Engine | None = None) -> Solo:
        """Draws the solo; without its primer when that is to be dropped."""
        solos = improvise_all(
            model, [self.request()], sampling=self.sampling, controls=self.controls, engine=engine
        )
        return self.finished(next(solos)[1])

    def finished(self, solo: Solo) -> Solo:
        """A solo that was drawn, without its primer when that is to be dropped."""
        return replace(solo, notes=solo.added, given=0) if self.drop_primer else solo

    def to_text(self) -> str:
        """A JSON object in ASCII, the same for equal recipes."""
        data = {
            "version": __version__,
            "model": self.model,
            "model_sha256": self.model_sha256,
            "changes": self.form.to_json(),
            "bars": self.bars,
            "tempo_bpm": self.tempo_bpm,
            "seed": self.seed,
            "sampling": self.sampling.to_json(),
            "program": self.program,
            "engine": self.engine,
            "chords": self.chords,
            "manner": self.manner.to_json(),
            "controls": self.controls.to_json(),
            "primer": [list(note) for note in self.primer],
            "drop_primer": self.drop_primer,
            "swing": self.swing,
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
            sampling = {**data["sampling"], "clean_up": tuple(data["sampling"]["clean_up"])}
            return cls(
                model=str(data["model"]),
                model_sha256=str(data["model_sha256"]),
                form=Changes.from_json(data["changes"]),
                bars=int(data["bars"]),
                tempo_bpm=float(data["tempo_bpm"]),
                seed=int(data["seed"]),
                sampling=Sampling(**sampling),
                program=int(data["program"]),
                engine=str(data["engine"]),
                chords=bool(data["chords"]),
                manner=Manner(**data["manner"]),
                controls=Controls.from_json(data["controls"]),
                primer=_primer(data["primer"]),
                drop_primer=bool(data["drop_primer"]),
                swing=None if data["swing"] is None else float(data["swing"]),
            )
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise MidiError(f"the recipe is damaged ({error})") from error


def _primer(rows: Sequence[Sequence[int]]) -> Notes:
    notes = Notes.of(tuple(map(int, row)) for row in rows)
    lowest = (notes.onset, 0), (notes.length, 1), (notes.pitch, 0), (notes.velocity, 1)
    if any((column < least).any() for column, least in lowest):
        raise ValueError("a note of the primer is none")
    if ((notes.pitch > 127) | (notes.velocity > 127)).any():
        raise ValueError("a note of the primer is none")
    return notes
