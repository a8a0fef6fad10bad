"""The experts' tables mean what they say, note by note."""

import numpy as np
import pytest

from jazzgen.encoding.context import SLOTS
from jazzgen.encoding.interval import MAX_LEAP, REST
from jazzgen.network.config import NetworkConfig
from jazzgen.network.experts import EXPERTS, N_SCORES


@pytest.mark.parametrize("expert", EXPERTS[:2])
@pytest.mark.parametrize("root", range(12))
@pytest.mark.parametrize("degree", [0, 4, 11])
def test_a_degree_speaks_for_exactly_the_leaps_that_land_on_it(expert, root, degree):
    """Whatever the last note (0 here), the leap must arrive `degree` above the root."""
    said = expert.by_index[root, degree]
    landed = np.flatnonzero(said[:REST]) - MAX_LEAP
    assert {int(leap) % 12 for leap in landed} == {(root + degree) % 12}
    assert len(landed) == (5 if (root + degree) % 12 == 0 else 4)
    assert not said[REST:].any()


@pytest.mark.parametrize("expert", EXPERTS[:2])
def test_without_a_chord_degrees_are_silent(expert):
    assert not expert.by_index[12].any()


def test_height_speaks_for_the_register_a_leap_arrives_in():
    height = EXPERTS[2]
    said = height.by_index[60]  # a centre: four steps above the lowest, 36
    assert said[4, MAX_LEAP] == pytest.approx(1)  # staying where one is
    assert said[5, MAX_LEAP + 6] == pytest.approx(1)  # six semitones up, the next centre
    assert said[4:6, MAX_LEAP + 3] == pytest.approx([0.5, 0.5])  # half way
    assert said[:, :REST].sum(axis=0) == pytest.approx(np.ones(REST))
    assert not said[:, REST:].any()


def test_slots_are_found_by_name():
    assert [SLOTS[expert.slot].name for expert in EXPERTS] == ["root", "next_root", "register"]
    assert sum(expert.scores for expert in EXPERTS) == N_SCORES


def test_experts_need_the_context():
    with pytest.raises(ValueError, match="context"):
        NetworkConfig(units=(8,), context=False, experts=True)
