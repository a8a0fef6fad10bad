"""Manners: what a corpus says of its solos, and what can be asked for."""

import pytest

from jazzgen.encoding.manner import FEELS, INSTRUMENTS, STYLES, Manner


@pytest.mark.parametrize(
    ("about", "wanted"),
    [
        (
            {"style": "BEBOP", "instrument": "ts", "rhythmfeel": "SWING"},
            Manner("bebop", "ts", "swing"),
        ),
        ({"style": "POSTBOP", "instrument": "ts-c"}, Manner("postbop", "ts")),
        ({"rhythmfeel": "LATIN/SWING", "instrument": "bcl", "style": "MIX"}, Manner()),
        ({}, Manner()),
    ],
)
def test_of_what_is_known_of_a_piece(about, wanted):
    assert Manner.of(about) == wanted


def test_indices_tell_all_manners_apart():
    seen = {
        Manner(s, i, f).indices
        for s in (None, *STYLES)
        for i in (None, *INSTRUMENTS)
        for f in (None, *FEELS)
    }
    assert len(seen) == 9 * 11 * 6
    assert Manner().indices == (0, 0, 0)


@pytest.mark.parametrize("wrong", [{"style": "Bebop"}, {"instrument": "kazoo"}, {"feel": ""}])
def test_what_is_not_known_is_refused(wrong):
    with pytest.raises(ValueError, match=f"no such {next(iter(wrong))}"):
        Manner(**wrong)


def test_json_round_trip():
    manner = Manner("cool", None, "latin")
    assert Manner(**manner.to_json()) == manner
