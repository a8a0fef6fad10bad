"""Words and pictures of reports."""

import math
import re

import numpy as np
import pytest

from jazzgen.corpus.piece import Piece
from jazzgen.evaluation import report_pictures as pictures
from jazzgen.evaluation.bootstrap import Estimate
from jazzgen.evaluation.copied_runs import Spread
from jazzgen.evaluation.report_words import measured, number, percent, readable, verdict_auc
from jazzgen.evaluation.window_features import FEATURES
from jazzgen.music.changes import Changes
from jazzgen.music.chords import parse_chord
from jazzgen.music.notes import Notes

NAN = math.nan


def test_numbers():
    assert measured("h1", 1.937) == "1.94"
    assert measured("gs", 0.8617) == "0.862"
    assert measured("chord_coherence", 0.496) == "49.6"
    assert measured("scale_coherence", -0.031, signed=True) == "-3.1"
    assert measured("h1", 0.1, signed=True) == "+0.10"
    assert [measured("gs", NAN), number(NAN), percent(NAN)] == ["-"] * 3
    assert percent(0.333) == "33.3 %"


def test_every_feature_reads_as_words():
    names = [readable(feature) for feature in FEATURES]
    assert len(set(names)) == len(names)
    assert not any("_" in name for name in names)


def test_verdicts_get_worse():
    words = [verdict_auc(auc) for auc in (0.5, 0.6, 0.7, 0.8, 0.95)]
    assert len(set(words)) == 5


def percents(html, what):
    return [float(x) for x in re.findall(what + r":(-?[\d.]+)%", html)]


def test_intervals_lie_in_the_strip():
    html = pictures.intervals(
        [("made", Estimate(2.0, 1.0, 3.0)), ("real", Estimate(4.0, NAN, NAN))]
    )
    lefts = percents(html, "left")
    assert len(lefts) == 3
    assert all(0 <= left <= 100 for left in lefts)
    assert lefts[0] < lefts[1] < lefts[2]
    assert pictures.intervals([("made", Estimate(NAN, NAN, NAN))]).count("dot") == 0
    assert "left:50.00%" in pictures.intervals([("made", Estimate(0.0, 0.0, 0.0))])


def test_bars_share_a_scale():
    assert percents(pictures.bar_pair(1.0, 4.0), "width") == [25, 100]
    assert percents(pictures.bar_pair(NAN, 4.0), "width") == [100]
    assert percents(pictures.bar_pair(0.0, 0.0), "width") == [0, 0]
    assert percents(pictures.bar_pair(NAN, NAN), "width") == []


def test_histogram():
    html = pictures.histogram(
        Spread(np.array([5, 5, 7], dtype=np.int32)), Spread(np.array([6], dtype=np.int32))
    )
    assert re.findall(r"<small>(\d+)</small>", html) == ["5", "6", "7"]
    heights = percents(html, "height")
    assert heights == pytest.approx([66.67, 0, 0, 100, 33.33, 0], abs=0.01)


def test_a_piano_roll():
    changes = Changes.build(
        [(0, parse_chord("Dm7")), (96, parse_chord("G7")), (384, parse_chord("C6"))],
        range(0, 577, 96),
    )
    notes = Notes.of([(0, 24, 60), (372, 24, 72), (500, 24, 65), (576, 24, 65)])
    piece = Piece("k", "g", notes, changes)
    html = pictures.piano_roll(piece, 16, "made")
    assert html.count("<svg") == 2  # systems of four bars
    assert html.count("<rect") == 4  # a note over the bar line is drawn in both
    assert re.findall(r">(Dm7|G7|C6)</span>", html) == ["Dm7", "G7", "C6"]
    assert pictures.piano_roll(piece, 4, "made").count("<svg") == 1
    empty = Piece("k", "g", Notes.empty(), changes)
    assert pictures.piano_roll(empty, 4, "made") == ""


def test_names_are_escaped():
    html = pictures.solo_dots(np.array([1.0, 2.0]), ["<b>", '"q"'], 1.5)
    assert "<b>:" not in html
    assert "&lt;b&gt;: 1.00" in html
    assert "&quot;q&quot;" in html


def test_heat_rises():
    colours = [pictures.heat(bits) for bits in (0, 1.9, 2, 8.9, 13, 40)]
    assert colours[0] == colours[1] != colours[2]
    assert colours[4] == colours[5] == pictures.HEAT[-1]
    assert len(pictures.heat_names()) == len(pictures.HEAT)
