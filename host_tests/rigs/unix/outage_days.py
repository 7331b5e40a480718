"""Days without a broker, on a flash that counts what is erased: `runner.py outage_days.py told virtual DAYS` prints JSON.

The file system is a Pico W's, 848 KiB, with two slots in it that are never rewritten. Beside the history everything writes that
writes at all, at its highest rate: a limit that comes and goes twelve times a day, a generator that runs all day (its hours are
recorded each ten minutes), a change of the settings, and a start.
"""

import json
import struct
import sys

import flash
import vfs
from bridge import points
from bridge.logic.doors import history as entries
from bridge.state import State
from bridge.tasks import history
from store import record

ROOT = "/t"
_BLOCKS = 212  # 848 KiB
_SLOT_BLOCKS = 47  # of each of two slots: 190 kB
_DAY_S = 86400
_TURN_S = 300


class Worn(flash.Flash):
    """Counts the erases of each block."""

    def __init__(self, blocks):
        super().__init__(blocks)
        self.erases = [0] * blocks

    def ioctl(self, operation, argument):
        if operation == 6:
            self.erases[argument] += 1
            self.kinds, self.touched = bytearray(), set()
        return super().ioctl(operation, argument)


def _mounted():
    device = Worn(_BLOCKS)
    vfs.VfsLfs2.mkfs(device, progsize=256)
    vfs.mount(vfs.VfsLfs2(device, progsize=256), ROOT)
    for slot in "ab":
        with open("%s/%s.slot" % (ROOT, slot), "wb") as file:
            for _ in range(_SLOT_BLOCKS):
                file.write(b"x" * flash.BLOCK)
    return device


def _others(now_s):
    """Write what others write; now_s: a multiple of _TURN_S."""
    if now_s % 600 == 0:
        record.save(ROOT + "/data/outputs", {"locked": "", "lock_s": 0, "run_s": now_s, "idle_s": 0})
    if now_s % 3600 == 0:
        record.save(ROOT + "/data/limit", {"w": now_s // 3600 % 2 * 6000, "unit": 247, "rated_w": 10000})
    if now_s % _DAY_S == 0:
        record.save(ROOT + "/data/settings", {"led_brightness": now_s // _DAY_S % 100 + 1, "text": "x" * 500})
        record.save(ROOT + "/slot_boots", {"serial": 3, "count": 0, "meant": now_s // _DAY_S % 2 == 0})


def days(count, others=True):
    """Return what so many days without a broker do: {"writes_per_day", "years", "days_held", "erases"}."""
    device = _mounted()
    state = State("1.0.0", "power", "SN")
    state.inputs_settled = True
    kept = history.History(state, ROOT + "/data/history/")
    state.readings.bind("sensor_import_energy", "f", 1, 1 << 29)
    number = points.number("sensor_import_energy")
    before, writes = sum(device.erases), 0
    first = list(device.erases)
    for now_s in range(0, count * _DAY_S, _TURN_S):
        state.readings.put(number, struct.pack(">f", now_s / 3600), 0, 0)
        if now_s % 7200 == 0:
            state.inputs ^= 4
        state.sensor_link = "silent" if now_s % _DAY_S < 1800 else "ok"
        kept.look(now_s)
        if kept.due(now_s):
            writes += 1
            for _ in kept.flush(now_s):
                pass
        if others:
            _others(now_s)
    worn = max([after - at for after, at in zip(device.erases, first)])
    quarters = []
    for sequence, _, payload in kept._journal.entries(0):
        told = json.loads(entries.told(sequence, payload, kept._boot, 0))
        if "energy" in told:
            quarters.append(told["up_s"] // 900)
    whole = 1
    while whole < len(quarters) and quarters[-whole - 1] == quarters[-whole] - 1:
        whole += 1
    return {
        "writes_per_day": writes / count,
        "years": 100_000 * count / worn / 365,
        "days_held": whole / 96,
        "erases": sum(device.erases) - before,
        "worn": worn,
    }


def told():
    """Print what DAYS do."""
    print(json.dumps(days(int(sys.argv[4]))))
