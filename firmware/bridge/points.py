"""Every published value, declared once. MQTT, Home Assistant, the pages and the bench derive from these two tables.

POINTS are readings off a bus; FACTS are what the bridge knows of itself (computed in logic/doors/messages.py, same order).
Both are texts (lib/table.py), because the board holds them in memory.
"""

import table

# Energy counters may never run backwards; a kind of point, not of register.
COUNTER = "total_increasing"
# Device class of a number that stands for something; devices/codes.py says for what.
CODE = "enum"

# id | unit | decimals | low | high | Home Assistant device class | state class
# A value outside low..high is suspect. Limits are those of the meters (100 A, single phase) and of plants up to 5 MW.
# What a number stands for (a mode, a state) has no range: later firmware knows more of them.
# low is 0 or -high: the check is made on the bits of the first register (readings.py).
# Signs: import is positive at the sensor and the grid, charging is positive at the battery.
POINTS = """
sensor_voltage|V|1|0|300|voltage|measurement
sensor_current|A|2|-120|120|current|measurement
sensor_power|W|0|-30000|30000|power|measurement
sensor_apparent_power|VA|0|-30000|30000|apparent_power|measurement
sensor_reactive_power|var|0|-30000|30000|reactive_power|measurement
sensor_power_factor||3|-1|1|power_factor|measurement
sensor_phase_angle|°|1|-360|360||measurement
sensor_frequency|Hz|2|0|70|frequency|measurement
sensor_import_energy|kWh|3|0|1e7|energy|total_increasing
sensor_export_energy|kWh|3|0|1e7|energy|total_increasing
sensor_import_reactive|kvarh|3|0|1e7||total_increasing
sensor_export_reactive|kvarh|3|0|1e7||total_increasing
sensor_power_demand|W|0|-30000|30000|power|measurement
sensor_power_demand_max|W|0|-30000|30000|power|measurement
sensor_import_demand|W|0|-30000|30000|power|measurement
sensor_import_demand_max|W|0|-30000|30000|power|measurement
sensor_export_demand|W|0|-30000|30000|power|measurement
sensor_export_demand_max|W|0|-30000|30000|power|measurement
sensor_current_demand|A|2|-120|120|current|measurement
sensor_current_demand_max|A|2|-120|120|current|measurement
sensor_total_energy|kWh|3|-1e7|1e7|energy|total
sensor_total_reactive|kvarh|3|-1e7|1e7||total
sensor_trip_energy|kWh|3|-1e7|1e7|energy|total
sensor_trip_reactive|kvarh|3|-1e7|1e7||total
plant_ems_mode||0|0|65535|enum|
plant_grid_sensor||0|0|65535|enum|
plant_grid_power|W|0|-5000000|5000000|power|measurement
plant_grid_reactive|var|0|-5000000|5000000|reactive_power|measurement
plant_off_grid||0|0|65535|enum|
plant_max_power|W|0|0|5000000|power|measurement
plant_soc|%|1|0|100|battery|measurement
plant_alarm_1||0|0|65535||
plant_alarm_2||0|0|65535||
plant_alarm_ess||0|0|65535||
plant_alarm_backup_gateway||0|0|65535||
plant_power|W|0|-5000000|5000000|power|measurement
plant_reactive|var|0|-5000000|5000000|reactive_power|measurement
plant_pv_power|W|0|-5000000|5000000|power|measurement
plant_ess_power|W|0|-5000000|5000000|power|measurement
plant_ess_charge_max|W|0|0|5000000|power|measurement
plant_ess_discharge_max|W|0|0|5000000|power|measurement
plant_running_state||0|0|65535|enum|
plant_soh|%|1|0|100||measurement
plant_pv_energy|kWh|2|0|1e7|energy|total_increasing
plant_load_energy|kWh|2|0|1e7|energy|total_increasing
plant_alarm_6||0|0|65535||
plant_alarm_7||0|0|65535||
plant_load_power|W|0|-5000000|5000000|power|measurement
plant_alarm_dc_charger||0|0|65535||
"""

# id | Home Assistant platform | unit | device class | category (logic/doors/discovery.py)
FACTS = """
di1|binary_sensor|||
di2|binary_sensor|||
di3|binary_sensor|||
di4|binary_sensor|||
di5|binary_sensor|||
do1|switch|||
do2|switch|||
outputs|sensor|||
chatter|sensor|||d
limit|sensor|%||
limit_w|sensor|W|power|
limit_reason|sensor|||
limit_state|sensor|||
limit_import|sensor|%||
limit_import_w|sensor|W|power|
limits|sensor|||
orders|sensor|||
reactive|sensor|||
sensor_link|sensor|||d
plant_link|sensor|||d
sensor_direction|sensor|||d
rs485_1|sensor|||n
rs485_2|sensor|||n
gateway|sensor|||n
alarms|sensor|||
led_dc|sensor|||d
led_ac|sensor|||d
led_bat|sensor|||d
led_mgmt|sensor|||d
uptime|sensor|s|duration|n
heap_free|sensor|B|data_size|n
heap_min|sensor|B|data_size|n
system_heap_free|sensor|B|data_size|n
system_heap_largest|sensor|B|data_size|n
reset_cause|sensor|||d
version|sensor|||d
update|sensor|||d
records|sensor|||d
radio|sensor|||d
wlan_signal|sensor|dBm|signal_strength|n
uplink|sensor|||d
"""


def rows():
    """Yield (id, unit, decimals, low, high, device class, state class, title) of all points, in their order."""
    for fields in table.rows(POINTS):
        yield _typed(fields)


def row(point):
    """Return the row of a point by its id; ValueError if there is none."""
    fields = table.row(POINTS, point)
    if fields is None:
        raise ValueError("no point %s" % point)
    return _typed(fields)


def number(point):
    """Return the number of a point by its id; ValueError if there is none."""
    return table.number(POINTS, point)


def count():
    """Return how many points there are."""
    return table.count(POINTS)


def facts():
    """Yield (id, platform, unit, device class, category, title) of all facts, in their order."""
    for name, platform, unit, device_class, category in table.rows(FACTS):
        yield name, platform, unit, device_class, category, title(name)


def title(name):
    """Return the name for people: "sensor_import_energy" is "Sensor import energy", "di1" is "DI1"."""
    if len(name) == 3 and name[2:].isdigit():
        return name.upper()
    text = name.replace("_", " ")
    return text.replace("rs485 ", "RS485-") if name.startswith("rs485") else text[0].upper() + text[1:]


def _typed(fields):
    name, unit, decimals, low, high, device_class, state_class = fields
    return name, unit, int(decimals), float(low), float(high), device_class, state_class, title(name)
