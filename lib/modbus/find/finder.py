"""Finds what answers on a line of which nothing is known: speed, parity, address, model; or names what is wrong.

    listen ── bytes come ──► listen at each setting ──► who talks, with whom; nothing is sent
       └──── nothing comes ► legs of order.py, one after the other, until something answers

Nothing is written to any slave and nothing is kept. How sure and how soon: order.py. Large, and needed for minutes:
load it as a part (lib/parts.py); it allocates while it runs.
"""

import asyncio

import clock
from micropython import const
from modbus.find import faults as finder_faults
from modbus.find import models as finder_models
from modbus.find import order as plan
from modbus.find import port as finder_port
from modbus.listen import listener
from modbus.wire import rtu

_LISTEN_LOOK_MS = const(5)
_TRIES = const(3)
_NOISE = const(2)  # bytes without a question that nobody minds
_TALK = const(8)  # bytes without a question that are no chance noise, at the highest speed; slower, others' make fewer
_FRAMES = const(2)  # whole frames that prove a setting
_LEARN_MS = const(2500)  # more, to learn who asks what
_PAUSES_MS = (0, 700)  # some slaves lose what comes too soon after their last answer
_RARE_MS = const(65000)  # the rarest master that is waited for asks once a minute
_AFTER_MS = const(1200)  # its answer, or the time in which none comes
_WAITS = const(2)  # in vain: then it was noise
_FALSE_ALARMS = const(4)  # of sweeps, then only the likely addresses are asked, one by one


class Finder:
    """One search. Results, complete when `search` has ended:

    found: [(baud, parity, unit, model or "", why)]; faults: sentences. at: (baud, parity, unit) being tried.
    """

    def __init__(self, open_line, signatures):
        """open_line(baud, parity) returns a line as board.rs485 does; signatures: text, see models.py."""
        self.found = []
        self.faults = []
        self.at = None
        self.stopped = False  # set it, and search() ends soon
        self.evidence = finder_faults.Evidence()
        self._port = finder_port.Port(open_line, self.evidence)
        self._signatures = signatures
        self._beat = None
        self._strays_known = 0
        self._waits = 0  # times that it was waited for in vain
        self._learnt = False  # who talks was listened to at each parity

    async def search(self, beat):
        """Search until something is found, everything was tried or `stopped` is set; return True if it was finished.

        An OSError of the line (adapter pulled out) goes to the caller.
        """
        self._beat = beat
        if not await self._listen():
            for baud, parity, manner, units in plan.legs():
                if self._over():
                    break
                garbled = self.evidence.garbled
                if garbled and garbled[0][0][0] != baud and not self._noisy():
                    continue  # only who understood our speed has answered at all
                await self._tune(baud, parity)
                if manner != plan.SWEEP:
                    await self._each(units, manner == plan.SLOW)
                elif not self._noisy():
                    await self._sweep(units)
                elif units[0] == 1:
                    await self._each(plan.LIKELY, False)
        if self.evidence.talkers and not self._learnt:
            await self._tell_parity()
        self.at = None
        self.faults = finder_faults.sentences(self.evidence, self.found)
        return not self.stopped

    def _over(self):
        return bool(self.found) or self.stopped or self.evidence.talkers

    def _noisy(self):
        return self.evidence.alarms >= _FALSE_ALARMS or self.evidence.noise > _NOISE

    async def _tune(self, baud, parity):
        self._beat()
        self.at = baud, parity, 0
        await self._port.tune(baud, parity)

    async def _each(self, units, slow):
        for unit in units:
            if self._over():
                return
            await self._probe(unit, slow)

    async def _probe(self, unit, slow=False, swept=False):
        """Ask one unit, again if the answer is garbled; name it if it answers. Return True if it did.

        swept: a sweep went before, whose answers may still come.
        """
        self.at = self._port.setting + (unit,)
        came = False
        for _ in range(_TRIES):
            self._beat()
            status = await self._port.ask_first(unit, slow)
            if status >= 0:
                if unit != plan.SLOW_UNIT and await self._port.company(unit, slow):
                    self.evidence.doubles.append((self._port.setting, unit))
                model, why = await finder_models.name(self._port, self._signatures, unit)
                self.found.append(self._port.setting + (unit, model, why))
                return True
            if self.evidence.talkers:
                return False
            if status == rtu.SILENT:
                self.evidence.strays += came  # what came was not its answer
                await self._strays(swept)
                return False
            if finder_faults.level_only(self._port.frame, 0, self._port.have):
                self.evidence.levels += 1
                return False
            came = True
        self.evidence.garble(self._port.setting, unit)
        return False

    async def _sweep(self, units):
        """Ask units without waiting for each; whatever is heard has the last few asked again."""
        baud, parity = self._port.setting
        back = plan.suspects(baud, parity)
        cleared = 0  # units before this place were asked again
        for place, unit in enumerate(units):
            if not place & 7:
                self._beat()
            if self.stopped:
                return
            self.at = baud, parity, unit
            if not await self._port.sweep(unit, place == len(units) - 1):
                continue
            await self._port.quiet()
            for pause_ms in _PAUSES_MS:
                await asyncio.sleep_ms(pause_ms)
                for suspect in units[max(cleared, place + 1 - back) : place + 1]:
                    if self._over() or await self._probe(suspect, False, True):
                        return
            cleared = place + 1
            if not self.evidence.garbled:
                self.evidence.alarms += 1
                if await self._hear_again():
                    return
                if self._noisy():
                    await self._who_talks()
                    return

    async def _strays(self, swept):
        """Hear what it was that came while nobody had been asked."""
        if self.evidence.strays != self._strays_known:
            self._strays_known = self.evidence.strays
            if not swept:
                await self._hear_again()

    async def _hear_again(self):
        """Something came that nobody had been asked for: send nothing until it is known if it comes again, and whose it is.

        Return True if another master was understood. Masters that ask once a minute exist.
        """
        setting = self._port.setting
        for baud, parity in (setting,) + tuple([other for other in plan.SETTINGS if other != setting]):
            if self._over() or self._waits >= _WAITS:
                break
            await self._tune(baud, parity)
            ear = listener.Listener(baud, parity, self.evidence)
            count = await self._overhear(ear, _RARE_MS, True, True)
            if _whole(ear):
                self.evidence.talk((baud, parity), [(row[0], row[1]) for row in ear.polls.shown()])
            if count < plan.heard_of(_TALK, baud):
                self._waits += 1
                break  # it does not come again
        await self._tune(*setting)
        return bool(self.evidence.talkers)

    async def _tell_parity(self):
        """Find the parity of a master that was heard without one: see _who_talks."""
        talkers = self.evidence.talkers
        baud, parity = talkers[0][0]
        if parity == "N":
            for other in "EO":
                await self._tune(baud, other)
                ear = listener.Listener(baud, other, self.evidence)
                await self._overhear(ear, _RARE_MS, True, True)
                if _whole(ear) and not self.stopped:
                    self.evidence.talkers = [((baud, other),) + row[1:] for row in talkers]
                    break

    async def _listen(self):
        """Return True if others talk; then it is known who, or a fault is noted."""
        await self._tune(*plan.SETTINGS[0])
        count = await self._overhear(None, plan.LISTEN_MS)
        if count < _TALK:
            self.evidence.noise = count
            return False
        if not await self._who_talks():
            self.evidence.babble = count
        return True

    async def _who_talks(self):
        """Listen at each setting; return True if others were understood or the search is to stop."""
        for baud, parity in plan.SETTINGS:
            if self.stopped:
                return True
            if not await self._frames_at(baud, parity):
                continue
            unsure = False
            if parity == "N":
                # A UART that ignores wrong stop and parity bits reads 11-bit characters with any parity.
                even = await self._frames_at(baud, "E")
                odd = await self._frames_at(baud, "O")
                parity = "E" if even else "O" if odd else "N"
                unsure = even and odd
            await self._learn(baud, parity, unsure)
            return True
        return False

    async def _frames_at(self, baud, parity):
        """Return True if what others say makes whole frames at a setting."""
        await self._tune(baud, parity)
        ear = listener.Listener(baud, parity, self.evidence)
        await self._overhear(ear, plan.HEAR_MS)
        return _whole(ear) >= _FRAMES

    async def _learn(self, baud, parity, unsure):
        """Note who asks whom, and whose answers are heard."""
        self._learnt = True
        await self._tune(baud, parity)
        ear = listener.Listener(baud, parity, self.evidence)
        await self._overhear(ear, _LEARN_MS, True)
        polls = ear.polls.shown()
        self.evidence.talk((baud, parity), [(row[0], row[1]) for row in polls])
        for unit, model, why in finder_models.overheard(polls, self._signatures):
            if unsure:
                why += "; parity E or O, which listening cannot tell apart"
            self.found.append((baud, parity, unit, model, why))

    async def _overhear(self, ear, for_ms, whole=False, once=False):
        """Listen so long, or until enough frames are known; return how many bytes came, glitches apart.

        whole: frames do not end it; once: it ends when something came and it is quiet again.
        """
        since = came_at = clock.ticks_ms()
        count = 0
        enough = plan.heard_of(_TALK, self._port.setting[0])
        while True:
            self._beat()
            now = clock.ticks_ms()
            came = self._port.listen()
            count += self.evidence.unasked(self._port.frame, came)
            if came:
                came_at = now
            elif once and count >= enough and clock.ticks_diff(now, came_at) > _AFTER_MS:
                return count
            if ear:
                ear.feed(self._port.frame, came, now)
                if not whole and _whole(ear) >= _FRAMES:
                    return count
            if clock.ticks_diff(now, since) > for_ms or self.stopped:
                return count
            await asyncio.sleep_ms(_LISTEN_LOOK_MS)


def _whole(ear):
    """Return how many whole frames a listener has heard, those that wait for their answer not counted."""
    c = ear.counts
    return 2 * c[listener.PAIRS] + c[listener.UNANSWERED] + c[listener.ORPHANS] + c[listener.UNSURE] + c[listener.LATE]
