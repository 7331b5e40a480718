# heap: 1m
"""The bank of the meter role against the simulated meter: byte for byte the same answers, and the policies."""

import gc
import time

import clock
from bridge.devices import registers, sdm120ct, sdm230
from bridge.logic.doors import meter_bank
from bridge.ports.meter import _Slave
from bridge.readings import Readings
from bridgectl.site.house import House
from bridgectl.site.meter import Meter
from modbus.wire import rtu

DEVICES = {"sdm230": sdm230, "sdm120ct": sdm120ct}
FAST = (0, 38)
# Holding registers of the documents that the simulated meter does not have.
MORE_HOLDING = (2, 86, 63760)


def _bridge(model="sdm230", source=None, policy="silent", stale_ms=2000, safe_w=0, true=None):
    """Return (readings, slave, true meter) of a bridge that has read nothing yet."""
    true = true or Meter(House(), source or model)
    true.house.step(1)
    rows = registers.rows(DEVICES[model])
    source_rows = registers.rows(DEVICES[source or model])
    readings = Readings()
    for _, kind, scale, point, _, _ in source_rows:
        readings.bind(point, kind, scale, 3000)
    bank = meter_bank.MeterBank(readings, clock.ticks_diff, model, rows, source_rows, policy, stale_ms, safe_w,
                                unit=1, baud=9600, parity="N", serial=true.holding["serial_number"])  # fmt: skip
    return readings, _Slave(1, bank), true


def _ask(slave, function, address, count, unit=1):
    """Return the reply to a request of functions 1-6 as bytes, b"" for none; slave: a Meter or a role's slave."""
    asked = bytearray(8)
    rtu.request(asked, unit, function, address, count)
    return _send(slave, bytes(asked))


def _send(slave, asked):
    if isinstance(slave, Meter):
        return slave.answer(asked) or b""
    out = bytearray(256)
    return bytes(out[: slave.answer(asked, len(asked), out)])


def _poll(readings, true, first=0, last=400):
    """Read the true meter into the readings, as its bus does."""
    from bridge import points

    for address, _, _, point, _, _ in registers.rows(DEVICES[true.model]):
        if first <= address <= last:
            reply = _ask(true, 4, address, 2)
            if not reply[1] & 0x80:
                readings.put(points.number(point), reply, 3, clock.ticks_ms())


def _settle(readings, slave, true):
    """Let the bank see a whole set of values, and then for longer than a missing one may take to come."""
    for _ in range(8):
        _poll(readings, true)
        _ask(slave, 4, 0, 2)
        time.pass_ms(1000)
    _poll(readings, true)


def _same(model, seed):
    readings, slave, true = _bridge(model)
    _settle(readings, slave, true)
    state = seed
    for _ in range(1500):
        numbers = []
        for n in (7, 400, 90, 4):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            numbers.append((state >> 8) % n)
        function = (3, 4, 4, 4, 4, 1, 6)[numbers[0]]
        address, count = numbers[1], numbers[2]
        if function == 3:
            address = (12, 18, 20, 28, 63776, 64512, 64514, 64513, 0, 1)[numbers[1] % 10]
            count = numbers[2] % 4
        elif numbers[3]:
            address, count = address & ~1, count & ~1
        if function == 3 and address in MORE_HOLDING:
            continue
        got, wanted = _ask(slave, function, address, count), _ask(true, function, address, count)
        assert got == wanted, (function, address, count, got, wanted)


def test_every_request_gets_the_bytes_of_the_true_sdm230():
    """Proves: COM-8+"""
    _same("sdm230", 1)
    _same("sdm230", 2)


def test_every_request_gets_the_bytes_of_the_true_sdm120ct():
    """Proves: COM-8+"""
    _same("sdm120ct", 3)
    _same("sdm120ct", 4)


def test_the_whole_map_in_the_longest_reads_is_the_true_one():
    readings, slave, true = _bridge()
    _settle(readings, slave, true)
    for address in range(0, 320, 80):
        assert _ask(slave, 4, address, 80) == _ask(true, 4, address, 80)
    reply = _ask(slave, 4, 320, 68)
    assert reply == _ask(true, 4, 320, 68)
    assert reply[3 + 2 * (342 - 320) : 7 + 2 * (342 - 320)] != b"\x00\x00\x00\x00"


def test_values_that_a_float_would_not_keep_go_through_bit_by_bit():
    readings, slave, true = _bridge(policy="last")
    _settle(readings, slave, true)
    # Negative zero, the smallest subnormal, a plain value: as energy counters, voltages or powers may send them.
    for cell in (b"\x80\x00\x00\x00", b"\x80\x00\x00\x01", b"\xc4\x7a\x12\x34", b"\x43\x66\x33\x34"):
        readings.put(2, cell, 0, clock.ticks_ms())
        assert _ask(slave, 4, 12, 2)[3:7] == cell


def test_registers_that_the_true_meter_refuses_are_refused_with_its_exception():
    true = Meter(House(), "sdm120ct", refused=((84, 95), (258, 265)))
    readings, slave, true = _bridge("sdm120ct", true=true)
    _settle(readings, slave, true)
    assert _ask(slave, 4, 84, 2) == _ask(true, 4, 84, 2)
    assert _ask(slave, 4, 84, 2)[1:3] == b"\x84\x02"
    assert _ask(slave, 4, 70, 20) == _ask(true, 4, 70, 20)
    assert _ask(slave, 4, 70, 10) == _ask(true, 4, 70, 10)


def test_another_model_can_be_played_and_what_the_true_one_lacks_reads_zero():
    true = Meter(House(), "sdm120ct", refused=((84, 95),))
    readings, slave, true = _bridge("sdm230", "sdm120ct", true=true)
    _settle(readings, slave, true)
    assert _ask(slave, 4, 0, 38)[3:] == _ask(true, 4, 0, 38)[3:]
    assert _ask(slave, 4, 84, 2)[3:7] == b"\x00\x00\x00\x00"
    assert _ask(slave, 4, 386, 2)[3:7] == b"\x00\x00\x00\x00"
    assert _ask(slave, 4, 388, 2)[1:3] == b"\x84\x02"


def test_nothing_is_answered_before_the_true_meter_was_read():
    """Proves: REL-1+"""
    for policy in meter_bank.POLICIES:
        readings, slave, true = _bridge(policy=policy, safe_w=500)
        assert _ask(slave, 4, 0, 38) == b""
        assert _ask(slave, 4, 12, 2) == b""
        _poll(readings, true, 0, 36)
        assert _ask(slave, 4, 0, 38) == _ask(true, 4, 0, 38)
        assert _ask(slave, 4, 70, 10) == b""  # the counters are not known yet: no zero is made up for them
        _poll(readings, true)
        assert _ask(slave, 4, 70, 10) == _ask(true, 4, 70, 10)
        # Two registers that this model may lack: not refused before it had the time to tell.
        readings.forget(22)
        assert _ask(slave, 4, 384, 2) == b""


def test_a_stale_source_is_silent_shows_the_safe_power_or_the_last_values_with_the_next_request():
    """Proves: REL-1+"""
    for policy, stale_w in (("silent", None), ("safe", b"\xc3\xfa\x00\x00"), ("last", "same")):
        readings, slave, true = _bridge(policy=policy, safe_w=-500)
        _settle(readings, slave, true)
        good = _ask(slave, 4, 0, 38)
        time.pass_ms(2000)
        assert _ask(slave, 4, 0, 38) == good
        time.pass_ms(1)
        got = _ask(slave, 4, 0, 38)
        if policy == "silent":
            assert got == b""
            assert _ask(slave, 4, 70, 10) == b""
            assert _ask(slave, 3, 20, 2) == b""
            assert slave.withheld >= 3
        elif policy == "last":
            assert got == good
        else:
            assert got[3:7] == good[3:7]  # the voltage
            assert got[27:31] == stale_w
            assert got[39:43] == b"\x43\xfa\x00\x00"  # 500 VA
            assert got[51:55] == b"\x00\x00\x00\x00"
            assert got[63:67] == b"\xbf\x80\x00\x00"
            assert got[75:79] == b"\x43\x34\x00\x00"  # 180 degrees
        _poll(readings, true)
        assert _ask(slave, 4, 0, 38) == _ask(true, 4, 0, 38)


def test_implausible_values_of_the_true_meter_count_as_stale():
    """Proves: SEN-4+"""
    readings, slave, true = _bridge()
    _settle(readings, slave, true)
    true.lying = True
    _poll(readings, true)
    assert _ask(slave, 4, 0, 38) == b""
    true.lying = False
    _poll(readings, true)
    assert _ask(slave, 4, 0, 38) == _ask(true, 4, 0, 38)


def test_a_counter_that_went_wrong_is_held_and_not_passed_on():
    """Proves: SEN-4+"""
    readings, slave, true = _bridge()
    _settle(readings, slave, true)
    good = _ask(slave, 4, 72, 2)
    from bridge import points

    readings.put(points.number("sensor_import_energy"), b"\x3f\x80\x00\x00", 0, clock.ticks_ms())
    assert _ask(slave, 4, 72, 2) == good
    readings.put(points.number("sensor_import_energy"), b"\x7f\xc0\x00\x00", 0, clock.ticks_ms())
    assert _ask(slave, 4, 72, 2) == good


def test_parameters_read_as_configured_and_a_change_is_not_stored():
    readings, slave, true = _bridge()
    _settle(readings, slave, true)
    assert _ask(slave, 3, 28, 2)[3:7] == b"\x40\x00\x00\x00"
    assert _ask(slave, 3, 20, 2)[3:7] == b"\x3f\x80\x00\x00"
    out = bytearray(32)
    same = bytes(out[: rtu.write_many(out, 1, 28, (0x4000, 0))])
    assert _send(slave, same)[:6] == same[:6]
    other = bytes(out[: rtu.write_many(out, 1, 28, (0x3F80, 0))])
    assert _send(slave, other)[:3] == b"\x01\x90\x05"
    wild = bytes(out[: rtu.write_many(out, 1, 28, (0x4120, 0))])
    assert _send(slave, wild)[:3] == b"\x01\x90\x03"
    unknown = bytes(out[: rtu.write_many(out, 1, 64512, (1, 2))])
    assert _send(slave, unknown)[:3] == b"\x01\x90\x02"
    everybody = bytes(out[: rtu.write_many(out, 0, 28, (0x4000, 0))])
    assert _send(slave, everybody) == b""
    assert _ask(slave, 4, 0, 2, unit=2) == b""


def test_function_8_echoes_one_word_and_has_no_other_sub_function():
    readings, slave, true = _bridge()
    _settle(readings, slave, true)
    echo = _ask(slave, 8, 0, 0x12AB)
    assert echo[:6] == b"\x01\x08\x00\x00\x12\xab"
    assert _ask(slave, 8, 1, 0)[:3] == b"\x01\x88\x01"
    assert _ask(slave, 6, 28, 0)[:3] == b"\x01\x86\x01"


def test_a_steady_answer_allocates_nothing():
    """Proves: REL-2+"""
    readings, slave, true = _bridge()
    _settle(readings, slave, true)
    asked, out = bytearray(8), bytearray(256)
    rtu.request(asked, 1, 4, 0, 80)
    slave.answer(asked, 8, out)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(50):
        slave.answer(asked, 8, out)
    assert gc.mem_alloc() - before == 0, gc.mem_alloc() - before
    gc.enable()


def test_what_a_solax_asks_a_meter_for_is_answered_as_the_true_one_does():
    """Traced: github.com/syssi/esphome-solax-x1-mini, issue 20: function 3 for the instrument type, then 4 for the values.

    Proves: COM-8+
    """
    readings, slave, true = _bridge("sdm230")
    _settle(readings, slave, true)
    assert _send(slave, b"\x01\x03\x00\x0b\x00\x01\xf5\xc8") == b"\x01\x03\x02\x00\xa8\xb9\xfa"
    for asked in ("010400480002f1dd", "0104000c0002b1c8"):
        asked = bytes([int(asked[i : i + 2], 16) for i in range(0, 16, 2)])
        answer = _send(slave, asked)
        assert answer[:3] == b"\x01\x04\x04" and answer == _send(true, asked)
    assert _send(slave, b"\x02\x03\x00\x0b\x00\x01\xf5\xfb") == b""  # its second meter, which is not there
    readings, slave, true = _bridge("sdm120ct")
    _settle(readings, slave, true)
    assert _ask(slave, 3, 11, 1)[1] == 0x83
