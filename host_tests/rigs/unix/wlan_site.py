"""A board with nothing but a radio, for tests of the hotspot and network tasks on the virtual clock."""

import asyncio
import os

import clock
from bridge import app
from bridge.settings import Settings
from bridge.state import State
from bridge.tasks import hotspot, network
from radio import Radio

SN = "SN0123456789"
DEVICE = {"sn": SN, "hotspot_password": "only-for-tests-7"}


class Watched(Radio):
    """The host's radio; notes what is asked of it, and can fail."""

    def __init__(self, site):
        self.calls = []
        self.broken = False
        self.starving = False
        super().__init__(site)

    def scan(self):
        self.calls.append("scan")
        if self.broken:
            raise OSError(5)
        return super().scan()

    def hotspot_open(self, ssid, password):
        self.calls.append("open " + ssid)
        if self.broken:
            raise OSError(5)
        super().hotspot_open(ssid, password)

    def hotspot_clients(self):
        if self.starving:
            raise MemoryError
        return super().hotspot_clients()

    def hotspot_close(self):
        self.calls.append("close")
        super().hotspot_close()

    def join(self, ssid, password):
        self.calls.append("join " + ssid)
        super().join(ssid, password)


class Site:
    """A board with nothing but a radio and a folder."""

    radio_text = ""

    def __init__(self, networks=""):
        self.data = "/tmp/mp_network_%d_%d/" % (id(self), clock.ticks_ms())
        os.mkdir(self.data[:-1])
        self.write("networks", networks)
        self.radio = Watched(self.data)
        self.settings = Settings(self.data + "settings")
        self.state = State()

    def write(self, name, text):
        with open(self.data + name, "w") as f:
            f.write(text)

    def wlan(self):
        return self.radio

    def start(self, device=DEVICE):
        return asyncio.create_task(self._run(device))

    async def _run(self, device):
        state, settings = self.state, self.settings
        await asyncio.gather(
            _again(
                lambda: app.hotspot_wanted(state, settings),
                lambda: hotspot.run(self.beat, state, settings, self, device),
            ),
            _again(
                lambda: app.network_wanted(state, settings, False),
                lambda: network.run(self.beat, state, settings, self),
            ),
        )

    def beat(self):
        pass

    def remove(self):
        for name, *_ in list(os.ilistdir(self.data[:-1])):
            os.remove(self.data + name)
        os.rmdir(self.data[:-1])


async def _again(wanted, run):
    """As a part of the bridge: run while it is wanted."""
    while True:
        if wanted():
            await run()
        await asyncio.sleep_ms(500)


async def pass_s(seconds):
    for _ in range(seconds):
        await asyncio.sleep_ms(1000)
