"""What each of the 78 values means."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

N_VALUES: Final = 78
"""Number of columns of every one-hot row: the vocabulary of the course exercise."""

END: Final = "<END>"
"""End of solo; also fed to the network as the value before the first."""

UNKNOWN: Final = "<UNK>"
"""Stands for every symbol too rare to have a column of its own."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The symbols of an encoding, in the order of their columns.

    Attributes:
        encoding: name of the encoding, `interval` or `grammar`.
        symbols: at most 78 distinct symbols; columns past the last stay empty.
    """

    encoding: str
    symbols: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.symbols) > N_VALUES or len(set(self.symbols)) != len(self.symbols):
            raise ValueError(f"a vocabulary holds at most {N_VALUES} distinct symbols")

    @property
    def end(self) -> int | None:
        """Column of `<END>`, or None where the vocabulary has none."""
        return self.symbols.index(END) if END in self.symbols else None

    @property
    def unknown(self) -> int | None:
        """Column of `<UNK>`, or None where the vocabulary has none."""
        return self.symbols.index(UNKNOWN) if UNKNOWN in self.symbols else None

    @property
    def sha256(self) -> str:
        """Fingerprint that datasets and models carry; equal exactly for equal vocabularies."""
        text = json.dumps([self.encoding, list(self.symbols)], ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> dict[str, object]:
        """A JSON object from which `from_json` makes an equal vocabulary."""
        return {"encoding": self.encoding, "symbols": list(self.symbols), "sha256": self.sha256}

    @classmethod
    def from_json(cls, data: dict[str, object]) -> "Vocabulary":
        """Reads what `to_json` wrote.

        Raises:
            ValueError: when the symbols do not match the stated fingerprint.
        """
        symbols = data["symbols"]
        if not isinstance(symbols, Sequence):
            raise ValueError("`symbols` is not a list")
        vocabulary = cls(encoding=str(data["encoding"]), symbols=tuple(map(str, symbols)))
        if data.get("sha256") != vocabulary.sha256:
            raise ValueError("the vocabulary's symbols do not match its fingerprint")
        return vocabulary
