"""Registers of the Eastron SDM120CT-40mA (Sigen Sensor SP-CT120-DH): float32 input registers, big-endian.

Source: Eastron SDM120 Modbus protocol V2.4/V2.5 and the EU text. The two disagree on the phase angle (EU only) and on
the demand values (V2.x only), so those are optional: a meter that refuses them goes on without.
"""

UNIT = 1
FUNCTION = 4
LONGEST = 60  # registers in one read

# address, kind, scale, point, how often, optional
# fmt: off
REGISTERS = (
    (0,   "f", 1, "sensor_voltage",             "fast", False),
    (6,   "f", 1, "sensor_current",             "fast", False),
    (12,  "f", 1, "sensor_power",               "fast", False),
    (18,  "f", 1, "sensor_apparent_power",      "fast", False),
    (24,  "f", 1, "sensor_reactive_power",      "fast", False),
    (30,  "f", 1, "sensor_power_factor",        "fast", False),
    (36,  "f", 1, "sensor_phase_angle",         "slow", True),
    (70,  "f", 1, "sensor_frequency",           "slow", False),
    (72,  "f", 1, "sensor_import_energy",       "slow", False),
    (74,  "f", 1, "sensor_export_energy",       "slow", False),
    (76,  "f", 1, "sensor_import_reactive",     "slow", False),
    (78,  "f", 1, "sensor_export_reactive",     "slow", False),
    (84,  "f", 1, "sensor_power_demand",        "slow", True),
    (86,  "f", 1, "sensor_power_demand_max",    "slow", True),
    (88,  "f", 1, "sensor_import_demand",       "slow", True),
    (90,  "f", 1, "sensor_import_demand_max",   "slow", True),
    (92,  "f", 1, "sensor_export_demand",       "slow", True),
    (94,  "f", 1, "sensor_export_demand_max",   "slow", True),
    (258, "f", 1, "sensor_current_demand",      "slow", True),
    (264, "f", 1, "sensor_current_demand_max",  "slow", True),
    (342, "f", 1, "sensor_total_energy",        "slow", False),
    (344, "f", 1, "sensor_total_reactive",      "slow", False),
)
# fmt: on
