"""A training run and its model folder: started, interrupted, resumed, finished."""

import math
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from jazzgen import __version__
from jazzgen.encoding.context import NO_ROOT, SLOTS
from jazzgen.encoding.dataset import Dataset
from jazzgen.encoding.fingerprints import FingerprintArray, fingerprints
from jazzgen.encoding.manner import OPEN
from jazzgen.errors import ModelError, OutputError
from jazzgen.files import atomic_write
from jazzgen.network.card import model_card
from jazzgen.network.config import NetworkConfig, Preset, TrainingConfig
from jazzgen.network.curves import draw_curves
from jazzgen.network.distillation import SoftTargets
from jazzgen.network.memory import Memory
from jazzgen.network.memory_fit import fit_memory, nats_per_note
from jazzgen.network.model_folder import (
    StoredModel,
    load_model_folder,
    save_model_folder,
    write_json,
)
from jazzgen.network.networks import SoloNetwork
from jazzgen.network.training import Epoch, History, Progress, Trainer
from jazzgen.network.weights import weight_shapes

STATE_FILE: Final = "training_state.npz"

_ORIGIN: Final = ("from", "lessons")
"""Keys of config.json: the model that a run began with and how well it did on the same pieces;
what teachers taught it."""

_FEW_VALUES: Final = 60_000
"""Values of training pieces below which a memory is taken over from the model begun with."""

_MOST_KEYS: Final = 1000
"""Held-out pieces that config.json names."""


def train(
    dataset: Dataset,
    out: Path,
    preset: Preset,
    *,
    seed: int = 0,
    resume: bool = False,
    overwrite: bool = False,
    start: StoredModel | None = None,
    lessons: tuple[Dataset, SoftTargets] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> tuple[StoredModel, History, bool]:
    """Trains a preset on a dataset into a model folder.

    The folder holds a usable model after every epoch. Ctrl-C finishes it with what was learned so
    far; `resume` goes on after the last whole epoch and ends in the same weights as a run that was
    never interrupted. A run resumed needs no `start` again, but its `lessons`.

    Args:
        dataset: what to learn from.
        out: the model folder.
        preset: network and training.
        seed: of the first weights, the order and the dropout.
        resume: go on with the run in `out`; its settings stay, except for the number of epochs.
        overwrite: replace a model that is there.
        start: a model whose network and weights to begin with, instead of the preset's.
        lessons: learn from this dataset, with these targets, instead (`prepare_lessons`); its
            validation pieces are those of `dataset`.
        on_progress: told after every batch.
        on_epoch: told after every epoch.

    Returns:
        The model of the best epoch, all epochs, and whether the run was interrupted.

    Raises:
        ModelError: when there is no run to resume, or something that would be lost.
        OutputError: when `out` cannot be written.
    """
    network_config, config = preset.network, preset.training
    if start is not None:
        if start.vocabulary != dataset.vocabulary:
            raise ModelError(f"model {start.name} knows other values than {dataset.path} holds")
        # Its layers, under this preset's regularisation.
        network_config = replace(
            network_config,
            units=start.network.units,
            context=start.network.context,
            experts=start.network.experts,
            memory=network_config.memory and start.network.context,
        )
    elif dataset.vocabulary.encoding != "interval":
        # The experts speak of leaps; other encodings have none.
        network_config = replace(network_config, experts=False)
    learned, targets = lessons or (dataset, None)
    origin = _origin(start, learned if lessons else None)
    known = _known(dataset, start)
    record = _record(dataset, start)
    saved: dict[str, Any] = {}
    if resume:
        model = load_model_folder(out)
        saved = _load_state(out, model, dataset)
        _check_lessons(out, model, learned if lessons else None)
        network_config, known, record = model.network, model.fingerprints, model.info["dataset"]
        origin = {name: model.info[name] for name in _ORIGIN if name in model.info}
        try:
            config = replace(
                TrainingConfig.from_json(model.info["training"]), epochs=preset.training.epochs
            )
            preset = replace(preset, name=str(model.info["preset"]))
            seed = int(model.info["seed"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{out}: config.json does not say how it was trained") from error
    else:
        make_room(out, overwrite=overwrite)
    network = SoloNetwork(network_config, seed)
    if start is not None:
        network.set_weights(start.weights)
    trainer = Trainer(network, learned, config, seed=seed, soft_targets=targets)
    if saved:
        try:
            trainer.restore(saved)
        except (IndexError, TypeError, ValueError) as error:
            raise ModelError(f"{out}: {STATE_FILE} is damaged ({error})") from error

    def measured_with(memory: Memory) -> float:
        pieces = dataset.pieces("validation").tolist() or dataset.pieces("train").tolist()
        return nats_per_note(network, memory, dataset, pieces)

    def keep(memory: Memory | None = None) -> StoredModel:
        info = _info(preset.name, network_config, config, dataset, record, seed, trainer.history)
        info |= origin
        if memory is not None:
            info["trained"]["nats_per_note_with_memory"] = measured_with(memory)
        model = StoredModel(
            out.name,
            network_config,
            dataset.vocabulary,
            trainer.best_weights,
            info,
            memory,
            known,
        )
        save_model_folder(out, model)
        write_json(out / "history.json", {"epochs": [asdict(e) for e in trainer.history.epochs]})
        return model

    if start is not None and not resume:
        origin["from"]["nats_per_note"] = trainer.nats_per_note()

    def keep_state() -> None:
        with atomic_write(out / STATE_FILE) as file, file.open("wb") as stream:
            np.savez(stream, **trainer.state())

    interrupted = False
    try:
        if not saved:
            keep()
            if start is not None:
                keep_state()  # the seed alone would not lead back to these weights
        for epoch in trainer.run(on_progress):
            keep()
            keep_state()
            if on_epoch:
                on_epoch(epoch)
    except FloatingPointError as error:
        raise ModelError(
            f"{out}: training went astray ({error}); begin again with a lower learning rate"
        ) from error
    except KeyboardInterrupt:
        interrupted = True
        if not trainer.history.epochs:
            trainer.best_weights = trainer.averaged_weights()
    network.set_weights(trainer.best_weights)
    memory = None
    if network_config.memory and trainer.history.epochs:
        memory = _memory(network, dataset, origin, seed)
    model = keep(memory)
    _save_keras(network, out)
    draw_curves(
        trainer.history, out / "curves.png", measured=bool(len(dataset.pieces("validation")))
    )
    with atomic_write(out / "README.md") as file:
        file.write_text(model_card(model, trainer.history), encoding="utf-8")
    return model, trainer.history, interrupted


def make_room(out: Path, *, overwrite: bool) -> None:
    """Makes the model folder; ModelError when something in it would be lost."""
    if (out / "config.json").exists() and not overwrite:
        raise ModelError(
            f"{out}: holds a model already; --resume goes on training it, --overwrite replaces it"
        )
    if out.is_dir() and any(out.iterdir()) and not (out / "config.json").exists():
        raise ModelError(f"{out}: holds something other than a model; name another folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / STATE_FILE).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{out}: cannot make the model folder ({error.strerror})") from error


def _load_state(out: Path, model: StoredModel, dataset: Dataset) -> dict[str, Any]:
    if model.vocabulary != dataset.vocabulary:
        raise ModelError(f"{out}: was trained with other values than {dataset.path} holds")
    if model.info.get("dataset", {}).get("sha256") != dataset.sha256():
        raise ModelError(f"{out}: was trained on another dataset than {dataset.path}")
    try:
        # Opened here: given a path, NumPy leaves a file it cannot read open.
        with (out / STATE_FILE).open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        return {}  # no epoch was finished: the run begins again, with its own settings
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"{out}: {STATE_FILE} is damaged ({error})") from error


def _origin(start: StoredModel | None, lessons: Dataset | None) -> dict[str, Any]:
    """What else than its dataset a model comes from, for config.json (`_ORIGIN`)."""
    origin: dict[str, Any] = {}
    if start is not None:
        memory = None if start.memory is None else start.memory.to_json()
        origin["from"] = {"name": start.name, "sha256": start.sha256, "memory": memory}
    if lessons is not None:
        sources = [source["name"] for source in lessons.info["sources"]]
        origin["lessons"] = {"sha256": lessons.sha256(), "sources": sources}
    return origin


def _memory(network: SoloNetwork, dataset: Dataset, origin: Mapping[str, Any], seed: int) -> Memory:
    """A memory fitted to the dataset; of few pieces, that of the model begun with, if it has one.

    Gates fitted to a few songs that repeat a lot trust the memory so much that solos get stuck.
    """
    before = origin.get("from", {}).get("memory")
    train = dataset.pieces("train")
    values = int((dataset.offsets[train + 1] - dataset.offsets[train]).sum())
    if before is not None and values < _FEW_VALUES:
        return Memory.from_json(before)
    return fit_memory(network, dataset, seed=seed)


def _check_lessons(out: Path, model: StoredModel, lessons: Dataset | None) -> None:
    """Raises ModelError unless a run goes on with the lessons it began with, or without any."""
    begun = model.info.get("lessons")
    if begun and lessons is None:
        raise ModelError(
            f"{out}: learns from teachers, and their lessons are gone; begin again with --overwrite"
        )
    if (begun or {}).get("sha256") != (None if lessons is None else lessons.sha256()):
        raise ModelError(f"{out}: learned from other lessons; begin again with --overwrite")


def _known(dataset: Dataset, start: StoredModel | None) -> FingerprintArray | None:
    """Fingerprints of all solos learned from; of the model begun with, where it has any."""
    if dataset.vocabulary.encoding != "interval":
        return None
    known = fingerprints(dataset)
    if start is None or start.fingerprints is None:
        return known
    return np.union1d(known, start.fingerprints)


def _record(dataset: Dataset, start: StoredModel | None) -> dict[str, Any]:
    """What a model remembers of the dataset it was trained on, and of what it knew before."""
    held_out = set(dataset.pieces("validation").tolist())
    keys = [row["key"] for i, row in enumerate(dataset.about()) if i in held_out]
    return {
        "sha256": dataset.sha256(),
        "sources": dataset.info["sources"],
        "split": dataset.info["split"],
        "train_notes": int(dataset.notes[dataset.pieces("train")].sum()),
        "validation_notes": int(dataset.notes[dataset.pieces("validation")].sum()),
        "Tx": dataset.tx,
        "has_chords": _ever(dataset, ("root",), NO_ROOT)
        or (start is not None and start.hears_chords),
        "has_manner": _ever(dataset, ("style", "instrument", "feel"), OPEN)
        or (start is not None and start.hears_manner),
        "held_out": keys[:_MOST_KEYS],
    }


def _ever(dataset: Dataset, slots: tuple[str, ...], nothing: int) -> bool:
    """Whether any piece to learn from has anything but `nothing` in one of these slots."""
    columns = [i for i, slot in enumerate(SLOTS) if slot.name in slots]
    return any(
        bool(np.any(dataset.sequence(piece)[1][:, columns] != nothing))
        for piece in dataset.pieces("train").tolist()
    )


def _info(
    preset: str,
    network: NetworkConfig,
    config: TrainingConfig,
    dataset: Dataset,
    record: Mapping[str, Any],
    seed: int,
    history: History,
) -> dict[str, Any]:
    info: dict[str, Any] = {
        "preset": preset,
        "encoding": dataset.vocabulary.encoding,
        "training": config.to_json(),
        "seed": seed,
        "jazzgen": __version__,
        "parameters": sum(map(math.prod, weight_shapes(network).values())),
        "dataset": dict(record),
    }
    if "min_rest" in dataset.info:
        info["min_rest"] = dataset.info["min_rest"]
    if history.epochs:
        best = history.best
        info["trained"] = {
            "epochs": len(history.epochs),
            "best_epoch": best.number,
            "nats_per_note": best.nats_per_note if math.isfinite(best.nats_per_note) else None,
            "measured_on": "validation" if len(dataset.pieces("validation")) else "train",
            "seconds": round(sum(epoch.seconds for epoch in history.epochs), 1),
        }
    return info


def _save_keras(network: SoloNetwork, out: Path) -> None:
    with atomic_write(out / "model.keras") as file:
        network.model.save(file)
