"""Every published value, declared once: what a board has to know of it. What people are told beside lies in quantities.py.

POINTS are readings off a bus; FACTS are what the bridge knows of itself (computed in logic/doors/messages.py, same order).
Both are texts (lib/table.py), because the board holds them in memory.
"""

import table

COUNTER = "counter"  # an energy that may never run backwards
CODE = "code"  # a number that stands for something; devices/codes.py says for what

# id | decimals | low | high | kind: COUNTER, CODE or none
# A value outside low..high is suspect. Limits are those of the meters (100 A, single phase) and of plants up to 5 MW.
# What a number stands for (a mode, a state) has no range: later firmware knows more of them.
# low is 0 or -high: the check is made on the bits of the first register (readings.py).
# Signs: import is positive at the sensor and the grid, charging is positive at the battery.
POINTS = """
sensor_voltage|1|0|300|
sensor_current|2|-120|120|
sensor_power|0|-30000|30000|
sensor_apparent_power|0|-30000|30000|
sensor_reactive_power|0|-30000|30000|
sensor_power_factor|3|-1|1|
sensor_phase_angle|1|-360|360|
sensor_frequency|2|0|70|
sensor_import_energy|3|0|1e7|counter
sensor_export_energy|3|0|1e7|counter
sensor_import_reactive|3|0|1e7|counter
sensor_export_reactive|3|0|1e7|counter
sensor_power_demand|0|-30000|30000|
sensor_power_demand_max|0|-30000|30000|
sensor_import_demand|0|-30000|30000|
sensor_import_demand_max|0|-30000|30000|
sensor_export_demand|0|-30000|30000|
sensor_export_demand_max|0|-30000|30000|
sensor_current_demand|2|-120|120|
sensor_current_demand_max|2|-120|120|
sensor_total_energy|3|-1e7|1e7|
sensor_total_reactive|3|-1e7|1e7|
sensor_trip_energy|3|-1e7|1e7|
sensor_trip_reactive|3|-1e7|1e7|
plant_ems_mode|0|0|65535|code
plant_grid_sensor|0|0|65535|code
plant_grid_power|0|-5000000|5000000|
plant_grid_reactive|0|-5000000|5000000|
plant_off_grid|0|0|65535|code
plant_max_power|0|0|5000000|
plant_soc|1|0|100|
plant_alarm_1|0|0|65535|
plant_alarm_2|0|0|65535|
plant_alarm_ess|0|0|65535|
plant_alarm_backup_gateway|0|0|65535|
plant_power|0|-5000000|5000000|
plant_reactive|0|-5000000|5000000|
plant_pv_power|0|-5000000|5000000|
plant_ess_power|0|-5000000|5000000|
plant_ess_charge_max|0|0|5000000|
plant_ess_discharge_max|0|0|5000000|
plant_running_state|0|0|65535|code
plant_soh|1|0|100|
plant_pv_energy|2|0|1e7|counter
plant_load_energy|2|0|1e7|counter
plant_alarm_6|0|0|65535|
plant_alarm_7|0|0|65535|
plant_load_power|0|-5000000|5000000|
plant_alarm_dc_charger|0|0|65535|
"""

FACTS = """
di1
di2
di3
di4
di5
do1
do2
outputs
chatter
limit
limit_w
limit_reason
limit_state
limit_import
limit_import_w
limits
orders
reactive
sensor_link
plant_link
sensor_direction
rs485_1
rs485_2
gateway
alarms
led_dc
led_ac
led_bat
led_mgmt
uptime
heap_free
heap_min
system_heap_free
system_heap_largest
reset_cause
version
update
records
radio
wlan_signal
uplink
"""


def rows():
    """Yield (id, decimals, low, high, kind) of all points, in their order."""
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
    """Yield the ids of all facts, in their order."""
    for fields in table.rows(FACTS):
        yield fields[0]


def _typed(fields):
    name, decimals, low, high, kind = fields
    return name, int(decimals), float(low), float(high), kind
