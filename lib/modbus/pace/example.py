"""Learns the pace of a slave, without a line and in no time: prints each change of the rest, then the best reads.

    MICROPYPATH=lib:.frozen micropython -m modbus.pace.example [THINK_MS [REST_MS]]
The slave answers after THINK_MS (20) and loses what comes sooner than REST_MS (120) after its last answer.
"""

import sys

from modbus.pace.pacing import Pacing
from modbus.pace.planner import Planner
from modbus.wire import rtu
from modbus.wire.timing import Timing

BAUD, PARITY = 9600, "N"
EXCHANGES = 400
FRAMES_US = 26000  # request, t3.5 and reply of a short read
WANTED = ((0, 2, 250), (6, 2, 250), (12, 2, 250), (70, 2, 250), (342, 2, 250))  # (address, registers, every ms)


def learned(think_us, needed_us):
    """Return the Pacing that 400 exchanges have taught, and how many requests the slave lost meanwhile."""
    pace = Pacing(rtu.silence_us(BAUD, PARITY))
    now_us = losses = shown_us = 0
    for _ in range(EXCHANGES):
        rest_us = pace.rest_us()
        if rest_us != shown_us:
            shown_us = rest_us
            print("%6d ms: rest %d ms" % (now_us // 1000, rest_us // 1000))
        lost = rest_us < needed_us
        losses += lost
        now_us += rest_us + FRAMES_US + (1000 * pace.timeout_ms() if lost else think_us)
        pace.observe(rtu.SILENT if lost else rtu.OK, think_us, rest_us, now_us // 1000)
    return pace, losses


def reads(pace):
    """Return [(address, count, every_ms)], the reads of least bus time for a slave of this pace."""
    timing = Timing(rtu.character_us(BAUD, PARITY), rtu.silence_us(BAUD, PARITY), pace.think_us(), pace.rest_us())
    return Planner(lambda: WANTED, 60, timing).reads  # at most 60 registers in one read


if __name__ == "__main__":
    times_us = [1000 * int(word) for word in sys.argv[1:]] + [20000, 120000][len(sys.argv) - 1 :]
    found, lost = learned(*times_us)
    print(lost, "lost", found.snapshot())
    print(reads(found))
