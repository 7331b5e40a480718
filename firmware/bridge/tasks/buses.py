"""Runs the two RS485 ports, whatever their roles: each in a task of its own, made anew when its settings change.

`watch` expires readings, drives the limit command and lets the state be told how the ports fare. What takes long it does
while the sensor's reply is on its way, so that a full bus has no gaps.
"""

import asyncio
import gc

import clock
import log
from bridge.ports import roles
from bridge.ports.port import FREE_US
from bridge.tasks import limit, pulse, reports
from micropython import const

_WATCH_MS = const(15)
_REPORT_MS = const(500)
_LATE_MS = const(250)  # for so long a report waits for a good moment
_SPARE_US = const(28000)  # what a report, or a collection on a small heap, takes at most
_COLLECT_MS = const(250)  # a full bus makes 80 kB of garbage a second; what the heap collects by itself leaves gaps
_SMALL = const(64000)  # a threshold above belongs to a heap whose collection takes too long for this
_GAP_MS = const(5)  # beside what is waited for: an answer of a slow slave
_GAP_TURNS = const(200)
_OFF_MS = const(1000)
_PAUSE_MS = const(1000)  # before a port that was made anew asks: the plant keeps this time between two requests
_RESTART_MS = const(2000)  # whoever asked for a new role has its answer by then
_RESTART_LAST_MS = const(10_000)  # so long after the first new role at most, however often settings change meanwhile
_POLLS = ("master", "gateway")


class Ports:
    """The two ports: number, role and object of each; the object is None while the port is off."""

    def __init__(self, board, state, settings, restart):
        """restart: called, and called again until it happens, when a new role wants a new start."""
        self._board = board
        self._restart = restart
        self._state = state
        self._settings = settings
        self.roles = ["", ""]
        self.objects = [None, None]  # type: list
        self._made_from = [None, None]  # type: list
        self._reports = reports.Reports(state)
        self.limit = limit.Limit(board.data + "limit", state, settings)
        self._restart_at = None
        self._restart_last = 0  # ticks of the latest moment for it
        self._version = None  # of the settings that the ports were told

    def bus(self, number):
        """Return the master of port 1 or 2 if its clients may reach it, else None."""
        return (
            self.objects[number - 1].bus if self.roles[number - 1] == "gateway" and self.objects[number - 1] else None
        )

    async def gap(self):
        """Wait until no bus expects an answer, for a second at most; who awaits it writes to the flash at once then.

        An erase takes 45 ms, 400 at most (W25Q-JV), in which RP2040 serves no interrupt: what comes in is lost, and an
        answer of the bridge does not go out. What must be written at once does not ask.
        """
        ports = [port for port in self.objects if port]
        for _ in range(_GAP_TURNS):
            if not any([port.hold(True) for port in ports]):
                break
            await asyncio.sleep_ms(_GAP_MS)
        for port in ports:
            port.hold(False)

    async def run(self, beat, number):
        """Own port 1 or 2."""
        place = number - 1
        while True:
            self._made_from[place] = made_from = roles.made_from(self._settings, number)
            self.roles[place] = made_from[0]
            self.objects[place] = None  # its memory is free before the next one is made
            self.objects[place] = port = roles.make(self._board, self._state, self._settings, number)
            log.info("rs485-%d" % number, "role %s" % (made_from[0] if port else "off"))
            if port:
                await port.bus.run(beat)
                await asyncio.sleep_ms(_PAUSE_MS)
            while not port:
                beat()
                await asyncio.sleep_ms(_OFF_MS)
                wanted = roles.made_from(self._settings, number)
                if wanted != made_from and wanted[0] == made_from[0]:
                    break  # a new role waits for the restart

    async def watch(self, beat):
        """Expire readings, drive the limit command, report."""
        report_at = collect_at = clock.ticks_ms()
        while True:
            beat()
            now = clock.ticks_ms()
            self.limit.drive(self.objects[0], self.roles[0] in _POLLS, now)
            spare_us = self.objects[1].spare_us() if self.objects[1] else FREE_US
            late_ms = clock.ticks_diff(now, report_at)
            if _SPARE_US < spare_us < FREE_US and clock.ticks_diff(now, collect_at) >= 0:
                collect_at = clock.ticks_add(now, _COLLECT_MS)
                if 0 < gc.threshold() <= _SMALL:
                    gc.collect()
                    if clock.seconds() - self._state.heap_at_s >= pulse.MEASURE_S:
                        pulse.measure(self._state, self._board.system_heap)
            elif late_ms >= 0 and (spare_us > _SPARE_US or late_ms >= _LATE_MS):
                report_at = clock.ticks_add(now, _REPORT_MS)
                try:
                    self._report(now)
                except MemoryError:
                    pass  # told half a second later: no report is worth the task that drives the limit
            if self._restart_at is not None and clock.ticks_diff(now, self._restart_at) >= 0:
                self._restart()
            await asyncio.sleep_ms(_WATCH_MS)

    def _report(self, now):
        self._state.readings.expire(now)
        for port in self.objects:
            if port:
                port.follow(now)
        if self._version != self._settings.version:
            version = self._settings.version
            self._follow(now)
            self._version = version  # only now: what found no memory is followed at the next report
        self._reports.tell(self)

    def has_gateway(self):
        """Return True while Modbus TCP clients may reach a port."""
        return "gateway" in self.roles

    def _follow(self, now):
        """Stop the ports that are no longer as the settings want them, `run` makes them anew; start anew for a new role."""
        restart_at = None
        for place in range(2):
            wanted = roles.made_from(self._settings, place + 1)
            made_from = self._made_from[place]
            if made_from and wanted[0] != made_from[0]:
                # What other roles have loaded stays in memory, and there is no room for two sets of them.
                if self._restart_at is None:
                    self._restart_last = clock.ticks_add(now, _RESTART_LAST_MS)
                restart_at = clock.ticks_add(now, min(_RESTART_MS, clock.ticks_diff(self._restart_last, now)))
                log.info("rs485-%d" % (place + 1), "role %s after a restart" % wanted[0])
            elif self.objects[place] and wanted != made_from:
                self.objects[place].bus.stopped = True
        self._restart_at = restart_at
