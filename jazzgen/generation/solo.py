"""What one solo is to be, and what became of it."""

from dataclasses import dataclass, field

from jazzgen.encoding.manner import Manner
from jazzgen.music.changes import Changes
from jazzgen.music.charts import DEFAULT_TEMPO_BPM
from jazzgen.music.notes import Notes


@dataclass(frozen=True, slots=True, eq=False)
class Solo:
    """An improvised solo.

    Attributes:
        notes: the notes, monophonic, within the changes; a primer's first.
        changes: what it is played over.
        values: the values drawn, in order.
        seed: from which it was drawn.
        given: how many of the notes are the primer's.
    """

    notes: Notes
    changes: Changes
    values: tuple[int, ...]
    seed: int
    given: int = 0

    @property
    def added(self) -> Notes:
        """The notes without the primer's."""
        return self.notes[self.given :]


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What one solo is to be.

    Attributes:
        changes: the chords and bars to fill.
        seed: of the NumPy `Generator` that everything is drawn from.
        tempo_bpm: beats a minute; the faster, the fewer notes a beat.
        manner: style, instrument and feel; a model that never learned any ignores it.
        primer: a phrase from the beginning of the changes, from whose end the solo goes on.
    """

    changes: Changes
    seed: int
    tempo_bpm: float = DEFAULT_TEMPO_BPM
    manner: Manner | None = None
    primer: Notes = field(default_factory=Notes.empty)
