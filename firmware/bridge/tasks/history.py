"""Keeps what must not be lost while the uplink is away, and hands it over when it is back. In memory while it is wanted.

Energy counters each quarter of an hour, every change of the grid's contacts and of what became of their limit, and events.
All goes into the journal's memory first; where the uplink is up it leaves from there and no flash is touched. What has
waited for a minute is written, and while the uplink is away at once. What the broker has acknowledged is not kept.
"""

import asyncio
import os

import clock
import log
from bridge import points
from bridge.logic.doors import history
from micropython import const
from store.journal import Journal

_WHO = "history"
_TURN_MS = const(500)
_QUARTER_S = const(900)
_PATIENCE_S = const(60)  # so long a value waits for an uplink that is up
_SEGMENTS = const(20)
_SEGMENT_BYTES = const(8192)
_PACE_MS = const(100)  # between two entries that are handed over: live values go beside
_DETAIL = const(0)  # priorities: what is thinned first
_HOUR = const(1)
_NOTED = const(2)
_EVIDENCE = const(3)
_TOKENS = const(32)  # changes at once of each kind, and then one each
_TOKEN_S = const(600)


class History:
    """What is kept, and where its delivery stands."""

    def __init__(self, state, folder):
        self._state = state
        self._journal = Journal(folder, _SEGMENTS, _SEGMENT_BYTES)
        self._boot = int.from_bytes(os.urandom(4), "little")
        self._numbers = [points.number(name) for name, _ in history.COUNTERS]
        self._quarter_s = 0  # when the next counters are due
        self._quarters = 0
        self._signal = self._links = None
        self._spent = [0, 0]  # s so far spent of the tokens, of signals and of events
        self._waits_s = None  # since when something waits in memory
        self._client = self._reader = None
        self._sent = 0  # sequence number of what is on its way
        self._sent_at = 0
        self._note(
            clock.seconds(), _NOTED, history.event, "start by %s, version %s" % (state.reset_cause, state.version)
        )

    def look(self, now_s):
        """Keep what is new."""
        state = self._state
        if now_s >= self._quarter_s:
            values = [state.readings.value(number) for number in self._numbers]
            if [value for value in values if value is not None]:
                self._quarter_s = now_s + _QUARTER_S
                self._note(now_s, _DETAIL if self._quarters % 4 else _HOUR, history.energy, values)
                self._quarters += 1
        signal = state.inputs, state.limit_pct, state.plant_limit_state
        if state.inputs_settled and signal != self._signal and self._may(0, now_s):
            self._signal = signal
            what = "%s %s" % (state.plant_limit_state, state.plant_limit_text)
            self._note(
                now_s, _EVIDENCE, history.signal, state.inputs, state.limit_pct, state.plant_limit_w, what.strip()
            )
        links = state.sensor_link, state.plant_link, state.alarms
        if links != self._links and self._may(1, now_s):
            self._links = links
            self._note(now_s, _NOTED, history.event, "sensor %s, plant %s, alarms: %s" % links)

    def due(self, now_s):
        """Return True if something is to be written now."""
        waits = self._waits_s is not None and now_s - self._waits_s >= _PATIENCE_S
        return self._journal.due(now_s) and (waits or not self._state.uplink_connected)

    def flush(self, now_s):
        """Generator: as Journal.flush."""
        self._waits_s = None
        return self._journal.flush(now_s)

    def deliver(self, client, topic, now):
        """Hand the next entry over, if the one before has been acknowledged. The uplink calls it when it is idle."""
        if client is not self._client:
            self._client, self._sent, self._reader = client, 0, None
        if self._sent:
            if client.outbox.holds(topic):
                return
            self._journal.drop(self._sent)
            self._sent = 0
        if self._journal.empty():
            self._waits_s = None
            return
        if clock.ticks_diff(now, self._sent_at) < _PACE_MS:
            return
        self._reader = self._reader or self._journal.entries(self._journal.dropped)
        for sequence, _, payload in self._reader:
            text = history.told(sequence, payload, self._boot, clock.seconds())
            if text and not client.publish(topic, text, qos=1):
                self._reader = None
                return
            self._sent, self._sent_at = sequence, now
            return
        self._reader = None
        self._journal.drop(self._journal.last)  # the rest was thinned, or cannot be read

    def _may(self, kind, now_s):
        """Take one of the tokens of a kind; a plant that comes and goes all day must not fill the flash."""
        spent_s = max(self._spent[kind], now_s)
        if spent_s - now_s >= _TOKENS * _TOKEN_S:
            return False
        self._spent[kind] = spent_s + _TOKEN_S
        return True

    def _note(self, now_s, priority, packed, *what):
        minute, told_s = self._state.day_clock or (None, 0)
        if minute is not None:
            minute = (minute + (now_s - told_s) // 60) % 1440
        self._journal.append(priority, packed(self._boot, now_s, minute, *what), priority == _EVIDENCE)
        if self._waits_s is None:
            self._waits_s = now_s


async def run(beat, wanted, state, folder, gap):
    """Keep until it is not wanted any more. folder: with a slash at its end; gap: awaited before each step of a write."""
    state.history = kept = History(state, folder)
    failed = False
    try:
        while wanted():
            beat()
            now_s = clock.seconds()
            kept.look(now_s)
            if kept.due(now_s):
                try:
                    for writes in kept.flush(now_s):
                        await (gap() if writes else asyncio.sleep_ms(0))
                    failed = False
                except OSError as e:
                    if not failed:
                        log.error(_WHO, "flash failed: %s; what is kept waits in memory" % e)
                    failed = True
            await asyncio.sleep_ms(_TURN_MS)
    finally:
        state.history = None
