"""Ends an update at each of its awaits, by the death of its task or by a reset, and looks what starts and what can be done then."""

import cut_rig
import cut_scenarios
import flash
import tiny_bundle
from bridge.settings import Settings
from bridge.state import State
from bridge.tasks import updater
from slots.running import Running

_PROGRAM = 256
_PORTION = 700  # bytes that come in at once


class Killed(BaseException):
    """The end of the task, from outside."""


class _Awaits:
    """In the place of asyncio: counts the awaits, and ends the n-th one."""

    def __init__(self, n, device):
        self.count = 0
        self._n = n
        self._device = device

    async def sleep_ms(self, _):
        self.count += 1
        if self.count == self._n:
            if self._device:
                self._device.dead = True  # a reset: nothing that the ending task does reaches the flash
            raise Killed()


def prepared(rom):
    """Return the bytes of a flash on which 1.0.0 runs and is confirmed."""
    device = flash.Flash(cut_rig.BLOCKS + (cut_rig.SEGMENT_BLOCKS if rom else 0))
    cut_rig.mount(device, _PROGRAM, fresh=True)
    cut_scenarios.install("1.0.0")
    cut_scenarios.slots_of("a").confirm()
    cut_rig.unmount()
    return bytes(device.content)


def ended(image, n, reset):
    """Update to 2.0.0 and end it at its n-th await; return (awaits so far, what starts, what starts when it is done anew)."""
    device = flash.Flash(bytearray(image))
    cut_rig.mount(device, _PROGRAM)
    awaits = _update(n, device if reset else None)
    after = device.after_the_cut()
    cut_rig.unmount()
    cut_rig.mount(flash.Flash(bytearray(after.content)), _PROGRAM)  # a start is counted: on a copy
    found = cut_scenarios.Commit().state()
    cut_rig.unmount()
    cut_rig.mount(after, _PROGRAM)
    if found == "1.0.0":
        _update(0, None)
    again = cut_scenarios.Commit().state()
    cut_rig.unmount()
    return awaits, found, again


def _update(n, device):
    """Run the whole flow as portal or updater do; return how many awaits it came to."""
    state = State("1.0.0", "power", "SN")
    running = _running()
    updater.asyncio = awaits = _Awaits(n, device)
    session = updater.begin(state, Settings(), running, tiny_bundle.BOARD)
    try:
        _drive(_feed(session, tiny_bundle.bundle("2.0.0")))
    except Killed:
        if not device:
            session.close("ended")
            assert running.session is None
    return awaits.count


async def _feed(session, bundle):
    for at in range(0, len(bundle), _PORTION):
        await session.feed(bundle[at : at + _PORTION])
    await session.finish()


def _drive(coroutine):
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("it waits for something else")


def _running():
    """Return the slots as app.py has them; they take the segment of the flash that is mounted."""
    running = Running(cut_rig.MOUNT + "/", "a")
    updater.of = lambda _: cut_scenarios.slots_of("a")
    return running
