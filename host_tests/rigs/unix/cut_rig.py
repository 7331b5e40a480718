"""Cuts the power at every program and erase of an operation, boots again each time, and looks at what is there.

A scenario (cut_scenarios.py) prepares a flash, does one operation (or some, one after the other: `steps`), and says which of
the allowed states it finds afterwards. A pair is a second cut, while what the first one left is read, mended and done again.
"""

import gc

import flash
import parts
import vfs


class _NoCollection:
    """In the place of gc where parts come and go: a heap of this size takes 10 ms to collect."""

    @staticmethod
    def collect():
        """Leave the garbage where it is."""


parts.gc = _NoCollection()

MOUNT = "/cut"
BLOCKS = 64  # of the file system
SEGMENT_BLOCKS = 96  # of ROMFS behind it: two halves of 192 KiB

bench = {"segment": None}  # of the flash that is mounted, in a scenario of carrier Rom


def mount(device, program, fresh=False):
    """Mount a littlefs that programs so many bytes at once on the flash, made new if asked for."""
    part = flash.Part(device, 0, BLOCKS)
    if fresh:
        vfs.VfsLfs2.mkfs(part, progsize=program)
    vfs.mount(vfs.VfsLfs2(part, progsize=program), MOUNT)
    rom = len(device.content) > BLOCKS * flash.BLOCK
    bench["segment"] = flash.Segment.of(device, BLOCKS) if rom else None


def unmount(cut=True):
    """Forget the mounted file system, as a reset does. cut: files may be open that nobody holds any more."""
    vfs.umount(MOUNT)
    if cut:
        gc.collect()


class Count:
    """What a run over all cuts found."""

    def __init__(self):
        self.cut_points = 0
        self.cut_pairs = 0
        self.third_states = []  # (scenario, program size, step, torn, n, what was found)
        self.dead_boards = []  # the same, where nothing starts or the file system is gone
        self.breaches = 0  # of the NOR rules, by littlefs itself: the simulation would be wrong
        self.seen = {}  # how often each allowed state was found

    def add(self, other):
        self.cut_points += other.cut_points
        self.cut_pairs += other.cut_pairs
        self.third_states += other.third_states
        self.dead_boards += other.dead_boards
        self.breaches += other.breaches

    def found(self, allowed, state, where):
        """Note what was found after a cut."""
        self.seen[state] = self.seen.get(state, 0) + 1
        if state not in allowed:
            (self.dead_boards if state.startswith(DEAD) else self.third_states).append(where + (state,))


_FIRST_CUTS = 300  # of a step, that have second ones

DEAD = ("file system gone", "no slot starts")


def run(scenario, pairs=0):
    """Return the Count of one scenario: every cut, every variant of a torn operation, every program size.

    pairs: about so many second cuts, spread evenly over all first ones; 0 = none.
    """
    count = Count()
    programs, steps = getattr(scenario, "programs", flash.PROGRAM_SIZES), getattr(scenario, "steps", 1)
    for program in programs:
        device = flash.Flash(BLOCKS + (SEGMENT_BLOCKS if scenario.rom else 0))
        mount(device, program, fresh=True)
        scenario.prepare()
        unmount()
        for step in range(steps):
            image = bytes(device.content)
            device = flash.Flash(bytearray(image))
            scenario.step = step
            mount(device, program)
            scenario.act()
            unmount()
            count.breaches += device.breaches
            cuts = [(image, program, step, torn, n) for n, torn in _all(device)]
            for cut in cuts:
                count.cut_points += 1
                _judge(scenario, cut, _cut(scenario, cut), count)
            _pairs(scenario, cuts, pairs // (len(programs) * steps), count)
    return count


def _all(device):
    """Return [(n, torn)]: every way in which what a flash did can be cut."""
    return [(n, torn) for n, kind in enumerate(device.kinds, 1) for torn in flash.TORN[kind]]


def _judge(scenario, cut, after, count, second=()):
    """Let the power come back and note what is found."""
    count.found(scenario.allowed, _recovered(scenario, after, cut[1]), (scenario.name,) + cut[1:] + second)
    count.breaches += after.breaches


def _cut(scenario, cut):
    """Return the flash after a cut, alive again."""
    image, program, step, torn, n = cut
    device = flash.Flash(bytearray(image), n, torn)
    scenario.step = step
    mount(device, program)
    try:
        scenario.act()
    except OSError:  # the power went
        pass
    after = device.after_the_cut()
    unmount()
    return after


def _recovered(scenario, device, program):
    """Return the state found, and again after the operation was done once more."""
    try:
        mount(device, program)
    except OSError as e:
        return "file system gone: %s" % e
    try:
        state = scenario.state()
        if state in scenario.allowed and scenario.repeatable:
            scenario.act()  # nothing that is left over is in the way
            last = scenario.state()
            if last != scenario.allowed[-1]:
                state = "then not repeatable: " + last
    finally:
        unmount(False)
    return state


def _pairs(scenario, cuts, wanted, count):
    """Cut a second time, in what a first cut makes necessary: reading, mending, doing it again."""
    if not wanted:
        return
    rows, total = [], 0
    for cut in cuts[:: max(len(cuts) // min(_FIRST_CUTS, wanted), 1)]:  # a second one is dear where the first one was
        after = _cut(scenario, cut)
        _recovered(scenario, after, cut[1])  # one that is not cut tells how many cuts it can have
        rows.append((cut, _all(after)))
        total += len(rows[-1][1])
    every, at = max(total // wanted, 1), 0
    for cut, seconds in rows:
        chosen = [second for place, second in enumerate(seconds, at) if place % every == 0]
        at += len(seconds)
        if not chosen:
            continue
        once = _cut(scenario, cut)
        for n, torn in chosen:
            device = flash.Flash(bytearray(once.content), n, torn)
            device.loose = set(once.loose)
            count.cut_pairs += 1
            _judge(scenario, cut, _twice(scenario, device, cut[1]), count, (torn, n))


def _twice(scenario, device, program):
    """Return the flash, alive again, after a recovery that was cut itself."""
    try:
        mount(device, program)
        scenario.state()
        if scenario.repeatable and not getattr(scenario, "looking_is_doing", False):
            scenario.act()
    except OSError:  # the power went again
        pass
    after = device.after_the_cut()
    unmount()
    return after
