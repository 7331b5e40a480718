"""The register tables of the firmware against the vendors' documents, as extracted in host_tests/rigs/reference/."""

import csv
import struct

import pytest
from bridgectl import firmware

firmware.load()

from bridge import quantities  # noqa: E402
from bridge.devices import registers, sdm120ct, sdm230, sigenergy  # noqa: E402
from modbus.pace import plan  # noqa: E402

REFERENCE = firmware.ROOT / "host_tests" / "rigs" / "reference"
TYPES = {"f": "float32", "H": "uint16", "i": "int32", "I": "uint32", "Q": "uint64"}
WORDS = {"f": 2, "H": 1, "i": 2, "I": 2, "Q": 4}
SENSORS = {"sdm230": sdm230, "sdm120ct": sdm120ct}

# What the documents call the value of each point of a sensor.
# fmt: off
NAMES = {
    "sensor_voltage":            "voltage_l_n",
    "sensor_current":            "current",
    "sensor_power":              "active_power",
    "sensor_apparent_power":     "apparent_power",
    "sensor_reactive_power":     "reactive_power",
    "sensor_power_factor":       "power_factor",
    "sensor_phase_angle":        "phase_angle",
    "sensor_frequency":          "frequency",
    "sensor_import_energy":      "import_active_energy",
    "sensor_export_energy":      "export_active_energy",
    "sensor_import_reactive":    "import_reactive_energy",
    "sensor_export_reactive":    "export_reactive_energy",
    "sensor_power_demand":       "total_system_power_demand",
    "sensor_power_demand_max":   "max_total_system_power_demand",
    "sensor_import_demand":      "import_power_demand",
    "sensor_import_demand_max":  "max_import_power_demand",
    "sensor_export_demand":      "export_power_demand",
    "sensor_export_demand_max":  "max_export_power_demand",
    "sensor_current_demand":     "current_demand",
    "sensor_current_demand_max": "max_current_demand",
    "sensor_total_energy":       "total_active_energy",
    "sensor_total_reactive":     "total_reactive_energy",
    "sensor_trip_energy":        "resettable_total_active_energy",
    "sensor_trip_reactive":      "resettable_total_reactive_energy",
    "plant_ems_mode":            "ems_work_mode",
    "plant_grid_sensor":         "grid_sensor_status",
    "plant_grid_power":          "grid_sensor_active_power",
    "plant_grid_reactive":       "grid_sensor_reactive_power",
    "plant_off_grid":            "on_off_grid_status",
    "plant_max_power":           "max_active_power",
    "plant_soc":                 "ess_soc",
    "plant_alarm_1":             "merged_alarm1_pcs",
    "plant_alarm_2":             "merged_alarm2_pcs",
    "plant_alarm_ess":           "merged_alarm3_ess",
    "plant_alarm_backup_gateway":       "merged_alarm4_gateway",
    "plant_power":               "plant_active_power",
    "plant_reactive":            "plant_reactive_power",
    "plant_pv_power":            "photovoltaic_power",
    "plant_ess_power":           "ess_power",
    "plant_ess_charge_max":      "ess_available_max_charging_power",
    "plant_ess_discharge_max":   "ess_available_max_discharging_power",
    "plant_running_state":       "plant_running_state",
    "plant_soh":                 "ess_soh",
    "plant_pv_energy":           "plant_pv_total_generation",
    "plant_load_energy":         "total_load_consumption",
    "plant_alarm_6":             "merged_alarm6_plant1",
    "plant_alarm_7":             "merged_alarm7_plant2",
    "plant_alarm_dc_charger":    "merged_alarm5_dc_charger",
    "plant_load_power":          "total_load_power",
}
# fmt: on


def documented(name, table):
    """Return {address: row} of one table of a reference file."""
    with open(REFERENCE / f"{name}.csv", newline="") as file:
        return {int(row["address"]): row for row in csv.DictReader(file) if row["table"] == table}


def unit(point):
    return quantities.unit(point)


@pytest.mark.parametrize("name", SENSORS)
def test_every_sensor_register_is_as_documented(name):
    """Proves: SEN-1"""
    rows = documented(name, "input")
    for address, kind, scale, point, _, _ in registers.rows(SENSORS[name]):
        row = rows[address]
        assert (row["name"], row["type"]) == (NAMES[point], TYPES[kind]), address
        assert struct.calcsize(">" + kind) == 2 * int(row["words"]), address
        assert scale == float(row["scale"]), address
        # The one misprint: V1.1 gives kWh for the resettable reactive energy.
        expected = "kvarh" if address == 386 else row["unit"].replace("deg", "°")
        assert unit(point) == expected, address
        assert "4" in row["fc_read"], address


@pytest.mark.parametrize("name", SENSORS)
def test_no_documented_sensor_value_is_left_out(name):
    """Proves: SEN-1"""
    have = {row[0] for row in registers.rows(SENSORS[name])}
    # 4876 and up exist in the two-tariff variant only.
    missing = {a: row["name"] for a, row in documented(name, "input").items() if a not in have and a < 4876}
    assert missing == {}


@pytest.mark.parametrize(("name", "documents"), [("sdm230", ("EU", "2T-V1.1")), ("sdm120ct", ("V2.4", "EU"))])
def test_a_sensor_register_is_optional_where_the_documents_disagree(name, documents):
    """Proves: SEN-1"""
    rows = documented(name, "input")
    for address, _, _, _, _, optional in registers.rows(SENSORS[name]):
        in_all = all(document in rows[address]["in_docs"].split("+") for document in documents)
        assert optional is not in_all, address


def test_every_plant_register_is_as_documented():
    """Proves: PLA-1+"""
    rows = documented("sigenergy_used", "input")
    for address, kind, scale, point, _, _ in registers.rows(sigenergy):
        row = rows.pop(address)
        assert (row["name"], row["type"]) == (NAMES[point], TYPES[kind]), address
        assert struct.calcsize(">" + kind) == 2 * int(row["words"]), address
        # The points have W and var where the document has kW and kvar.
        factor = 1000 if row["unit"] in ("kW", "kvar") else 1
        assert scale == pytest.approx(float(row["scale"]) * factor), address
        assert unit(point) == row["unit"].replace("kW", "W" if factor == 1000 else "kW").replace("kvar", "var"), address
    assert rows == {}


def test_the_limit_register_is_as_documented():
    """Proves: PLA-1+"""
    row = documented("sigenergy_used", "holding")[sigenergy.LIMIT_ADDRESS]
    assert (row["name"], row["type"], row["unit"]) == ("pcs_maximum_export_limitation", "uint32", "kW")
    assert (float(row["scale"]), row["access"]) == (0.001, "RW")
    assert f"0x{sigenergy.LIMIT_NONE:X} = not in force" in row["note"]


def test_plant_registers_of_the_newest_maps_are_optional():
    """Proves: PLA-1+"""
    rows = documented("sigenergy_used", "input")
    for address, _, _, _, _, optional in registers.rows(sigenergy):
        if rows[address]["since"] >= "V2.8":
            assert optional, address


@pytest.mark.parametrize("device", [sdm230, sdm120ct, sigenergy])
def test_tables_are_sorted_without_overlap_and_no_value_is_longer_than_a_read(device):
    end = 0
    for address, kind, _, _, how_often, _ in registers.rows(device):
        assert address >= end
        end = address + struct.calcsize(">" + kind) // 2
        assert how_often in ("fast", "slow")
    assert device.LONGEST <= 124
    assert 1 <= device.UNIT <= 247


@pytest.mark.parametrize("device", [sdm230, sdm120ct])
def test_reads_of_a_sensor_can_start_and_end_even(device):
    assert all(address % 2 == 0 for address, *_ in registers.rows(device))
    assert device.LONGEST % 2 == 0


@pytest.mark.parametrize("device", [sdm230, sdm120ct, sigenergy], ids=lambda device: device.__name__)
@pytest.mark.parametrize("think_ms", [5, 20, 50, 100, 300])
def test_planning_each_rhythm_alone_and_no_longer_reads_costs_no_bus_time_that_matters(device, think_ms):
    """What the firmware does to save memory and processor; if a new register makes it dearer, this says so.

    Dear is more than a fiftieth of the time; on a full bus (200 ms) nothing at all.

    Proves: SEN-2+
    """
    timing = plan.Timing(think_us=1000 * think_ms)
    rows = [row for row in registers.rows(device) if not row[5]]
    for fast_ms in (200, 1000, 5000):
        every_ms = {"fast": fast_ms, "slow": 10000}
        wanted = [(row[0], WORDS[row[1]], every_ms[row[4]]) for row in rows]
        apart = []
        for rhythm_ms in every_ms.values():
            apart += plan.schedule([w for w in wanted if w[2] == rhythm_ms], device.LONGEST, timing)
        least_us = plan.cycle_us(plan.schedule(wanted, max(device.LONGEST, 80), timing), timing)
        dear_us = 0 if fast_ms == 200 else 1000 * fast_ms // 50
        assert plan.cycle_us(apart, timing) - least_us <= dear_us
