"""The tables of the bridge's own registers against SunSpec's models, the points, and the page made of them."""

import csv
import subprocess
import sys

import pytest
from bridgectl import firmware
from bridgectl.docs import registers
from patience import HANG_S

firmware.load()

import table  # noqa: E402
from bridge import points, quantities  # noqa: E402
from bridge.devices import sunspec  # noqa: E402
from bridge.logic.doors import register_map as own  # noqa: E402

ROOT = firmware.ROOT
# Where what was published first must stay for ever.
LANDMARKS = {
    "sensor_voltage": 1000,
    "sensor_power": 1008,
    "sensor_export_energy": 1036,
    "sensor_trip_reactive": 1092,
    "plant_ems_mode": 1096,
    "plant_soc": 1120,
    "plant_power": 1140,
    "plant_load_power": 1188,
}


def reference(model):
    """Return {name: row} of a model as SunSpec publishes it."""
    with open(ROOT / "host_tests" / "rigs" / "reference" / f"sunspec_{model}.csv") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def test_the_committed_page_is_what_the_tables_say():
    command = [sys.executable, "-m", "bridgectl.docs.registers", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


def test_every_point_has_its_registers_and_none_has_moved():
    """Proves: COM-8+"""
    rows = [row[0] for row in table.rows(own.READINGS)]
    assert len(rows) == len(set(rows))
    assert set(rows) == {row[0] for row in table.rows(points.POINTS)}, "append new points to register_map.READINGS"
    assert {point: own.READINGS_AT + own.READING_WORDS * rows.index(point) for point in LANDMARKS} == LANDMARKS


def test_the_fields_of_the_state_lie_apart_and_inside_their_block():
    behind = 0
    for address, words, kind, _name, _meaning in table.rows(own.STATE):
        assert int(address) >= behind
        behind = int(address) + int(words)
        assert kind == "string" or int(words) == {"uint16": 1, "int16": 1, "uint32": 2}[kind]
    assert behind <= own.STATE_WORDS


@pytest.mark.parametrize(("model", "words"), [(1, sunspec.COMMON_WORDS), (201, sunspec.METER_WORDS)])
def test_the_lengths_of_the_models_are_sunspecs(model, words):
    """Proves: NET-6+"""
    last = max(reference(model).values(), key=lambda row: int(row["offset_from_ID"]))
    assert int(last["offset_from_ID"]) + int(last["words"]) - 2 == words


def test_every_field_lies_where_sunspec_has_it():
    """Proves: NET-6+"""
    known = reference(1)
    for name, offset, words, kind, _what in table.rows(sunspec.MODEL_1):
        row = known[name]
        assert (offset, words, kind) == (row["offset_from_ID"], row["words"], row["type"]), name
    known = reference(201)
    scales = {row[0]: int(row[3]) for row in table.rows(sunspec.MODEL_201) if row[2] == "sunssf"}
    for name, offset, kind, source, factor in table.rows(sunspec.MODEL_201):
        row = known[name]
        assert (offset, kind) == (row["offset_from_ID"], row["type"]), name
        if kind in ("int16", "acc32"):
            # raw x 10^scale = value in SunSpec's unit
            unit = {"Pct": 100, "Wh": 1000, "varh": 1000}.get(row["unit"], 1)
            assert int(factor) * 10 ** scales[row["scale_point"]] == pytest.approx(unit), name
            ours = quantities.unit(source)
            assert ours == {"Pct": "", "Wh": "kWh", "varh": "kvarh"}.get(row["unit"], row["unit"]), name


def test_everything_mandatory_is_there_and_accumulators_are_known():
    """Proves: NET-6+"""
    for model, text in ((1, sunspec.MODEL_1), (201, sunspec.MODEL_201)):
        have = {row[0] for row in table.rows(text)} | {"ID", "L"}
        assert not {name for name, row in reference(model).items() if row["mandatory"] == "M"} - have
    inside = {n for first, behind in sunspec.ACCUMULATORS for n in range(first, behind)}
    theirs = set()
    for row in reference(201).values():
        if row["type"] == "acc32":
            theirs |= {int(row["offset_from_ID"]), int(row["offset_from_ID"]) + 1}
    assert inside == theirs


def test_the_page_names_every_register():
    page = registers.page()
    for name in [*LANDMARKS, "TotWhImp", "PF_SF", "Evt", "limit_reason", "heap_min"]:
        assert f"| {name} |" in page
