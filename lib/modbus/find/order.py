"""In which order an unknown slave is looked for, and how long that takes; pure.

    ask     request ________think________ wait ____  request _______ ...     one address after the other
    slow    request ________________________ wait _________________________  the unit that wants time
    sweep   request t3.5 request t3.5 request t3.5 ... request _ wait _      answers are heard between the requests

A sweep does not wait for each address: a read of ten registers is answered with 25 characters, our request covers 8 of
them at most, so some of the answer falls into the next silences. Whoever hears a byte stops and asks the last few
addresses again, one by one. For the moment of one request two drivers may be on, which RS485 drivers are made for.

Nothing shorter is possible: at 1200 bps the requests to all addresses at one setting alone take 17 s. So the guarantee is
- within `guarantee_ms()`: the likely addresses (1-10, 247) at every setting, all addresses at the WIDE settings;
- within `total_ms()`: all addresses at every setting;
for a slave that begins its answer within THINK_MS after t3.5 and loses no request, on a line where nobody else talks, at
a port that does not hear itself. One that hears its own requests or a 0x00 after them sweeps a third slower (echo_ms).
"""

from micropython import const
from modbus.wire import rtu

ASK = 0  # wait for each answer
SLOW = 1  # ask the unit that wants time, with the request it knows
SWEEP = 2  # all the units, listening between the requests

THINK_MS = 100
SLOW_THINK_MS = 300  # of the slow unit
LISTEN_MS = 1300  # before anything is sent; masters ask once a second or faster
HEAR_MS = 2500  # at each setting, when somebody talks
SLOW_UNIT = 247

# Factory settings first, then by how soon a sweep is through.
WIDE = ((9600, "N"), (2400, "N"), (9600, "E"), (9600, "O"), (4800, "N"))
NARROW = ((4800, "E"), (4800, "O"), (2400, "E"), (2400, "O"), (1200, "N"), (1200, "E"), (1200, "O"))
SETTINGS = WIDE + NARROW

SWEPT = 10  # registers that a sweep reads
ASKED = 2
ANSWER_CHARACTERS = 25  # of a sweep's answer
_FIRST = b"\x01\x02"
LIKELY = b"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\xf7"
_UNLIKELY = const(11)  # the first of them
_REQUEST = const(8)  # characters
_ASK_ANSWER = const(9)
_HELD = const(4)  # characters of silence until drivers hand over what they hold back
_SETTLE_MS = const(10)  # after opening the line
_STILL_MS = const(30)
_NAMING = const(6)  # requests at most that tell the model
_SLOW_NAMING = const(3)  # of them at the slow unit's pace, when its own request found it; one when a sweep did
SLOW_PACE_MS = 1020  # from one request to the slow unit to the next


def legs():
    """Yield (baud, parity, manner, units as bytes or range) in the order of the search."""
    every = range(1, SLOW_UNIT + 1)
    unlikely = range(_UNLIKELY, SLOW_UNIT)
    for baud, parity in SETTINGS:
        yield baud, parity, ASK, _FIRST
        yield baud, parity, SLOW, b"\xf7"
    for baud, parity in WIDE:
        yield baud, parity, SWEEP, every
    for baud, parity in NARROW:
        yield baud, parity, SWEEP, LIKELY
    for baud, parity in NARROW:
        yield baud, parity, SWEEP, unlikely


def steps():
    """Yield (baud, parity, unit, manner) of each request in order."""
    for baud, parity, manner, units in legs():
        for unit in units:
            yield baud, parity, unit, manner


def wait_ms(baud, parity, manner):
    """Return how long after a request's last stop bit its answer must have been noticed (after the last of a sweep)."""
    answer = ANSWER_CHARACTERS if manner == SWEEP else _ASK_ANSWER
    silence_and_answer_us = rtu.silence_us(baud, parity) + (answer + _HELD) * rtu.character_us(baud, parity)
    return (SLOW_THINK_MS if manner == SLOW else THINK_MS) + silence_and_answer_us // 1000 + 2


def gap_ms(baud, parity):
    """Return the silence between the requests of a sweep: t3.5, and the tick that may have begun before it."""
    return rtu.silence_us(baud, parity) // 1000 + 2


def echo_ms(baud, parity):
    """Return by how much longer the silences of a sweep are where the port hears itself."""
    return 3 * rtu.character_us(baud, parity) // 1000 + 1


def still_ms(baud, parity):
    """Return the silence that shows that nothing more comes."""
    return _STILL_MS + _HELD * rtu.character_us(baud, parity) // 1000


def suspects(baud, parity):
    """Return how many of the units asked last may have answered when a sweep hears something."""
    character_us = rtu.character_us(baud, parity)
    slot_us = _REQUEST * character_us + rtu.silence_us(baud, parity)
    # Slowest answer, covered by one request more, and held back by the driver.
    return (1000 * THINK_MS + (2 * _REQUEST + _HELD) * character_us) // slot_us + 2


def heard_of(characters, baud):
    """Return how many characters somebody who listens at a speed makes of so many at the highest one, one at least."""
    return max(characters * baud // SETTINGS[0][0], 1)


def leg_ms(leg, tick_ms=1):
    """Return the longest time of a leg that nobody answers; tick_ms: the board's idle loop wakes at multiples of it."""
    baud, parity, manner, units = leg
    request_us = _REQUEST * rtu.character_us(baud, parity)
    wait = _ticks(wait_ms(baud, parity, manner), tick_ms)
    if manner == SWEEP:
        slot_us = request_us + 1000 * _ticks(gap_ms(baud, parity), tick_ms)
        return _SETTLE_MS + tick_ms + len(units) * slot_us // 1000 + wait
    return _SETTLE_MS + tick_ms + len(units) * (request_us // 1000 + wait + 1)


def hit_ms(baud, parity, slow=1, tick_ms=1):
    """Return the longest time from the first byte that is heard of a unit until it is named.

    slow: how many requests may have to wait for the pace of the slow unit.
    """
    character_us = rtu.character_us(baud, parity)
    asking = leg_ms((baud, parity, ASK, bytes(suspects(baud, parity))), tick_ms)
    drain = ANSWER_CHARACTERS * character_us // 1000 + 2 * _ticks(still_ms(baud, parity), tick_ms)
    one = _REQUEST * character_us // 1000 + _ticks(wait_ms(baud, parity, ASK) + gap_ms(baud, parity), tick_ms)
    return drain + asking + _NAMING * one + slow * (SLOW_PACE_MS + SLOW_THINK_MS)


def by_ms(baud, parity, unit, tick_ms=1, slow=False):
    """Return when a slave is found and named at the latest.

    slow: it is the slow unit and may need SLOW_THINK_MS, so it is found by its own request only.
    """
    passed_ms = LISTEN_MS
    for leg in legs():
        passed_ms += leg_ms(leg, tick_ms)
        # A slave that loses no request is found in the first leg that asks it.
        if leg[:2] == (baud, parity) and unit in leg[3] and (leg[2] == SLOW or not slow):
            waits = 0 if unit != SLOW_UNIT else _SLOW_NAMING if leg[2] == SLOW else 1
            return passed_ms + hit_ms(baud, parity, waits, tick_ms)
    raise ValueError("%d %s unit %d is not searched" % (baud, parity, unit))


def guarantee_ms(tick_ms=1):
    """Return when everything that is promised soon has been found at the latest."""
    passed_ms = LISTEN_MS
    latest_ms = 0
    for leg in legs():
        passed_ms += leg_ms(leg, tick_ms)
        if leg[3][0] == _UNLIKELY:
            break
        latest_ms = max(latest_ms, passed_ms + hit_ms(leg[0], leg[1], _SLOW_NAMING if leg[2] == SLOW else 1, tick_ms))
    return latest_ms


def total_ms(tick_ms=1):
    """Return when everything has been asked and what answered is named."""
    passed_ms = LISTEN_MS
    for leg in legs():
        passed_ms += leg_ms(leg, tick_ms)
    return passed_ms + hit_ms(1200, "E", 0, tick_ms)


def _ticks(ms, tick_ms):
    """Return the longest time that a sleep of so many ms takes."""
    return ms if tick_ms == 1 else -(-ms // tick_ms) * tick_ms
