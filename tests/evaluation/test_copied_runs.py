"""Distributions of copied runs."""

import numpy as np
import pytest

from jazzgen.evaluation.copied_runs import copied_runs
from jazzgen.evaluation.line import Line
from jazzgen.evaluation.originality import CorpusIndex
from jazzgen.music.notes import Notes


def line(pitches, group="", title=""):
    notes = Notes.of((12 * i, 12, int(p)) for i, p in enumerate(pitches))
    made = Line.from_notes(notes, key=title, group=group)
    return Line(made.onset, made.leap, made.bar, key=title, group=group, title=title)


def noise(seed, notes=60):
    return 50 + np.random.default_rng(seed).integers(0, 30, notes)


def test_a_copy_is_found_and_named():
    corpus = [line(noise(i), f"g{i}", f"tune {i}") for i in range(4)]
    copy = noise(9)
    copy[20:32] = noise(2)[5:17] + 3  # transposed
    found = copied_runs(CorpusIndex(corpus), corpus, [line(noise(8)), line(copy)])
    number, run = found.offenders[0]
    assert (number, run.length, run.title) == (1, 12, "tune 2")
    assert (run.at_note, run.note) == (20, 5)
    assert found.longest == 12
    assert found.excerpt_notes == 50
    assert sorted(found.generated.runs.tolist())[-1] == 12
    assert found.generated.longest == 12
    assert len(found.real.runs) == 4
    # real pieces are not found in themselves
    assert found.real.longest < 6


def test_a_run_over_an_excerpts_edge_is_cut():
    corpus = [line(noise(i, 120), f"g{i}") for i in range(3)]
    copy = noise(9, 120)
    copy[90:110] = noise(1, 120)[30:50]
    found = copied_runs(CorpusIndex(corpus), corpus, [line(copy)])
    assert found.excerpt_notes == 100
    assert found.generated.runs.tolist() == [10]
    assert found.longest == 20


def test_the_statistics():
    corpus = [line(noise(i), f"g{i}") for i in range(6)]
    spread = copied_runs(CorpusIndex(corpus), corpus, corpus).generated
    assert spread.runs.tolist() == [50] * 6  # nothing is left out for generated ones
    assert (spread.mean, spread.median, spread.p90, spread.longest) == (50, 50, 50, 50)


@pytest.mark.parametrize("notes", [1, 5])
def test_too_short_for_excerpts(notes):
    corpus = [line(noise(i), f"g{i}") for i in range(3)]
    found = copied_runs(CorpusIndex(corpus), corpus, [line(noise(7, notes))])
    assert found.excerpt_notes == 0
    assert np.isnan(found.generated.mean)
    assert found.longest >= 1
