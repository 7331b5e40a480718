"""What points and facts are for people and for Home Assistant, by their ids. In a board's memory only with its pages.

Source of classes and platforms: Home Assistant's documentation of MQTT sensors.
"""

import table

# id of a point | unit | Home Assistant device class | state class
POINTS = """
sensor_voltage|V|voltage|measurement
sensor_current|A|current|measurement
sensor_power|W|power|measurement
sensor_apparent_power|VA|apparent_power|measurement
sensor_reactive_power|var|reactive_power|measurement
sensor_power_factor||power_factor|measurement
sensor_phase_angle|°||measurement
sensor_frequency|Hz|frequency|measurement
sensor_import_energy|kWh|energy|total_increasing
sensor_export_energy|kWh|energy|total_increasing
sensor_import_reactive|kvarh||total_increasing
sensor_export_reactive|kvarh||total_increasing
sensor_power_demand|W|power|measurement
sensor_power_demand_max|W|power|measurement
sensor_import_demand|W|power|measurement
sensor_import_demand_max|W|power|measurement
sensor_export_demand|W|power|measurement
sensor_export_demand_max|W|power|measurement
sensor_current_demand|A|current|measurement
sensor_current_demand_max|A|current|measurement
sensor_total_energy|kWh|energy|total
sensor_total_reactive|kvarh||total
sensor_trip_energy|kWh|energy|total
sensor_trip_reactive|kvarh||total
plant_ems_mode||enum|
plant_grid_sensor||enum|
plant_grid_power|W|power|measurement
plant_grid_reactive|var|reactive_power|measurement
plant_off_grid||enum|
plant_max_power|W|power|measurement
plant_soc|%|battery|measurement
plant_alarm_1|||
plant_alarm_2|||
plant_alarm_ess|||
plant_alarm_backup_gateway|||
plant_power|W|power|measurement
plant_reactive|var|reactive_power|measurement
plant_pv_power|W|power|measurement
plant_ess_power|W|power|measurement
plant_ess_charge_max|W|power|measurement
plant_ess_discharge_max|W|power|measurement
plant_running_state||enum|
plant_soh|%||measurement
plant_pv_energy|kWh|energy|total_increasing
plant_load_energy|kWh|energy|total_increasing
plant_alarm_6|||
plant_alarm_7|||
plant_load_power|W|power|measurement
plant_alarm_dc_charger|||
"""

# id of a fact | Home Assistant platform | unit | device class | category
# d: of the bridge itself. n: the same, and not shown unless a person switches it on, for its text changes all the time.
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


def unit(point):
    """Return the unit of a point, "" if it has none; ValueError if there is no such point."""
    row = table.row(POINTS, point)
    if row is None:
        raise ValueError("no point %s" % point)
    return row[1]


def title(name):
    """Return the name for people: "sensor_import_energy" is "Sensor import energy", "di1" is "DI1"."""
    if len(name) == 3 and name[2:].isdigit():
        return name.upper()
    text = name.replace("_", " ")
    return text.replace("rs485 ", "RS485-") if name.startswith("rs485") else text[0].upper() + text[1:]
