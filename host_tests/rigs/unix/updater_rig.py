"""A bridge of which only trial and updater run, as the application connects them, on real slots in memory."""

import asyncio
import os
import sys

import clock
import ram_disk
import tiny_bundle
from bridge.settings import Settings
from bridge.state import State
from parts import Part
from slots.installer import Installer
from slots.slots import Slots

sys.path.append("firmware")
import boot

boot.machine = None  # knows no cause of a start: each counts as one after a crash

ROOT = ram_disk.ROOT
_FILE = "update.bundle"


class Restarted(Exception):
    pass


class Board:
    name = "host"

    def restart(self):
        raise Restarted


class Tasks:
    """What the trial asks the supervisor."""

    def __init__(self):
        self.born_s = clock.seconds()
        self.failures = {}

    def die(self, name):
        self.failures[name] = self.failures.get(name, 0) + 1
        self.born_s = clock.seconds()

    def lived_s(self):
        return clock.seconds() - self.born_s

    def restarts(self):
        return self.failures


class Bridge:
    """A state, settings and the slots of a bridge that runs from `slot`."""

    def __init__(self, slot):
        self.state = State("1.0.0")
        self.settings = Settings()
        self.slots = Slots(ROOT, slot)
        self.tasks = Tasks()
        self.beats = 0

    def beat(self):
        self.beats += 1

    def waits(self):
        return self.slots.session or self.state.update_state == "installed" or _FILE in os.listdir(ROOT)

    async def lives_s(self, seconds):
        """Run both parts; return True if one restarted the board within so many virtual seconds."""
        state, slots, board = self.state, self.slots, Board()
        update = (state, self.settings, slots, board, ROOT + "/" + _FILE, self.waits)
        jobs = [
            Part("bridge.tasks.trial").run(
                self.beat, lambda: not state.version_decided, state, self.settings, slots, board, self.tasks
            ),
            Part("bridge.tasks.updater").run(self.beat, self.waits, *update),
        ]
        tasks = [asyncio.create_task(job) for job in jobs]
        for _ in range(seconds * 10):
            await asyncio.sleep_ms(100)
            for task in tasks:
                if task.done():
                    try:
                        await task
                    except Restarted:
                        return True
        for task in tasks:
            task.cancel()
        return False

    def well(self):
        self.state.beats_ok = True
        self.state.plant_link, self.state.sensor_link = "ok", "silent"
        self.state.hotspot_possible = self.state.portal_listens = True


def install(version, running, note=None):
    installer = Installer(Slots(ROOT, running), "sigen-bridge", "host", note=note)
    view = memoryview(tiny_bundle.bundle(version))
    while view:
        view = view[installer.feed(view) :]
    while not installer.finish():
        pass


def two_versions(note=None):
    """1.0.0 confirmed in a, 2.0.0 on trial in b. note: what 1.0.0 left for its trial."""
    ram_disk.mount()
    install("1.0.0", "b")
    Slots(ROOT, "a").confirm()
    install("2.0.0", "a", note)


def started():
    return boot.choose(ROOT + "/", boot._Files(ROOT + "/"))[0]
