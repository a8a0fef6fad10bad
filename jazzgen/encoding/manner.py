"""Whose way of playing a network is asked for: style, instrument and rhythm feel.

The Weimar Jazz Database says all three of each of its solos. A network that was trained with them
hidden at random can be asked for any of them, and for none.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final, Self

OPEN: Final = 0
"""The index of what is left open."""

STYLES: Final = (
    *("traditional", "swing", "bebop", "cool", "hardbop", "postbop", "fusion", "free"),
)
"""Styles as the Weimar Jazz Database tells them apart."""

INSTRUMENTS: Final[Mapping[str, str]] = {
    "as": "alto saxophone",
    "bs": "baritone saxophone",
    "cl": "clarinet",
    "cor": "cornet",
    "g": "guitar",
    "ss": "soprano saxophone",
    "tb": "trombone",
    "tp": "trumpet",
    "ts": "tenor saxophone",
    "vib": "vibraphone",
}
"""Instruments with five solos or more in the Weimar Jazz Database, by its abbreviations."""

FEELS: Final = ("swing", "twobeat", "latin", "funk", "ballad")
"""Rhythm feels as the Weimar Jazz Database tells them apart."""

_CODES: Final = {
    "style": (None, *STYLES),
    "instrument": (None, *INSTRUMENTS),
    "feel": (None, *FEELS),
}


@dataclass(frozen=True, slots=True)
class Manner:
    """A way of playing; each part may be left open (None).

    Attributes:
        style: one of `STYLES`.
        instrument: a key of `INSTRUMENTS`.
        feel: one of `FEELS`.
    """

    style: str | None = None
    instrument: str | None = None
    feel: str | None = None

    def __post_init__(self) -> None:
        for name, known in _CODES.items():
            if (given := getattr(self, name)) not in known:
                names = ", ".join(filter(None, known))
                raise ValueError(f"no such {name}: {given} ({names})")

    @classmethod
    def of(cls, about: Mapping[str, str]) -> Self:
        """What a piece's `about` says, in the words of the Weimar Jazz Database.

        Unknown words, and feels that change within a solo (`LATIN/SWING`), are left open.
        """
        words = {
            "style": about.get("style", "").lower(),
            # `ts-c` is a tenor saxophone built in C.
            "instrument": about.get("instrument", "").lower().split("-")[0],
            "feel": about.get("rhythmfeel", "").lower(),
        }
        return cls(**{k: word for k, word in words.items() if word in _CODES[k]})

    @property
    def indices(self) -> tuple[int, int, int]:
        """Style, instrument and feel as small integers; `OPEN` where left open."""
        style, instrument, feel = (
            known.index(getattr(self, name)) for name, known in _CODES.items()
        )
        return style, instrument, feel

    def to_json(self) -> dict[str, str | None]:
        """The three parts by name."""
        return asdict(self)
