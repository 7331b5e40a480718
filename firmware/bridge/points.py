"""Every published value, declared once. MQTT, Home Assistant, the pages and the bench derive from these two tables.

POINTS are readings off a bus; FACTS are what the bridge knows of itself (computed in logic/messages.py, same order).
"""

# Energy counters may never run backwards; a kind of point, not of register.
COUNTER = "total_increasing"

# id, unit, decimals, low, high, Home Assistant device class, state class, meaning
# A value outside low..high is suspect. Limits are those of the meters (100 A, single phase) and of plants up to 100 kW.
# low is 0 or -high: the check is made on the bits of the first register (readings.py).
# fmt: off
POINTS = (
    ("sensor_voltage",            "V",     1, 0, 300,          "voltage",        "measurement", "Sensor: voltage"),
    ("sensor_current",            "A",     2, -120, 120,       "current",        "measurement", "Sensor: current"),
    ("sensor_power",              "W",     0, -30000, 30000,   "power",          "measurement", "Sensor: active power, import positive"),
    ("sensor_apparent_power",     "VA",    0, -30000, 30000,   "apparent_power", "measurement", "Sensor: apparent power"),
    ("sensor_reactive_power",     "var",   0, -30000, 30000,   "reactive_power", "measurement", "Sensor: reactive power"),
    ("sensor_power_factor",       "",      3, -1, 1,           "power_factor",   "measurement", "Sensor: power factor"),
    ("sensor_phase_angle",        "°",     1, -360, 360,       "",               "measurement", "Sensor: phase angle"),
    ("sensor_frequency",          "Hz",    2, 0, 70,           "frequency",      "measurement", "Sensor: frequency"),
    ("sensor_import_energy",      "kWh",   3, 0, 1e7,          "energy",         COUNTER,       "Sensor: imported energy"),
    ("sensor_export_energy",      "kWh",   3, 0, 1e7,          "energy",         COUNTER,       "Sensor: exported energy"),
    ("sensor_import_reactive",    "kvarh", 3, 0, 1e7,          "",               COUNTER,       "Sensor: imported reactive energy"),
    ("sensor_export_reactive",    "kvarh", 3, 0, 1e7,          "",               COUNTER,       "Sensor: exported reactive energy"),
    ("sensor_power_demand",       "W",     0, -30000, 30000,   "power",          "measurement", "Sensor: power demand"),
    ("sensor_power_demand_max",   "W",     0, -30000, 30000,   "power",          "measurement", "Sensor: highest power demand"),
    ("sensor_import_demand",      "W",     0, -30000, 30000,   "power",          "measurement", "Sensor: import demand"),
    ("sensor_import_demand_max",  "W",     0, -30000, 30000,   "power",          "measurement", "Sensor: highest import demand"),
    ("sensor_export_demand",      "W",     0, -30000, 30000,   "power",          "measurement", "Sensor: export demand"),
    ("sensor_export_demand_max",  "W",     0, -30000, 30000,   "power",          "measurement", "Sensor: highest export demand"),
    ("sensor_current_demand",     "A",     2, -120, 120,       "current",        "measurement", "Sensor: current demand"),
    ("sensor_current_demand_max", "A",     2, -120, 120,       "current",        "measurement", "Sensor: highest current demand"),
    ("sensor_total_energy",       "kWh",   3, -1e7, 1e7,       "energy",         "total",       "Sensor: total energy (by its measurement mode)"),
    ("sensor_total_reactive",     "kvarh", 3, -1e7, 1e7,       "",               "total",       "Sensor: total reactive energy"),
    ("sensor_trip_energy",        "kWh",   3, -1e7, 1e7,       "energy",         "total",       "Sensor: resettable energy"),
    ("sensor_trip_reactive",      "kvarh", 3, -1e7, 1e7,       "",               "total",       "Sensor: resettable reactive energy"),
    ("plant_ems_mode",            "",      0, 0, 100,          "",               "",            "Plant: EMS work mode"),
    ("plant_grid_sensor",         "",      0, 0, 1,            "",               "",            "Plant: link to its grid sensor"),
    ("plant_grid_power",          "W",     0, -200000, 200000, "power",          "measurement", "Plant: grid power, import positive"),
    ("plant_grid_reactive",       "var",   0, -200000, 200000, "reactive_power", "measurement", "Plant: grid reactive power"),
    ("plant_off_grid",            "",      0, 0, 2,            "",               "",            "Plant: 0 on-grid, 1 off-grid, 2 off-grid by hand"),
    ("plant_max_power",           "W",     0, 0, 200000,       "power",          "measurement", "Plant: highest active power"),
    ("plant_soc",                 "%",     1, 0, 100,          "battery",        "measurement", "Plant: state of charge"),
    ("plant_alarm_1",             "",      0, 0, 65535,        "",               "",            "Plant: alarm word 1"),
    ("plant_alarm_2",             "",      0, 0, 65535,        "",               "",            "Plant: alarm word 2"),
    ("plant_alarm_ess",           "",      0, 0, 65535,        "",               "",            "Plant: alarm word of the batteries"),
    ("plant_alarm_gateway",       "",      0, 0, 65535,        "",               "",            "Plant: alarm word of the Gateway"),
    ("plant_power",               "W",     0, -200000, 200000, "power",          "measurement", "Plant: active power"),
    ("plant_reactive",            "var",   0, -200000, 200000, "reactive_power", "measurement", "Plant: reactive power"),
    ("plant_pv_power",            "W",     0, -200000, 200000, "power",          "measurement", "Plant: PV power"),
    ("plant_ess_power",           "W",     0, -200000, 200000, "power",          "measurement", "Plant: battery power, charging positive"),
    ("plant_ess_charge_max",      "W",     0, 0, 200000,       "power",          "measurement", "Plant: battery can take"),
    ("plant_ess_discharge_max",   "W",     0, 0, 200000,       "power",          "measurement", "Plant: battery can give"),
    ("plant_running_state",       "",      0, 0, 10,           "",               "",            "Plant: 0 standby, 1 running, 2 fault, 3 shutdown, 7 environment"),
    ("plant_soh",                 "%",     1, 0, 100,          "",               "measurement", "Plant: state of health"),
    ("plant_pv_energy",           "kWh",   2, 0, 1e7,          "energy",         COUNTER,       "Plant: PV energy"),
    ("plant_load_energy",         "kWh",   2, 0, 1e7,          "energy",         COUNTER,       "Plant: energy of all loads"),
    ("plant_alarm_6",             "",      0, 0, 65535,        "",               "",            "Plant: alarm word 6"),
    ("plant_alarm_7",             "",      0, 0, 65535,        "",               "",            "Plant: alarm word 7"),
    ("plant_load_power",          "W",     0, -200000, 200000, "power",          "measurement", "Plant: power of all loads"),
)

# id, Home Assistant platform, unit, device class, meaning
FACTS = (
    ("di1",             "binary_sensor", "",    "",                "DI1"),
    ("di2",             "binary_sensor", "",    "",                "DI2"),
    ("di3",             "binary_sensor", "",    "",                "DI3"),
    ("di4",             "binary_sensor", "",    "",                "DI4"),
    ("di5",             "binary_sensor", "",    "",                "DI5"),
    ("do1",             "switch",        "",    "",                "DO1"),
    ("do2",             "switch",        "",    "",                "DO2"),
    ("limit",           "sensor",        "%",   "",                "Active-power limit in force"),
    ("limit_reason",    "sensor",        "",    "",                "Why the power is limited"),
    ("limit_state",     "sensor",        "",    "",                "Limit at the plant: idle, wanted, written, confirmed, refused, unreachable"),
    ("sensor_link",     "sensor",        "",    "",                "Link to the sensor: ok, silent, noisy, starting"),
    ("plant_link",      "sensor",        "",    "",                "Link to the plant: ok, silent, noisy, starting"),
    ("led_dc",          "sensor",        "",    "",                "LED DC"),
    ("led_ac",          "sensor",        "",    "",                "LED AC"),
    ("led_bat",         "sensor",        "",    "",                "LED BAT"),
    ("led_mgmt",        "sensor",        "",    "",                "LED MGMT"),
    ("uptime",          "sensor",        "s",   "duration",        "Running since"),
    ("heap_free",       "sensor",        "B",   "data_size",       "Free memory"),
    ("heap_min",        "sensor",        "B",   "data_size",       "Least free memory since start"),
    ("reset_cause",     "sensor",        "",    "",                "Cause of the last start"),
    ("version",         "sensor",        "",    "",                "Version"),
    ("update",          "sensor",        "",    "",                "Update"),
    ("wlan_signal",     "sensor",        "dBm", "signal_strength", "WLAN signal"),
)
# fmt: on


def number(point):
    """Return the number of a point by its id; ValueError if there is none."""
    for n, row in enumerate(POINTS):
        if row[0] == point:
            return n
    raise ValueError("no point %s" % point)
