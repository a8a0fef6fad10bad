"""What is usual among players: the constants that `jazzgen.evaluation.ranking` measures by.

Of the 342 training solos of the published split of the Weimar Jazz Database (Pfleiderer et al.,
Inside the Jazzomat, 2017), cut into excerpts: 6153 of 4 bars, 3041 of 8, 1473 of 16, 679 of 32.
`python -m benchmarks.ranking DATASET` prints them.
"""

from typing import Final

Quantiles = tuple[float, float, float]
"""The 16th, 50th and 84th percentile of a measure over excerpts of real solos."""

REFERENCE: Final[dict[int, dict[str, Quantiles]]] = {
    4: {
        "density": (0.9375, 1.438, 2.062),
        "silence": (0.125, 0.2578, 0.4219),
        "h1": (1.332, 1.934, 2.423),
        "h4": (2.379, 2.953, 3.284),
        "gs": (0.8307, 0.8906, 0.9271),
        "chord_tones": (0.3615, 0.5, 0.6364),
        "scale_tones": (0.65, 0.8, 0.9231),
        "pitch_range": (10.0, 15.0, 21.0),
        "stuck": (0.0, 0.0, 1.0),
        "interval_size": (2.0, 2.588, 3.364),
        "turns": (0.2667, 0.4, 0.5556),
        "interval_3_back": (0.0, 0.0, 0.1429),
        "interval_4_back": (0.0, 0.0, 0.04762),
        "rhythm_4_back": (0.0, 0.0, 0.2143),
        "even_run": (2.333, 3.0, 4.806),
        "tick_0": (0.2105, 0.3548, 0.4848),
        "tick_other": (0.0, 0.0, 0.1515),
        "syncopations": (0.09091, 0.25, 0.4615),
    },
    8: {
        "density": (1.0, 1.406, 2.0),
        "silence": (0.1589, 0.2578, 0.3815),
        "h1": (1.429, 1.915, 2.331),
        "h4": (2.442, 2.939, 3.233),
        "gs": (0.8363, 0.8912, 0.9213),
        "chord_tones": (0.3869, 0.5, 0.6098),
        "scale_tones": (0.675, 0.7928, 0.8947),
        "pitch_range": (14.0, 19.0, 25.0),
        "stuck": (0.0, 0.0, 2.0),
        "interval_size": (2.122, 2.617, 3.231),
        "turns": (0.3062, 0.406, 0.5237),
        "interval_3_back": (0.0, 0.07407, 0.1905),
        "interval_4_back": (0.0, 0.0, 0.09251),
        "rhythm_4_back": (0.0, 0.09091, 0.2789),
        "even_run": (2.5, 3.203, 4.893),
        "tick_0": (0.2237, 0.3571, 0.4665),
        "tick_other": (0.0, 0.0, 0.1481),
        "syncopations": (0.122, 0.25, 0.4286),
    },
    16: {
        "density": (1.062, 1.406, 1.969),
        "silence": (0.1797, 0.2572, 0.3592),
        "h1": (1.505, 1.905, 2.264),
        "h4": (2.521, 2.912, 3.171),
        "gs": (0.8357, 0.8909, 0.9172),
        "chord_tones": (0.404, 0.5, 0.5855),
        "scale_tones": (0.6951, 0.7895, 0.8736),
        "pitch_range": (18.0, 23.0, 29.0),
        "stuck": (0.0, 1.0, 3.0),
        "interval_size": (2.209, 2.635, 3.148),
        "turns": (0.3266, 0.4075, 0.4964),
        "interval_3_back": (0.04286, 0.1167, 0.2181),
        "interval_4_back": (0.0, 0.03503, 0.1055),
        "rhythm_4_back": (0.02531, 0.1442, 0.3094),
        "even_run": (2.617, 3.35, 4.73),
        "tick_0": (0.2345, 0.3568, 0.4565),
        "tick_other": (0.0, 0.01786, 0.1337),
        "syncopations": (0.1441, 0.2557, 0.4108),
    },
    32: {
        "density": (1.095, 1.376, 1.863),
        "silence": (0.1862, 0.2614, 0.3466),
        "h1": (1.556, 1.895, 2.218),
        "h4": (2.566, 2.907, 3.126),
        "gs": (0.8414, 0.8921, 0.9145),
        "chord_tones": (0.4124, 0.5, 0.5729),
        "scale_tones": (0.7017, 0.7864, 0.8622),
        "pitch_range": (22.0, 26.0, 32.0),
        "stuck": (0.0, 1.0, 4.0),
        "interval_size": (2.291, 2.667, 3.059),
        "turns": (0.3502, 0.4091, 0.48),
        "interval_3_back": (0.06787, 0.1363, 0.2276),
        "interval_4_back": (0.01248, 0.04804, 0.111),
        "rhythm_4_back": (0.05952, 0.1703, 0.316),
        "even_run": (2.772, 3.41, 4.704),
        "tick_0": (0.2498, 0.3606, 0.4471),
        "tick_other": (0.0, 0.02041, 0.1233),
        "syncopations": (0.1685, 0.2673, 0.3891),
    },
}
"""By bars of the excerpts, for each of `ranking.measure`."""

SURPRISE: Final[dict[int, Quantiles]] = {
    4: (-0.72, 0.12, 1.16),
    8: (-0.59, 0.10, 0.89),
    16: (-0.48, 0.03, 0.65),
    32: (-0.38, 0.01, 0.57),
}
"""Nats a note of excerpts less those of all, by the `standard` model of version 0.1.0 on the 43
validation solos. `classic`, which is half a nat worse, is within 0.1 of these."""
