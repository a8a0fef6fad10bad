"""Which scale goes with a chord when a soloist plays over it.

The common chord-scale pairs of jazz teaching (Levine, The Jazz Theory Book, Sher Music 1995): the
chord's own tones, and between them the tones that its third, fifth and seventh call for.

| chord                    | scale                                          |
|--------------------------|------------------------------------------------|
| C, C6, Cmaj7             | major; with #11 Lydian                         |
| C7, C7sus4               | Mixolydian; with #11 Lydian dominant           |
| C7b9                     | half-whole diminished: 1 b9 #9 3 #11 5 13 b7    |
| C7b13                    | Mixolydian b6; with b9 Phrygian dominant       |
| C7alt, C7#9#5            | altered: 1 b9 #9 3 #11 b13 b7                  |
| C7#5, C+                 | whole tone                                     |
| Cm7                      | Dorian                                         |
| Cm, Cm6, Cm(maj7)        | melodic minor                                  |
| Cø                       | Locrian with a natural 9                       |
| Co, Co7                  | whole-half diminished                          |

(`jazzgen.evaluation.metrics.chord_scale` is another: it follows the published metric it measures.)
"""

from functools import lru_cache

from jazzgen.music.chords import Chord


@lru_cache(maxsize=4096)
def scale_tones(chord: Chord) -> int:
    """The chord's tones and its scale's.

    Returns:
        Pitch classes as a bit mask, 0 to 4095; 0 without a chord.
    """
    if chord.root < 0:
        return 0
    above = {(tone - chord.root) % 12 for tone in chord.pitch_classes}
    scale = above | _between(above)
    return sum(1 << (chord.root + interval) % 12 for interval in scale)


def _between(above: set[int]) -> set[int]:
    """Semitones above the root that complete a chord of these."""
    minor = 3 in above and 4 not in above
    altered_fifth = 7 not in above and bool(above & {6, 8})
    if minor and 6 in above and altered_fifth:
        return {2, 5, 8} if 10 in above else {2, 5, 8, 9, 11}
    if 10 in above and 4 in above and above & {1, 3}:
        if altered_fifth:
            return {1, 3, 6, 8}
        return {1, 5, 8} if 8 in above else {1, 3, 6, 9}
    if altered_fifth and 8 in above and not minor:
        return {2, 6, 9} if 11 in above else {2, 6, 10}
    degrees = (  # the tone of the scale, and the tones that stand in its place
        (2, {1}),
        (4, {3}),
        (5, set() if minor else {6}),
        (7, {6, 8} if altered_fifth else set()),
        (9, {8}),
        (11, {10}),
    )
    return {tone for tone, others in degrees if not above & others}
