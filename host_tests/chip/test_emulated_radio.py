"""The radio of the built rp2040 bundle under the official image on an emulated RP2040: a joined WLAN, an open hotspot.
Gateways: test_chip_together.py.
"""

import asyncio

import pytest
from bridgectl.emulator import profiles, scenario
from budgets import check_budget


@pytest.mark.slow
def test_the_board_joins_a_wlan_and_publishes_good_readings_to_a_broker():
    """The emulated WLAN leads to a broker on loopback and to nothing else; a driver is still released in time.

    Proves: NET-4+
    """
    figures = scenario.Figures(lambda line: None)
    rig, watch = asyncio.run(scenario.wlan(figures, profiles.Setup()))
    assert figures.values["first_publish_s"] < 15
    assert watch.availability == "online"
    assert watch.known.state["sensor_power"] == pytest.approx(rig.house.grid_w, abs=400)
    assert (watch.known.state["sensor_link"], watch.known.state["plant_link"]) == ("ok", "ok")
    assert figures.values["de_release_us_max_wlan"] < rig.sensor_wire.t35_us
    assert figures.values["bus_faults_wlan"] == 0
    assert rig.chip.radio.bus.nat_bridge.refused == []
    assert "Traceback" not in rig.console.text
    check_budget("wlan", figures.values["heap_min_bytes_wlan"], figures.values["heap_largest_bytes_wlan"])


@pytest.mark.slow
def test_an_open_hotspot_with_its_portal_keeps_to_its_memory():
    rig = profiles.hotspot(profiles.Setup())
    check_budget("hotspot", rig.least.free_bytes, rig.look().largest_bytes)
    assert "Traceback" not in rig.console.text
