"""The model folder: everything that is needed to play a trained network, without TensorFlow.

- `config.json`: network, training, encoding, what it was trained on and how well it did;
- `vocabulary.json`: what its values mean, with a fingerprint;
- `weights.safetensors`: the weights by name (`jazzgen.network.weights`);
- `model.keras`: the same network for Keras;
- `fingerprints.npy`: of the solos it learned from, where they were taken
  (`jazzgen.encoding.fingerprints`);
- `history.json`, `curves.png`: how training went;
- `README.md`: the model card;
- `training_state.npz`: from which `--resume` goes on; not needed to play.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from jazzgen.encoding.base import Encoding
from jazzgen.encoding.fingerprints import (
    FingerprintArray,
    load_fingerprints,
    save_fingerprints,
)
from jazzgen.encoding.grammar import GrammarEncoding
from jazzgen.encoding.interval import IntervalEncoding
from jazzgen.encoding.vocabulary import Vocabulary
from jazzgen.errors import ModelError
from jazzgen.files import atomic_write
from jazzgen.network.config import NetworkConfig
from jazzgen.network.memory import Memory
from jazzgen.network.weights import Weights, weight_shapes

FORMAT: Final = 1
"""Version of the layout; a model of another version is refused."""

FINGERPRINTS_FILE: Final = "fingerprints.npy"


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A trained network as it lies in its folder.

    Attributes:
        name: the folder's name.
        network: what the network is made of.
        vocabulary: what its values mean.
        weights: float32 arrays by name.
        info: all of `config.json`.
        memory: of the solo so far; None where it has none.
        fingerprints: of the solos it learned from, uint32 `(n,)`; None where it has none.
    """

    name: str
    network: NetworkConfig
    vocabulary: Vocabulary
    weights: Weights
    info: Mapping[str, Any]
    memory: Memory | None = None
    fingerprints: FingerprintArray | None = None

    @property
    def sha256(self) -> str:
        """Fingerprint of all a solo depends on: values, network, weights, memory, calibration."""
        digest = hashlib.sha256(self.vocabulary.sha256.encode())
        digest.update(json.dumps(self.network.to_json(), sort_keys=True).encode())
        if self.memory is not None:
            digest.update(json.dumps(self.memory.to_json()).encode())
        if self.calibration is not None:
            digest.update(json.dumps(self.calibration, sort_keys=True).encode())
        for name in weight_shapes(self.network):
            digest.update(np.ascontiguousarray(self.weights[name]).tobytes())
        return digest.hexdigest()

    @property
    def calibration(self) -> Mapping[str, Any] | None:
        """Its calibration as JSON (`jazzgen.generation.calibration`); None where it has none."""
        return self.info.get("calibration")

    @property
    def hears_chords(self) -> bool:
        """Whether it has learned what chords are: it sees them, and its corpus had some."""
        return self.network.context and bool(self.info.get("dataset", {}).get("has_chords", True))

    @property
    def hears_manner(self) -> bool:
        """Whether it has learned what style, instrument and feel are: its corpus told it."""
        return self.network.context and bool(self.info.get("dataset", {}).get("has_manner", False))

    def encoding(self, pitch_range: tuple[int, int] | None = None) -> Encoding:
        """The encoding its values belong to; `pitch_range` binds decoders that draw pitches."""
        if self.vocabulary.encoding == "grammar":
            bounds = {} if pitch_range is None else {"pitch_range": pitch_range}
            return GrammarEncoding(self.vocabulary, int(self.info["min_rest"]), **bounds)
        return IntervalEncoding()


def load_model_folder(path: Path | str) -> StoredModel:
    """Reads a model folder.

    Raises:
        ModelError: when it is missing, foreign, damaged or of another version.
    """
    path = Path(path)
    try:
        info = json.loads((path / "config.json").read_text("utf-8"))
        if not isinstance(info, dict) or info.get("format") != FORMAT or "network" not in info:
            raise ModelError(f"{path}: not a jazzgen model of format {FORMAT}")
        network = NetworkConfig.from_json(info["network"])
        vocabulary = Vocabulary.from_json(json.loads((path / "vocabulary.json").read_text("utf-8")))
        if info.get("vocabulary_sha256") != vocabulary.sha256:
            raise ModelError(f"{path}: its vocabulary is not the one the network was trained with")
        if vocabulary.encoding != "grammar" and vocabulary != IntervalEncoding.vocabulary:
            raise ModelError(f"{path}: its values mean something else in this version of jazzgen")
        weights = load_file(path / "weights.safetensors")
        known = path / FINGERPRINTS_FILE
        fingerprints = load_fingerprints(known) if known.exists() else None
        name = path.resolve().name
        memory = Memory.from_json(info["memory"]) if info.get("memory") else None
        model = StoredModel(name, network, vocabulary, weights, info, memory, fingerprints)
        model.encoding()
    except FileNotFoundError as error:
        missing = Path(error.filename or "weights.safetensors").name  # which names no file
        what = (
            f"{missing} is missing, so this is no model folder"
            if path.is_dir()
            else "no such model folder"
        )
        raise ModelError(f"{path}: {what}") from error
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ModelError(f"{path}: damaged model ({error})") from error
    _check_shapes(path, network, model.weights)
    return model


def _check_shapes(path: Path, network: NetworkConfig, weights: Weights) -> None:
    for name, shape in weight_shapes(network).items():
        if name not in weights or weights[name].shape != shape or weights[name].dtype != np.float32:
            raise ModelError(f"{path}: damaged model (weights {name} missing or misshapen)")
        if not np.isfinite(weights[name]).all():
            raise ModelError(f"{path}: damaged model (weights {name} are not all numbers)")


def save_model_folder(path: Path, model: StoredModel) -> None:
    """Writes what `load_model_folder` reads, each file whole or not at all.

    Raises:
        OutputError: when the folder cannot be written.
    """
    with atomic_write(path / "weights.safetensors") as file:
        file.write_bytes(save({k: np.ascontiguousarray(v) for k, v in model.weights.items()}))
    if model.fingerprints is None:
        # Those of a model that lay here before would be of another corpus.
        (path / FINGERPRINTS_FILE).unlink(missing_ok=True)
    else:
        save_fingerprints(path / FINGERPRINTS_FILE, model.fingerprints)
    write_json(path / "vocabulary.json", model.vocabulary.to_json())
    write_json(
        path / "config.json",
        {
            **model.info,
            "format": FORMAT,
            "network": model.network.to_json(),
            "vocabulary_sha256": model.vocabulary.sha256,
            "memory": None if model.memory is None else model.memory.to_json(),
        },
    )


def write_calibration(path: Path, calibration: Mapping[str, Any] | None) -> None:
    """Puts a calibration into a model folder, or takes it out (None).

    Raises:
        OutputError: when the folder cannot be written.
    """
    info = json.loads((path / "config.json").read_text("utf-8"))
    write_json(path / "config.json", {**info, "calibration": calibration})


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Writes a JSON object, whole or not at all."""
    with atomic_write(path) as file:
        file.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
