"""The commands as Python functions.

```python
import jazzgen

take = jazzgen.improvise("| Dm7 | G7 | Cmaj7 | % |", choruses=4, seed=7)
take.write("solo.mid")
print(take.recipe.seed, len(take.notes), take.notes.pitch[:8])
```
"""

import io
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from jazzgen.corpus.midi_changes import changes_from
from jazzgen.corpus.sources import open_source
from jazzgen.encoding.dataset import Dataset
from jazzgen.encoding.manner import Manner
from jazzgen.encoding.preprocess import preprocess as _preprocess
from jazzgen.generation.controls import Controls
from jazzgen.generation.primer import read_primer
from jazzgen.generation.recipe import Recipe
from jazzgen.generation.sampling import Sampling
from jazzgen.music.changes import Changes
from jazzgen.music.charts import DEFAULT_TEMPO_BPM
from jazzgen.music.notes import Notes
from jazzgen.network.config import PRESETS
from jazzgen.network.model_folder import StoredModel
from jazzgen.network.models import DEFAULT_MODEL, load_model
from jazzgen.rendering.solo_file import program_of, solo_bytes, write_solo

if TYPE_CHECKING:
    from mido import MidiFile

    from jazzgen.network.networks import SoloNetwork
    from jazzgen.network.training import History


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """An improvised solo and how it was made.

    Attributes:
        notes: the solo, onsets and lengths in ticks (24 a beat).
        changes: what it is played over.
        recipe: makes the same solo again.
    """

    notes: Notes
    changes: Changes
    recipe: Recipe

    def write(self, path: str | os.PathLike[str]) -> None:
        """Writes solo, chords and recipe as MIDI.

        Raises:
            OutputError: when `path` cannot be written.
        """
        write_solo(path, self.notes, self.changes, self.recipe)

    def midi(self) -> "MidiFile":
        """The same as a `mido.MidiFile`, to send to a port, to change, or to write elsewhere."""
        import mido

        content = io.BytesIO(solo_bytes(self.notes, self.changes, self.recipe))
        return mido.MidiFile(file=content, charset="utf-8")


def improvise(
    changes: str | Changes,
    *,
    model: str | StoredModel = DEFAULT_MODEL,
    choruses: int | None = None,
    bars: int | None = None,
    tempo_bpm: float | None = None,
    seed: int | None = None,
    sampling: Sampling | None = None,
    manner: Manner | None = None,
    controls: Controls | None = None,
    primer: Notes | str | os.PathLike[str] | None = None,
    drop_primer: bool = False,
    swing: float | None = None,
    program: int | None = None,
) -> Take:
    """Improvises one solo.

    Args:
        changes: bars such as `| Dm7 | G7 |`, a chart or MIDI file, the name of a bundled chart, or
            `Changes`: once through the form.
        model: the name of a bundled model, a model folder, or a model already loaded.
        choruses: times through the form; 1 unless `bars` is given.
        bars: exactly so many bars instead.
        tempo_bpm: beats a minute; the chart's own unless given.
        seed: same seed, same solo; drawn unless given.
        sampling: how values are drawn.
        manner: style, instrument and feel; a model that never learned any ignores it.
        controls: how busy, how far out, in what phrases, how hard.
        primer: a phrase from which the solo goes on, notes or a MIDI file; it stands at the
            beginning of the changes.
        drop_primer: leave its notes out of what is returned and written.
        swing: the ratio in which straight eighths are written, 1 (straight) to 3; as they are
            drawn unless given. The notes returned are on the grid either way.
        program: General MIDI program of the solo, 0-127; the instrument's of the manner, or a
            tenor saxophone's, unless given.

    Raises:
        JazzgenError: when changes, model or primer cannot be read, or when the model cannot do
            what the controls ask.
        ValueError: when a setting is out of range, or nothing can follow the primer.
    """
    form, tempo = (
        changes_from(changes) if isinstance(changes, str) else (changes, DEFAULT_TEMPO_BPM)
    )
    stored = load_model(model) if isinstance(model, str) else model
    recipe = Recipe(
        model=stored.name,
        model_sha256=stored.sha256,
        form=form,
        bars=form.repeated(bars=bars, choruses=choruses).bars,
        tempo_bpm=tempo if tempo_bpm is None else tempo_bpm,
        seed=secrets.randbelow(2**31) if seed is None else seed,
        sampling=sampling or Sampling(),
        program=program_of(manner.instrument if manner else None) if program is None else program,
        manner=manner or Manner(),
        controls=controls or Controls(),
        primer=_primer(primer),
        drop_primer=drop_primer,
        swing=swing,
    )
    solo = recipe.improvise(stored)
    return Take(solo.notes, solo.changes, recipe)


def _primer(primer: Notes | str | os.PathLike[str] | None) -> Notes:
    if primer is None or isinstance(primer, Notes):
        return primer or Notes.empty()
    return read_primer(Path(primer))


def preprocess(
    sources: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    encoding: str = "interval",
    tx: int = 30,
    validation: float = 0.1,
    overwrite: bool = False,
    jobs: int | None = None,
) -> Dataset:
    """Turns corpora into a dataset folder, as `jazzgen preprocess` does.

    Args:
        sources: MIDI files and folders, the Weimar Jazz Database, `music21:NAME`; one or several.
        out: the dataset folder.
        encoding: `interval` or `grammar`.
        tx: length of the windows in values.
        validation: share held out, 0 to below 1.
        overwrite: replace a dataset that is there.
        jobs: processes that read MIDI files; one for each core unless given.

    Raises:
        JazzgenError: when a source cannot be read, yields nothing, or `out` cannot be written.
        ValueError: when a setting is out of range.
    """
    if isinstance(sources, str | os.PathLike):
        sources = [sources]
    literal = encoding == "grammar"
    opened = [open_source(os.fspath(source), literal_chords=literal) for source in sources]
    dataset, _ = _preprocess(
        opened,
        Path(out),
        encoding=encoding,
        tx=tx,
        validation=validation,
        overwrite=overwrite,
        jobs=jobs,
    )
    return dataset


def train(
    dataset: Dataset | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    preset: str = "standard",
    epochs: int | None = None,
    seed: int = 0,
) -> "tuple[StoredModel, History]":
    """Trains a network into a model folder, as `jazzgen train` does. Loads TensorFlow.

    Args:
        dataset: a dataset, or its folder.
        out: the model folder; must not hold a model yet.
        preset: `classic` or `standard`.
        epochs: passes over the pieces; the preset's own unless given.
        seed: of the first weights, the order and the dropout.

    Raises:
        JazzgenError: when the dataset cannot be read or `out` not be written.
        ValueError: when there is no such preset.
    """
    from jazzgen.network.training_run import train as run

    opened = dataset if isinstance(dataset, Dataset) else Dataset(Path(dataset))
    if preset not in PRESETS:
        raise ValueError(f"no preset {preset!r}; there are {', '.join(PRESETS)}")
    chosen = PRESETS[preset]
    if epochs is not None:
        chosen = replace(chosen, training=replace(chosen.training, epochs=epochs))
    model, history, _ = run(opened, Path(out), chosen, seed=seed)
    return model, history


def keras_network(model: str | StoredModel = DEFAULT_MODEL) -> "SoloNetwork":
    """A trained model as Keras layers, to take apart or to train on. Loads TensorFlow.

    Its `model` takes whole sequences; its `step_model()` is the inference model, one step: x
    `(1, 78)`[, flags `(1, N_FEATURES)`], a, c of each layer to probabilities `(1, 78)`, a, c.

    Args:
        model: the name of a bundled model, a model folder, or a model already loaded.

    Raises:
        ModelError: when it cannot be loaded.
    """
    from jazzgen.network.networks import SoloNetwork

    stored = load_model(model) if isinstance(model, str) else model
    network = SoloNetwork(stored.network)
    network.set_weights(stored.weights)
    return network
