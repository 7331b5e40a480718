"""The simulated plant is itself held against the document that it plays, and obeys its rules by version."""

import csv
import struct

import pytest
from bridgectl import firmware

firmware.load()

from bridgectl.site import plant  # noqa: E402
from bridgectl.site.house import House  # noqa: E402

REFERENCE = firmware.ROOT / "host_tests" / "rigs" / "reference" / "sigenergy_site.csv"
TYPES = {"H": "uint16", "h": "int16", "I": "uint32", "i": "int32", "Q": "uint64"}


def documented():
    """Return {(table, address): row} of what the document says of the simulated registers."""
    with REFERENCE.open() as file:
        return {(row["table"], int(row["address"])): row for row in csv.DictReader(file)}


def version(row):
    """Return "V2.5" as 25."""
    return int(row["since"].split()[0].replace("V", "").replace(".", ""))


def test_every_simulated_register_is_of_the_kind_and_version_that_the_document_says():
    """Proves: PLA-1+"""
    rows = documented()
    for address, kind, since, _ in plant._INPUTS:
        row = rows.pop(("input", address))
        assert (TYPES[kind], since, struct.calcsize(">" + kind)) == (row["type"], version(row), 2 * int(row["words"]))
    for address, kind, since, _, readable in plant._HOLDING:
        row = rows.pop(("holding", address))
        assert (TYPES[kind], since, readable) == (row["type"], version(row), row["access"] == "RW"), address
    assert rows == {}


@pytest.mark.parametrize(("generation", "taken"), [(17, False), (24, False), (25, True), (28, True), (29, True)])
def test_limits_of_grid_and_inverter_are_there_from_version_2_5_on(generation, taken):
    """Proves: PLA-1+"""
    simulated = plant.Plant(House(), generation, now_ms=lambda: 0)
    for address in (40038, 40040, 40042, 40044):
        assert (simulated.write(address, b"\x00\x00\x10\x68", 0, 2) == 0) is taken, address


def test_a_limit_at_the_grid_does_nothing_without_the_plant_s_own_sensor():
    """Proves: PLA-1+"""
    house = House()
    simulated = plant.Plant(house, now_ms=lambda: 0)
    simulated.write(40038, b"\x00\x00\x03\xe8", 0, 2)
    assert house.grid_export_limit_w == 1000
    simulated.grid_sensor = 0
    simulated.write(40038, b"\x00\x00\x03\xe8", 0, 2)
    assert house.grid_export_limit_w is None


def word(value):
    """Return a 16-bit value as the two bytes that are written."""
    return struct.pack(">h", value)


def test_targets_of_power_count_in_remote_ems_and_in_the_mode_that_is_made_for_them():
    """40029 alone leaves the plant in the mode that stands, here self-consumption.

    Proves: PLA-1+
    """
    house = House(soc_pct=50)
    house.pv_set_w, house.load_set_w = 3000, 1000
    simulated = plant.Plant(house, now_ms=lambda: 0)
    assert simulated.write(40001, struct.pack(">i", 2500), 0, 2) == 0
    assert simulated.write(40007, word(-950), 0, 1) == 0
    house.step(1)
    assert (round(house.output_w), house.power_factor) == (1000, None)
    simulated.write(40029, word(1), 0, 1)
    assert simulated.values()["ems_mode"] == 7
    house.step(1)
    assert round(house.output_w) == 1000
    simulated.write(40031, word(0), 0, 1)
    house.step(1)
    assert (round(house.output_w), round(house.charge_w)) == (2500, 500)
    assert simulated.values()["output_var"] == -821  # 2500 W x tan(acos 0.95), taken
    simulated.write(40001, struct.pack(">i", -2000), 0, 2)
    house.step(1)
    assert (round(house.output_w), round(house.grid_w), round(house.charge_w)) == (-2000, 3000, 4800)
    simulated.write(40029, word(0), 0, 1)
    house.step(1)
    assert (round(house.output_w), house.power_factor) == (1000, None)


@pytest.mark.parametrize(("generation", "acts"), [(24, False), (25, True), (27, True), (28, False), (29, False)])
def test_reactive_targets_counted_without_remote_ems_in_versions_2_5_to_2_7(generation, acts):
    """Proves: PLA-1+"""
    simulated = plant.Plant(House(), generation, now_ms=lambda: 0)
    simulated.write(40006, word(2500), 0, 1)
    assert (simulated.house.share_pct == 25) is acts


@pytest.mark.parametrize(
    ("address", "value"), [(40007, 799), (40007, -1000), (40006, 6001), (40005, -10001), (40031, 7)]
)
def test_targets_out_of_range_are_refused(address, value):
    """Proves: PLA-1+"""
    simulated = plant.Plant(House(), now_ms=lambda: 0)
    before = dict(simulated.holding)
    assert simulated.write(address, word(value), 0, 1) == 3
    assert simulated.holding == before
