# heap: 2m
"""Sensor to readings and contact to plant, through the whole bridge on both chips."""

import flow
from store import record


def _grid(port):
    return flow.Bridge(port, settings={"grid_table": "ripple"})


async def _first_readings(b):
    await b.until(lambda: b.value("sensor_power") is not None, 3000)
    await b.until(lambda: b.value("plant_soc") is not None, 3000)
    assert abs(b.value("sensor_voltage") - 230) < 20
    await b.for_ms(12000)
    assert b.value("sensor_import_energy") is not None
    assert b.state.sensor_link == "ok"
    assert b.plant.too_fast == 0


def test_good_readings_come_within_three_seconds_on_rp2040():
    """Proves: SEN-1, PLA-1+, COM-5, COM-6, COM-8+"""
    flow.Bridge("rp2040").run(_first_readings)


def test_good_readings_come_within_three_seconds_on_esp32():
    """Proves: SEN-1, PLA-1+"""
    flow.Bridge("esp32").run(_first_readings)


async def _sixty_percent(b):
    await b.until(lambda: b.state.plant_limit_state == "held", 10000)
    await b.for_ms(777)
    b.contact(2, True)
    took_ms = await b.until(lambda: b.plant.limit_w is not None and b.plant.limit_w == 3600, 3000)
    assert took_ms < 2000, took_ms
    await b.until(lambda: b.state.plant_limit_state == "held", 4000)
    assert b.state.limit_reason == "ripple control 60 % (DI2)"
    assert 0 <= b.state.edge_to_write_ms < 2000
    b.contact(2, False)
    await b.until(lambda: b.plant.limit_w is None, 3000)
    assert b.plant.too_fast == 0


def test_a_closed_contact_limits_the_plant_and_an_open_one_frees_it_on_rp2040():
    """Proves: DRM-1, DRM-2+, PLA-2+, COM-3"""
    _grid("rp2040").run(_sixty_percent)


def test_a_closed_contact_limits_the_plant_and_an_open_one_frees_it_on_esp32():
    """Proves: DRM-1, DRM-2+"""
    _grid("esp32").run(_sixty_percent)


def test_the_write_comes_within_two_seconds_whatever_the_bus_is_doing():
    """Proves: DRM-2+"""

    async def story(b):
        await b.until(lambda: b.state.plant_limit_state == "held", 10000)
        worst_ms = 0
        for phase in range(40):
            await b.for_ms(4000 + 53 * phase % 2000)
            number = 2 + phase % 3
            b.contact(number, True)
            wanted = {2: 3600, 3: 1800, 4: 0}[number]
            worst_ms = max(worst_ms, await b.until(lambda w=wanted: b.plant.limit_w == w, 2500))
            b.contact(number, False)
            await b.until(lambda: b.plant.limit_w is None, 2500)
        assert worst_ms < 2000, worst_ms
        assert b.plant.too_fast == 0

    _grid("rp2040").run(story)


def test_a_plant_that_restarts_is_limited_again():
    """Proves: PLA-2+"""

    async def story(b):
        b.contact(4, True)
        await b.until(lambda: b.plant.limit_w == 0, 6000)
        b.plant.reboot(20000)
        await b.until(lambda: b.state.plant_limit_state == "unreachable", 40000)
        await b.until(lambda: b.plant.limit_w == 0 and b.state.plant_limit_state == "held", 60000)

    _grid("rp2040").run(story)


def test_old_firmware_refuses_and_that_is_shown():
    """Proves: PLA-2+"""

    async def story(b):
        b.contact(2, True)
        await b.until(lambda: b.state.plant_limit_state == "refused", 8000)
        assert "exception 2" in b.state.plant_limit_text
        assert record.load(b.root + "/data/limit")["owed"]
        b.contact(2, False)
        # The second refusal comes a minute later.
        await b.until(lambda: not record.load(b.root + "/data/limit")["owed"], 80000)

    flow.Bridge("rp2040", settings={"grid_table": "ripple"}, generation=24).run(story)


def test_a_limit_that_no_port_brings_to_the_plant_is_told_as_such():
    """Proves: PLA-2+"""

    async def story(b):
        await b.until(lambda: b.state.inputs_settled, 3000)
        await b.until(lambda: b.state.plant_link == "off", 2000)
        b.contact(2, True)
        await b.until(lambda: b.state.limit_pct == 60, 3000)
        await b.for_ms(100)
        assert b.state.plant_limit_state == "unreachable"
        assert b.state.plant_limit_text == "RS485-1 does not command the plant"

    flow.Bridge("rp2040", settings={"grid_table": "ripple", "rs485_1_role": "off"}).run(story)


def test_a_silent_plant_does_not_slow_the_sensor():
    """Proves: COM-9+"""

    async def story(b):
        await b.for_ms(5000)
        b.plant_wire.silent = True
        b.sensor_wire.heard.clear()
        before = b.meter.requests
        await b.for_ms(20000)
        assert b.state.plant_link == "silent"
        assert b.meter.requests - before > 70  # every 250 ms
        assert b.value("sensor_power") is not None
        assert b.value("plant_soc") is None
        assert b.quality("plant_soc") == "stale"

    _grid("rp2040").run(story)


def test_a_noisy_sensor_is_never_published_as_good():
    """Proves: SEN-4+, REL-1+"""

    async def story(b):
        await b.for_ms(3000)
        b.sensor_wire.bad_crc = True
        await b.for_ms(6000)
        assert b.value("sensor_power") is None
        assert b.state.sensor_link == "noisy"
        assert b.state.rs485_stats[1]["bad_crc"] > 2
        b.sensor_wire.bad_crc = False
        await b.until(lambda: b.value("sensor_power") is not None, 11000)

    flow.Bridge("rp2040").run(story)


def test_echo_stray_bytes_and_missing_reads_cost_no_reading():
    """Proves: SEN-4+, REL-1+"""

    async def story(b):
        b.sensor_wire.stray = True
        b.sensor_wire.none_reads = 3
        await b.until(lambda: b.value("sensor_power") is not None, 3000)
        b.sensor_wire.stray = False
        b.sensor_wire.echo = True
        await b.for_ms(5000)
        assert b.value("sensor_power") is not None
        assert b.state.rs485_stats[1]["echo"] > 5

    flow.Bridge("rp2040").run(story)


def test_the_driver_is_released_before_the_slave_may_answer_every_time():
    """Proves: COM-8+"""

    async def story(b):
        await b.for_ms(30000)
        edges = b.machine.Pin.edges(2)
        assert len(edges) > 100
        assert edges[-1][1] == 0

    flow.Bridge("rp2040").run(story)
