"""Master of one RS485 line: one exchange at a time, at the pace that each slave was found to keep.

The line is owned by `run()`; others hand in jobs (queue.py says whose turn it is). A steady-state exchange allocates
nothing: jobs and buffers are made at start, waiting is `sleep_ms`, the reply is checked where it lies and given to the
job's `done`. While a reply is on its way `spare_us` says how long others may keep the processor.

    rest or t3.5   request   t3.5 think   reply        rest or t3.5
    ______________|########|____________|############|______________
                  asked_at ^            |<- missing ->| slept through, then looked at every 200 us
"""

import asyncio

import clock
from micropython import const
from modbus.master.queue import IDLE_MS, Queue
from modbus.master.reply import COUNT_NAMES, SPLIT, Reply
from modbus.wire import rtu

_STEP_US = const(200)  # the end of a frame is waited for in such steps
_PAUSE_US = const(12000)  # nothing for so long: the frame is shorter than thought, or split
_NOISE_US = const(3000)  # what is no reply is looked at so seldom
_BROKEN_US = const(30000)  # a broken frame after which nothing comes for so long is all that comes
_TURNAROUND_MS = const(100)  # after a broadcast (Modbus over Serial Line V1.02, 2.4.1)
_BLOCKED_US = const(20000)  # looked at so much later than meant: something kept the processor


class Master(Queue):
    """Runs jobs on a line (the board's rs485 object)."""

    _piece = None  # of all masters: for the one that looks at its line just now; none keeps it over a wait

    def __init__(self, line, baud, parity, period_ms=0):
        """period_ms: least time between two requests on the line, from the end of one to the start of the next, so
        that it holds however the slave counts."""
        Queue.__init__(self, line, rtu.silence_us(baud, parity), period_ms)
        self._character_us = rtu.character_us(baud, parity)
        self.turn_ms = period_ms + rtu.LONGEST * self._character_us // 1000  # of an exchange, as good as at most
        # A sleep ends with a tick of the system: shorter waits keep the processor. ESP32: 10 ms.
        self._spin_us = 1000 * getattr(line, "tick_ms", 1) + 500
        self.reply = Reply()
        self.counts = self.reply.counts
        self.count_names = COUNT_NAMES
        Master._piece = Master._piece or bytearray(rtu.LONGEST)
        self._quiet_at = clock.ticks_ms()
        self._quiet_us = clock.ticks_us()  # wraps like every tick: only for spans of some seconds
        self._sent_us = self._still_us = self._deadline_us = 0
        self._seen = self._look_us = 0  # look: when the line is to be looked at
        self._waits = False  # for a reply
        self.held = False  # by others: no new request meanwhile
        self._rested_us = self._began_at = 0
        self._is_split = self._is_late = False  # late: looked at too late to tell when characters came
        self._last = None  # slave of the last exchange
        self.stopped = False  # set it, and run() ends after the exchange under way
        self._ended = None  # the job whose reply is not handed on yet
        self._status = self._ended_at = self._ended_count = 0  # of that reply
        self.asked_at = 0  # ticks when the last request had left
        self.tap = None  # tap(unit, function, address, quantity, status, frame, at, asked_at) sees what the bridge asks

    async def run(self, beat):
        """Own the line until `stopped` is set. An OSError of the line (adapter pulled out) goes to the caller."""
        spin_us = self._spin_us
        while not self.stopped:
            beat()
            now = clock.ticks_ms()
            job = self._next(now)
            if self._ended and (job is None or job.urgent or self.held):
                self._hand_on()
                job = self._next(now)
            elif self._ended and (self._line.any() or not job.answered()):
                self._hand_on()  # its frame is needed, or there will be no reply to wait for
            if job is None or self.held:
                await asyncio.sleep_ms(1 if self.held else min(self._rests_ms(now) or IDLE_MS, IDLE_MS))
                continue
            wait_us = self._gap_us(job.slave)
            kept = wait_us <= spin_us  # nobody else has run since the last exchange
            if not kept:
                await asyncio.sleep_ms((wait_us - spin_us) // 1000 + 1)
                wait_us = self._gap_us(job.slave)
            if wait_us > 0:
                clock.sleep_us(wait_us)
            wait_us = self._send(job)
            if self._ended:
                self._hand_on()
                wait_us = max(self.spare_us(), 1)
            while wait_us:
                if wait_us > spin_us:
                    kept = False
                    await asyncio.sleep_ms((wait_us - spin_us) // 1000 + 1)
                else:
                    clock.sleep_us(wait_us)
                wait_us = self._look(job)
            self._end(job)
            if kept:  # a quick slave on a full bus leaves no wait that is longer than a tick
                await asyncio.sleep_ms(0)

    def spare_us(self):
        """Return for how long the reply that is waited for leaves the processor to others, 0 if none is."""
        return max(clock.ticks_diff(self._look_us, clock.ticks_us()), 0) if self._waits else 0

    def hold(self, on):
        """Ask nothing new while `on`; return True while a reply is waited for."""
        self.held = on
        return self._waits

    # -- one exchange ----------------------------------------------------------------

    def _gap_us(self, slave):
        """Return how long the line or the slave still needs its rest."""
        now, now_us = clock.ticks_ms(), clock.ticks_us()
        is_fresh = clock.ticks_diff(now, self._quiet_at) < 1000
        gap_us = self._silence_us - clock.ticks_diff(now_us, self._quiet_us) if is_fresh else 0
        return max(gap_us, slave.pace.rest_us() - slave.rested_us(now, now_us))

    def _send(self, job):
        """Send the request; return after how many us to look at the line for the first time, 0 = nothing will come."""
        slave = job.slave
        if self._line.any():
            self._drain()
        job.leave()
        self.reply.begin(job)
        self._began_at = clock.ticks_ms()
        self._rested_us = slave.rested_us(self._began_at, clock.ticks_us())
        self._line.send(job.frame, job.length)
        self._sent_us = clock.ticks_us()
        slave.asked = True
        slave.asked_at = self.asked_at = clock.ticks_ms()
        # A line that only queues what it is given returns too early: the other end hears the last bit later.
        sending_ms = max(job.length * self._character_us // 1000 + 1, clock.ticks_diff(self.asked_at, self._began_at))
        self._free_at = clock.ticks_add(self._began_at, sending_ms + self._period_ms)
        self._still_us = self._look_us = self._sent_us
        self._seen = 0
        self._is_split = self._is_late = False
        self._last = slave
        if not job.answered():
            self._deadline_us = -1
            return 1000 * _TURNAROUND_MS + self._spin_us
        self._deadline_us = 1000 * slave.pace.timeout_ms() + self.reply.need * self._character_us
        # No reply is shorter than five characters, and few come much sooner than usual.
        return self._again(self._silence_us + 5 * self._character_us + slave.pace.think_us() // 2)

    def _look(self, job):
        """Look at the line; return after how many us to look again, 0 = the exchange is over."""
        reply = self.reply
        waiting = self._line.any()
        now_us = clock.ticks_us()
        if clock.ticks_diff(now_us, self._look_us) > _BLOCKED_US:
            self._is_late = True
        here = reply.have + waiting
        if here != self._seen:
            self._seen = here
            self._still_us = now_us
        still_us = clock.ticks_diff(now_us, self._still_us)
        if waiting and (here >= reply.need or still_us > _PAUSE_US):
            self._take(waiting)
            if reply.recognise(job) or (still_us > _PAUSE_US and reply.search(job)):
                return 0
            self._is_split = self._is_split or still_us > _PAUSE_US
        elif here and reply.status == rtu.BAD_CRC and still_us > _PAUSE_US:
            if still_us > _BROKEN_US or reply.search(job):
                return 0
        if clock.ticks_diff(now_us, self._sent_us) > self._deadline_us:
            return 0
        missing = reply.need - here if here else 0
        # The processor is kept only while characters come that may be the reply: noise can go on for ever.
        if reply.status < rtu.SHORT:
            return self._again(self._spin_us + _NOISE_US)
        if missing <= 0 or still_us > 2 * self._character_us:
            return self._again(self._spin_us + 1)
        return self._again(max((missing - 1) * self._character_us, _STEP_US))

    def _again(self, wait_us):
        self._waits = True
        self._look_us = clock.ticks_add(clock.ticks_us(), wait_us)
        return wait_us

    def _end(self, job):
        """Take note of how the exchange ended, and hand its result on."""
        self._waits = False
        reply, slave = self.reply, job.slave
        now = clock.ticks_ms()
        status = reply.status
        if self._deadline_us < 0:
            status = reply.status = rtu.OK
        if status > 0 and slave.doubts(job, now):
            status = reply.doubt()
        reply.count()
        size = reply.end - reply.start
        if slave.unit and self._deadline_us > 0 and (status != rtu.SILENT or not job.is_deaf()):
            think_us = clock.ticks_diff(self._still_us, self._sent_us) - size * self._character_us - self._silence_us
            if self._is_late:
                think_us = min(think_us, slave.pace.think_us())
            slave.pace.observe(status, max(think_us, 0), self._rested_us, now, job.length + max(size, reply.have))
        self.counts[SPLIT] += status >= 0 and self._is_split
        self._quiet_at, self._quiet_us = now, self._still_us
        slave.quiet(now, self._still_us)
        slave.ended(status, job, self._began_at, now)
        of_client = job.of_client
        self._had(job)
        if self.tap and not of_client:
            at = reply.start + 3
            self.tap(slave.unit, job.function, job.address, job.quantity, status, reply.frame, at, self.asked_at)
        job.settle(status, now)
        self._status = status
        self._ended, self._ended_at, self._ended_count = job, reply.start + 1, max(size - 3, 0)
        if status != rtu.OK or job.urgent or of_client or self.stopped:
            self._hand_on()

    def _hand_on(self):
        """Give the last reply to whoever wants it. A read that went well waits until the next request has left: that gains
        the line the time which storing its values takes."""
        job = self._ended
        self._ended = None
        job.finish(self._status, self.reply.frame, self._ended_at, self._ended_count)

    def _drain(self):
        """Throw away what nobody asked for: noise, or an answer that came too late."""
        reply, piece = self.reply, self._piece
        reply.have = 0
        while self._line.any():
            count = self._line.readinto(piece, len(piece))
            if not count:
                break
            reply.append(piece, count)
        if reply.have:
            reply.strays(self._last)

    def _take(self, waiting):
        """Move the bytes that wait behind those in the reply's frame."""
        reply, piece = self.reply, self._piece
        if reply.have:
            reply.append(piece, self._line.readinto(piece, min(waiting, len(piece))))
        else:
            reply.have = self._line.readinto(reply.frame, min(waiting, len(reply.frame)))
