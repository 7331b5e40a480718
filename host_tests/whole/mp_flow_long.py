# heap: 2m
"""What takes long: memory over half an hour of trouble, outputs, restarts. On the virtual clock."""

import asyncio
import gc
import time

import flow


def test_memory_is_flat_while_the_broker_is_gone_and_contacts_chatter():
    """Proves: REL-2+, REL-1+"""

    async def story(b):
        import log

        used = []
        for i in range(60):
            log.info("test", "fills the ring %60d" % i)
        for minute in range(28):
            for _ in range(60):
                b.contact(2, minute & 1)
                await b.for_ms(1000)
            b.sensor_wire.bad_crc = minute % 4 == 3
            gc.collect()
            used.append(gc.mem_alloc())
        # The first minutes fill the rings (log, edges of the mocked pins); after that nothing may grow.
        assert max(used[16:]) - max(used[4:16]) < 2000, used
        assert b.state.beats_ok

    settings = {"grid_table": "ripple", "mqtt_host": "127.0.0.1", "mqtt_port": 1}
    flow.Bridge("rp2040", settings=settings).run(story)


def test_outputs_stay_open_through_power_up_and_take_their_safe_state():
    """Proves: CTL-7+, COM-1, COM-2"""

    async def story(b):
        await b.for_ms(3000)
        assert b.machine.Pin.edges(18)[0][1] == 0
        assert len(b.machine.Pin.edges(18)) == 1  # low from the first moment, no click
        assert [level for _, level in b.machine.Pin.edges(19)] == [0, 1]
        assert b.state.outputs == 2

    flow.Bridge("rp2040", settings={"do_safe_mask": 2}).run(story)


def test_a_setting_of_the_bus_is_taken_up_without_a_restart():
    async def story(b):
        await b.for_ms(3000)
        assert b.settings.apply({"sensor_unit": 9}) == []
        await b.until(lambda: b.value("sensor_power") is None, 5000)
        assert b.settings.apply({"sensor_unit": 1}) == []
        await b.until(lambda: b.value("sensor_power") is not None, 3000)
        assert b.settings.apply({"sensor_model": "none"}) == []
        await b.for_ms(5000)
        before = b.meter.requests
        await b.for_ms(3000)
        assert b.meter.requests == before
        assert b.state.beats_ok

    flow.Bridge("rp2040").run(story)


def test_the_button_is_counted_once_however_long_it_is_held():
    async def story(b):
        await b.for_ms(500)
        b.machine.Pin.drive(15, 0)
        await b.for_ms(3000)
        b.machine.Pin.drive(15, None)
        await b.for_ms(500)
        assert b.state.button_presses == 1

    flow.Bridge("rp2040").run(story)


def test_a_hung_essential_task_lets_the_watchdog_bite():
    """Proves: REL-1+"""
    import chip

    bitten = []

    async def hangs():
        await asyncio.Event().wait()

    async def story(b):
        await b.for_ms(3000)
        job = [j for j in b.supervisor._jobs if j.name == "control"][0]
        job.make = lambda beat: hangs()
        job.task.cancel()  # its next life waits for something that never comes
        try:
            await b.for_ms(60000)
        except chip.PowerDown as e:
            bitten.append(e.cause)

    bridge = flow.Bridge("rp2040")
    try:
        bridge.run(story)
    except chip.PowerDown as e:
        bitten.append(e.cause)
    assert bitten == ["watchdog"], bitten
    assert 35 < bridge.state.uptime_s < 45


def test_a_pc_that_has_been_up_for_26_days_polls_and_limits():
    """Its ticks are wider than 31 bits then, which no chip's ever are."""
    time.pass_ms(26 * 24 * 3600 * 1000)
    b = flow.Bridge(settings={"grid_table": "ripple"})

    async def story(b):
        await b.for_ms(5000)
        assert b.quality("sensor_power") == b.quality("plant_soc") == "good"
        b.contact(2, True)
        await b.for_ms(3000)
        assert (b.state.limit_pct, b.state.plant_limit_state) == (60, "held")

    b.run(story)
