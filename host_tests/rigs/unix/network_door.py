"""The simulated plant of a flow.Bridge behind a Modbus TCP server in memory, at 192.0.2.7:1502."""

import asyncio
import sys
import time

import flow
import memory_sockets
from modbus.wire import crc
from store import record

PORT = 1502


class Door:
    """The plant's server: one thing at a time, with the registers and the books of the simulated plant."""

    def __init__(self, b, think_ms=40):
        self.b = b
        self.think_ms = think_ms
        self.silent = False
        self.sockets = []
        self.asked = []  # ms of each request
        self.door = None
        self.open()

    def open(self):
        self.door = memory_sockets.socket()
        self.door.bind(("", PORT))
        self.door.listen(4)

    def close(self):
        self.door.close()
        for s in self.sockets:
            s.close()
        self.door, self.sockets = None, []

    async def run(self):
        while True:
            await asyncio.sleep_ms(2)
            if self.door and self.door._waiting:
                self.sockets.append(self.door.accept()[0])
            for s in list(self.sockets):
                request = s.read(260)
                if request:
                    await self._answer(s, request)

    async def _answer(self, s, request):
        self.asked.append(time.passed_ms())
        frame = bytearray(request[6:]) + bytearray(2)
        crc.seal(frame, len(frame) - 2)
        answer = self.b.plant.answer(bytes(frame))
        await asyncio.sleep_ms(self.think_ms)
        if answer and not self.silent and s._is_heard():
            s.write(request[:4] + bytes((0, len(answer) - 2)) + answer[:-2])


def with_door(story, think_ms=40, records=None, **settings):
    """Run story(b, door) with a bridge whose plant is at 192.0.2.7. records: {name: content} that lie there before."""

    async def whole(b):
        b.state.name_servers = ()  # there is a network
        b.plant_wire.slave = None  # nothing hangs on RS485-1
        door = Door(b, think_ms)
        serving = asyncio.create_task(door.run())
        try:
            await story(b, door)
        finally:
            serving.cancel()
            if door.door:
                door.close()

    bridge = flow.Bridge(
        "rp2040",
        settings=dict({"grid_table": "ripple", "plant_host": "192.0.2.7:1502"}, **settings),
    )
    for name in records or {}:
        record.save(bridge.root + "/data/" + name, records[name])
    from modbus.master import tcp_line

    class Select:
        POLLOUT = 4
        poll = memory_sockets.Poller

    tcp_line.socket, tcp_line.select = memory_sockets, Select
    try:
        bridge.run(whole)
    finally:
        sys.modules.pop("modbus.master.tcp_line")
