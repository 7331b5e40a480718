"""A whole bridge on a mocked chip, a simulated house at its wires, and the virtual clock: hours in a moment.

bridge = flow.Bridge("rp2040")
async def story(b):
    await b.for_ms(5000)
    ...
bridge.run(story)
"""

import asyncio
import os
import sys
import time

import chip

_ROOT = "/tmp/bridge-flow-%d" % (id(chip) ^ time.ticks_us())


def _make_folder(path):
    try:
        os.mkdir(path)
    except OSError:
        pass


def remove(path):
    """Remove a folder and all that is in it."""
    for name, kind, *_ in os.ilistdir(path):
        full = path + "/" + name
        if kind == 0x4000:
            remove(full)
        else:
            os.remove(full)
    os.rmdir(path)


class Bridge:
    """One bridge and its house. `settings` differ from the defaults; `device` is the provisioning record."""

    def __init__(self, port="rp2040", settings=None, device=None, think_ms=20, plant_think_ms=50, generation=29):
        chip.play(port)
        import machine
        from bridgectl.site.house import House
        from bridgectl.site.meter import Meter
        from bridgectl.site.plant import Plant

        self.machine = machine
        self.house = House()
        self.meter = Meter(self.house)
        self.plant = Plant(self.house, generation)
        self.sensor_wire = machine.UART.connect(2, self.meter, think_ms)
        self.plant_wire = machine.UART.connect(1, self.plant, plant_think_ms)
        self.root = _ROOT
        _make_folder(_ROOT)
        _make_folder(_ROOT + "/data")
        from store import record

        if settings:
            record.save(_ROOT + "/data/settings", settings, form=1)  # as settings.py stores them
        if device:
            record.save(_ROOT + "/data/device", device)

    def start(self):
        """Power the board up and return its supervisor; also after a reset."""
        import board
        from bridge import app

        self.board = board.Board()
        self.board.root = self.root + "/"
        self.board.data = self.root + "/data/"
        self.supervisor, self.state, self.settings, self.ports = app.build(self.board)
        return self.supervisor

    def run(self, story):
        """Start the bridge, let story(bridge) happen beside it, then end it and clean up."""

        async def main():
            boss = self.start()
            task = asyncio.create_task(boss.run())
            house = asyncio.create_task(self._live())
            try:
                await story(self)
            finally:
                task.cancel()
                house.cancel()
                await asyncio.sleep_ms(1)

        try:
            asyncio.run(main())
        finally:
            remove(_ROOT)
            sys.path.remove("build/all/" + chip.port)

    async def _live(self):
        while True:
            self.house.step(0.2)
            await asyncio.sleep_ms(200)

    async def for_ms(self, ms):
        """Let time pass."""
        await asyncio.sleep_ms(ms)

    async def until(self, true, within_ms):
        """Wait until true() holds; AssertionError if it does not within the time. Return the ms that it took."""
        began = time.passed_ms()
        while not true():
            if time.passed_ms() - began > within_ms:
                raise AssertionError("did not happen within %d ms" % within_ms)
            await asyncio.sleep_ms(5)
        return time.passed_ms() - began

    def contact(self, number, closed):
        """Close or open DI number (1..5)."""
        self.machine.Pin.drive(chip.contacts()[number - 1], 0 if closed else None)

    def value(self, point):
        """Return a reading by its id, None if it is not good."""
        from bridge import points

        return self.state.readings.value(points.number(point))

    def quality(self, point):
        """Return the quality of a reading in words."""
        from bridge import points, readings

        return readings.QUALITIES[self.state.readings.quality(points.number(point))]
