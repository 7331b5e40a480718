# heap: 4m
"""The listen role on a mocked chip: others talk at port 2, the bridge only hears them."""

import asyncio
import time

import chip
import flow


class Others:
    """A master and the true meter at a port, talking without the bridge."""

    def __init__(self, bridge, number):
        self.bridge = bridge
        self.uart = bridge.machine.UART.of(number)
        self.heard = []  # what the bridge sent: nothing, ever
        bridge.machine.UART.connect(number, self, 0)

    def answer(self, frame):
        self.heard.append(frame)

    async def exchange(self, function, address, count, think_ms=20, lose=None, unit=1, slave=None):
        """Let the master ask and the meter answer; lose: "request", "answer" or None."""
        from modbus.wire import rtu

        asked = bytearray(8)
        rtu.request(asked, unit, function, address, count)
        told = (slave or self.bridge.meter).answer(bytes(asked))
        if lose != "request":
            self.uart.talk(bytes(asked))
        await asyncio.sleep_ms(9 + think_ms)
        if lose != "answer":
            self.uart.talk(told)
        await asyncio.sleep_ms(len(told) * 1042 // 1000 + 12)


def _with_role(bridge, story, number=2):
    """Run story(bridge, role, others) with the role at a port; the driver's pin is checked to the end."""

    async def whole(b):
        pin = chip.PORTS[chip.port][number][1]
        await b.until(lambda: b.ports.objects[number - 1], 1000)
        others = Others(b, number)
        await story(b, b.ports.objects[number - 1], others)
        assert [level for _, level in b.machine.Pin.edges(pin)] == [0], b.machine.Pin.edges(pin)
        assert others.heard == []

    bridge.run(whole)


def _bridge(port="rp2040", number=2):
    roles = {"rs485_1_role": "off", "rs485_2_role": "off"}
    roles["rs485_%d_role" % number] = "listen"
    return flow.Bridge(port, settings=roles)


async def _overheard(b, role, others):
    for _ in range(10):
        await others.exchange(4, 0, 38)
        await b.for_ms(150)
    await others.exchange(4, 70, 26)
    assert abs(b.value("sensor_power") - b.meter.measure()["sensor_power"]) < 1
    assert abs(b.value("sensor_voltage") - 230) < 20
    assert b.value("sensor_import_energy") is not None
    assert role.slave.link() == "ok"
    polls = role.polls()
    assert polls[0][:4] == (1, 4, 0, 38)
    assert 230 < polls[0][4] < 300
    assert polls[0][6:] == (10, 10)


def test_readings_come_from_what_a_meter_tells_its_master_on_rp2040():
    """Proves: COM-8+"""
    _with_role(_bridge(), _overheard)


def test_readings_come_from_what_a_meter_tells_its_master_on_esp32():
    """Proves: COM-8+"""
    _with_role(_bridge("esp32"), _overheard)


def test_what_is_sent_to_others_is_never_answered_nor_disturbed_whatever_happens():
    """Proves: COM-8+, REL-1+"""

    async def story(b, role, others):
        state = 5
        for i in range(200):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            others.uart.talk(bytes([(state >> 8) + 37 * k & 0xFF for k in range(state >> 20 & 63)]))
            await b.for_ms(state >> 12 & 127)
            lose = (None, "request", "answer")[state >> 10 & 1 and i % 3]
            await others.exchange(4, 2 * (i % 30), 2 + 2 * (i % 20), lose=lose)
            # A stray request to every address the bridge could have, and a broadcast.
            await others.exchange(3, 12, 2)
            others.uart.talk(b"\x00\x06\x00\x01\x00\x0a\x58\x1c")
            await b.for_ms(100)
        assert role.bus.counts[0] > 200
        assert b.value("sensor_power") is not None

    _with_role(_bridge(), story)


def test_sending_is_refused_by_the_line_itself():
    """Proves: COM-8+"""

    async def story(b, role, others):
        for count in (0, 8):
            try:
                role.bus._line.send(bytearray(8), count)
                raise AssertionError("the line took it")
            except OSError:
                pass

    _with_role(_bridge(), story)


def test_values_grow_as_old_as_the_other_masters_pace_asks_for():
    """Proves: SEN-4+"""

    async def story(b, role, others):
        for _ in range(6):
            await others.exchange(4, 0, 38)
            await b.for_ms(6000)
        await b.for_ms(10000)
        assert b.quality("sensor_power") == "good"
        await b.for_ms(15000)
        assert b.quality("sensor_power") == "stale"
        assert role.slave.link() == "silent"
        for _ in range(60):
            await others.exchange(4, 0, 38)
            await b.for_ms(100)
        await b.for_ms(9000)
        assert b.quality("sensor_power") == "stale"  # at this pace, after three seconds

    _with_role(_bridge(), story)


def test_the_plants_registers_are_taken_from_functions_3_and_4():
    async def story(b, role, others):
        await others.exchange(4, 30003, 49, unit=247, slave=b.plant)
        assert b.value("plant_soc") is not None
        assert b.value("sensor_power") is None

    _with_role(_bridge(number=1), story, 1)


def test_noise_alone_is_noisy_and_a_dead_line_silent():
    async def story(b, role, others):
        await b.for_ms(3000)
        assert role.slave.link() == "starting"
        for i in range(30):
            others.uart.talk(bytes([i + 7, 77, 99, 140, i]))
            await b.for_ms(300)
        assert role.slave.link() == "noisy"
        await b.for_ms(12000)
        assert role.slave.link() == "silent"

    _with_role(_bridge(), story)


def test_a_new_role_comes_with_a_restart_after_the_answer_to_who_asked_for_it():
    """Proves: COM-8+"""
    began_ms = []

    async def story(b, role, others):
        assert b.state.rs485[1].startswith("listen: ") and b.state.sensor_link == "starting"
        b.settings.apply({"rs485_2_role": "master"})
        began_ms.append(time.passed_ms())
        await b.for_ms(10000)
        raise AssertionError("no restart")

    try:
        _with_role(_bridge(), story)
    except chip.PowerDown as down:
        assert down.cause == "restart"
    assert 2000 <= time.passed_ms() - began_ms[0] < 3000


def test_a_new_role_does_not_wait_for_ever_for_settings_that_keep_changing():
    """Proves: COM-8+"""
    began_ms = []

    async def story(b, role, others):
        b.settings.apply({"rs485_2_role": "master"})
        began_ms.append(time.passed_ms())
        for unit in range(1, 40):
            await b.for_ms(1000)
            b.settings.apply({"plant_unit": unit})
        raise AssertionError("no restart")

    try:
        _with_role(_bridge(), story)
    except chip.PowerDown as down:
        assert down.cause == "restart"
    assert 10000 <= time.passed_ms() - began_ms[0] < 11000


def test_a_role_that_is_taken_back_in_time_restarts_nothing():
    async def story(b, role, others):
        b.settings.apply({"rs485_2_role": "master"})
        await b.for_ms(1000)
        b.settings.apply({"rs485_2_role": "listen"})
        await b.for_ms(5000)
        assert b.ports.objects[1] is role

    _with_role(_bridge(), story)


def test_the_link_is_the_devices_and_says_what_it_does():
    """Proves: COM-8+"""
    from overheard import answer, request
    from wire import frame

    cases = (
        (247, lambda: answer(247, 4, 30031, 2, 0), ("ok", "")),
        (5, lambda: answer(5, 4, 30031, 2, 0), ("silent", "others are answered, unit 247 is not")),
        (247, lambda: frame("f78402"), ("refuses", "exception 2")),
        (9, lambda: b"", ("starting", "")),
    )
    for answered, made, expected in cases:
        bridge = flow.Bridge("rp2040", settings={"rs485_1_role": "listen"})

        async def story(b, answered=answered, made=made, expected=expected):
            b.plant_wire.slave = None
            await b.for_ms(3000)
            uart = b.machine.UART.of(1)
            for _ in range(50):
                for unit in (247, 5):
                    uart.talk(request(unit, 4, 30031, 2))
                    if unit == answered:
                        uart.talk(made(), 60)
                    await b.for_ms(300)
            link, why = b.state.plant_link, b.state.plant_why
            assert (link, why[: len(expected[1])]) == expected, (link, why)

        bridge.run(story)
