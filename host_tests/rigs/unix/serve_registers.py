"""Not a test: a bridge in the role `server` as a process of its own, for peers at the other end of a pseudo-terminal.

    BRIDGE_RS485_1=/dev/pts/7 micropython serve_registers.py UNIT

Its sensor measured once a fifth of a second what VALUES says; each command to the outputs is printed.
"""

import asyncio
import struct
import sys

import board
import clock
from bridge import points
from bridge.ports import server
from bridge.settings import Settings
from bridge.state import State

VALUES = (
    ("sensor_voltage", 231.25),
    ("sensor_current", 4.5),
    ("sensor_power", -1022.5),
    ("sensor_frequency", 49.98),
    ("sensor_export_energy", 4210.25),
)


async def main(unit):
    state = State("1.2.3", "power", "SN1234567890")
    state.inputs, state.inputs_settled, state.outputs = 0b01010, True, 0b10
    state.sensor_link = "ok"
    state.limit_pct, state.limit_reason = 60, "DI2"
    readings = state.readings
    for point, _ in VALUES:
        readings.bind(point, "f", 1, 5000)

    class Served(server.Server):
        """Tells at once what it is told to switch."""

        def _command(self, bits, mask):
            taken = super()._command(bits, mask)
            state.outputs = state.outputs & ~bits | mask
            print("outputs %d" % state.outputs)
            return taken

    settings = Settings()
    settings.apply({"server_unit": unit, "server_outputs": True, "do_safe_mask": 2})
    this = board.Board()
    port = Served(this.rs485(1, 9600, "N"), 9600, "N", this, state, settings)
    task = asyncio.create_task(port.bus.run(lambda: None))
    await asyncio.sleep_ms(50)  # the line is opened at its first use
    print("ready")
    while not task.done():
        for point, value in VALUES:
            readings.put(points.number(point), struct.pack(">f", value), 0, clock.ticks_ms())
        await asyncio.sleep_ms(200)
    await task


asyncio.run(main(int(sys.argv[1])))
