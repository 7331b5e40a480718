# heap: 4m
"""What a device refuses or leaves unanswered takes nothing else along, and is said."""

import flow
from modbus.wire import crc


def _spoil(slave, verdict):
    """Let verdict(address, count) decide on reads by function 4: None = silence, n = exception n, 0 = as ever."""
    old = slave.answer

    def answer(frame):
        if len(frame) == 8 and frame[1] == 4:
            what = verdict(frame[2] << 8 | frame[3], frame[4] << 8 | frame[5])
            if what is None:
                return None
            if what:
                out = bytearray((frame[0], 0x84, what, 0, 0))
                return bytes(out[: crc.seal(out, 3)])
        return old(frame)

    slave.answer = answer


def _touches(*registers):
    return lambda a, n: 2 if [r for r in registers if a <= r < a + n] else 0


async def _bad(b, point, seconds):
    """Return in how many of the tenths of a second a value is not good."""
    bad = 0
    for _ in range(10 * seconds):
        await b.for_ms(100)
        bad += b.quality(point) != "good"
    return bad


def test_silence_to_one_read_leaves_the_others():
    """Proves: REL-1+, SEN-6+"""
    for spoiled in ((70, 26), (0, 38)):
        b = flow.Bridge()
        _spoil(b.meter, lambda a, n, spoiled=spoiled: None if (a, n) == spoiled else 0)

        async def story(b):
            await b.for_ms(90000)
            assert await _bad(b, "sensor_power", 60) == 0
            assert b.quality("sensor_frequency") == "good" and b.state.sensor_link == "ok", b.state.sensor_why

        b.run(story)


def test_silence_to_optional_registers_is_a_refusal_of_them():
    """Proves: SEN-6+"""
    b = flow.Bridge()
    _spoil(b.meter, lambda a, n: None if a + n > 384 else 0)

    async def story(b):
        await b.for_ms(30000)
        assert await _bad(b, "sensor_power", 60) < 30
        await b.for_ms(120000)
        assert await _bad(b, "sensor_power", 60) == 0
        assert b.state.sensor_link == "ok"
        assert "unit 1 has no 384: silent; no 386: silent" in b.state.rs485[1], b.state.rs485[1]

    b.run(story)


def test_one_refused_register_leaves_its_neighbours():
    """Proves: PLA-1+, SEN-6+"""
    b = flow.Bridge()
    _spoil(b.plant, _touches(30281))

    async def story(b):
        await b.for_ms(90000)
        assert b.value("plant_load_power") is not None and b.value("plant_alarm_6") is not None
        assert b.value("plant_alarm_7") is None
        assert b.state.plant_link == "ok"
        assert "unit 247 has no 30281: exception 2, illegal data address" in b.state.rs485[0], b.state.rs485[0]

    b.run(story)


def test_a_refused_required_register_makes_the_link_partly_and_says_why():
    """Proves: PLA-1+, SEN-6+"""
    b = flow.Bridge()
    _spoil(b.plant, _touches(30030, 30009))

    async def story(b):
        await b.for_ms(60000)
        assert b.value("plant_soc") is not None and b.value("plant_alarm_ess") is not None
        assert b.value("plant_max_power") is not None
        assert b.state.plant_link == "partly"
        assert b.state.plant_why.startswith(
            "plant_off_grid is not there and 1 more; unit 247 has no 30009: exception 2"
        ), b.state.plant_why
        assert "no 30030: exception 2" in b.state.plant_why
        assert await _bad(b, "plant_power", 60) == 0

    b.run(story)


def test_the_longest_read_is_learned():
    """A meter that refuses more than so many registers at once has all its values in the end."""
    for longest, code in ((28, 2), (20, 3), (2, 2)):
        b = flow.Bridge()
        _spoil(b.meter, lambda a, n, longest=longest, code=code: code if n > longest else 0)

        async def story(b, longest=longest):
            await b.for_ms(60000)
            assert b.state.sensor_link == "ok", (longest, b.state.sensor_why)
            for point in ("sensor_voltage", "sensor_power", "sensor_phase_angle", "sensor_import_energy"):
                assert b.quality(point) == "good", (longest, point)
            assert "has no" not in b.state.rs485[1]

        b.run(story)


def test_a_busy_answer_takes_nothing_away():
    """Proves: SEN-6+"""
    b = flow.Bridge()
    asked = [0]

    def verdict(address, count):
        asked[0] += 1
        return 6 if asked[0] in (10, 11, 12, 40) else 0

    _spoil(b.meter, verdict)

    async def story(b):
        await b.for_ms(30000)
        assert b.state.sensor_link == "ok"
        assert b.quality("sensor_trip_energy") == "good" and "has no" not in b.state.rs485[1]

    b.run(story)


def test_a_device_that_refuses_everything_is_not_ok():
    """Proves: SEN-4+, SEN-6+"""
    for code, words in ((1, "exception 1, illegal function"), (2, "exception 2, illegal data address")):
        b = flow.Bridge()
        _spoil(b.meter, lambda a, n, code=code: code)

        async def story(b, words=words):
            await b.for_ms(40000)
            assert (b.state.sensor_link, b.state.sensor_why) == ("refuses", words), b.state.sensor_link
            assert await _bad(b, "plant_power", 10) == 0

        b.run(story)


def test_what_is_missing_is_asked_for_again_after_the_device_was_away():
    """Proves: SEN-6+"""
    b = flow.Bridge()
    missing = [30281, 30030]
    _spoil(b.plant, lambda a, n: 2 if [r for r in missing if a <= r < a + n] else 0)

    async def story(b):
        await b.for_ms(60000)
        assert b.state.plant_link == "partly"
        del missing[:]
        b.plant_wire.silent = True
        await b.for_ms(10000)
        assert b.state.plant_link == "silent"
        b.plant_wire.silent = False
        await b.for_ms(60000)
        assert b.state.plant_link == "ok", b.state.plant_why
        assert b.quality("plant_alarm_7") == "good" and "has no" not in b.state.rs485[0]

    b.run(story)


def test_on_a_line_that_loses_a_third_of_all_exchanges_no_register_is_called_missing():
    """Hours of it: three losses in a row are nothing there. Proves: SEN-4+"""
    b = flow.Bridge("rp2040")
    answer, held = b.meter.answer, [1]

    def lossy(frame):
        held[0] = (held[0] * 1103515245 + 12345) & 0x7FFFFFFF
        return answer(frame) if (held[0] >> 8) % 100 >= 36 else None

    b.sensor_wire.slave.answer = lossy

    async def story(b):
        for _ in range(60):
            await b.for_ms(60000)
            assert b.ports.objects[1].reads.absent() == "", b.state.rs485[1]

    b.run(story)
