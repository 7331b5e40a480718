"""The figures of what the bridge says: they cover what they claim and, over a shorter time than `make figures`, are met."""

import re

import pytest
from bridgectl import firmware
from bridgectl.figures import aims, rigs

_RIG = "limit_hours.py"
_SPAN_S = 300


@pytest.fixture(autouse=True, scope="module")
def _built():
    rigs.made("rp2040")


def test_every_aim_stands_on_the_page_and_no_other():
    page = (firmware.ROOT / "docs" / "figures.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (at \w+ [\d.]+) \|", page, re.M))
    assert rows == {figure: aims.words(figure) for figure in aims.AIMS}


def test_an_aim_is_met_on_its_side_only():
    assert [aims.met("limit_held_share", value) for value in (0.69, 0.7, 1)] == [False, True, True]
    assert [aims.met("limit_lie_ms_max", value) for value in (3000, 3001)] == [True, False]
    assert aims.met("blind_ms_max", 9000) and aims.words("blind_ms_max") == ""


def test_no_change_of_contacts_brings_a_stale_command_in_one_phase_of_the_polls():
    """All 240 changes between two of 16 combinations. Proves: DRM-2+, PLA-2+"""
    told = rigs.told(_RIG, "transitions", 17)
    assert (told["pairs"], told["transitions"], told["stale"]) == (240, 240, 0)
    assert 500 < told["edge_to_write_ms"] <= 1100 and 500 < told["edge_to_plant_ms"] <= 1150
    assert told["shortest_period_ms"] >= 1000


def test_a_contact_reaches_a_plant_whose_line_is_still_at_once():
    """The plant thinks for 50 ms; both frames take 30, and a turn of the control law up to 50 where no contact wakes it.

    Proves: DRM-2+
    """
    told = rigs.told(_RIG, "idle")
    assert told["edges"] == 70 and 80 <= told["edge_to_write_ms"] <= 130


@pytest.mark.parametrize("plant, share", [("takes_back", 0.7), ("rounds", 0.9), ("restarts", 0.9), ("busy", 0.9)])
def test_an_odd_plant_holds_the_limit_and_is_not_said_to_while_it_does_not(plant, share):
    """Proves: PLA-2+"""
    told = rigs.told(_RIG, plant, _SPAN_S)
    assert told["held"] >= share and told["lie_ms"] <= 3000, told
