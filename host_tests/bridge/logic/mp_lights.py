"""The LED table: every state of the guide is reachable, looks as the guide says, and faults are never hidden."""

import time

import table
from bridge import points
from bridge.logic import lights
from bridge.state import State

# The guide's table, chapter 8: segment, state, colour, pattern.
# fmt: off
GUIDE = (
    ("dc",  "connected, not running", "white", "on"), ("dc",  "running", "green", "on"),
    ("dc",  "not connected", "off", "on"),            ("dc",  "DC fault", "orange", "flash"),
    ("dc",  "inverter fault", "red", "on"),
    ("ac",  "connected, not running", "white", "on"), ("ac",  "on-grid", "green", "on"),
    ("ac",  "off-grid", "blue", "on"),                ("ac",  "not connected", "off", "on"),
    ("ac",  "off-grid overload", "blue", "flash"),    ("ac",  "AC fault", "orange", "flash"),
    ("ac",  "inverter fault", "red", "on"),
    ("bat", "connected, not running", "white", "on"), ("bat", "charging", "green", "flash"),
    ("bat", "discharging", "blue", "flash"),          ("bat", "all dormant", "off", "on"),
    ("bat", "some faulty", "red", "flash"),           ("bat", "all faulty", "red", "on"),
    ("mgmt", "not connected", "off", "on"),           ("mgmt", "local app connected", "green", "flash"),
    ("mgmt", "FE or WLAN", "green", "on"),            ("mgmt", "4G", "blue", "on"),
    ("mgmt", "insufficient traffic", "blue", "flash"),
)
OURS = ("mgmt", "no radio", (255, 110, 0), False)  # a module whose memory does not hold a radio: the guide knows none
COLOURS = {"off": (0, 0, 0), "white": (255, 255, 255), "green": (0, 255, 0), "blue": (0, 0, 255),
           "orange": (255, 110, 0), "red": (255, 0, 0)}
# What the plant says -> DC, AC, BAT. Values: running state, alarm 1, alarm 2, off-grid, PV W, ESS W, ESS alarm, can charge.
PLANT = (
    ((1, 0, 0, 0, 3000, 0, 0, 5000),     ("running", "on-grid", "connected, not running")),
    ((42, 0, 0, 0, 3000, 0, 0, 5000),    ("running", "connected, not running", "connected, not running")),  # unknown
    ((1, 0, 0, 0, 3000, 2000, 0, 5000),  ("running", "on-grid", "charging")),
    ((1, 0, 0, 0, 0, -900, 0, 5000),     ("connected, not running", "on-grid", "discharging")),
    ((0, 0, 0, 0, 0, 0, 0, 0),           ("connected, not running", "connected, not running", "all dormant")),
    ((1, 0, 0, 1, 100, 0, 0, 5000),      ("running", "off-grid", "connected, not running")),
    ((1, 0, 0x10, 2, 100, 0, 0, 5000),   ("running", "off-grid overload", "connected, not running")),
    ((1, 0x40, 0, 0, 100, 0, 0, 5000),   ("DC fault", "on-grid", "connected, not running")),
    ((1, 0x200, 0, 0, 100, 0, 0, 5000),  ("running", "AC fault", "connected, not running")),
    ((1, 0x8, 0, 0, 100, 0, 0, 5000),    ("inverter fault", "inverter fault", "connected, not running")),
    ((2, 0, 0, 0, 100, 0, 0, 5000),      ("inverter fault", "inverter fault", "connected, not running")),
    ((1, 0x24A, 0x10, 1, 9, 0, 0, 5000), ("inverter fault", "inverter fault", "connected, not running")),
    ((1, 0, 0, 0, 100, 900, 4, 5000),    ("running", "on-grid", "some faulty")),
    ((1, 0, 0, 0, 100, 900, 4, 0),       ("running", "on-grid", "all faulty")),
)
# fmt: on
POINTS = (
    "plant_running_state",
    "plant_alarm_1",
    "plant_alarm_2",
    "plant_off_grid",
    "plant_pv_power",
    "plant_ess_power",
    "plant_alarm_ess",
    "plant_ess_charge_max",
)


def _rows():
    """Return (segment, state, colour, flashing) of the firmware's table."""
    found = []
    for key, *_ in table.rows(lights.TABLE):
        segment, name = key.split(":")
        found.append((segment, name) + lights.look(segment, name))
    return found


def _state(values):
    state = State()
    for point, value in zip(POINTS, values):
        n = points.number(point)
        state.readings.bind(point, "i", 1, 1000)
        assert state.readings.put(
            n, value.to_bytes(4, "big") if value >= 0 else (value + (1 << 32)).to_bytes(4, "big"), 0, 0
        )
    return state


def test_the_table_is_the_guides():
    """Proves: LED-3+"""
    ours = sorted([(s, name, colour, flashing) for s, name, colour, flashing in _rows()])
    guide = sorted([(s, name, COLOURS[colour], pattern == "flash") for s, name, colour, pattern in GUIDE])
    assert OURS not in guide
    assert ours == sorted(guide + [OURS])


def test_states_of_a_segment_look_distinct_but_for_the_ones_the_guide_makes_alike():
    """Proves: LED-3+"""
    for segment in lights.SEGMENTS:
        looks = [row[2:] for row in _rows() if row[0] == segment]
        assert len(looks) == len(set(looks)), segment


def test_each_state_of_the_plant_has_its_picture_and_faults_win():
    """Proves: LED-3+, LED-1"""
    for values, expected in PLANT:
        found = lights.states(_state(values), 0, time.ticks_diff)[:3]
        assert found == expected, (values, found)


def test_every_state_of_dc_ac_and_bat_is_reachable():
    """Proves: LED-3+"""
    reached = {("dc", "not connected"), ("ac", "not connected")}
    for _, (dc, ac, bat) in PLANT:
        reached |= {("dc", dc), ("ac", ac), ("bat", bat)}
    assert {row[:2] for row in _rows() if row[0] != "mgmt"} == reached


def test_every_state_of_mgmt_is_reachable_but_for_the_two_of_a_modem():
    """There is no modem yet: 4G and its spent traffic have looks, but nothing that brings them. Proves: LED-3+"""
    reached = set()
    # radio's text, a phone was there at, connected
    for radio, busy_at, connected in (("", None, False), ("none", None, False), ("", 0, False), ("", 0, True)):
        state = State()
        state.radio_text, state.portal_busy_at, state.uplink_connected = radio, busy_at, connected
        reached.add(lights.states(state, 1000, time.ticks_diff)[3])
    assert reached == {"not connected", "no radio", "local app connected", "FE or WLAN"}
    assert {row[1] for row in _rows() if row[0] == "mgmt"} - reached == {"4G", "insufficient traffic"}


def test_a_plant_that_does_not_answer_shows_as_not_connected():
    state = State()
    assert lights.states(state, 0, time.ticks_diff) == (
        "not connected",
        "not connected",
        "all dormant",
        "not connected",
    )


def test_the_management_segment_prefers_the_uplink_to_a_phone():
    state = State()
    state.portal_busy_at = 0
    assert lights.states(state, 5000, time.ticks_diff)[3] == "local app connected"
    assert lights.states(state, 11000, time.ticks_diff)[3] == "not connected"
    state.uplink_connected = True
    assert lights.states(state, 0, time.ticks_diff)[3] == "FE or WLAN"


def test_the_strip_has_a_quarter_for_each_segment_and_flashes_half_of_the_time():
    """Proves: LED-1"""
    out = bytearray(24)
    segments = ("DC fault", "off-grid", "charging", "not connected")
    lights.frame(lights.looks(segments), lights.is_lit(499), 100, out)
    assert bytes(out) == bytes([255, 110, 0] * 2 + [0, 0, 255] * 2 + [0, 255, 0] * 2 + [0, 0, 0] * 2)
    lights.frame(lights.looks(segments), lights.is_lit(500), 100, out)
    assert bytes(out) == bytes([0, 0, 0] * 2 + [0, 0, 255] * 2 + [0, 0, 0] * 2 + [0, 0, 0] * 2)
    lights.frame(lights.looks(segments), True, 10, out)
    assert bytes(out[:3]) == bytes([25, 11, 0])
