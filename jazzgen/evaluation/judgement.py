"""What a judgement consists of: real solos, the solos that are judged, and all that was measured.

`judge` makes one; `report_text`, `report_json` and `report` tell it.
"""

from dataclasses import dataclass, field

from jazzgen.corpus.piece import Piece
from jazzgen.encoding.dataset import Dataset
from jazzgen.errors import EvaluationError
from jazzgen.evaluation.comparison import Compared, Matches
from jazzgen.evaluation.copied_runs import CopiedRuns
from jazzgen.evaluation.likelihood import Likelihood
from jazzgen.evaluation.note_surprise import NoteSurprise
from jazzgen.evaluation.set_distance import FeatureCeiling, FeatureDistance
from jazzgen.evaluation.two_sample import RealAgainstReal, TwoSample
from jazzgen.generation.sampling import Sampling


@dataclass(frozen=True, slots=True, eq=False)
class RealSolos:
    """What is compared with.

    Attributes:
        dataset: the corpus.
        name: how it is called.
        side: `train`, `validation`, `other` or `all`.
        numbers: of its pieces on that side.
        pieces: these pieces, read back, whole; empty where the dataset does not keep the notes.
    """

    dataset: Dataset
    name: str
    side: str
    numbers: tuple[int, ...]
    pieces: tuple[Piece, ...]

    @classmethod
    def of(cls, dataset: Dataset, name: str, side: str) -> "RealSolos":
        """Reads one side of a corpus.

        Raises:
            EvaluationError: when there is nothing on that side.
            DatasetError: when it is damaged.
        """
        numbers = dataset.pieces(None if side == "all" else side).tolist()
        if not numbers:
            raise EvaluationError(f"{name}: no piece on the side `{side}` (see --side)")
        keeps_notes = dataset.vocabulary.encoding == "interval"
        pieces = tuple(dataset.solos(numbers)) if keeps_notes else ()
        return cls(dataset, name, side, tuple(numbers), pieces)

    @property
    def notes(self) -> int:
        """Sounding notes in all of them."""
        return int(self.dataset.notes[list(self.numbers)].sum())


@dataclass(frozen=True, slots=True, eq=False)
class Generated:
    """The solos that are judged.

    Attributes:
        pieces: at least one.
        matches: for each, the number of the real solo over whose changes it was played; None
            where that is not known.
        first_seed: of the first; None where they were not drawn here.
        in_manner: whether style, instrument and feel of the real solos were asked for.
    """

    pieces: tuple[Piece, ...]
    matches: Matches | None = None
    first_seed: int | None = None
    in_manner: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """How well a model expects the real solos.

    Attributes:
        likelihood: of each of them, whole.
        intervals: whether its values are intervals and lengths; else pitch and rhythm are not
            told apart.
        seen: how many of them it has learned from; None where that cannot be known.
        examples: two of them note by note, of those with 64 notes or more: one that it expects
            about as well as most, and the one that surprises it most; their first 32 bars. Fewer
            where there are not so many.
    """

    likelihood: Likelihood
    intervals: bool
    seen: int | None
    examples: tuple[NoteSurprise, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """All that was measured.

    Attributes:
        subject: name of the model, or of the folder.
        is_model: whether it is a model.
        real: what it was compared with.
        generated: the solos that were judged; None where none could be.
        max_bars: bars of each solo that were compared.
        sampling: how a model drew its solos.
        expectation: of a model only.
        measures: by name; empty where there are no notes to compare.
        features: mgeval's, by name.
        ceilings: the same of real solos against other real ones; empty with fewer than four.
        told: the two-sample test.
        told_real: the same of real solos against other real ones.
        copied: what was copied from the corpus.
        remarks: what could not be measured, and what to beware of, in sentences.
    """

    subject: str
    is_model: bool
    real: RealSolos
    generated: Generated | None
    max_bars: int
    sampling: Sampling
    expectation: Expectation | None = None
    measures: dict[str, Compared] = field(default_factory=dict)
    features: dict[str, FeatureDistance] = field(default_factory=dict)
    ceilings: dict[str, FeatureCeiling] = field(default_factory=dict)
    told: TwoSample | None = None
    told_real: RealAgainstReal | None = None
    copied: CopiedRuns | None = None
    remarks: tuple[str, ...] = ()
