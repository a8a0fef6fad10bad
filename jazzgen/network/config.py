"""What a network is made of and how it is trained: plain settings, stored with every model."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, Final, Self

PRECISIONS: Final = ("float32", "mixed")
"""In what the matrix products of training are worked out."""


class _Settings:
    """JSON objects to settings and back; unknown or missing keys are errors."""

    __slots__ = ()

    _added: ClassVar[tuple[str, ...]] = ()
    """Settings that older files lack; they are read with what was done then, the default."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Reads what `to_json` wrote.

        Raises:
            ValueError: when keys are missing, unknown or have no sense.
        """
        names = {f.name for f in fields(cls)}  # type: ignore[arg-type]
        if odd := (set(data) ^ names) - set(cls._added):
            raise ValueError(f"settings {', '.join(sorted(odd))} are missing or unknown")
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in data.items()})

    def to_json(self) -> dict[str, Any]:
        """A JSON object with every setting."""
        return asdict(self)  # type: ignore[call-overload,no-any-return]


@dataclass(frozen=True, slots=True)
class NetworkConfig(_Settings):
    """A stack of LSTM layers under one softmax, all shared by every time step.

    Attributes:
        units: units of each layer, the lowest first.
        context: whether the flags of `jazzgen.encoding.context` stand beside each value.
        value_dropout: share of steps whose input value is hidden in training, 0 to below 1.
        context_dropout: share of the context's flags hidden in training; one mask a sequence.
        dropout: share of every layer's outputs hidden in training; one mask a sequence (Gal &
            Ghahramani 2016).
        weight_dropout: share of recurrent weights hidden in training; one mask a batch (Merity,
            Keskar & Socher 2018).
        experts: whether chord degrees and height have a say of their own in the next note (see
            `jazzgen.network.experts`); needs the context, and the interval encoding.
        memory: whether what the solo has played so far has a say of its own (see
            `jazzgen.network.memory`); needs the context. Fitted when the network is trained.
    """

    units: tuple[int, ...]
    context: bool
    value_dropout: float = 0.0
    context_dropout: float = 0.0
    dropout: float = 0.0
    weight_dropout: float = 0.0
    experts: bool = False
    memory: bool = False

    def __post_init__(self) -> None:
        if not self.units or any(not 1 <= n <= 8192 for n in self.units):
            raise ValueError("units must be 1 to 8192, for at least one layer")
        if (self.experts or self.memory) and not self.context:
            raise ValueError("experts and memory need the context")
        rates = (self.value_dropout, self.context_dropout, self.dropout, self.weight_dropout)
        for rate in rates:
            if not 0 <= rate < 1:
                raise ValueError("dropout rates must be at least 0 and below 1")


@dataclass(frozen=True, slots=True)
class TrainingConfig(_Settings):
    """How a network learns.

    Attributes:
        epochs: passes over the training pieces.
        batch: sequences learned from at once.
        span: 0 trains on the dataset's windows of Tx values, each from a zero state, in random
            order. Above 0, whole pieces run past in spans of so many values with the state
            carried on (truncated backpropagation through time).
        learning_rate: the highest of the schedule.
        schedule: `constant`, or `cosine`: a rise over the first 5 % of the steps, then half a
            cosine down to zero.
        weight_decay: decoupled (AdamW), on kernels only; 0 is plain Adam.
        clip_norm: global norm to which gradients are clipped; 0 clips nothing.
        transposition: semitones up or down by which every piece is transposed anew each epoch, at
            most; 0 leaves it in its key. In the interval encoding with its context, that moves
            nothing but the register.
        manner_dropout: share of pieces, anew each epoch, whose style is left open in training, and
            likewise instrument and feel; so each can be asked for or not. With spans only.
        averaging: decay per step of the exponential average of the weights that is measured and
            kept; 0 keeps the weights themselves.
        precision: `float32`, or `mixed`: matrix products of the training step in bfloat16, all
            else (weights, states, loss, optimizer, measuring) in float32.
    """

    _added: ClassVar[tuple[str, ...]] = ("precision",)

    epochs: int
    batch: int
    span: int
    learning_rate: float
    schedule: str = "constant"
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    transposition: int = 0
    manner_dropout: float = 0.0
    averaging: float = 0.0
    precision: str = "float32"

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise ValueError("precision must be float32 or mixed")
        if self.epochs < 1 or self.batch < 1 or self.span < 0:
            raise ValueError("epochs and batch must be at least 1, span at least 0")
        if self.schedule not in ("constant", "cosine"):
            raise ValueError("schedule must be constant or cosine")
        if not 0 <= self.manner_dropout <= 1:
            raise ValueError("manner dropout must be 0 to 1")


@dataclass(frozen=True, slots=True)
class Preset:
    """A network and its training under one name."""

    name: str
    network: NetworkConfig
    training: TrainingConfig


PRESETS: Final[Mapping[str, Preset]] = {
    preset.name: preset
    for preset in (
        # The course exercise: one cell of 64 units, Adam 0.01, windows of 30, 100 epochs.
        Preset(
            name="classic",
            network=NetworkConfig(units=(64,), context=False),
            training=TrainingConfig(epochs=100, batch=32, span=0, learning_rate=0.01),
        ),
        Preset(
            name="standard",
            network=NetworkConfig(
                units=(256, 256),
                context=True,
                value_dropout=0.1,
                context_dropout=0.1,
                dropout=0.4,
                weight_dropout=0.4,
                experts=True,
                memory=True,
            ),
            training=TrainingConfig(
                epochs=40,
                batch=16,
                span=96,
                learning_rate=3e-3,
                schedule="cosine",
                weight_decay=0.05,
                clip_norm=1.0,
                transposition=3,
                manner_dropout=0.3,
                averaging=0.999,
            ),
        ),
    )
}

FINE_TUNING: Final = replace(
    PRESETS["standard"],
    name="fine-tuned",
    training=replace(PRESETS["standard"].training, epochs=10, learning_rate=3e-4, averaging=0.99),
)
"""How a trained network goes on with other pieces: gently, or it forgets what it knew."""

DISTILLATION: Final = replace(
    PRESETS["standard"],
    name="standard",
    network=replace(
        PRESETS["standard"].network,
        value_dropout=0.05,
        context_dropout=0.05,
        dropout=0.2,
        weight_dropout=0.2,
    ),
    training=replace(
        PRESETS["standard"].training,
        epochs=14,
        learning_rate=1e-3,
        weight_decay=0.01,
        transposition=0,
    ),
)
"""How a network learns from teachers: their doubts regularise it, so it needs less else."""
