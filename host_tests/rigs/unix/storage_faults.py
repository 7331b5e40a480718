"""Faults of the flash that are no power cut, for the scenarios of the cut rig: it fails once, a block is bad, it is full.

In each case what is there afterwards is one of the states that a cut may leave, also after the next start; and once the flash
is well again, doing it again does it.
"""

import json
import os
import sys

import cut_rig
import cut_scenarios
import flash
from cut_rig import MOUNT
from slots.version import Refused

_PROGRAM = 256
_READS = 60  # failed reads tried of each scenario, spread evenly


class Faults:
    """What was tried of one scenario, and what came out wrong."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.allowed = getattr(scenario, "allowed_after_faults", scenario.allowed)
        self.tried = 0
        self.wrong = []  # (kind of fault, where, what was found)
        device = flash.Flash(cut_rig.BLOCKS + (cut_rig.SEGMENT_BLOCKS if scenario.rom else 0))
        cut_rig.mount(device, _PROGRAM, fresh=True)
        scenario.prepare()
        cut_rig.unmount()
        self._image = bytes(device.content)
        scenario.step = 0
        self._whole = flash.Flash(bytearray(self._image))
        cut_rig.mount(self._whole, _PROGRAM)
        self._reads = self._whole.reads  # of a mount
        scenario.act()
        cut_rig.unmount()

    def run(self):
        """Try them all."""
        for n in range(1, self._whole.operations + 1):
            self._once("write fails", n, fails_at=n)
        reads = self._whole.reads if getattr(self.scenario, "reads_fail", True) else 0
        for n in range(self._reads + 1, reads + 1, max((reads - self._reads) // _READS, 1)):
            self._once("read fails", n, unread_at=n)
        for kind in ("refuse", "stuck"):
            for block in sorted(self._whole.touched):
                self._once("block is bad, " + kind, block, bad={block: kind})
        self._full()

    def _once(self, what, where, **fault):
        self.tried += 1
        device = flash.Flash(bytearray(self._image))
        for name, value in fault.items():
            setattr(device, name, value)
        cut_rig.mount(device, _PROGRAM)
        self._act()
        cut_rig.unmount()
        self._note(device, what, where)

    def _act(self):
        """Do it as far as it goes: what the flash refuses, and what is refused because of what it holds, is no fault here."""
        try:
            self.scenario.act()
        except (OSError, Refused):
            pass

    def _look(self, content, bad=None):
        """Start on a copy, for a start is counted; return what is found."""
        copy = flash.Flash(bytearray(content))
        copy.bad = bad or {}
        return cut_rig._recovered(_Looking(self.scenario), copy, _PROGRAM)

    def _note(self, device, what, where):
        """Look at a flash after a fault, with it and without it, and do it again; note it if anything is wrong."""
        well = flash.Flash(bytearray(device.content))
        told = [self._look(device.content, device.bad), self._look(device.content)]
        told.append(cut_rig._recovered(self.scenario, well, _PROGRAM))
        if [state for state in told if state not in self.allowed]:
            self.wrong.append((self.scenario.name, what, where) + tuple(told))

    def _full(self):
        """Fill the file system to the last block, do it, make room, do it again."""
        device = flash.Flash(bytearray(self._image))
        cut_rig.mount(device, _PROGRAM)
        number = 0
        try:
            while True:
                with open("%s/fill%d" % (MOUNT, number), "wb") as file:
                    file.write(b"x" * 4096)
                number += 1
        except OSError:
            pass
        self.tried += 1
        self._act()
        for name in os.listdir(MOUNT):
            if name.startswith("fill"):
                os.remove(MOUNT + "/" + name)
        cut_rig.unmount()
        self._note(device, "flash is full", number)


class _Looking:
    """A scenario that is only looked at."""

    repeatable = False

    def __init__(self, scenario):
        self.allowed = scenario.allowed
        self.state = scenario.state


def tried(kinds=cut_scenarios.SCENARIOS):
    """Return {"tried", "wrong": rows that tell what was done and what was found}."""
    told = {"tried": 0, "wrong": []}
    for kind in kinds:
        faults = Faults(kind())
        faults.run()
        told["tried"] += faults.tried
        told["wrong"] += faults.wrong
    return told


if __name__ == "__main__":
    sys.exit(print(json.dumps(tried())))
