"""What a read costs on the line, and what a set of reads costs together; pure.

Source: Modbus over Serial Line V1.02, 2.5.1.1 (t3.5).
"""

from micropython import const

_FRAMES = const(13)  # characters of a read request (8) and of a reply without its registers (5)
_REQUEST = const(8)
_ERRORS_MOST_PPM = const(20000)  # a line that breaks every 50th character is as bad as a plan needs to know
_WEIGHT = const(1024)  # of the fastest rhythm; slower ones count in proportion


class Timing:
    """What a read costs with one slave. All times in us; the defaults are 9600 8N1 and the field's usual 20 ms."""

    def __init__(self, character_us=1041, silence_us=3644, think_us=20000, rest_us=0, errors_ppm=0, lost_us=300000):
        """silence_us: t3.5. think_us: from t3.5 after the request to the reply. rest_us: quiet that the slave needs
        before a request. errors_ppm: characters per million that break. lost_us: the wait for a lost reply."""
        self.character_us = character_us
        self.silence_us = silence_us
        self.think_us = think_us
        self.rest_us = rest_us
        self.errors_ppm = errors_ppm
        self.lost_us = lost_us

    def read_us(self, count):
        """Return the bus time that a read of `count` registers is expected to take, its repeats included."""
        pauses_us = self.silence_us + max(self.silence_us, self.rest_us)
        whole_us = (_FRAMES + 2 * count) * self.character_us + pauses_us + self.think_us
        if not self.errors_ppm:
            return whole_us
        # A broken request is waited for in vain, a broken reply is repeated at once.
        good = 1 - min(self.errors_ppm, _ERRORS_MOST_PPM) / 1000000
        heard = good**_REQUEST
        lost_us = _REQUEST * self.character_us + pauses_us + self.lost_us
        return int((heard * whole_us + (1 - heard) * lost_us) / (heard * good ** (_FRAMES - _REQUEST + 2 * count)))


def cycle_us(planned, timing):
    """Return the bus time in us that reads, (address, count) or (address, count, every_ms), take per fastest period."""
    fastest = min([r[2] for r in planned if len(r) > 2] or [0])
    return sum([timing.read_us(r[1]) * (weight(r[2], fastest) if fastest else _WEIGHT) >> 10 for r in planned])


def weight(every_ms, fastest_ms):
    """Return how much a rhythm counts, 1024 = the fastest."""
    return max(_WEIGHT * fastest_ms // every_ms, 1) if fastest_ms else _WEIGHT
