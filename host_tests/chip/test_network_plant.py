"""The plant over Modbus TCP on the official Pico W image, through its own TCP/IP stack."""

import asyncio
import contextlib

import pytest
from bridgectl import firmware
from bridgectl.emulator import profiles, radio

firmware.load()
from modbus.wire import crc  # noqa: E402

_HEADER = 6
_HOST, _PORT = radio.HOST_ADDRESS, 502


@pytest.mark.slow
@pytest.mark.proves("PLA-1+", "PLA-2+")
def test_a_plant_in_the_house_network_is_read_and_limited_and_found_again(monkeypatch):
    asyncio.run(_story(monkeypatch))


async def _story(monkeypatch):
    async with _door() as door:
        serve = radio.serve
        monkeypatch.setattr(radio, "serve", lambda chip, ports, names: serve(chip, {**ports, _PORT: door.port}, names))
        made = profiles.Setup.rig
        monkeypatch.setattr(profiles.Setup, "rig", lambda *given: door.take(made(*given)))
        async with profiles.wlan(profiles.Setup(), plant_host=_HOST) as (rig, watch):
            heap = rig.look()
            print(f"free {heap.free_bytes}, largest {heap.largest_bytes}, least {rig.least.free_bytes}")
            assert rig.plant_wire.exchanges == [] and door.requests > 5
            rig.contact(2, True)
            await radio.run(rig, lambda: rig.plant.limit_w == 3600, 20000)
            await radio.run(rig, lambda: watch.known.state.get("limit_state") == "held", 20000)
            door.hang_up()  # and lets nobody in
            await radio.run(rig, lambda: watch.known.state.get("plant_link").startswith("silent"), 30000)
            rig.plant.reboot(0)
            door.opens = True
            await radio.run(rig, lambda: rig.plant.limit_w == 3600, 40000)
            await radio.run(rig, lambda: watch.known.state.get("plant_link") == "ok", 40000)
            assert "Traceback" not in rig.console.text and rig.chip.resets == []
            assert watch.known.state["rs485_1"].endswith(f"at {_HOST}:{_PORT}")


class _Door:
    """The plant's server: the simulated plant behind Modbus TCP."""

    def __init__(self):
        self.plant = None
        self.requests = 0
        self.opens = True
        self.port = 0
        self._writers = []

    def take(self, rig):
        """Serve the plant of a board."""
        self.plant = rig.plant
        return rig

    def hang_up(self):
        """End all connections, and each new one at once."""
        self.opens = False
        for writer in self._writers:
            writer.close()

    async def serve(self, reader, writer):
        """Answer one client."""
        self._writers.append(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while self.opens:
                head = await reader.readexactly(_HEADER)
                frame = bytearray(await reader.readexactly(int.from_bytes(head[4:], "big"))) + bytearray(2)
                crc.seal(frame, len(frame) - 2)
                self.requests += 1
                answer = self.plant.answer(bytes(frame))
                if answer:
                    writer.write(head[:4] + (len(answer) - 2).to_bytes(2, "big") + answer[:-2])
        writer.close()


@contextlib.asynccontextmanager
async def _door():
    door = _Door()
    server = await asyncio.start_server(door.serve, "127.0.0.1", 0)
    door.port = server.sockets[0].getsockname()[1]
    try:
        yield door
    finally:
        server.close()
