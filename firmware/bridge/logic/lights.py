"""What the LED strip says: one table of states, and the rule that finds each segment's state.

Pure. Where two states hold, the first of a segment's rows wins: a fault is never hidden. What is not known is not taken
for well: without all alarm words nothing "runs". Source: guide, chapter 8.
"""

import table
from bridge import points
from bridge.devices import sigenergy
from micropython import const

SEGMENTS = ("dc", "ac", "bat", "mgmt")
_COLOURS = "\noff|0|0|0\nwhite|255|255|255\ngreen|0|255|0\nblue|0|0|255\norange|255|110|0\nred|255|0|0\n"

# segment: state | colour | pattern; rows of a segment in the order of their priority
TABLE = """
dc:inverter fault|red|on
dc:DC fault|orange|flash
dc:running|green|on
dc:connected, not running|white|on
dc:not connected|off|on
ac:inverter fault|red|on
ac:off-grid overload|blue|flash
ac:AC fault|orange|flash
ac:off-grid|blue|on
ac:on-grid|green|on
ac:connected, not running|white|on
ac:not connected|off|on
bat:all faulty|red|on
bat:some faulty|red|flash
bat:charging|green|flash
bat:discharging|blue|flash
bat:connected, not running|white|on
bat:all dormant|off|on
mgmt:insufficient traffic|blue|flash
mgmt:4G|blue|on
mgmt:FE or WLAN|green|on
mgmt:local app connected|green|flash
mgmt:no radio|orange|on
mgmt:not connected|off|on
"""

ALARMS = (
    "plant_alarm_1", "plant_alarm_2", "plant_alarm_ess",
    "plant_alarm_backup_gateway", "plant_alarm_6", "plant_alarm_7", "plant_alarm_dc_charger",
)  # fmt: skip
_ESS = const(2)
REQUIRED = 3  # alarm words that each plant has; one without the thing that the others speak of does not have those
_LEAVES = "running_state off_grid pv_power ess_power ess_charge_max ess_discharge_max"
_numbers = []  # of ALARMS and _LEAVES once they were looked up: finding a point by its name takes a chip 2 ms
_FLASH_MS = const(500)  # half a period
_IDLE_W = const(50)  # a battery below this power neither charges nor discharges
_APP_MS = const(10000)  # a phone that asked nothing for so long is gone


def alarms(readings):
    """Return the plant's alarm words in the order of ALARMS, None for one that is not known; one that this plant does not
    have is 0."""
    if not _numbers:
        _numbers.extend([points.number(point) for point in ALARMS])
        _numbers.extend([points.number("plant_" + leaf) for leaf in _LEAVES.split()])
    values = [readings.value(n) for n in _numbers[: len(ALARMS)]]
    for i in range(REQUIRED, len(values)):
        if values[i] is None and not readings.quality(_numbers[i]):
            values[i] = 0
    return tuple(values)


def states(state, now, ticks_diff):
    """Return the states of DC, AC, BAT and MGMT; a plant that does not answer shows as not connected."""
    readings = state.readings
    words = alarms(readings)
    running, off_grid, pv_w, ess_w, charge_w, discharge_w = [readings.value(n) for n in _numbers[len(ALARMS) :]]
    alarm_1, alarm_2, ess, gateway, plant_1, plant_2, charger = [word or 0 for word in words]
    fault = bool(alarm_1 & sigenergy.ALARM_1_INVERTER or alarm_2 & sigenergy.ALARM_2_INVERTER)
    fault = fault or running == sigenergy.FAULT
    known = None not in words
    overload = alarm_2 & sigenergy.ALARM_2_OVERLOAD
    ac = alarm_2 & sigenergy.ALARM_2_AC | plant_1 | plant_2
    if off_grid:  # without the grid a plant is off-grid, not faulty
        ac |= alarm_1 & sigenergy.ALARM_1_AC & ~sigenergy.ALARM_1_OUTAGE | gateway & ~sigenergy.ALARM_GATEWAY_OUTAGE
    else:
        ac |= alarm_1 & sigenergy.ALARM_1_AC | gateway | overload
    return (
        _dc(running, fault, alarm_1 & sigenergy.ALARM_1_DC | charger, known and pv_w),
        _ac(running, fault, ac, off_grid, overload, known),
        _bat(running, words[_ESS], ess_w, charge_w, discharge_w),
        _mgmt(state, now, ticks_diff),
    )


def _dc(running, fault, alarm, pv_w):
    if running is None:
        return "not connected"
    if fault:
        return "inverter fault"
    if alarm:
        return "DC fault"
    if pv_w and pv_w > 0:
        return "running"
    return "connected, not running"


def _ac(running, fault, alarm, off_grid, overload, known):
    if running is None:
        return "not connected"
    if fault:
        return "inverter fault"
    if off_grid and overload:
        return "off-grid overload"
    if alarm:
        return "AC fault"
    if off_grid:
        return "off-grid"
    well = known and off_grid is not None and running == sigenergy.RUNNING
    return "on-grid" if well else "connected, not running"


def _bat(running, alarm, power_w, charge_w, discharge_w):
    """The map merges all batteries: with an alarm, "all" are faulty when they can neither take nor give power."""
    if running is None:
        return "all dormant"
    if alarm is None:
        return "connected, not running"
    if alarm:
        return "some faulty" if charge_w or discharge_w else "all faulty"
    if power_w and power_w > _IDLE_W:
        return "charging"
    if power_w and power_w < -_IDLE_W:
        return "discharging"
    return "connected, not running" if charge_w or discharge_w else "all dormant"


def _mgmt(state, now, ticks_diff):
    if state.uplink_connected:
        return "FE or WLAN"
    if state.portal_busy_at is not None and ticks_diff(now, state.portal_busy_at) < _APP_MS:
        return "local app connected"
    return "no radio" if state.radio_text else "not connected"


def look(segment, name):
    """Return ((red, green, blue), flashing) of a segment's state; ValueError if it has no such state."""
    row = table.row(TABLE, segment + ":" + name)
    if row is None:
        raise ValueError("%s has no state %s" % (segment, name))
    return tuple([int(x) for x in table.row(_COLOURS, row[1])[1:]]), row[2] == "flash"


def looks(segments):
    """Return the looks of all four segments' states."""
    return [look(segment, name) for segment, name in zip(SEGMENTS, segments)]


def is_lit(now):
    """Return True in the half of a period in which what flashes is lit."""
    return now // _FLASH_MS & 1 == 0


def frame(looks, is_lit, brightness_pct, out):
    """Put the strip's colours into out, 3 bytes (R, G, B) per LED; each segment has a quarter of the LEDs."""
    share = len(out) // 4
    at = 0
    for colour, flashing in looks:
        for k in range(share):
            level = colour[k % 3] if is_lit or not flashing else 0
            out[at] = level * brightness_pct // 100
            at += 1
