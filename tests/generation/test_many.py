"""Many solos of one recipe: each is what it would be alone, wherever it is drawn."""

from dataclasses import replace

import numpy as np
import pytest

from jazzgen.encoding.manner import Manner
from jazzgen.errors import ProcessError
from jazzgen.generation.controls import Controls
from jazzgen.generation.improvise import improvise, improvise_all, in_order
from jazzgen.generation.many import improvise_many
from jazzgen.generation.recipe import Recipe
from jazzgen.generation.sampling import Sampling
from jazzgen.generation.solo import Request
from jazzgen.music.changes import Changes
from jazzgen.music.charts import chart_from
from jazzgen.music.chords import parse_chord
from jazzgen.music.notes import Note, Notes
from jazzgen.network.models import load_model

MODEL = load_model("standard")
BLUES = chart_from("blues-f").changes()
TURN = Changes.build([(0, parse_chord("Dm7")), (96, parse_chord("G7"))], range(0, 96 * 5, 96))
LICK = Notes.of([Note(0, 12, 65), Note(12, 12, 67), Note(24, 24, 69)])


def some(changes=TURN, **fields):
    return [Request(changes, seed, **fields) for seed in range(7)]


SETTINGS = {
    "as it is": (some(), {}),
    "of all lengths": (
        [
            Request(changes, seed, tempo)
            for seed, (changes, tempo) in enumerate(
                [(TURN, 90.0), (BLUES, 220.0), (TURN.cut(2), 60.0), (BLUES.cut(5), 300.0)] * 2
            )
        ],
        {},
    ),
    "in all manners": (
        [
            Request(TURN, seed, manner=Manner(style=style))
            for seed, style in enumerate((None, "bebop", "swing", "fusion"))
        ],
        {"sampling": Sampling(temperature=0.9, top_p=0.9)},
    ),
    "steered": (
        some(),
        {"controls": Controls(density=6, outside=0.2, phrase=2, max_leap=9, max_copied=8)},
    ),
    "after a phrase": (some(primer=LICK), {}),
    "played on": (some(), {"sampling": Sampling(ending=False, low=55, high=79)}),
    "greedy": (some(), {"sampling": Sampling(greedy=True)}),
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("rows", [3, pytest.param(64, marks=pytest.mark.slow)])
def test_the_same_alone_and_side_by_side(name, rows):
    requests, settings = SETTINGS[name]
    together = list(in_order(improvise_all(MODEL, requests, rows=rows, **settings)))
    assert len(together) == len(requests)
    for request, solo in zip(requests, together, strict=True):
        alone = improvise(
            MODEL,
            request.changes,
            seed=request.seed,
            tempo_bpm=request.tempo_bpm,
            manner=request.manner,
            primer=request.primer,
            **settings,
        )
        assert solo.values == alone.values
        assert solo.notes == alone.notes
        assert (solo.seed, solo.given) == (request.seed, len(request.primer))


def test_grammar_lines_side_by_side():
    model = load_model("classic")
    requests = some()
    together = in_order(improvise_all(model, requests, rows=3))
    for request, solo in zip(requests, together, strict=True):
        assert solo.values == improvise(model, TURN, seed=request.seed).values


def test_requests_are_taken_as_there_is_room():
    taken = []

    def requests():
        for seed in range(9):
            taken.append(seed)
            yield Request(TURN, seed)

    solos = improvise_all(MODEL, requests(), rows=4)
    assert not taken  # nothing happens before it is asked for
    number, _ = next(solos)
    assert len(taken) in (4, 5)
    assert number < 4
    assert sorted([number, *(n for n, _ in solos)]) == list(range(9))


def test_nothing_asked_for():
    assert list(improvise_all(MODEL, [])) == []


def recipe(**fields):
    return Recipe(
        **{
            "model": MODEL.name,
            "model_sha256": MODEL.sha256,
            "form": TURN,
            "bars": 4,
            "tempo_bpm": 150.0,
            "seed": 3,
            "sampling": Sampling(),
            "program": 66,
            **fields,
        }
    )


def keep(recipe, solo):
    return recipe.seed, [tuple(note) for note in solo.notes]


@pytest.mark.parametrize("jobs", [1, 2])
def test_in_one_process_and_in_several(jobs):
    made = recipe(primer=LICK, drop_primer=True)
    seeds = [*range(40, 52), 7]
    found = dict(improvise_many(made, MODEL, seeds, keep, jobs=jobs))
    assert sorted(found) == sorted(seeds)
    for seed in (7, 45):
        alone = replace(made, seed=seed).improvise(MODEL)
        assert found[seed] == (seed, [tuple(note) for note in alone.notes])


def out_of_order(recipe, solo):
    raise ValueError("cannot keep this")


def test_what_goes_wrong_in_a_process_is_heard_here():
    with pytest.raises(ValueError, match="cannot keep this"):
        list(improvise_many(recipe(), MODEL, range(4), out_of_order, jobs=2))


def gone(recipe, solo):
    import os

    os._exit(7)


def test_a_process_that_dies_is_no_reason_to_wait():
    with pytest.raises(ProcessError, match="exit status 7"):
        list(improvise_many(recipe(), MODEL, range(4), gone, jobs=2))


def test_solos_wait_for_their_turn():
    arriving = [(2, "c"), (0, "a"), (3, "d"), (1, "b")]
    assert list(in_order(arriving)) == ["a", "b", "c", "d"]
    assert np.array_equal(list(in_order([])), [])
