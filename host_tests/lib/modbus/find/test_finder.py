"""lib/modbus/find/order.py: what is promised, computed over every setting and address; and the signatures."""

import itertools

from bridgectl import firmware

firmware.load()

from bridge import settings_table  # noqa: E402
from bridge.devices import registers, sdm120ct, sdm230, sigenergy, signatures  # noqa: E402
from modbus.find import models as finder_models  # noqa: E402
from modbus.find import order as plan  # noqa: E402
from modbus.wire import rtu  # noqa: E402

TICKS_MS = (1, 10)  # RP2040, ESP32


def test_every_setting_of_the_bus_and_every_address_is_asked():
    """Proves: SEN-5+"""
    rows = {row[0]: row[3] for row in settings_table.rows()}
    every = set(itertools.product(rows["rs485_2_baud"], rows["rs485_2_parity"]))
    assert set(plan.SETTINGS) == every and len(plan.SETTINGS) == 12
    asked = {step[:3] for step in plan.steps()}
    assert asked == {(baud, parity, unit) for baud, parity in every for unit in range(1, 248)}


def test_the_factory_settings_and_addresses_come_first():
    first = list(itertools.islice(plan.steps(), 6))
    assert [step[:3] for step in first] == [
        (9600, "N", 1), (9600, "N", 2), (9600, "N", 247), (2400, "N", 1), (2400, "N", 2), (2400, "N", 247)
    ]  # fmt: skip


def test_what_is_promised_within_a_minute_is_found_within_a_minute_on_both_chips():
    """Proves: SEN-5+"""
    for tick_ms in TICKS_MS:
        assert plan.guarantee_ms(tick_ms) < 60000
        for baud, parity in plan.SETTINGS:
            units = range(1, 248) if (baud, parity) in plan.WIDE else (*range(1, 11), 247)
            for unit in units:
                assert plan.by_ms(baud, parity, unit, tick_ms) <= plan.guarantee_ms(tick_ms)
            assert plan.by_ms(baud, parity, 247, tick_ms, slow=True) <= plan.guarantee_ms(tick_ms)


def test_what_is_not_promised_within_a_minute_has_a_bound_of_its_own():
    for tick_ms in TICKS_MS:
        bounds_ms = [plan.by_ms(b, p, unit, tick_ms) for b, p in plan.NARROW for unit in range(11, 247)]
        assert min(bounds_ms) > 60000 or tick_ms == 1
        assert max(bounds_ms) == plan.total_ms(tick_ms) < 190000


def test_some_of_a_sweeps_answer_falls_into_a_silence_wherever_it_begins():
    for baud, parity in plan.SETTINGS:
        bit_us = 1e6 / baud
        character_us = rtu.character_us(baud, parity)
        slot_us = 8 * character_us + 1000 * plan.gap_ms(baud, parity)
        for begin in range(0, int(slot_us), int(bit_us)):
            whole = 0
            for n in range(plan.ANSWER_CHARACTERS):
                start = (begin + n * character_us) % slot_us
                whole += start >= 8 * character_us and start + character_us <= slot_us
            assert whole >= 4, (baud, parity, begin)
        suspects = plan.suspects(baud, parity)
        slowest_us = rtu.silence_us(baud, parity) + 1000 * plan.THINK_MS + 8 * character_us + 6 * character_us
        assert (suspects - 1) * (8 * character_us + rtu.silence_us(baud, parity)) >= slowest_us - slot_us


def test_nothing_shorter_would_do():
    """The bound that the plan's docstring names: requests and silences to all addresses at 1200 bps."""
    assert 247 * (4 + 3.5) * 11 / 1200 > 16.9


def test_the_slow_unit_is_the_plants_and_is_asked_for_a_register_it_has():
    assert plan.SLOW_UNIT == sigenergy.UNIT
    assert plan.SLOW_PACE_MS > sigenergy.PERIOD_MS
    assert 30051 in {row[0] for row in registers.rows(sigenergy)}


def test_the_signatures_agree_with_the_register_tables():
    only_sdm230 = {r[0] for r in registers.rows(sdm230)} - {r[0] for r in registers.rows(sdm120ct)}
    assert 384 in only_sdm230
    assert 36 in {r[0] for r in registers.rows(sdm230) if not r[5]} & {r[0] for r in registers.rows(sdm120ct) if r[5]}
    for device in (sdm230, sdm120ct):
        required = {r[0] for r in registers.rows(device) if not r[5]}
        assert {0, 70} <= required
        assert set(range(0, plan.SWEPT, 2)) <= set(range(0, 60, 2))  # a block from 0 is read by everybody


def test_what_others_read_tells_the_model():
    text = signatures.SIGNATURES
    polls = [(247, 4, 30003, 10, 1000, 50, 9, 9), (1, 4, 0, 38, 200, 20, 9, 9), (2, 4, 384, 4, 200, 20, 9, 9)]
    polls += [(3, 3, 100, 2, 200, 20, 9, 9), (4, 4, 0, 2, 200, 20, 9, 0)]
    found = [row[:2] for row in finder_models.overheard(polls, text)]
    assert found == [(1, "sdm230 or sdm120ct"), (2, "sdm230"), (3, ""), (247, "plant")]
