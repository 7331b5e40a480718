# heap: 4m
"""What a device does not have is known after a restart, and a device that took its place does not inherit it."""

import os

import flow
from modbus.wire import crc


def _refuse(slave, *registers):
    """Let a slave refuse reads by function 4 that touch registers; return the list of reads (address, count)."""
    old, reads = slave.answer, []

    def answer(frame):
        if len(frame) == 8 and frame[1] == 4:
            address, count = frame[2] << 8 | frame[3], frame[4] << 8 | frame[5]
            reads.append((address, count))
            if [r for r in registers if address <= r < address + count]:
                out = bytearray((frame[0], 0x84, 2, 0, 0))
                return bytes(out[: crc.seal(out, 3)])
        return old(frame)

    slave.answer = answer
    return reads


def _stored(b, number):
    from store import record

    return record.load(b.root + "/data/lacks_%d" % number)


def _store(b, number, device, *absent):
    from store import record

    record.save(b.root + "/data/lacks_%d" % number, {"device": device, "absent": [list(pair) for pair in absent]})


def _counted():
    """Return a list that gets the path of each save from now on."""
    from store import record

    saves, save = [], record.save

    def count(where, value):
        saves.append(where)
        return save(where, value)

    record.save = count
    return saves


def test_what_was_found_missing_is_recorded_once_for_the_port_and_the_device():
    """Proves: SEN-6+"""
    b = flow.Bridge()
    _refuse(b.meter, 384, 386)
    _refuse(b.plant, 30281)

    async def story(b):
        await b.for_ms(90000)
        assert _stored(b, 2) == {"device": "sdm230 1", "absent": [[384, 2], [386, 2]]}
        assert _stored(b, 1) == {"device": "sigenergy 247", "absent": [[30281, 2]]}
        assert os.stat(b.root + "/lacks_1") and os.stat(b.root + "/lacks_2")  # the second copies
        saves = _counted()
        await b.for_ms(1300000)  # all that is missing is asked for again twice
        assert saves == []

    b.run(story)


def test_after_a_restart_it_is_not_searched_for_but_asked_for_at_once_and_shown():
    """Proves: SEN-6+"""
    b = flow.Bridge()
    _store(b, 2, "sdm230 1", (384, 2), (386, -1))
    reads = _refuse(b.meter, 384, 386)

    async def story(b):
        await b.for_ms(5000)
        assert "unit 1 has no 384: exception 2, illegal data address; no 386: silent" in b.state.rs485[1]
        await b.for_ms(55000)
        missing = [read for read in reads if read[0] + read[1] > 384]
        assert sorted(missing) == [(384, 2), (386, 2)], missing  # each once within a minute, alone
        assert b.state.sensor_link == "ok"
        await b.for_ms(900000)
        missing = [read for read in reads if read[0] + read[1] > 384]
        assert 4 <= len(missing) <= 6, missing

    b.run(story)


def test_a_device_that_took_its_place_has_all_its_values_within_seconds():
    """Proves: SEN-6+"""
    b = flow.Bridge()
    _store(b, 2, "sdm230 1", (384, 2), (386, 2), (6, 2))

    async def story(b):
        await b.for_ms(15000)
        for point in ("sensor_current", "sensor_trip_energy", "sensor_trip_reactive"):
            assert b.quality(point) == "good", point
        assert "has no" not in b.state.rs485[1] and b.state.sensor_link == "ok"
        await b.for_ms(15000)
        assert _stored(b, 2) == {"device": "sdm230 1", "absent": []}

    b.run(story)


def test_another_model_or_unit_and_what_is_damaged_inherit_nothing():
    """Proves: SEN-6+"""
    for device, absent in (
        ("sdm120ct 1", [[6, 2]]),
        ("sdm230 2", [[6, 2]]),
        (None, 7),
        ("sdm230 1", [[6], 6, "x", [6, None]]),
    ):
        b = flow.Bridge()
        from store import record

        record.save(b.root + "/data/lacks_2", {"device": device, "absent": absent})
        reads = _refuse(b.meter)

        async def story(b, reads=reads, device=device):
            await b.for_ms(5000)
            first = reads[0]
            assert [read for read in reads if read[0] <= 6 < read[0] + read[1]], (device, first)
            assert b.quality("sensor_current") == "good" and b.state.sensor_link == "ok"

        b.run(story)
