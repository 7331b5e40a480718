# heap: 8m
"""The role `find`: on a line bit by bit, and with the boards' own drivers on mocked chips."""

import asyncio
import sys
import time

import chip
from finder_wire import FarEnd, Wire


class Board:
    """One port, which is the wire."""

    def __init__(self, wire):
        self.wire = wire

    def rs485(self, port, baud, parity):
        assert port == 2
        return self.wire.open(baud, parity)


def _find(board, port, until_ms=60000):
    from bridge.ports import find

    role = find.Find(board, port)
    shown = []

    async def main():
        task = asyncio.create_task(role.bus.run(lambda: None))
        for _ in range(until_ms // 250):
            await asyncio.sleep_ms(250)
            words = role.bus.words()
            if words not in shown[-1:]:
                shown.append(words)
            if role.slave.link() != "starting":
                break
        role.bus.stopped = True
        await asyncio.sleep_ms(3000)
        assert task.done()

    asyncio.run(main())
    return role, shown


def _meter(model, unit):
    from bridgectl.site import house, meter

    return meter.Meter(house.House(), model, unit)


def test_the_role_says_what_it_tries_and_what_it_found_and_lets_go_of_its_modules():
    sys.path.append("tools")
    role, shown = _find(Board(Wire((FarEnd(_meter("sdm120ct", 5).answer, 2400, "N"),))), 2)
    assert role.slave.link() == "ok"
    assert "trying 2400 bps, parity N, unit 2" in [words[0] for words in shown if words]
    assert role.bus.words() == ["sdm120ct at 2400 bps, parity N, unit 5 (meter code 0x0020)"]
    assert not [name for name in sys.modules if "modbus.find." in name or "signatures" in name]


def test_the_role_can_be_stopped_while_it_searches():
    role, _ = _find(Board(Wire()), 2, 10000)
    assert not role.bus.finished and role.slave.link() == "starting"
    assert not [name for name in sys.modules if "modbus.find." in name]


def test_a_fault_is_told_in_words():
    role, _ = _find(Board(Wire()), 2, 200000)
    assert role.slave.link() == "silent"
    assert role.bus.words()[0].startswith("No device answered")


def _on_a_chip(name, **faults):
    chip.play(name)
    sys.path.append("tools")
    import machine

    link = machine.UART.connect(2, _meter("sdm230", 60), 20)
    for fault, value in faults.items():
        setattr(link, fault, value)
    from board import Board

    since = time.passed_ms()
    role, shown = _find(Board(), 2)
    assert role.bus.words() == [
        "sdm230 at 9600 bps, parity N, unit 60 (has register 384, which only the SDM230 has)"
    ], shown[-3:]
    assert time.passed_ms() - since < 25000


def test_the_rp2040s_own_driver_finds_a_meter():
    _on_a_chip("rp2040")


def test_the_esp32s_own_driver_finds_a_meter():
    _on_a_chip("esp32")


def test_an_echo_on_the_rp2040_does_no_harm():
    _on_a_chip("rp2040", echo=True)


def test_a_glitch_on_the_esp32_does_no_harm():
    _on_a_chip("esp32", stray=True)


def _dead_scan(name):
    chip.play(name)
    import machine
    from modbus.find import order as plan

    machine.UART.connect(2, _meter("sdm230", 60), 20).silent = True
    from board import Board

    since = time.passed_ms()
    role, _ = _find(Board(), 2, 240000)
    ms = time.passed_ms() - since - 3000  # _find waits so long at its end
    most_ms = plan.total_ms(chip.tick_ms) - plan.hit_ms(1200, "E", 0, chip.tick_ms)
    print(ms, most_ms)
    assert role.slave.link() == "silent"
    # beside the plan: the look that _find takes every 250 ms
    assert most_ms - 12000 < ms <= most_ms + 250


def test_a_whole_search_on_the_rp2040_takes_no_longer_than_planned():
    _dead_scan("rp2040")


def test_a_whole_search_on_the_esp32_takes_no_longer_than_planned():
    _dead_scan("esp32")


def test_the_example_of_the_library_finds_a_meter():
    sys.path.append("tools")
    space = {}  # the slot holds no examples
    with open("lib/modbus/find/example.py") as f:
        exec(f.read(), space)
    wire = Wire((FarEnd(_meter("sdm230", 8).answer, 4800, "E"),))
    assert asyncio.run(space["find"](wire.open)) == [
        (4800, "E", 8, "a meter with 230 V", "register 0 holds a mains voltage")
    ]
