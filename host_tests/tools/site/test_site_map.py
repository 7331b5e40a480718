"""The simulated plant is itself held against the document that it plays, and obeys its rules by version."""

import csv
import struct

import pytest
from bridgectl import firmware

firmware.load()

from bridgectl.site import plant  # noqa: E402
from bridgectl.site.house import House  # noqa: E402

REFERENCE = firmware.ROOT / "host_tests" / "rigs" / "reference" / "sigenergy_site.csv"
TYPES = {"H": "uint16", "I": "uint32", "i": "int32", "Q": "uint64"}


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
