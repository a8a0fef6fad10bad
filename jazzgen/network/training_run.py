"""A training run and its model folder: started, interrupted, resumed, finished."""

import hashlib
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
from jazzgen.errors import ModelError, OutputError
from jazzgen.files import atomic_write
from jazzgen.network.card import model_card
from jazzgen.network.config import NetworkConfig, Preset, TrainingConfig
from jazzgen.network.curves import draw_curves
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
    on_progress: Callable[[Progress], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> tuple[StoredModel, History, bool]:
    """Trains a preset on a dataset into a model folder.

    The folder holds a usable model after every epoch. Ctrl-C finishes it with what was learned so
    far; `resume` goes on after the last whole epoch and ends in the same weights as a run that was
    never interrupted.

    Args:
        dataset: what to learn from.
        out: the model folder.
        preset: network and training.
        seed: of the first weights, the order and the dropout.
        resume: go on with the run in `out`; its settings stay, except for the number of epochs.
        overwrite: replace a model that is there.
        on_progress: told after every batch.
        on_epoch: told after every epoch.

    Returns:
        The model of the best epoch, all epochs, and whether the run was interrupted.

    Raises:
        ModelError: when there is no run to resume, or something that would be lost.
        OutputError: when `out` cannot be written.
    """
    network_config, config = preset.network, preset.training
    if dataset.vocabulary.encoding != "interval":
        # The experts speak of leaps; other encodings have none.
        network_config = replace(network_config, experts=False)
    saved: dict[str, Any] = {}
    if resume:
        model = load_model_folder(out)
        saved = _load_state(out, model, dataset)
        network_config = model.network
        try:
            config = replace(
                TrainingConfig.from_json(model.info["training"]), epochs=preset.training.epochs
            )
            preset = replace(preset, name=str(model.info["preset"]))
            seed = int(model.info["seed"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{out}: config.json does not say how it was trained") from error
    else:
        _make_room(out, overwrite=overwrite)
    network = SoloNetwork(network_config, seed)
    trainer = Trainer(network, dataset, config, seed=seed)
    if saved:
        try:
            trainer.restore(saved)
        except (IndexError, TypeError, ValueError) as error:
            raise ModelError(f"{out}: {STATE_FILE} is damaged ({error})") from error
    record = _record(dataset)

    def keep() -> StoredModel:
        info = _info(preset.name, network_config, config, dataset, record, seed, trainer.history)
        model = StoredModel(
            out.name, network_config, dataset.vocabulary, trainer.best_weights, info
        )
        save_model_folder(out, model)
        write_json(out / "history.json", {"epochs": [asdict(e) for e in trainer.history.epochs]})
        return model

    interrupted = False
    try:
        if not saved:
            keep()
        for epoch in trainer.run(on_progress):
            keep()
            with atomic_write(out / STATE_FILE) as file, file.open("wb") as stream:
                np.savez(stream, **trainer.state())
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
    model = keep()
    _save_keras(network, model, out)
    draw_curves(
        trainer.history, out / "curves.png", measured=bool(len(dataset.pieces("validation")))
    )
    with atomic_write(out / "README.md") as file:
        file.write_text(model_card(model, trainer.history), encoding="utf-8")
    return model, trainer.history, interrupted


def _make_room(out: Path, *, overwrite: bool) -> None:
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
    if model.info.get("dataset", {}).get("sha256") != _fingerprint(dataset):
        raise ModelError(f"{out}: was trained on another dataset than {dataset.path}")
    try:
        # Opened here: given a path, NumPy leaves a file it cannot read open.
        with (out / STATE_FILE).open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        return {}  # no epoch was finished: the run begins again, with its own settings
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"{out}: {STATE_FILE} is damaged ({error})") from error


def _fingerprint(dataset: Dataset) -> str:
    digest = hashlib.sha256(f"{dataset.tx}/{dataset.hop}".encode())
    digest.update(np.ascontiguousarray(dataset.offsets).tobytes())
    digest.update(np.ascontiguousarray(dataset.split).tobytes())
    for array in (dataset.values, dataset.context):
        for start in range(0, len(array), 1 << 20):  # flat memory
            digest.update(np.ascontiguousarray(array[start : start + (1 << 20)]).tobytes())
    return digest.hexdigest()


def _record(dataset: Dataset) -> dict[str, Any]:
    """What a model remembers of the dataset it was trained on."""
    held_out = set(dataset.pieces("validation").tolist())
    keys = [row["key"] for i, row in enumerate(dataset.about()) if i in held_out]
    return {
        "sha256": _fingerprint(dataset),
        "sources": dataset.info["sources"],
        "split": dataset.info["split"],
        "train_notes": int(dataset.notes[dataset.pieces("train")].sum()),
        "validation_notes": int(dataset.notes[dataset.pieces("validation")].sum()),
        "Tx": dataset.tx,
        "has_chords": _has_chords(dataset),
        "held_out": keys[:_MOST_KEYS],
    }


def _has_chords(dataset: Dataset) -> bool:
    """Whether any piece to learn from has a chord in it."""
    root = [slot.name for slot in SLOTS].index("root")
    return any(
        bool(np.any(dataset.sequence(piece)[1][:, root] != NO_ROOT))
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


def _save_keras(network: SoloNetwork, model: StoredModel, out: Path) -> None:
    network.set_weights(model.weights)
    with atomic_write(out / "model.keras") as file:
        network.model.save(file)
