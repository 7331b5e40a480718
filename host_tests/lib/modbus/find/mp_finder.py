# heap: 32m
"""The finder on a line bit by bit, on the virtual clock."""

import sys
import time

from bridge.devices import signatures
from finder_wire import FarEnd, Wire
from modbus.find import finder
from modbus.find import order as plan

sys.path.append("tools")


def _meter(model, unit, refused=()):
    from bridgectl.site import house, meter

    return meter.Meter(house.House(), model, unit, refused)


def _plant():
    from bridgectl.site import house, plant

    return plant.Plant(house.House())


async def search(wire, stop_after_ms=0):
    """Return (finder, ms) of one search."""
    beats = []

    def beat():
        now = time.passed_ms()
        assert not beats or now - beats[-1] <= 5000
        beats[:] = [now]

    found = finder.Finder(wire.open, signatures.SIGNATURES)
    since = time.passed_ms()
    await found.search(beat)
    return found, time.passed_ms() - since


async def _finds(device, baud, parity, unit, model, think_us=20000, **how):
    far = FarEnd(device.answer, baud, parity, think_us)
    wire = Wire((far,), **how)
    seeker, ms = await search(wire)
    assert [row[:4] for row in seeker.found] == [(baud, parity, unit, model)], (
        baud,
        parity,
        unit,
        seeker.found,
        seeker.faults,
        ms,
    )
    assert seeker.faults == [], seeker.faults
    limit_ms = plan.by_ms(baud, parity, unit)
    if how.get("echo") or how.get("glitch"):
        limit_ms += limit_ms // 3
    assert ms <= limit_ms, (baud, parity, unit, ms, limit_ms)
    return ms, wire


async def test_a_meter_as_it_leaves_the_factory_is_found_in_a_few_seconds():
    """Proves: SEN-5+"""
    ms, wire = await _finds(_meter("sdm230", 1), 9600, "N", 1, "sdm230")
    assert ms < 3000
    ms, wire = await _finds(_meter("sdm120ct", 1), 2400, "N", 1, "sdm120ct")
    assert ms < 4000
    print(ms)


async def _all(settings, units, model, **how):
    worst_ms = 0
    for baud, parity in settings:
        for unit in units:
            ms, _ = await _finds(_meter(model, unit), baud, parity, unit, model, **how)
            worst_ms = max(worst_ms, ms)
    print(worst_ms)
    assert worst_ms < 60000


async def test_likely_addresses_are_found_in_a_minute_at_every_setting():
    """Proves: SEN-5+"""
    await _all(plan.SETTINGS, (1, 6, 10), "sdm230")


async def test_a_meter_at_the_plants_address_is_found_in_a_minute_at_every_setting():
    await _all(plan.SETTINGS, (247,), "sdm120ct")


async def test_every_address_is_found_in_a_minute_at_9600_bps():
    """Proves: SEN-5+"""
    await _all(plan.WIDE[:1], range(11, 247, 5), "sdm230")
    await _all(plan.WIDE[2:4], (11, 12, 100, 173, 246), "sdm120ct")


async def test_every_address_is_found_in_a_minute_at_2400_and_4800_bps_without_parity():
    """Proves: SEN-5+"""
    await _all(plan.WIDE[1:2] + plan.WIDE[4:], (11, 40, 127, 200, 246), "sdm230")


async def test_an_unlikely_address_at_a_slow_setting_is_found_within_its_own_bound():
    for (baud, parity), unit in zip(plan.NARROW, (11, 246, 200, 77, 128, 33, 246)):
        await _finds(_meter("sdm230", unit), baud, parity, unit, "sdm230")


async def test_slow_and_quick_answers_are_found():
    for think_us in (0, 3000, 9000, 14000, 50000, 80000, 99000):
        await _finds(_meter("sdm230", 60), 9600, "E", 60, "sdm230", think_us)
        await _finds(_meter("sdm120ct", 1), 2400, "N", 1, "sdm120ct", think_us)


async def test_an_echo_a_glitch_and_a_driver_that_holds_bytes_back_do_no_harm():
    for how in ({"echo": True}, {"glitch": True}, {"held": True}, {"echo": True, "glitch": True, "held": True}):
        await _finds(_meter("sdm230", 60), 9600, "N", 60, "sdm230", **how)
        await _finds(_meter("sdm120ct", 2), 1200, "O", 2, "sdm120ct", **how)


async def test_a_driver_that_holds_back_the_answer_behind_our_own_echo_hides_no_meter():
    for setting, unit, think_us, how in (
        ((1200, "N"), 124, 24000, {"held": True, "echo": True}),
        ((1200, "N"), 15, 98000, {"held": True, "glitch": True}),
        ((2400, "N"), 17, 40000, {"held": True, "echo": True, "glitch": True}),
    ):
        await _finds(_meter("sdm230", unit), setting[0], setting[1], unit, "sdm230", think_us, **how)


async def test_the_plant_is_found_and_never_asked_sooner_than_it_allows():
    for baud, parity in plan.SETTINGS:
        plant = _plant()
        ms, wire = await _finds(plant, baud, parity, 247, "plant", 250000)
        asked = [us for us, b, p, frame in wire.sent if (b, p) == (baud, parity) and frame[0] == 247]
        assert len(asked) == 2 and asked[1] - asked[0] >= 1000000
        assert ms < 60000


async def test_a_slave_that_loses_requests_without_600_ms_of_rest_is_found_and_named():
    for unit in (1, 60):
        far = FarEnd(_meter("sdm120ct", unit).answer, 9600, "N", rest_us=600000)
        seeker, ms = await search(Wire((far,)))
        assert [row[:4] for row in seeker.found] == [(9600, "N", unit, "sdm120ct")]


async def test_models_whose_registers_are_the_same_are_named_together():
    meter = _meter("sdm120ct", 1)
    del meter.holding["meter_code"]
    await _finds(meter, 9600, "N", 1, "sdm230 or sdm120ct")
    meter = _meter("sdm120ct", 1, refused=((36, 37),))
    del meter.holding["meter_code"]
    await _finds(meter, 9600, "N", 1, "sdm120ct")


async def test_the_drivers_fight_for_no_more_than_a_few_requests():
    far = FarEnd(_meter("sdm230", 100).answer, 9600, "N")
    wire = Wire((far,))
    seeker, _ = await search(wire)
    assert seeker.found and 1 <= wire.collisions <= 2
