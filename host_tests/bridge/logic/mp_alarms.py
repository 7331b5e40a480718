"""Each alarm bit of the plant is shown at its segment and told in words; what is not known is not taken for well."""

import time

from bridge import points
from bridge.devices import alarms
from bridge.logic import lights
from bridge.state import State

WELL = {
    "plant_running_state": 1, "plant_alarm_1": 0, "plant_alarm_2": 0, "plant_alarm_ess": 0, "plant_off_grid": 0,
    "plant_pv_power": 3000, "plant_ess_power": 0, "plant_ess_charge_max": 4000, "plant_ess_discharge_max": 4000,
}  # fmt: skip
INVERTER, DC, AC, BAT = (
    ("inverter fault", "inverter fault"),
    ("DC fault",),
    (None, "AC fault"),
    (None, None, "some faulty"),
)
# Word: the segments of its bits from 0 on; the bits behind the last one are the last one's too.
SHOWN = {
    "plant_alarm_1": (INVERTER, DC, INVERTER, INVERTER, AC, DC, DC, DC, DC, AC, AC, AC, AC, AC, AC, AC),
    "plant_alarm_2": (INVERTER, INVERTER, INVERTER, INVERTER, AC, INVERTER, INVERTER, AC, AC, INVERTER),
    "plant_alarm_ess": (BAT,),
    "plant_alarm_backup_gateway": (AC,),
    "plant_alarm_6": (AC,),
    "plant_alarm_7": (AC,),
    "plant_alarm_dc_charger": (DC,),
}


def state(**values):
    """Return the state beside a plant that is well but for `values`; None = not read."""
    made = State()
    for point, value in dict(WELL, **values).items():
        if value is not None:
            made.readings.bind(point, "i", 1, 100000)
            made.readings.put(points.number(point), value.to_bytes(4, "big"), 0, 0)
    return made


def shown(**values):
    return lights.states(state(**values), 0, time.ticks_diff)[:3]


def test_each_bit_of_each_alarm_word_has_its_segment():
    """Proves: LED-3+"""
    assert set(SHOWN) == set(lights.ALARMS)
    well = shown()
    assert well == ("running", "on-grid", "connected, not running")
    for point, segments in SHOWN.items():
        for bit in range(16):
            faults = segments[min(bit, len(segments) - 1)]
            expected = tuple([fault or ok for fault, ok in zip(faults + (None, None), well)])
            assert shown(**{point: 1 << bit}) == expected, (point, bit)


def test_each_bit_has_a_text_and_the_ones_without_a_row_are_named_by_their_number():
    told = {}
    for point in lights.ALARMS:
        for bit in range(16):
            text = alarms.words((point,), (1 << bit,))
            assert text not in told and text != "none", (point, bit)
            told[text] = 1
    assert alarms.words(("plant_alarm_1", "plant_alarm_7"), (0x202, 2)) == (
        "inverter: low insulation; inverter: grid outage; plant: RPR: reverse power"
    )
    assert alarms.words(("plant_alarm_2",), (0x40,)) == ("bit 6 of plant_alarm_2, which the document does not name")
    assert alarms.words(("plant_alarm_dc_charger",), (0x10,)) == "DC charger: charging fault"
    assert alarms.words(lights.ALARMS, (0,) * 7) == "none"
    assert alarms.words(("plant_alarm_1",), (None,)) == "plant_alarm_1 not known"


def test_a_plant_without_the_grid_is_off_grid_and_not_faulty():
    """Proves: LED-3+"""
    outage, overload, missing_phase = 1 << 9, 1 << 4, 1 << 7
    assert shown(plant_off_grid=1, plant_alarm_1=outage)[1] == "off-grid"
    assert shown(plant_off_grid=2, plant_alarm_1=outage, plant_alarm_backup_gateway=missing_phase)[1] == "off-grid"
    assert shown(plant_off_grid=1, plant_alarm_1=outage, plant_alarm_2=overload)[1] == "off-grid overload"
    assert shown(plant_off_grid=1, plant_alarm_1=1 << 11, plant_alarm_2=overload)[1] == "off-grid overload"
    assert shown(plant_off_grid=1, plant_alarm_1=1 << 10)[1] == "AC fault"
    assert shown(plant_off_grid=0, plant_alarm_1=outage)[1] == "AC fault"


def test_alarms_that_are_not_known_are_not_no_alarms():
    """Proves: LED-3+"""
    for point in ("plant_alarm_1", "plant_alarm_2"):
        assert shown(**{point: None})[:2] == ("connected, not running", "connected, not running")
    assert shown(plant_alarm_ess=None, plant_ess_power=2000)[2] == "connected, not running"
    assert shown(plant_off_grid=None)[1] == "connected, not running"


def test_an_alarm_word_that_this_plant_does_not_have_is_no_riddle_and_one_that_is_stale_is():
    site = state(plant_alarm_7=0)
    assert lights.alarms(site.readings) == (0,) * 7
    site.readings.expire(200000)
    assert lights.alarms(site.readings) == (None, None, None, 0, 0, None, 0)
    assert lights.states(site, 0, time.ticks_diff)[:2] == ("not connected", "not connected")
