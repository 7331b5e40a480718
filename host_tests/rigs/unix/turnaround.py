"""How long a master leaves the wire idle between a reply and its next request, on a mocked chip; prints JSON.

micropython turnaround.py BOARD THINK_MS COUNT HOW: reads of COUNT registers as fast as it goes, answered THINK_MS after
their last stop bit. HOW: engine (the firmware's master), polled (looks whenever sleep_ms(1) ends), woken (sleeps until
the UART's idle interrupt). Tells the quiet times and how much of the time the processor was kept.
"""

import asyncio
import json
import sys
import time  # the virtual one

import chip

_LEARN_MS = 10_000
_MEASURE_MS = 20_000
_SILENCE_US = 3_646  # t3.5 at 9600 8N1
_IDLE_US = 3_125


class Registers:
    """Answers every read with zeros; notes when its replies end and when the next request begins."""

    def __init__(self, uart, think_ms):
        self.uart = uart
        self.think_us = 1000 * think_ms
        self.gaps_us = []
        self.ended_us = None

    def answer(self, frame):
        from modbus.wire import crc

        began_us = self.uart._tx_end_us - len(frame) * self.uart.char_us
        if self.ended_us is not None:
            self.gaps_us.append(began_us - self.ended_us)
        reply = bytearray(5 + 2 * frame[5])
        reply[0], reply[1], reply[2] = frame[0], frame[1], 2 * frame[5]
        crc.seal(reply, len(reply) - 2)
        self.ended_us = self.uart._tx_end_us + self.think_us + len(reply) * self.uart.char_us
        return bytes(reply)


async def _engine(line, count, request):
    from modbus.master.job import Job
    from modbus.master.master import Master
    from modbus.wire import functions
    from slaves import slave

    bus = Master(line, 9600, "N")
    bus.add(Job(slave(1), lambda *_: None, 1).read(functions.READ_INPUT, 0, count))
    await bus.run(lambda: None)


async def _polled(line, count, request):
    while True:
        await asyncio.sleep_ms(0)
        time.sleep_us(_SILENCE_US)
        line.send(request, len(request))
        while line.any() < 5 + 2 * count:
            await asyncio.sleep_ms(1)
        line.readinto(bytearray(256), 256)


async def _woken(line, count, request):
    flag = asyncio.ThreadSafeFlag()
    line.on_idle(lambda _line: flag.set())
    while True:
        line.send(request, len(request))
        while line.any() < 5 + 2 * count:
            await flag.wait()
        line.readinto(bytearray(256), 256)
        time.sleep_us(_SILENCE_US - _IDLE_US)  # the interrupt comes after three characters


async def measure(think_ms, count, how):
    """Return {"gaps_us": quiet times, sorted, "kept": share of the time}; the chip is played already."""
    import machine
    from board import Board
    from modbus.wire import rtu

    line = Board().rs485(2, 9600, "N")
    uart = machine.UART.of(2)
    registers = Registers(uart, think_ms)
    machine.UART.connect(2, registers, think_ms)
    request = bytearray(8)
    rtu.request(request, 1, 4, 0, count)
    running = asyncio.create_task({"engine": _engine, "polled": _polled, "woken": _woken}[how](line, count, request))
    await asyncio.sleep_ms(_LEARN_MS)
    registers.gaps_us.clear()
    began_us, kept_us = chip.now_us(), time.kept_us()
    await asyncio.sleep_ms(_MEASURE_MS)
    kept = (time.kept_us() - kept_us) / (chip.now_us() - began_us)
    running.cancel()
    return {"gaps_us": sorted(registers.gaps_us), "kept": kept}


if __name__ == "__main__":
    import virtual_clock

    virtual_clock.start()
    chip.play(sys.argv[1])
    print(json.dumps(asyncio.run(measure(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))))
